package reconcile_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/reconcile"
)

// hooked is an account that calls a function before each reading of a payment.
type hooked struct {
	patient
	before func()
	after  func()
}

func (h hooked) Get(ctx context.Context, id string) (journey.PaymentSnapshot, error) {
	if h.before != nil {
		h.before()
	}
	s, err := h.patient.Get(ctx, id)
	if h.after != nil {
		h.after()
	}
	return s, err
}

func (w *harness) withHooks(h hooked) {
	h.patient = patient{w.client}
	o := w.options()
	o.Accounts = map[string]reconcile.Pay{"": h}
	w.Reconciler = reconcile.New(o)
}

func TestJourneysThatChangeMeanwhileAreNoDifferences(t *testing.T) {
	t.Parallel()
	check := func(w *harness, id journey.ID) func() {
		return sync.OnceFunc(func() {
			_, err := w.runner.Check(t.Context(), id, journey.Visit{By: journey.ByWebhook})
			require.NoError(t, err)
		})
	}
	for _, when := range []string{"before", "after"} {
		w := newHarness(t)
		id, payment := w.released("LIC-1")
		_, err := w.pay.Refund(payment, 500)
		require.NoError(t, err)
		if when == "before" {
			w.withHooks(hooked{before: check(w, id)})
		} else {
			w.withHooks(hooked{after: check(w, id)})
		}
		require.Empty(t, w.found(), "the journey learns of the refund %s Pay is asked", when)
	}

	w := newHarness(t)
	id, payment := w.released("LIC-1")
	w.pay.Refund(payment, 500)
	w.withHooks(hooked{after: func() {
		require.NoError(t, w.runner.Nudge(t.Context(), id, journey.ByWebhook))
		w.pay.Advance(time.Second)
	}})
	require.Empty(t, w.found(), "one that moves all the time is left to the next comparison")
}

func TestOneComparisonRunsAtATime(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	other := reconcile.New(w.options()) // another process
	w.unknown("LIC-1", "success")
	w.withHooks(hooked{before: func() {
		_, err := other.Compare(t.Context(), reconcile.Range{})
		require.ErrorIs(t, err, reconcile.ErrRunning)
		require.ErrorIs(t, other.RunDue(t.Context()), reconcile.ErrRunning)
		_, err = w.Compare(t.Context(), reconcile.Range{})
		require.ErrorIs(t, err, reconcile.ErrRunning, "nor a second one of this process")
	}})
	require.Len(t, w.found(), 1)
	require.ErrorIs(t, other.RunDue(t.Context()), reconcile.ErrNotDue)
}

// A process that died holds up the others for five minutes.
func TestComparisonOfADeadProcessIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	_, err := w.store.UpdateValue(t.Context(), "reconciliation", func([]byte) ([]byte, error) {
		return json.Marshal(map[string]any{"holder": "dead", "until": w.now().Add(5 * time.Minute)})
	})
	require.NoError(t, err)
	require.ErrorIs(t, w.RunDue(t.Context()), reconcile.ErrRunning)
	w.pay.Advance(5 * time.Minute)
	require.NoError(t, w.RunDue(t.Context()))
}

// A long comparison keeps the others out for as long as it takes.
func TestLongComparisonKeepsItsTurn(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	for range 3 {
		w.unknown("LIC-1", "success")
	}
	other := reconcile.New(w.options())
	w.withHooks(hooked{after: func() {
		w.pay.Advance(4 * time.Minute)
		_, err := other.Compare(t.Context(), reconcile.Range{})
		require.ErrorIs(t, err, reconcile.ErrRunning)
	}})
	require.Len(t, w.found(), 3)

	o := w.options()
	o.Accounts = map[string]reconcile.Pay{"": hooked{patient: patient{w.client}, after: func() {
		w.pay.Advance(6 * time.Minute)
		_, err := other.Compare(t.Context(), reconcile.Range{})
		require.NoError(t, err, "one that has not been heard of for too long loses it")
	}}}
	_, err := reconcile.New(o).Compare(t.Context(), reconcile.Range{})
	require.ErrorIs(t, err, reconcile.ErrRunning)
}

// at moves the clock to a time of the day after the harness's first.
func (w *harness) at(text string) {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(w.t, err)
	require.False(w.t, at.Before(w.now()), text)
	w.pay.Advance(at.Sub(w.now()))
}

func TestDailyComparisonIsMadeOnceADay(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	require.NoError(t, w.RunDue(t.Context()), "the one of 04:00, which was missed")
	require.ErrorIs(t, w.RunDue(t.Context()), reconcile.ErrNotDue)
	w.at("2026-11-23T03:59:59Z")
	require.ErrorIs(t, w.RunDue(t.Context()), reconcile.ErrNotDue)
	w.at("2026-11-23T04:00:00Z")
	unknown := w.unknown("LIC-1", "success")
	require.NoError(t, w.RunDue(t.Context()))
	require.ErrorIs(t, w.RunDue(t.Context()), reconcile.ErrNotDue)
	require.ErrorIs(t, reconcile.New(w.options()).RunDue(t.Context()), reconcile.ErrNotDue, "over all processes")

	last, err := w.Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{unknown}, ids(last.Differences))
	require.Equal(t, time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), last.From, "eight days with today")
	counts, done, err := w.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{
		"unknown_here": 1, "unknown_at_pay": 0, "amount": 0, "state": 0, "refund": 0, "paid_not_delivered": 0,
	}, counts)
	require.Equal(t, w.now(), done)
}

