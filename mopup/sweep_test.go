package mopup

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

var (
	t0      = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	errDown = errors.New("connection refused")
)

// memory is a store in memory with what a sweep needs.
type memory struct {
	journey.Store
	mu       sync.Mutex
	journeys map[journey.ID]journey.Journey
	damaged  journey.ID
	dueErr   error
}

func (m *memory) Get(_ context.Context, id journey.ID) (journey.Journey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, found := m.journeys[id]
	switch {
	case id == m.damaged:
		return j, journey.ErrDamaged
	case !found:
		return j, journey.ErrNotFound
	}
	return j, nil
}

func (m *memory) Update(
	_ context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := change(m.journeys[id])
	if err == nil {
		m.journeys[id] = c.Journey
	}
	return c.Journey, err
}

func (m *memory) Request(context.Context, journey.ID) (journey.HeldRequest, error) {
	return journey.HeldRequest{Method: "POST", Path: "/apply"}, nil
}

func (m *memory) Due(_ context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return m.list(until, after, limit, func(j journey.Journey) time.Time { return j.DueAt })
}

func (m *memory) DueEarly(_ context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return m.list(until, after, limit, func(j journey.Journey) time.Time { return j.EarlyAt })
}

func (m *memory) DueToTell(_ context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return m.list(until, after, limit, func(j journey.Journey) time.Time { return j.TellAt })
}

func (m *memory) list(
	until time.Time, after journey.Due, limit int, at func(journey.Journey) time.Time,
) ([]journey.Due, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order := func(a, b journey.Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }
	var page []journey.Due
	for id, j := range m.journeys {
		due := journey.Due{At: at(j), ID: id}
		if !due.At.IsZero() && !due.At.After(until) && order(due, after) > 0 {
			page = append(page, due)
		}
	}
	slices.SortFunc(page, order)
	return page[:min(len(page), limit)], m.dueErr
}

// fakePay answers every read with a reserved payment, or with an error.
type fakePay struct {
	journey.Payments
	mu    sync.Mutex
	down  map[string]error // by payment
	reads int
}

func (p *fakePay) Get(_ context.Context, id string) (journey.PaymentSnapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	return journey.PaymentSnapshot{ID: id, Reference: "R", Amount: 2500, Status: journey.StatusCapturable}, p.down[id]
}

func (p *fakePay) Capture(context.Context, string) error { return nil }

// fakeService accepts every request.
type fakeService struct{}

func (fakeService) Deliver(context.Context, journey.Delivery) journey.Delivered {
	return journey.Delivered{Verdict: journey.VerdictAccepted, Status: 303}
}

// fixture holds what a sweep needs.
type fixture struct {
	store  *memory
	pay    *fakePay
	runner *journey.Runner
	now    time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		store: &memory{journeys: map[journey.ID]journey.Journey{}},
		pay:   &fakePay{down: map[string]error{}}, now: t0,
	}
	f.runner = &journey.Runner{
		Store: f.store, Accounts: journey.Accounts{"": f.pay}, Deliverer: fakeService{},
		Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return f.now },
	}
	return f
}

func (f *fixture) mopup(o Options) *Mopup {
	o.Store, o.Runner, o.MaxPerSecond = f.store, f.runner, 1000
	o.Now, o.Log = func() time.Time { return f.now }, slog.New(slog.DiscardHandler)
	if o.WaitOut == nil {
		o.WaitOut = func(context.Context, string) error { return nil }
	}
	return New(o)
}

func (f *fixture) early() *Early {
	return NewEarly(EarlyOptions{
		Store: f.store, Runner: f.runner, Now: func() time.Time { return f.now },
		Log: slog.New(slog.DiscardHandler), Yield: func(context.Context, string) error { return nil },
	})
}

// add stores a journey whose citizen was sent to Pay, and to which further facts happened.
func (f *fixture) add(t *testing.T, id journey.ID, facts ...journey.Fact) {
	t.Helper()
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "R", Capture: journey.CaptureOnAccept,
		Accept: journey.Statuses{{From: 303, To: 303}}, ClaimFor: time.Minute, MopupMinAge: time.Hour,
		ReturnGrace: 20 * time.Minute, RetryFor: 2 * time.Hour, KeepJourney: 1000 * time.Hour,
		SecondLook: 24 * time.Hour,
	}
	j := journey.Hold(id, "key", terms, journey.Fingerprint{}, t0)
	facts = append([]journey.Fact{journey.PaymentCreated{Snapshot: snapshot(id, journey.StatusCreated)}}, facts...)
	for _, fact := range facts {
		var err error
		j, err = j.Apply(fact, journey.ByCitizen, t0)
		require.NoError(t, err)
	}
	f.store.journeys[id] = j
}

