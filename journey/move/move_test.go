package move_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/move"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func TestMain(m *testing.M) { os.Exit(testpg.Main(m)) }

// store is what the tests need of a store.
type store interface {
	journey.Store
	move.Store
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
	Damaged(context.Context) ([]journey.ID, error)
	Close() error
}

// place opens a store, again and again.
type place func(t testing.TB, secrets ...byte) store

func sealer(t testing.TB, secrets ...byte) *seal.Sealer {
	t.Helper()
	var keys [][]byte
	for _, b := range secrets {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	s, err := seal.New(keys)
	require.NoError(t, err)
	return s
}

func now() time.Time { return storetest.T0 }

func file(path string) place {
	return func(t testing.TB, secrets ...byte) store {
		t.Helper()
		s, err := boltstore.Open(path, boltstore.Options{Sealer: sealer(t, secrets...), Now: now, NoSync: true})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
}

func newFile(t testing.TB) place {
	t.Helper()
	return file(filepath.Join(t.TempDir(), "paygate.db"))
}

func database(url string) place {
	return func(t testing.TB, secrets ...byte) store {
		t.Helper()
		s, err := pgstore.Open(t.Context(), url, pgstore.Options{
			Sealer: sealer(t, secrets...), Now: now, Log: slog.New(slog.DiscardHandler), Timeout: time.Minute,
			Exclusive: true,
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
}

func newDatabase(t testing.TB) place {
	t.Helper()
	return database(testpg.Start(t).Database(t))
}

// kind makes a place for a new store.
type kind func(testing.TB) place

// directions runs a test for each pair of kinds of store.
func directions(t *testing.T, test func(t *testing.T, from, to kind)) {
	t.Helper()
	for name, kinds := range map[string][2]kind{
		"file to database":     {newFile, newDatabase},
		"database to file":     {newDatabase, newFile},
		"file to file":         {newFile, newFile},
		"database to database": {newDatabase, newDatabase},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, kinds[0], kinds[1])
		})
	}
}

// fill puts something of everything into a store.
func fill(t testing.TB, s store, journeys int) {
	t.Helper()
	storetest.Fill(t, s, journeys)
	for n := range 18 {
		first, err := s.FirstSight(t.Context(), fmt.Sprintf("webhook %d", n),
			storetest.T0.Add(time.Duration(n-2)*time.Hour))
		require.NoError(t, err)
		require.True(t, first)
	}
	for name, text := range map[string]string{"signing keys": "\x00\xff keys", "another": ""} {
		_, err := s.UpdateValue(t.Context(), name, func([]byte) ([]byte, error) { return []byte(text), nil })
		require.NoError(t, err)
	}
}

// content is everything that can be read from a store other than by moving it.
type content struct {
	journeys map[journey.ID]journey.Journey
	requests map[journey.ID]any // or the error in words
	replies  map[journey.ID]any
	payments map[string]journey.ID
	due      []journey.Due
	values   map[string]string
	marks    []journey.Mark
	damaged  []journey.ID
}

func contentOf(t testing.TB, s store) content {
	t.Helper()
	c := content{
		journeys: map[journey.ID]journey.Journey{}, requests: map[journey.ID]any{}, replies: map[journey.ID]any{},
		payments: map[string]journey.ID{}, values: map[string]string{},
	}
	all, err := s.List(t.Context(), journey.Filter{Limit: 10_000})
	require.NoError(t, err)
	for _, j := range all {
		c.journeys[j.ID] = j
		for _, p := range j.Payments {
			c.payments[p.ID], err = s.ByPayment(t.Context(), p.ID)
			require.NoError(t, err)
		}
	}
	c.damaged, err = s.Damaged(t.Context())
	require.NoError(t, err)
	for _, id := range append(slices.Clone(c.damaged), slices.Collect(mapKeys(c.journeys))...) {
		request, err := s.Request(t.Context(), id)
		c.requests[id] = orError(request, err)
		reply, err := s.Reply(t.Context(), id)
		c.replies[id] = orError(reply, err)
	}
	c.due, err = s.Due(t.Context(), storetest.T0.Add(1_000_000*time.Hour), journey.Due{}, 10_000)
	require.NoError(t, err)
	c.marks, err = s.Marks(t.Context(), nil, 10_000)
	require.NoError(t, err)
	for _, name := range []string{"signing keys", "another"} {
		value, err := s.Value(t.Context(), name)
		c.values[name] = fmt.Sprint(orError(string(value), err))
	}
	return c
}

// requireSame names the part that differs.
func requireSame(t testing.TB, wanted, got content, message ...any) {
	t.Helper()
	for name, pair := range map[string][2]any{
		"journeys": {wanted.journeys, got.journeys}, "requests": {wanted.requests, got.requests},
		"replies": {wanted.replies, got.replies}, "payments": {wanted.payments, got.payments},
		"due":    {wanted.due, got.due},
		"values": {wanted.values, got.values},
		"marks":  {wanted.marks, got.marks}, "damaged": {wanted.damaged, got.damaged},
	} {
		require.True(t, reflect.DeepEqual(pair[0], pair[1]), "%s differ: %v", name, message)
	}
}

func orError(value any, err error) any {
	for _, known := range []error{journey.ErrErased, journey.ErrDamaged, journey.ErrNotFound} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return err
	}
	return value
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func copyAll(t testing.TB, from, to move.Store) (move.Content, error) {
	t.Helper()
	return move.Copy(t.Context(), move.Options{From: from, To: to, Page: 7})
}

func TestCopyCopiesEverything(t *testing.T) {
	t.Parallel()
	directions(t, func(t *testing.T, from, to kind) {
		const journeys = 55
		source, destination := from(t)(t, 1), to(t)(t, 1)
		fill(t, source, journeys)
		before := contentOf(t, source)
		result, err := copyAll(t, source, destination)
		require.NoError(t, err)
		requireSame(t, before, contentOf(t, source), "the source is not changed")
		requireSame(t, before, contentOf(t, destination))

		require.Equal(t, wanted(before), result)
		require.Len(t, result.States, len(journey.States()))
		for state, n := range result.States {
			require.Equal(t, journeys/len(journey.States()), n, state)
		}

		_, err = copyAll(t, source, destination)
		require.ErrorIs(t, err, move.ErrNotEmpty)
		requireSame(t, before, contentOf(t, destination), "a second copy writes nothing")
	})
}

// wanted counts independently of the package.
func wanted(c content) move.Content {
	w := move.Content{States: map[journey.State]int{}, Due: len(c.due), Values: len(c.values), Marks: len(c.marks)}
	for id, j := range c.journeys {
		w.States[j.State]++
		w.Price += j.Terms.Amount
		for _, p := range j.Payments {
			w.Payments, w.Money, w.Refunded = w.Payments+1, w.Money+p.Money, w.Refunded+p.Refunded
		}
		if c.requests[id] != journey.ErrErased.Error() {
			w.Requests++
		}
		if c.replies[id] != journey.ErrErased.Error() {
			w.Replies++
		}
	}
	return w
}

func TestCopyThereAndBackIsTheSame(t *testing.T) {
	t.Parallel()
	first, second, third := newFile(t)(t, 1), newDatabase(t)(t, 1), newFile(t)(t, 1)
	fill(t, first, 40)
	for _, way := range [][2]store{{first, second}, {second, third}} {
		_, err := copyAll(t, way[0], way[1])
		require.NoError(t, err)
	}
	requireSame(t, contentOf(t, first), contentOf(t, third))
	firstTime, err := third.FirstSight(t.Context(), "webhook 12", storetest.T0.Add(time.Hour))
	require.NoError(t, err)
	require.False(t, firstTime, "the last store knows a webhook that the first one saw")
}

var errBroken = errors.New("interrupted")

// breaking is a store whose nth write fails, before it is done or after.
type breaking struct {
	store
	left int
	done bool
}

func (b *breaking) write(write func() error) error {
	if b.left--; b.left > 0 {
		return write()
	}
	if b.done {
		return errors.Join(errBroken, write())
	}
	return errBroken
}

func (b *breaking) Import(ctx context.Context, page []journey.Record) error {
	return b.write(func() error { return b.store.Import(ctx, page) })
}

func (b *breaking) ImportMarks(ctx context.Context, marks []journey.Mark) error {
	return b.write(func() error { return b.store.ImportMarks(ctx, marks) })
}

func (b *breaking) UpdateValue(
	ctx context.Context, name string, change func([]byte) ([]byte, error),
) (value []byte, err error) {
	err = b.write(func() error {
		value, err = b.store.UpdateValue(ctx, name, change)
		return err
	})
	return value, err
}

// TestInterruptedCopyCannotBeUsed interrupts a copy at each of its writes in turn.
func TestInterruptedCopyCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][2]kind{"file": {newDatabase, newFile}, "database": {newFile, newDatabase}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := kinds[0](t)(t, 1)
			fill(t, source, 16)
			before := contentOf(t, source)
			for n := 1; ; n++ {
				for _, done := range []bool{false, true} {
					destination := kinds[1](t)(t, 1)
					_, err := copyAll(t, source, &breaking{destination, n, done})
					if err == nil {
						require.Equal(t, 11, n,
							"the state, three pages, two values, three pages of marks and the state again")
						requireSame(t, before, contentOf(t, destination))
						require.NoError(t, move.Complete(t.Context(), destination))
						return
					}
					require.ErrorIs(t, err, errBroken)
					requireSame(t, before, contentOf(t, source))
					if n > 1 && n < 10 {
						requireUnusable(t, source, destination)
					}
				}
			}
		})
	}
}

