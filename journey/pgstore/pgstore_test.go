package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/postgres"
	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }

// options are those of a store whose secrets are these bytes, repeated. Its patience is long, so that no test depends on
// speed.
func options(t testing.TB, secrets ...byte) pgstore.Options {
	t.Helper()
	var keys [][]byte
	for _, b := range secrets {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	sealer, err := seal.New(keys)
	require.NoError(t, err)
	return pgstore.Options{
		Sealer: sealer, Now: func() time.Time { return storetest.T0 }, Log: slog.New(slog.DiscardHandler), Patience: time.Minute,
	}
}

func open(t testing.TB, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newURL(t testing.TB) string {
	t.Helper()
	return postgres.Start(t).Database(t)
}

// filled is a database with twenty journeys.
func filled(t testing.TB) string {
	t.Helper()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	for n := range 20 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	return url
}

// raw runs a statement behind the store's back.
func raw(t testing.TB, url, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

// ask reads one value behind the store's back.
func ask[T any](t testing.TB, url, question string, args ...any) (answer T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), question, args...).Scan(&answer))
	return answer
}

func touch(t testing.TB, s journey.Store, id journey.ID, do func(*journey.Change)) {
	t.Helper()
	_, err := s.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		c := journey.Change{Journey: j}
		do(&c)
		return c, nil
	})
	require.NoError(t, err)
}

func TestAsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) journey.Store { return open(t, newURL(t), options(t, 1)) })
}

func TestAsAStoreThatRestarts(t *testing.T) {
	t.Parallel()
	storetest.Reopen(t, func(t *testing.T) (journey.Store, func(*testing.T) journey.Store) {
		url := newURL(t)
		s := open(t, url, options(t, 1))
		return s, func(t *testing.T) journey.Store {
			require.NoError(t, s.Close())
			return open(t, url, options(t, 1))
		}
	})
}

func TestWithoutOptionsButASealerItWorks(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, pgstore.Options{Sealer: options(t, 1).Sealer})
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	require.NoError(t, s.Ready(t.Context()))
	_, err := pgstore.Open(t.Context(), url, pgstore.Options{})
	require.ErrorContains(t, err, "sealer")
}

// What is personal must not be readable in a dump, nor found in it by who guesses.
func TestTheTablesHoldNothingReadable(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	j := storetest.Example(1)
	j.Terms.Reference, j.Payments = "Ann Jones", []journey.Payment{{ID: "pay1"}}
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
	touch(t, s, j.ID, func(c *journey.Change) {
		c.Journey.ReplyUntil, c.Reply = storetest.T0, &journey.Reply{Status: 200, Body: []byte("Dear Ann")}
	})
	_, err := s.UpdateValue(t.Context(), "signing keys", func([]byte) ([]byte, error) { return []byte("private key"), nil })
	require.NoError(t, err)
	_, err = s.FirstSight(t.Context(), "webhook", storetest.T0.Add(time.Hour))
	require.NoError(t, err)
	all := dump(t, url)
	require.Contains(t, all, "licence", "the route is searched for")
	require.Contains(t, all, "pay1")
	for _, personal := range []string{
		"ann@example.org", "/licences/apply", "Ann", "ann jones", "LIC-", "Fishing", "boundary", "192.0.2.1", "private key", "webhook",
	} {
		require.NotContains(t, all, personal)
	}
}

// dump is every row of every table, as text, with bytes as they are.
func dump(t testing.TB, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(tables), 9)
	var text strings.Builder
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), "SELECT * FROM "+table)
		require.NoError(t, err)
		for rows.Next() {
			values, err := rows.Values()
			require.NoError(t, err)
			for _, value := range values {
				if content, ok := value.([]byte); ok {
					text.Write(content)
				} else {
					fmt.Fprintln(&text, value)
				}
			}
		}
		require.NoError(t, rows.Err())
	}
	return text.String()
}

func TestAReferenceIsFoundInAnyCaseAndUnderEverySecret(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	keep := func(n int, reference string, secrets ...byte) {
		s := open(t, url, options(t, secrets...))
		j := storetest.Example(n)
		j.Terms.Reference = reference
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
	}
	keep(1, "Straße-Ŵ-K", 1)
	keep(2, "STRAßE-ŵ-\u212a", 2, 1) // the Kelvin sign, which is a k
	s := open(t, url, options(t, 2, 1))
	for reference, wanted := range map[string]int{"straße-ŵ-k": 2, "Straße-Ŵ-k": 2, "strasse-ŵ-k": 0, "straße-ŵ": 0} {
		found, err := s.List(t.Context(), journey.Filter{Reference: reference})
		require.NoError(t, err)
		require.Len(t, found, wanted, reference)
	}
}

func TestAnUpdateCannotTurnOneJourneyIntoAnother(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(journey.Journey) (journey.Change, error) {
		return journey.Change{Journey: storetest.Example(2)}, nil
	})
	require.ErrorContains(t, err, "answered with")
}

