package pgstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

// taken takes all due journeys for a sweep that began that long ago, and lists those it gets.
func taken(t testing.TB, s *pgstore.Store, ago time.Duration) (ids []journey.ID) {
	t.Helper()
	now, err := s.Clock(t.Context())
	require.NoError(t, err)
	due, err := s.Due(t.Context(), storetest.FarAway, journey.Due{}, 1000)
	require.NoError(t, err)
	for _, d := range due {
		mine, err := s.TakeDue(t.Context(), d, now.Add(-ago), time.Hour)
		require.NoError(t, err)
		if mine {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func TestSweepsVisitEachJourneyOnce(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	stores := []*pgstore.Store{open(t, url, options(t, 1)), open(t, url, options(t, 1))}
	const journeys = 100
	storetest.Together(journeys, func(n int) {
		if err := stores[n%2].Create(context.Background(), storetest.Example(n), storetest.Request(n)); err != nil {
			t.Error(err)
		}
	})
	due, err := stores[0].Due(t.Context(), storetest.FarAway, journey.Due{}, journeys)
	require.NoError(t, err)
	require.Len(t, due, journeys)
	began, err := stores[0].Clock(t.Context())
	require.NoError(t, err)
	var mutex sync.Mutex
	visits := map[journey.ID]int{}
	var both sync.WaitGroup
	for n := range 4 {
		s := stores[n%2]
		both.Go(func() {
			for _, d := range due {
				mine, err := s.TakeDue(context.Background(), d, began, time.Hour)
				if err != nil {
					t.Error(err)
				}
				if !mine {
					continue
				}
				mutex.Lock()
				visits[d.ID]++
				mutex.Unlock()
				if err := s.LeaveDue(context.Background(), d.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	require.Len(t, visits, journeys)
	for id, count := range visits {
		require.Equal(t, 1, count, id)
	}
	all, err := stores[0].Due(t.Context(), storetest.FarAway, journey.Due{}, journeys+1)
	require.NoError(t, err)
	require.Equal(t, due, all, "a list leaves nothing out")
}

func TestEndOfAVisit(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	for n := range 4 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	one, two := storetest.Example(0).ID, storetest.Example(1).ID
	three, four := storetest.Example(2).ID, storetest.Example(3).ID
	require.Equal(t, []journey.ID{one, two, three, four}, taken(t, s, 0))
	touch(t, s, one, func(c *journey.Change) { c.Journey.Note = "being visited, and due as before" })
	require.Empty(t, taken(t, s, 0))
	touch(t, s, two, func(c *journey.Change) { c.Journey.DueAt = storetest.FarAway.Add(-time.Hour) })
	require.Equal(t, []journey.ID{two}, taken(t, s, 0))
	require.NoError(t, s.LeaveDue(t.Context(), three))
	require.Empty(t, taken(t, s, time.Hour), "a sweep that was running then")
	require.Equal(t, []journey.ID{three}, taken(t, s, 0), "one that began since")
	raw(t, url, `UPDATE paygate_journeys SET taken_until = clock_timestamp() WHERE id = $1`, four)
	require.Equal(t, []journey.ID{four}, taken(t, s, 0), "its lease has ended")

	stale := journey.Due{At: storetest.Example(1).DueAt, ID: two}
	for _, d := range []journey.Due{stale, {At: storetest.T0, ID: "unknown"}, {At: storetest.T0, ID: "\x00"}} {
		mine, err := s.TakeDue(t.Context(), d, time.Now(), time.Hour)
		require.NoError(t, err)
		require.False(t, mine, "nothing is due then")
	}
	require.NoError(t, s.LeaveDue(t.Context(), "unknown"))
}

// The cost of a query must grow with what it finds, not with what is stored, for any values.
func TestQueriesUseTheirIndex(t *testing.T) {
	t.Parallel()
	url := filled(t)
	raw(t, url, `INSERT INTO paygate_journeys (id, state, open, route, reference, started_at, due_at, key_id, sealed)
		SELECT '00OLD' || n, 'released', false, 'licence', sha256(n::text::bytea), n,
			9000000000000000000 + n, key_id, ''
		FROM generate_series(1, 20000) n, (SELECT key_id FROM paygate_journeys LIMIT 1) k`)
	raw(t, url, `INSERT INTO paygate_payments (id, journey_id) SELECT 'pay' || id, id FROM paygate_journeys`)
	raw(t, url, `INSERT INTO paygate_terms SELECT sha256(id::bytea), id FROM paygate_journeys`)
	reference, payment, terms := pgstore.LookUps()
	for range 2 { // without statistics, and with them
		for _, c := range []struct{ query, index string }{
			{pgstore.ListBy("due_at"), "paygate_journeys_due"},
			{pgstore.ListBy("early_at"), "paygate_journeys_early"},
			{pgstore.TakeDue, "paygate_journeys_pkey"},
			{pgstore.LeaveDue, "paygate_journeys_pkey"},
			{pgstore.ListQuery(journey.Filter{}), "paygate_journeys_pkey"},
			{pgstore.ListQuery(journey.Filter{After: "x"}), "paygate_journeys_pkey"},
			{pgstore.ListQuery(journey.Filter{State: journey.StateStuck}), "paygate_journeys_state"},
			{pgstore.ListQuery(journey.Filter{Route: "x"}), "paygate_journeys_route"},
			{pgstore.ListQuery(journey.Filter{Route: "x", State: "reversed"}), "paygate_journeys_route_state"},
			{pgstore.ListQuery(journey.Filter{Since: storetest.T0, Until: storetest.T0}), "paygate_journeys_pkey"},
			{reference, "paygate_journeys_reference"},
			{payment, "paygate_payments_pkey"},
			{terms, "paygate_terms_pkey"},
		} {
			steps := plan(t, url, c.query)
			require.Contains(t, steps, c.index, c.query)
			require.NotContains(t, steps, "Seq Scan on paygate_journeys")
		}
		raw(t, url, `ANALYZE`)
	}
	require.Contains(t, plan(t, url, pgstore.CountOpen), "paygate_journeys_open")
}

// plan returns how the server runs a query whose values it does not know.
func plan(t testing.TB, url, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`)
	require.NoError(t, err)
	prepared, err := conn.Prepare(t.Context(), "query", query)
	require.NoError(t, err)
	explain := "EXPLAIN EXECUTE query"
	if n := len(prepared.ParamOIDs); n > 0 {
		explain += "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
	}
	rows, err := conn.Query(t.Context(), explain)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}

func TestRateIsSharedByReplicas(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	stores := []*pgstore.Store{open(t, url, options(t, 1)), open(t, url, options(t, 1))}
	const perSecond, calls = 10, 60
	start := time.Now()
	slots := make(chan time.Duration, calls)
	storetest.Together(calls, func(n int) {
		wait, err := stores[n%2].Take(context.Background(), "creates", perSecond)
		if err != nil {
			t.Error(err)
		}
		slots <- wait
	})
	took := time.Since(start)
	var latest time.Duration
	for range calls {
		latest = max(latest, <-slots)
	}
	// Slots are a tenth of a second apart, however long the calls themselves took.
	require.LessOrEqual(t, latest, (calls-1)*time.Second/perSecond)
	require.GreaterOrEqual(t, latest+took, (calls-1)*time.Second/perSecond)

	wait, err := stores[0].Take(t.Context(), "another", perSecond)
	require.NoError(t, err)
	require.Zero(t, wait, "each rate has its own slots")
	_, err = stores[0].Take(t.Context(), "another", 0)
	require.Error(t, err)
}

func TestTakeRefusesASlotThatIsTooLate(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	slot := func() time.Time { return ask[time.Time](t, url, `SELECT slot FROM paygate_buckets`) }
	require.NoError(t, s.Wait(t.Context(), "creates", 1), "the first")
	begun := time.Now()
	raw(t, url, `UPDATE paygate_buckets SET slot = clock_timestamp() + interval '10 seconds'`)
	before := slot()
	_, err := s.Take(t.Context(), "creates", 1)
	if time.Since(begun) < time.Second { // later it is not so far away
		require.ErrorIs(t, err, pgstore.ErrNoSlot, "too late for any caller")
		require.ErrorIs(t, err, journey.ErrPayBusy)
		require.Equal(t, before, slot())
	}

	raw(t, url, `UPDATE paygate_buckets SET slot = clock_timestamp() + interval '8 seconds'`)
	before = slot()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err = s.Wait(ctx, "creates", 1)
	if ctx.Err() == nil { // on a machine so slow that the time is over, nothing is proven
		require.ErrorIs(t, err, pgstore.ErrNoSlot)
	}
	require.Equal(t, before, slot(), "too late for this caller")
}

// A clock that has been put back must not stop all callers.
func TestTakeIgnoresASlotFarAhead(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	_, err := s.Take(t.Context(), "creates", 10)
	require.NoError(t, err)
	raw(t, url, `UPDATE paygate_buckets SET slot = clock_timestamp() + interval '1 hour'`)
	wait, err := s.Take(t.Context(), "creates", 10)
	require.NoError(t, err)
	require.Zero(t, wait)
	wait, err = s.Take(t.Context(), "creates", 10)
	require.NoError(t, err)
	require.LessOrEqual(t, wait, time.Second/10, fmt.Sprint("goes on from there: ", wait))
}

// Version 1 does not update early_at. That is not damage: early delivery relies on the sealed journey.
func TestRowsWrittenByVersion1AreNotDamaged(t *testing.T) {
	t.Parallel()
	url := filled(t)
	id := storetest.Example(0).ID
	alter(t, url, id, `early_at = 1`)
	s := open(t, url, options(t, 1))
	due, err := s.DueEarly(t.Context(), storetest.T0, journey.Due{}, 10)
	require.NoError(t, err)
	require.Equal(t, []journey.Due{{At: time.Unix(0, 1).UTC(), ID: id}}, due)
	runner := &journey.Runner{
		Store: s, Now: func() time.Time { return storetest.T0 },
		Log: slog.New(slog.DiscardHandler),
	}
	_, err = runner.DeliverEarly(t.Context(), due[0])
	require.ErrorIs(t, err, journey.ErrNotDue)
}