// requireUnusable checks that half a copy is refused as a store, as a source and as a destination.
func requireUnusable(t *testing.T, source, half store) {
	t.Helper()
	require.ErrorIs(t, move.Complete(t.Context(), half), move.ErrUnfinished)
	_, err := copyAll(t, source, half)
	require.ErrorIs(t, err, move.ErrUnfinished)
	third := newFile(t)(t, 1)
	_, err = copyAll(t, half, third)
	require.ErrorIs(t, err, move.ErrUnfinished)
	require.Empty(t, contentOf(t, third).journeys)
}

func TestCopyRefusesANonEmptyDestination(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(*testing.T, store){
		"a journey": func(t *testing.T, s store) {
			require.NoError(t, s.Create(t.Context(), storetest.Example(77), storetest.Request(77)))
		},
		"a value": func(t *testing.T, s store) {
			_, err := s.UpdateValue(t.Context(), "signing keys",
				func([]byte) ([]byte, error) { return []byte("own"), nil })
			require.NoError(t, err)
		},
		"a mark": func(t *testing.T, s store) {
			_, err := s.FirstSight(t.Context(), "webhook", storetest.T0.Add(time.Hour))
			require.NoError(t, err)
			entry := journey.AuditEntry{
				ID: journey.NewID(storetest.T0), At: storetest.T0, By: "staff:ann",
				What: "journey",
			}
			require.NoError(t, s.PutAudit(t.Context(), entry, time.Time{}))
		},
	} {
		for kindName, newPlace := range map[string]kind{"file": newFile, "database": newDatabase} {
			t.Run(name+" in a "+kindName, func(t *testing.T) {
				t.Parallel()
				source, destination := newFile(t)(t, 1), newPlace(t)(t, 1)
				fill(t, source, 3)
				put(t, destination)
				before := contentOf(t, destination)
				_, err := copyAll(t, source, destination)
				require.ErrorIs(t, err, move.ErrNotEmpty)
				requireSame(t, before, contentOf(t, destination), "nothing was written")
				require.NoError(t, move.Complete(t.Context(), destination), "it can still be used")
			})
		}
	}
}

