package pgstore

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// row is a journey as it is stored. Times are nanoseconds since 1970.
type row struct {
	ID        journey.ID
	State     journey.State
	Open      bool
	Route     string
	Reference []byte // keyed digest
	StartedAt int64
	DueAt     *int64 // nil: never
	EarlyAt   *int64 // nil: never
	KeyID     string
	Sealed    []byte
	Damaged   bool
}

// columns are those of a row, in its order.
const columns = "id, state, open, route, reference, started_at, due_at, key_id, sealed, damaged, early_at"

func (r *row) args() []any {
	return []any{r.ID, r.State, r.Open, r.Route, r.Reference, r.StartedAt, r.DueAt, r.KeyID, r.Sealed, r.Damaged, r.EarlyAt}
}

// fields are where the columns are read to.
func (r *row) fields() []any {
	return []any{&r.ID, &r.State, &r.Open, &r.Route, &r.Reference, &r.StartedAt, &r.DueAt, &r.KeyID, &r.Sealed, &r.Damaged, &r.EarlyAt}
}

func scanRow(from pgx.CollectableRow) (r row, err error) {
	err = from.Scan(r.fields()...)
	return r, err
}

// rowOf seals a journey under the newest secret.
func (s *Store) rowOf(j journey.Journey) (row, error) {
	plain, err := json.Marshal(j)
	if err != nil {
		return row{}, fmt.Errorf("keeping the journey %s: %w", j.ID, err)
	}
	return s.searched(j, s.references[0], s.sealer.Newest(), s.sealer.Seal("journey", string(j.ID), plain)), nil
}

// searched is the row of a journey that was sealed.
func (s *Store) searched(j journey.Journey, reference []byte, keyID string, sealed []byte) row {
	return row{
		ID: j.ID, State: j.State, Open: !j.State.AtRest(), Route: j.Terms.Route, Reference: digest(reference, j.Terms.Reference),
		StartedAt: nanoseconds(j.StartedAt), DueAt: orNever(j.DueAt), KeyID: keyID, Sealed: sealed, EarlyAt: orNever(j.EarlyAt),
	}
}

// orNever is nil for the zero time.
func orNever(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	n := nanoseconds(at)
	return &n
}

// open reads a row. Whatever is wrong with it, it must not be acted on; but one that another replica sealed, under a secret
// that this one has not got, is no damage.
func (s *Store) open(r row) (j journey.Journey, err error) {
	if r.Damaged {
		return j, fmt.Errorf("%w: %s was set aside", journey.ErrDamaged, r.ID)
	}
	keyID, ok := s.sealer.KeyID(r.Sealed)
	if ok && keyID == r.KeyID && !s.sealer.Knows(keyID) {
		return j, fmt.Errorf("%w: %s is sealed under a secret that is not listed", journey.ErrDamaged, r.ID)
	}
	plain, err := s.sealer.Open("journey", string(r.ID), r.Sealed)
	if err == nil {
		err = json.Unmarshal(plain, &j)
	}
	if err == nil && !s.agrees(r, j) {
		err = errAltered
	}
	if err != nil {
		return journey.Journey{}, doesNotOpen("journey", r.ID, err)
	}
	return j, nil
}

// agrees holds what lies open against what was sealed, but for early_at: a replica of version 1, during an update, writes a
// journey and leaves that column as it was. It decides nothing, since early delivery goes by what is sealed.
func (s *Store) agrees(r row, j journey.Journey) bool {
	keyID, _ := s.sealer.KeyID(r.Sealed)
	return slices.ContainsFunc(s.references, func(key []byte) bool {
		return r.equal(s.searched(j, key, keyID, r.Sealed))
	})
}

func (r row) equal(o row) bool {
	due := r.DueAt == o.DueAt || r.DueAt != nil && o.DueAt != nil && *r.DueAt == *o.DueAt
	return due && r.ID == o.ID && r.State == o.State && r.Open == o.Open && r.Route == o.Route && bytes.Equal(r.Reference, o.Reference) &&
		r.StartedAt == o.StartedAt && r.KeyID == o.KeyID
}

// digest makes a reference searchable in any case, and readable to nobody: it may be a licence number, or a name.
func digest(key []byte, reference string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(fold(reference)))
	return mac.Sum(nil)
}

// fold is the same for two texts that strings.EqualFold calls equal, and for no others.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}

// nanoseconds since 1970. Times before that and after 2262 are the first and the last.
func nanoseconds(at time.Time) int64 {
	switch {
	case at.Unix() >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case at.Unix() >= 0:
		return at.UnixNano()
	default:
		return 0
	}
}

// storable tells whether PostgreSQL has such texts at all. What it has not cannot be found in it.
func storable[T ~string](texts ...T) bool {
	return !slices.ContainsFunc(texts, func(text T) bool {
		return !utf8.ValidString(string(text)) || strings.ContainsRune(string(text), 0)
	})
}