func snapshot(id journey.ID, status string) journey.PaymentSnapshot {
	return journey.PaymentSnapshot{ID: "pay" + string(id), Reference: "R", Amount: 2500, Status: status}
}

func (f *fixture) state(id journey.ID) journey.State { return f.store.journeys[id].State }

func TestSweepAdvancesEveryDueJourney(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "PAID")
	f.add(t, "DECLINED", journey.PaymentSeen{Snapshot: snapshot("DECLINED", journey.StatusFailed)})
	f.now = t0.Add(30 * time.Minute)

	var reported map[string]int
	m := f.mopup(Options{Swept: func(counts map[string]int) { reported = counts }})
	m.sweep(t.Context())
	require.Zero(t, reported["visited"], "young payments are left to their citizen")

	f.now = t0.Add(3 * time.Hour)
	m.sweep(t.Context())
	require.Equal(t, map[string]int{
		"visited": 2, "released": 1, "abandoned": 1,
		"captured": 0, "returned": 0, "waiting": 0, "stuck": 0, "failed": 0,
	}, reported)
	require.Equal(t, journey.StateReleased, f.state("PAID"))
	require.Equal(t, journey.StateAbandoned, f.state("DECLINED"))
}

func TestFailingJourneyDoesNotStopTheSweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []journey.ID{"A", "B", "C"} {
		f.add(t, id)
	}
	f.pay.down["payA"] = errDown
	f.store.damaged = "B"
	f.now = t0.Add(2 * time.Hour)
	m := f.mopup(Options{})
	counts, err := m.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, Counts{Visited: 2, Failed: 1, Released: 1}, counts, "a damaged journey is not counted")
	require.Equal(t, journey.StateReleased, f.state("C"))

	delete(f.pay.down, "payA")
	counts, err = m.RunOnce(t.Context())
	require.NoError(t, err)
	require.Zero(t, counts.Visited, "it has a back-off")
	counts, err = m.RunNow(t.Context())
	require.NoError(t, err)
	require.Equal(t, Counts{Visited: 1, Released: 1}, counts, "unless a person asks")
}

func TestSweepReadsMoreThanOnePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for n := range pageSize + 5 {
		f.add(t, journey.NewID(t0.Add(time.Duration(n)*time.Second)))
	}
	f.now = t0.Add(2 * time.Hour)
	counts, err := f.mopup(Options{}).RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, Counts{Visited: pageSize + 5, Released: pageSize + 5}, counts)
}

func TestSweepReportsAnUnreadableList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store.dueErr = errDown
	_, err := f.mopup(Options{}).RunOnce(t.Context())
	require.ErrorIs(t, err, errDown)
}

// shared is a store of several processes, in which another one has some journeys.
type shared struct {
	taken map[journey.ID]bool
	left  []journey.ID
	err   error
}

func (s *shared) Clock(context.Context) (time.Time, error) { return t0, nil }

func (s *shared) TakeDue(_ context.Context, due journey.Due, began time.Time, _ time.Duration) (bool, error) {
	return !s.taken[due.ID] && began.Equal(t0), s.err
}

func (s *shared) LeaveDue(_ context.Context, id journey.ID) error {
	s.left = append(s.left, id)
	return errDown // the lease ends the visit
}

func TestSweepsOfSeveralProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "MINE")
	f.add(t, "THEIRS")
	f.now = t0.Add(2 * time.Hour)
	s := &shared{taken: map[journey.ID]bool{"THEIRS": true}}
	counts, err := f.mopup(Options{Shared: s}).RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, Counts{Visited: 1, Released: 1}, counts)
	require.Equal(t, []journey.ID{"MINE"}, s.left)
	require.Equal(t, journey.StatePaying, f.state("THEIRS"))

	s.err = errDown
	counts, err = f.mopup(Options{Shared: s}).RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, Counts{Visited: 1, Failed: 1}, counts)
}

func TestSweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "A")
	f.now = t0.Add(2 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.mopup(Options{}).RunOnce(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, journey.StatePaying, f.state("A"))
}

func TestEarlyDeliveryReadsThenDelivers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "A")
	e := f.early()
	f.now = t0.Add(6 * time.Minute)
	require.NoError(t, e.RunOnce(t.Context()))
	require.Equal(t, journey.StateConfirmed, f.state("A"))
	f.now = t0.Add(25 * time.Minute)
	require.NoError(t, e.RunOnce(t.Context()))
	require.Equal(t, journey.StateConfirmed, f.state("A"), "the citizen has twenty minutes from the confirmation")
	f.now = t0.Add(27 * time.Minute)
	require.NoError(t, e.RunOnce(t.Context()))
	require.Equal(t, journey.StateReleased, f.state("A"))
}

func TestPaymentsAreReadWhileTheDeliveriesOfTheirRoutePause(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "A")
	e := f.early()
	e.IsPaused = func(route string) bool { return route == "licence" }
	f.now = t0.Add(6 * time.Minute)
	require.NoError(t, e.RunOnce(t.Context()))
	require.Equal(t, journey.StateConfirmed, f.state("A"))
	f.now = t0.Add(27 * time.Minute)
	require.NoError(t, e.RunOnce(t.Context()))
	require.Equal(t, journey.StateConfirmed, f.state("A"), "its delivery pauses")
}

func TestEarlyDeliveryGivesUpWhilePayIsDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for n := range 50 {
		id := journey.NewID(t0.Add(time.Duration(n) * time.Second))
		f.add(t, id)
		f.pay.down["pay"+string(id)] = errDown
	}
	f.now = t0.Add(10 * time.Minute)
	require.ErrorIs(t, f.early().RunOnce(t.Context()), errDown)
	require.Less(t, f.pay.reads, maxFailuresInRow+laneWorkers+1)
}

func TestEarlyDeliveryWaitsForPaysAllowance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "A")
	f.now = t0.Add(10 * time.Minute)
	e := f.early()
	e.Yield = func(context.Context, string) error { return context.Canceled }
	require.NoError(t, e.RunOnce(t.Context()), "one failure does not end the round")
	require.Zero(t, f.pay.reads)
}

// A journey of an account that Pay refuses is left as it is; other accounts, and steps that need no answer of Pay, are
// not affected.
func TestSweepLeavesOutAccountsThatPayRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refused := func(id journey.ID) {
		j := f.store.journeys[id]
		j.Terms.Account = "refused"
		f.store.journeys[id] = j
	}
	f.runner.Accounts["refused"] = f.pay
	f.add(t, "01A")
	refused("01A")
	f.add(t, "01B")
	f.now = t0.Add(4 * time.Hour)
	before := f.store.journeys["01A"]
	f.add(t, "01C", journey.PaymentSeen{Snapshot: snapshot("01C", journey.StatusCapturable)})
	fresh := f.store.journeys["01C"]
	fresh.Terms.Account, fresh.Payments[0].ReadAt = "refused", f.now
	f.store.journeys["01C"] = fresh
	var mu sync.Mutex
	var asked []string
	counts, err := f.mopup(Options{WaitOut: func(_ context.Context, account string) error {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, account)
		if account == "refused" {
			return journey.ErrPayAccount
		}
		return nil
	}}).RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, f.store.journeys["01A"], "it has no back-off of its own")
	require.NotEqual(t, t0, f.store.journeys["01B"].Payments[0].ReadAt)
	require.NotEqual(t, journey.StateConfirmed, f.state("01C"), "what Pay has confirmed is delivered")
	require.Equal(t, 3, counts.Visited)
	require.Equal(t, 1, counts.Failed)
	require.ElementsMatch(t, []string{"refused", ""}, asked)
}

func TestRoundOfEarlyDeliveryGoesOnWithoutARefusedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []journey.ID{"01A", "01B", "01C", "01D", "01E", "01F", "01G"} {
		f.add(t, id)
		if id != "01G" {
			f.pay.down["pay"+string(id)] = journey.ErrPayAccount
		}
	}
	f.now = t0.Add(6 * time.Minute)
	require.NoError(t, f.early().RunOnce(t.Context()))
	require.Equal(t, f.now, f.store.journeys["01G"].Payments[0].ReadAt)
}