func TestCopyRefusesAnEmptySource(t *testing.T) {
	t.Parallel()
	source, destination := newFile(t)(t, 1), newFile(t)(t, 1)
	_, err := copyAll(t, source, destination)
	require.ErrorIs(t, err, move.ErrEmpty)
	_, err = source.UpdateValue(t.Context(), "signing keys",
		func([]byte) ([]byte, error) { return []byte("keys"), nil })
	require.NoError(t, err)
	result, err := copyAll(t, source, destination)
	require.NoError(t, err, "signing keys alone are worth moving")
	require.Equal(t, 1, result.Values)
}

func TestDestinationNeedsOnlyTheNewestSecret(t *testing.T) {
	t.Parallel()
	directions(t, func(t *testing.T, from, to kind) {
		here, there := from(t), to(t)
		old := here(t, 1)
		fill(t, old, 22)
		before := contentOf(t, old)
		require.NoError(t, old.Close())
		source, destination := here(t, 2, 1), there(t, 2, 1)
		_, err := copyAll(t, source, destination)
		require.NoError(t, err)
		require.NoError(t, destination.Close())
		requireSame(t, before, contentOf(t, there(t, 2)))
	})
}

// Large requests must not pile up in memory.
func TestPagesAreLimitedInBytes(t *testing.T) {
	t.Parallel()
	directions(t, func(t *testing.T, from, to kind) {
		source, destination := from(t)(t, 1), to(t)(t, 1)
		const large, limit = 3 << 20, 16 << 20
		for n := range 14 {
			request := storetest.Request(n)
			request.Body = bytes.Repeat([]byte{byte(n)}, large)
			require.NoError(t, source.Create(t.Context(), storetest.Example(n), request))
		}
		weighed := &weighing{store: destination}
		_, err := move.Copy(t.Context(), move.Options{From: source, To: weighed})
		require.NoError(t, err)
		require.Len(t, weighed.pages, 3)
		for _, size := range weighed.pages {
			require.Less(t, size, limit+large+100_000)
		}
		page, err := source.Records(t.Context(), "", 100, 1)
		require.NoError(t, err)
		require.Len(t, page, 1, "at least one")
	})
}