func TestDailyComparisonWaitsASecondForEachPage(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.many()
	w.waits = nil
	require.NoError(t, w.RunDue(t.Context()))
	require.Equal(t, []time.Duration{time.Second, time.Second, time.Second, time.Second}, w.waits,
		"three pages of payments, one of refunds")
	w.waits = nil
	w.found()
	require.Empty(t, w.waits, "a person does not wait")
}

func TestDailyComparisonThatFailsIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.pay.AddFault(paysim.Fault{Call: "search", Kind: "401"})
	require.ErrorIs(t, w.RunDue(t.Context()), journey.ErrPayRefused)
	_, done, err := w.Counts(t.Context())
	require.NoError(t, err)
	require.Zero(t, done)
	w.pay.ClearFaults()
	require.NoError(t, w.RunDue(t.Context()))
}

// Only a comparison of everything recent says how many differences there are.
func TestOtherRangesAreShownAndDoNotCount(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.unknown("LIC-1", "success")
	require.NoError(t, w.RunDue(t.Context()))
	w.pay.Advance(time.Hour)
	for _, wanted := range []reconcile.Range{
		{From: w.now().Add(-time.Minute)}, {To: w.now().Add(-2 * time.Hour)},
	} {
		_, err := w.Compare(t.Context(), wanted)
		require.NoError(t, err)
	}
	counts, done, err := w.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, counts["unknown_here"])
	require.Equal(t, w.now().Add(-time.Hour), done)
	w.found()
	_, done, err = w.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, w.now(), done)

	_, err = w.Compare(t.Context(), reconcile.Range{Account: new("parking")})
	require.ErrorIs(t, err, reconcile.ErrNoAccount)
}

// A store that was written while the clock was a year ahead is compared all the same.
func TestClockThatWasAheadStopsNothing(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	o := w.options()
	o.Now = func() time.Time { return w.now().AddDate(1, 0, 0) }
	ahead := reconcile.New(o)
	require.NoError(t, ahead.RunDue(t.Context()))
	require.NoError(t, w.RunDue(t.Context()))

	w.unknown("LIC-1", "success")
	w.withHooks(hooked{before: func() {
		_, err := ahead.Compare(t.Context(), reconcile.Range{})
		require.NoError(t, err)
	}})
	_, err := w.Compare(t.Context(), reconcile.Range{})
	require.ErrorIs(t, err, reconcile.ErrRunning)
}

// One account's key is refused. The others are compared all the same, and not again when that account is.
func TestAccountThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	parking := &unruly{patient: patient{w.client}, list: func(
		int, journey.Search,
	) (page journey.Page[journey.PaymentSnapshot], err error) {
		return page, journey.ErrPayRefused
	}}
	first := &unruly{patient: patient{w.client}, list: func(
		_ int, s journey.Search,
	) (journey.Page[journey.PaymentSnapshot], error) {
		return w.client.SearchPayments(t.Context(), s)
	}}
	found := map[string]int{}
	o := w.options()
	o.Accounts = map[string]reconcile.Pay{"": first, "parking": parking}
	o.Found = func(account string, n int) { found[account] += n }
	w.Reconciler = reconcile.New(o)
	unknown := w.unknown("LIC-1", "success")

	require.ErrorContains(t, w.RunDue(t.Context()), "the account parking: ")
	require.Equal(t, map[string]int{"": 1}, found)
	last, err := w.Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{unknown}, ids(last.Differences))
	counts, done, err := w.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, counts["unknown_here"])
	require.Zero(t, done, "one account was never compared")

	require.Error(t, w.RunDue(t.Context()))
	require.Equal(t, 1, first.n)
	parking.list = func(int, journey.Search) (page journey.Page[journey.PaymentSnapshot], err error) {
		return page,
			nil
	}
	require.NoError(t, w.RunDue(t.Context()))
	require.Equal(t, 1, first.n)
	require.ErrorIs(t, w.RunDue(t.Context()), reconcile.ErrNotDue)
	last, err = w.Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{unknown}, ids(last.Differences), "one daily comparison, in two parts")

	w.at("2026-11-23T04:00:00Z")
	require.NoError(t, w.RunDue(t.Context()))
	require.Equal(t, 2, first.n)
	require.Equal(t, map[string]int{"": 2}, found)

	parking.list = func(int, journey.Search) (page journey.Page[journey.PaymentSnapshot], err error) {
		return page, journey.ErrPayRefused
	}
	_, err = w.Compare(t.Context(), reconcile.Range{})
	require.ErrorIs(t, err, journey.ErrPayRefused, "a person is told, and can name an account")
	_, err = w.Compare(t.Context(), reconcile.Range{Account: new("")})
	require.NoError(t, err)
}
