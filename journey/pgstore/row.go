package pgstore

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

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
	KeyID     string
	Sealed    []byte
	Damaged   bool
	EarlyAt   *int64 // nil: never
	TellAt    *int64 // nil: never
	LateAt    *int64 // nil: nothing fails
	OwedAt    *int64 // nil: nothing is owed
}

// columns are the fields of a row, in their order.
const columns = "id, state, open, route, reference, started_at, due_at, key_id, sealed, damaged, early_at, tell_at, " +
	"late_at, owed_at"

const (
	getRow    = `SELECT ` + columns + ` FROM paygate_journeys WHERE id = $1`
	insertRow = `INSERT INTO paygate_journeys (` + columns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
)

func (r *row) args() []any {
	return []any{
		r.ID, r.State, r.Open, r.Route, r.Reference, r.StartedAt, r.DueAt, r.KeyID, r.Sealed, r.Damaged, r.EarlyAt,
		r.TellAt, r.LateAt, r.OwedAt,
	}
}

func scanRow(from pgx.CollectableRow) (row, error) { return pgx.RowToStructByPos[row](from) }

// rowOf seals a journey under the newest secret.
func (s *Store) rowOf(j journey.Journey) (row, error) {
	sealed, err := s.codec.SealJourney(j)
	if err != nil {
		return row{}, err
	}
	return s.columnsOf(j, s.references[0], s.codec.Newest(), sealed), nil
}

// columnsOf returns the row of a sealed journey.
func (s *Store) columnsOf(j journey.Journey, reference []byte, keyID string, sealed []byte) row {
	return row{
		ID: j.ID, State: j.State, Open: !j.State.AtRest(), Route: j.Terms.Route,
		Reference: digest(reference, j.Terms.Reference), StartedAt: nanoseconds(j.StartedAt), DueAt: orNever(j.DueAt),
		KeyID: keyID, Sealed: sealed, EarlyAt: orNever(j.EarlyAt), TellAt: orNever(j.TellAt),
		LateAt: orNever(j.LateAt), OwedAt: orNever(j.OwedAt),
	}
}

// orNever returns nil for the zero time.
func orNever(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	n := nanoseconds(at)
	return &n
}

// errAltered reports that the columns of a row do not match its journey.
var errAltered = errors.New("its columns were altered")

// open reads a row. The error is [journey.ErrDamaged] for any row that must not be acted on. If another replica sealed
// it under a secret that this one does not have, it is not damaged: the error does not match [journey.ErrDoesNotOpen].
func (s *Store) open(r row) (journey.Journey, error) {
	if r.Damaged {
		return journey.Journey{}, fmt.Errorf("%w: %s was set aside", journey.ErrDamaged, r.ID)
	}
	keyID, ok := s.codec.KeyID(r.Sealed)
	if ok && keyID == r.KeyID && !s.codec.Knows(keyID) {
		return journey.Journey{},
			fmt.Errorf("%w: %s is sealed under a secret that is not listed", journey.ErrDamaged, r.ID)
	}
	j, err := s.codec.OpenJourney(r.ID, r.Sealed)
	if err == nil && !s.agrees(r, j) {
		return journey.Journey{}, journey.DoesNotOpen("journey", r.ID, errAltered)
	}
	return j, err
}

// agrees compares the columns with the sealed journey, except those that version 1 does not know: a replica of
// version 1, during an update, writes a journey and leaves these columns alone. They decide nothing: early delivery,
// messages and metrics rely on what is sealed.
func (s *Store) agrees(r row, j journey.Journey) bool {
	keyID, _ := s.codec.KeyID(r.Sealed)
	r.EarlyAt, r.TellAt, r.LateAt, r.OwedAt = orNever(j.EarlyAt), orNever(j.TellAt), orNever(j.LateAt),
		orNever(j.OwedAt)
	return slices.ContainsFunc(s.references, func(key []byte) bool {
		return reflect.DeepEqual(r, s.columnsOf(j, key, keyID, r.Sealed))
	})
}

// digest makes a reference searchable in any case, and unreadable: it may be a licence number, or a name.
func digest(key []byte, reference string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(fold(reference)))
	return mac.Sum(nil)
}

// fold returns the same for any two texts that strings.EqualFold calls equal, and for no others.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}

// nanoseconds returns the nanoseconds since 1970: 0 for times before, and the maximum for times after 2262.
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