// weighing records how large the pages are.
type weighing struct {
	store
	pages []int
}

func (w *weighing) Import(ctx context.Context, page []journey.Record) error {
	size := 0
	for _, k := range page {
		size += k.Size()
	}
	w.pages = append(w.pages, size)
	return w.store.Import(ctx, page)
}

// damagedFile returns a closed file with every kind of damage among twelve journeys: one that was set aside, one that
// is not yet, one's request and one's reply; and a journey at rest under a secret that is no longer listed.
func damagedFile(t *testing.T) place {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paygate.db")
	s := file(path)(t, 9)
	j := storetest.Example(11)
	j.State, j.DueAt = journey.StateAbandoned, time.Time{}
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(11)))
	require.NoError(t, s.Close())

	s = file(path)(t, 1, 9)
	for n := range 11 {
		j := storetest.Example(n)
		j.ReplyUntil, j.Payments = storetest.T0, []journey.Payment{{ID: fmt.Sprintf("pay%d", n), Money: 2500}}
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
		_, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
			return journey.Change{Journey: j, Reply: &journey.Reply{Status: 200}}, nil
		})
		require.NoError(t, err)
	}
	flip(t, s, path, "journeys", 2)
	s = file(path)(t, 1)
	_, err := s.Get(t.Context(), storetest.Example(2).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	flip(t, s, path, "journeys", 4)
	flip(t, nil, path, "requests", 6)
	flip(t, nil, path, "replies", 8)
	return file(path)
}

// flip closes a store and changes one bit of a value in it.
func flip(t *testing.T, s store, path, bucket string, n int) {
	t.Helper()
	flipAt(t, s, path, bucket, n, func(value []byte) int { return len(value) - 1 })
}

func flipAt(t *testing.T, s store, path, bucket string, n int, where func([]byte) int) {
	t.Helper()
	if s != nil {
		require.NoError(t, s.Close())
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		id := []byte(storetest.Example(n).ID)
		value := bytes.Clone(tx.Bucket([]byte(bucket)).Get(id))
		value[where(value)] ^= 1
		return tx.Bucket([]byte(bucket)).Put(id, value)
	}))
	require.NoError(t, db.Close())
}

