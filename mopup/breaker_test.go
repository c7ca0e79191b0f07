package mopup

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// delivered is a delivery on a route that ended with a verdict.
func delivered(route string, v journey.Verdict) journey.Applied {
	return journey.Applied{
		After: journey.Journey{Terms: journey.Terms{Route: route}}, Fact: journey.RequestDelivered{Verdict: v},
	}
}

func TestThreeUnknownDeliveriesInARowPauseARoute(t *testing.T) {
	t.Parallel()
	now := t0
	b := NewBreaker(func() time.Time { return now }, slog.New(slog.DiscardHandler))
	for _, v := range []journey.Verdict{"unknown", "unknown", "accepted", "unknown", "not_sent", "unknown"} {
		b.Observe(delivered("licence", v))
	}
	require.False(t, b.IsPaused("licence"), "a known result in between breaks the row")
	b.Observe(delivered("licence", "unknown"))
	require.True(t, b.IsPaused("licence"))
	require.False(t, b.IsPaused("permit"), "other routes go on")
	require.Equal(t, map[string]time.Time{"licence": t0.Add(time.Hour)}, b.Paused())
	_, err := b.Permit(t.Context(), "licence")
	require.ErrorIs(t, err, journey.ErrPaused)

	now = now.Add(time.Hour)
	done, err := b.Permit(t.Context(), "licence")
	require.NoError(t, err, "after the pause one is tried")
	second, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Permit(second, "licence")
	require.ErrorIs(t, err, context.Canceled, "and no second one")
	b.Observe(delivered("licence", "unknown"))
	done()
	require.Equal(t, map[string]time.Time{"licence": now.Add(2 * time.Hour)}, b.Paused(), "the next pause is longer")

	b.Observe(delivered("licence", "refused")) // a citizen has come back, and the service has answered
	require.Empty(t, b.Paused())
}

func TestAPermitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := NewBreaker(time.Now, slog.New(slog.DiscardHandler))
	for range maxUnknown {
		_, err := b.Permit(t.Context(), "licence")
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Permit(ctx, "licence")
	require.ErrorIs(t, err, context.Canceled)
}

// hanging is a service of which one route never answers.
type hanging struct {
	sent, accepted atomic.Int64
	lastAt         atomic.Pointer[time.Time] // when the last of the other routes was accepted
}

func (h *hanging) Deliver(_ context.Context, d journey.Delivery) journey.Delivered {
	if d.Journey.Terms.Route == "hangs" {
		h.sent.Add(1)
		time.Sleep(time.Minute) // of the bubble's own clock
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "no answer"}
	}
	h.accepted.Add(1)
	h.lastAt.Store(new(time.Now()))
	return journey.Delivered{Verdict: journey.VerdictAccepted, Status: 303}
}

// withARouteThatHangs returns a store with journeys of three routes, which take turns in its lists.
func withARouteThatHangs(t *testing.T) (f *fixture, service *hanging, b *Breaker, clock func() time.Time) {
	t.Helper()
	f, service = newFixture(t), &hanging{}
	began := time.Now()
	clock = func() time.Time { return t0.Add(2 * time.Hour).Add(time.Since(began)) }
	b = NewBreaker(clock, slog.New(slog.DiscardHandler))
	f.runner.Deliverer, f.runner.Now = service, clock
	f.runner.Permit, f.runner.Applied = b.Permit, b.Observe
	for n := range 60 {
		id := journey.ID(fmt.Sprintf("%02d", n))
		f.add(t, id)
		j := f.store.journeys[id]
		j.Terms.Route = []string{"hangs", "licence", "permit"}[n%3]
		f.store.journeys[id] = j
	}
	return f, service, b, clock
}

// TestARouteThatHangsHoldsUpNoEarlyDelivery has citizens of three routes who have paid, and do not come back.
func TestARouteThatHangsHoldsUpNoEarlyDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, service, b, clock := withARouteThatHangs(t)
		e := f.early()
		e.Now, e.IsPaused = clock, b.IsPaused
		require.NoError(t, e.RunOnce(t.Context()), "the payments are read")
		time.Sleep(25 * time.Minute)
		began := time.Now()
		require.NoError(t, e.RunOnce(t.Context()))
		require.EqualValues(t, 40, service.accepted.Load())
		require.Equal(t, began, *service.lastAt.Load(), "nobody waits for the route that hangs")
		require.EqualValues(t, 3, service.sent.Load())
	})
}

// TestARouteThatHangsHoldsUpNoOther has a service that hangs for an hour on one route, while citizens of three routes
// do not come back.
func TestARouteThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, service, b, clock := withARouteThatHangs(t)
		m := f.mopup(Options{})
		m.Now = clock
		counts, err := m.RunOnce(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 40, service.accepted.Load(), "the other routes are delivered within one sweep")
		require.Equal(t, 3, counts.Stuck)
		require.Equal(t, 17, counts.Waiting)
		for range 5 {
			time.Sleep(10 * time.Minute)
			_, err := m.RunOnce(t.Context())
			require.NoError(t, err)
		}
		require.EqualValues(t, 3, service.sent.Load())
		require.Contains(t, b.Paused(), "hangs")
	})
}

func TestASweepThatEndsBeginsNoMoreDeliveries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.runner.Permit = func(context.Context, string) (func(), error) {
		cancel() // the drain begins while the payments are read
		return func() {}, nil
	}
	for _, id := range []journey.ID{"A", "B", "C", "D", "E"} {
		f.add(t, id)
	}
	f.now = t0.Add(2 * time.Hour)
	_, err := f.mopup(Options{}).RunOnce(ctx)
	require.ErrorIs(t, err, context.Canceled)
	for id := range f.store.journeys {
		require.NotEqual(t, journey.StateReleased, f.state(id))
	}
}

// ending is a store that Paygate's end takes from a sweep while that reads what is due.
type ending struct {
	*memory
	end context.CancelFunc
}

func (e ending) Get(ctx context.Context, id journey.ID) (journey.Journey, error) {
	if e.end(); ctx.Err() != nil {
		return journey.Journey{}, ctx.Err()
	}
	return e.memory.Get(ctx, id)
}

func TestASweepThatEndsWhileItReadsCountsNoFailures(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []journey.ID{"A", "B", "C"} {
		f.add(t, id)
	}
	f.now = t0.Add(2 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	m := f.mopup(Options{})
	m.Store = ending{f.store, cancel}
	counts, _ := m.RunOnce(ctx)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.Zero(t, counts.Failed)
}
