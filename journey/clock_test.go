package journey

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const year = 365 * 24 * time.Hour

// created returns a journey whose payment began at t0 by our clock, and at another time by Pay's.
func created(t *testing.T, skew time.Duration) Journey {
	t.Helper()
	s := snapshot(StatusCreated)
	s.CreatedAt = t0.Add(skew)
	return happens(t, Hold("01TEST", "key", exampleTerms(), Fingerprint{}, t0), ByCitizen, 0, PaymentCreated{s})
}

func TestSweepsDoNotDependOnPaysClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-year, -6 * time.Hour, 0, 6 * time.Hour, year} {
		require.Equal(t, t0.Add(3*time.Hour), created(t, skew).DueAt, skew)
	}
}

// A reservation is settled in time, and not at once because Pay's clock is wrong.
func TestCaptureWindowOfWrongClocks(t *testing.T) {
	t.Parallel()
	for skew, wanted := range map[time.Duration]time.Duration{
		0:              96 * time.Hour,
		6 * time.Hour:  96 * time.Hour,
		-6 * time.Hour: 90 * time.Hour,
		// Ours was wrong when the payment was asked for.
		year:  96*time.Hour + year,
		-year: 96*time.Hour - year,
	} {
		j := happens(t, created(t, skew), ByCitizen, time.Minute, PaymentSeen{snapshot(StatusCapturable)})
		p, _ := j.Payment()
		require.Equal(t, t0.Add(wanted), j.windowCloses(p), skew)
	}
	old := Payment{CreatedAt: t0} // of version 1
	require.Equal(t, t0.Add(96*time.Hour), Journey{Terms: exampleTerms()}.windowCloses(old))
}

// Our clock was a year ahead when the journey began, and was set right.
func TestJourneyBegunInTheFutureIsDueNow(t *testing.T) {
	t.Parallel()
	now := t0.Add(-year)
	for state, j := range examples(t) {
		due := j.Due(now)
		switch {
		case state.AtRest():
			require.False(t, due.Before(now), "%s: nothing is forgotten early", state)
			require.NotEqual(t, StepForget, j.Owed(now), state)
		case j.DueAt.IsZero():
		default:
			require.Equal(t, now, due, state)
			require.NotEqual(t, StepNone, j.Owed(now), state)
			require.True(t, j.isMisdated(now), state)
			require.False(t, j.isMisdated(t0.Add(time.Minute)), "%s: by a right clock", state)
		}
	}
}

// The first visit sets its times right, and the journey goes on as usual.
func TestVisitSetsTimesRight(t *testing.T) {
	t.Parallel()
	now := t0.Add(-year)
	j := examples(t)[StatePaying]
	tr := newTrial(t, j, snapshot(StatusStarted))
	tr.now = now
	j = tr.visit(Visit{By: ByMopup})
	require.Equal(t, []time.Time{now, now}, []time.Time{j.Since, j.AskedAt})
	require.Equal(t, now.Add(3*time.Hour), j.DueAt, "the citizen may still be paying")

	nudged := happens(t, examples(t)[StateReleased], ByWebhook, year, Nudged{})
	require.Equal(t, t0.Add(year), nudged.NudgedAt)
	tr = newTrial(t, nudged, snapshot(StatusSuccess))
	tr.visit(Visit{By: ByMopup, Urgency: Ordered})
	require.NoError(t, tr.runner.Nudge(t.Context(), nudged.ID, ByWebhook))
	require.Equal(t, tr.now, tr.store.j.NudgedAt)
}

func TestConfirmationOfAWrongClockIsNotFresh(t *testing.T) {
	t.Parallel()
	j := examples(t)[StateConfirmed]
	require.Equal(t, StepDeliver, j.Owed(t0.Add(2*time.Minute)))
	require.Equal(t, StepAsk, j.Owed(t0.Add(-year)))
}

func TestBackOffOfAWrongClockEnds(t *testing.T) {
	t.Parallel()
	j, _ := refusedPaid(t)
	j = must(t, j, ReturnDecided{})
	ahead := happens(t, j, ByMopup, year, Tried{EffectRefund, "pay1"}, TryFailed{EffectRefund, "Pay is down", false},
		StepFailed{"Pay is down"})
	now := t0.Add(time.Hour)
	require.Equal(t, StepReturn, ahead.Owed(now))
	require.False(t, ahead.Due(now).After(now))
	_, err := ahead.Apply(Tried{EffectRefund, "pay1"}, ByMopup, now)
	require.NoError(t, err)
}

// A process stores a journey while its clock is ahead. The list of due journeys has it in a year.
func TestMisdatedJourneysAreFound(t *testing.T) {
	t.Parallel()
	s := &lister{journeys: map[State][]Journey{
		StatePaying: {examples(t)[StatePaying]}, StateStuck: {examples(t)[StateStuck]},
	}}
	due, err := Misdated(t.Context(), s, t0.Add(-year))
	require.NoError(t, err)
	require.Len(t, due, 2)
	require.Equal(t, examples(t)[StatePaying].DueAt, due[0].At)
	due, err = Misdated(t.Context(), s, t0.Add(2*time.Minute))
	require.NoError(t, err)
	require.Empty(t, due)
}

// lister lists journeys by state, all on one page.
type lister struct {
	Store
	journeys map[State][]Journey
}

func (l *lister) List(_ context.Context, f Filter) ([]Journey, error) {
	if f.After != "" {
		return nil, nil
	}
	return l.journeys[f.State], nil
}

// RELEASE=on-return: the next reading is the earlier of the second look and half an hour.
func TestPaymentReleasedOnTrustIsReadAgainSoon(t *testing.T) {
	t.Parallel()
	for second, wanted := range map[time.Duration]time.Duration{
		time.Second: time.Second, time.Hour: 30 * time.Minute,
	} {
		terms := exampleTerms()
		terms.Capture, terms.Release, terms.SecondLook = CaptureImmediate, ReleaseOnReturn, second
		j := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
			CitizenReturned{}, PaymentSeen{snapshot(StatusSubmitted)}, Claimed{t0.Add(time.Hour)},
			RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
		require.Equal(t, StateReleased, j.State)
		require.Equal(t, j.Since.Add(wanted), j.DueAt)
	}
}

// Nobody hears of a payment that was trusted and never confirmed, unless a person is asked.
func TestTrustThatIsNeverConfirmedGoesToAPerson(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.Capture, terms.Release = CaptureImmediate, ReleaseOnReturn
	j := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
		CitizenReturned{}, PaymentSeen{snapshot(StatusSubmitted)}, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
	tr := newTrial(t, j, snapshot(StatusSubmitted))
	require.Equal(t, TroubleTrust, tr.sweepUntil(StateStuck).Trouble)
	require.GreaterOrEqual(t, tr.now.Sub(t0), maxOutage)
}

func TestWhatWasReadBeforeTheStartIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read, now time.Duration // since the start
		must      bool
	}{
		"before the start":             {-time.Second, time.Minute, true},
		"since the start":              {time.Second, time.Minute, false},
		"long ago":                     {time.Second, time.Hour, true},
		"the clock was ahead at first": {-2 * time.Hour, -2 * time.Hour, false},
	} {
		r := &Runner{Started: t0, Now: func() time.Time { return t0.Add(c.now) }}
		require.Equal(t, c.must, r.mustRead(Payment{ReadAt: t0.Add(c.read)}), name)
	}
}