func TestCopyNamesDamagedJourneys(t *testing.T) {
	t.Parallel()
	source, middle, back := damagedFile(t)(t, 1), newDatabase(t), newFile(t)
	bad := []journey.ID{storetest.Example(2).ID, storetest.Example(4).ID}
	for _, way := range [][2]store{{source, middle(t, 1)}, {nil, back(t, 1)}} {
		from, left := way[0], 1
		if from == nil {
			from, left = middle(t, 1), 0
		}
		result, err := copyAll(t, from, way[1])
		require.NoError(t, err)
		require.Equal(t, bad, result.Damaged)
		require.Equal(t, left, result.Left)
		require.Equal(t, map[journey.State]int{journey.StateHeld: 9}, result.States)
		require.Equal(t, 11, result.Requests)
		require.Equal(t, 11, result.Replies)
		requireSame(t, contentOf(t, source), contentOf(t, way[1]))
		for _, id := range bad {
			_, err := way[1].Get(t.Context(), id)
			require.ErrorIs(t, err, journey.ErrDamaged)
			request, err := way[1].Request(t.Context(), id)
			require.NoError(t, err, "a person may still need it")
			require.NotEmpty(t, request.Body)
		}
		leads, err := way[1].ByPayment(t.Context(), "pay2")
		require.NoError(t, err)
		require.Equal(t, bad[0], leads)
		_, err = way[1].Request(t.Context(), storetest.Example(6).ID)
		require.ErrorIs(t, err, journey.ErrDamaged)
		_, err = way[1].Reply(t.Context(), storetest.Example(8).ID)
		require.ErrorIs(t, err, journey.ErrDamaged)
		require.NoError(t, way[1].Close())
	}
}

// With one byte flipped, the journey looks as if it were sealed under a secret that is no longer listed.
func TestOpenJourneyIsNeverLeftBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paygate.db")
	s := file(path)(t, 1)
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	flipAt(t, s, path, "journeys", 1, func([]byte) int { return 3 })
	destination := newDatabase(t)(t, 1)
	result, err := copyAll(t, file(path)(t, 1), destination)
	require.NoError(t, err)
	require.Zero(t, result.Left)
	require.Equal(t, []journey.ID{storetest.Example(1).ID}, result.Damaged)
	damaged, err := destination.Damaged(t.Context())
	require.NoError(t, err)
	require.Equal(t, result.Damaged, damaged)
}

// The sealed journey is good. A store without columns of its own reads it again.
func TestJourneyOfAnAlteredRowIsNotLost(t *testing.T) {
	t.Parallel()
	url := testpg.Start(t).Database(t)
	source := database(url)(t, 1)
	for n := range 3 {
		require.NoError(t, source.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, source.Close())
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(),
		`UPDATE paygate_journeys SET state = 'released', open = false WHERE id = $1`, storetest.Example(1).ID)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	source, path := database(url)(t, 1), newFile(t)
	destination := path(t, 1)
	result, err := copyAll(t, source, destination)
	require.NoError(t, err)
	require.Equal(t, []journey.ID{storetest.Example(1).ID}, result.Damaged)
	require.NoError(t, destination.Close())
	j, err := path(t, 1).Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
	require.Equal(t, storetest.Example(1), j)
}

// careless is a store that loses part of the pages that it imports.
type careless struct {
	store
	imports func([]journey.Record) []journey.Record
}

func (c careless) Import(ctx context.Context, page []journey.Record) error {
	return c.store.Import(ctx, c.imports(page))
}

func TestCopyDetectsWhatIsMissing(t *testing.T) {
	t.Parallel()
	source := newFile(t)(t, 1)
	fill(t, source, 22)
	for name, loses := range map[string]func([]journey.Record) []journey.Record{
		"a journey": func(page []journey.Record) []journey.Record { return page[1:] },
		"requests and replies": func(page []journey.Record) []journey.Record {
			for i := range page {
				page[i].SealedRequest, page[i].SealedReply = nil, nil
			}
			return page
		},
		"money": func(page []journey.Record) []journey.Record {
			for i := range page {
				for p := range page[i].Journey.Payments {
					page[i].Journey.Payments[p].Money--
				}
			}
			return page
		},
	} {
		destination := careless{newFile(t)(t, 1), loses}
		_, err := copyAll(t, source, destination)
		require.ErrorContains(t, err, "the stores differ", name)
		require.ErrorIs(t, move.Complete(t.Context(), destination), move.ErrUnfinished)
	}
}