func TestTwoReplicasLoseNoUpdate(t *testing.T) {
	t.Parallel()
	url := filled(t)
	id := storetest.Example(1).ID
	var both sync.WaitGroup
	for range 2 {
		s := open(t, url, options(t, 1))
		for range 10 {
			both.Go(func() {
				for range 10 {
					_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
						j.Failures++
						j.Payments = append(j.Payments, journey.Payment{ID: fmt.Sprint("pay", j.Failures)})
						return journey.Change{Journey: j}, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	both.Wait()
	s := open(t, url, options(t, 1))
	j, err := s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 200, j.Failures)
	require.Equal(t, 200, ask[int](t, url, `SELECT count(*) FROM paygate_payments WHERE journey_id = $1`, id))
}

func TestAPaymentThatGoesLeavesTheIndex(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	first, second := storetest.Example(1).ID, storetest.Example(2).ID
	touch(t, s, first, func(c *journey.Change) {
		c.Journey.Payments = []journey.Payment{{ID: "a"}, {ID: "b"}, {ID: "a"}, {ID: ""}}
	})
	touch(t, s, first, func(c *journey.Change) { c.Journey.Payments = nil })
	_, err := s.ByPayment(t.Context(), "a")
	require.ErrorIs(t, err, journey.ErrNotFound)
	touch(t, s, second, func(c *journey.Change) { c.Journey.Payments = []journey.Payment{{ID: "b"}} })
	id, err := s.ByPayment(t.Context(), "b")
	require.NoError(t, err)
	require.Equal(t, second, id, "another journey may have it by now")
}

func TestAClosedStoreIsNotReady(t *testing.T) {
	t.Parallel()
	s := open(t, newURL(t), options(t, 1))
	require.NoError(t, s.Ready(t.Context()))
	require.NoError(t, s.Close())
	require.Error(t, s.Ready(t.Context()))
	_, err := s.Get(t.Context(), storetest.Example(1).ID)
	require.Error(t, err)
	require.NotErrorIs(t, err, journey.ErrNotFound)
}

func TestOpenJourneysAreCountedByState(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	for n, state := range []journey.State{journey.StateReleased, journey.StateStuck, journey.StateReleasing, journey.StateAbandoned} {
		touch(t, s, storetest.Example(n).ID, func(c *journey.Change) { c.Journey.State = state })
	}
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 16, journey.StateStuck: 1, journey.StateReleasing: 1}, counts)
	for state, wanted := range map[journey.State][]journey.ID{
		journey.StateStuck: {storetest.Example(1).ID}, journey.StateReleasing: {storetest.Example(2).ID}, journey.StateReleased: nil,
	} {
		ids, err := s.InState(t.Context(), state)
		require.NoError(t, err)
		require.Equal(t, wanted, ids)
	}
}

func TestAMarkIsSeenForTheFirstTimeOnceOnAllReplicas(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	o := options(t, 1)
	now := storetest.T0
	o.Now = func() time.Time { return now }
	stores := []*pgstore.Store{open(t, url, o), open(t, url, o)}
	firsts := make(chan bool, 50)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			first, err := stores[n%2].FirstSight(context.Background(), "webhook 1", storetest.T0.Add(time.Hour))
			if err != nil {
				t.Error(err)
			}
			firsts <- first
		})
	}
	all.Wait()
	close(firsts)
	count := 0
	for first := range firsts {
		if first {
			count++
		}
	}
	require.Equal(t, 1, count)

	s := stores[0]
	for _, mark := range []string{"", strings.Repeat("long", 20_000), "\x00\xff"} {
		first, err := s.FirstSight(t.Context(), mark, storetest.T0.Add(time.Hour))
		require.NoError(t, err)
		require.True(t, first)
	}
	now = now.Add(time.Hour)
	for _, wanted := range []bool{true, false} {
		first, err := s.FirstSight(t.Context(), "webhook 1", now.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, wanted, first, "its time was over, and has begun again")
	}
	require.Equal(t, 1, ask[int](t, url, `SELECT count(*) FROM paygate_marks`), "those past their time went")
}

func TestMarksDoNotPileUp(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	o := options(t, 1)
	now := storetest.T0
	o.Now = func() time.Time { return now }
	s := open(t, url, o)
	for n := range 60 {
		_, err := s.FirstSight(t.Context(), fmt.Sprint("early ", n), now.Add(time.Minute))
		require.NoError(t, err)
	}
	now = now.Add(time.Hour)
	for n := range 10 {
		_, err := s.FirstSight(t.Context(), fmt.Sprint("late ", n), now.Add(time.Minute))
		require.NoError(t, err)
	}
	require.Equal(t, 10, ask[int](t, url, `SELECT count(*) FROM paygate_marks`))
}

func TestAValueChangesInOneStepOnAllReplicas(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	stores := []*pgstore.Store{open(t, url, options(t, 1)), open(t, url, options(t, 1))}
	s := stores[0]
	_, err := s.Value(t.Context(), "count")
	require.ErrorIs(t, err, journey.ErrNotFound)
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			_, err := stores[n%2].UpdateValue(context.Background(), "count", func(old []byte) ([]byte, error) { return append(old, '+'), nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	trouble := errors.New("no")
	kept, err := s.UpdateValue(t.Context(), "count", func([]byte) ([]byte, error) { return []byte("half done"), trouble })
	require.Equal(t, trouble, err)
	require.Nil(t, kept)
	value, err := s.Value(t.Context(), "count")
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("+", 40), string(value))
}
