package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// early applies facts reported by early delivery.
func early(t *testing.T, j Journey, after time.Duration, facts ...Fact) Journey {
	t.Helper()
	return happens(t, j, ByEarly, after, facts...)
}

// happens applies facts at a time, counted from t0. The state must allow them.
func happens(t *testing.T, j Journey, by By, after time.Duration, facts ...Fact) Journey {
	t.Helper()
	for _, f := range facts {
		next, err := j.Apply(f, by, t0.Add(after))
		require.NoError(t, err, "%s in %s", f.Name(), j.State)
		j = next
	}
	return j
}

// atPay returns a journey whose citizen went to Pay at t0.
func atPay(t *testing.T, change func(*Terms)) Journey {
	t.Helper()
	terms := exampleTerms()
	if change != nil {
		change(&terms)
	}
	return happens(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), ByCitizen, 0,
		PaymentCreated{snapshot(StatusCreated)})
}

func immediateCapture(terms *Terms) { terms.Capture = CaptureImmediate }

func requireEarlyAt(t *testing.T, wanted time.Duration, j Journey) {
	t.Helper()
	require.Equal(t, t0.Add(wanted), j.EarlyAt, "%s", j.EarlyAt.Sub(t0))
}

// The intervals count from the beginning of the payment by our own clock, whatever Pay's clock says.
func TestOpenPaymentIsReadAtIntervals(t *testing.T) {
	t.Parallel()
	j := atPay(t, nil)
	var read []time.Duration
	for !j.EarlyAt.IsZero() {
		after := j.EarlyAt.Sub(t0)
		read = append(read, after/time.Minute)
		require.Equal(t, StepNone, j.owedTo(ByEarly, j.EarlyAt.Add(-time.Nanosecond)))
		require.Equal(t, StepAsk, j.owedTo(ByEarly, j.EarlyAt))
		started := snapshot(StatusStarted)
		started.CreatedAt = t0.Add(-9 * time.Hour) // Pay's clock is wrong
		j = early(t, j, after, EarlyBegun{j.EarlyAt}, PaymentSeen{started})
	}
	require.Equal(t, []time.Duration{5, 10, 15, 20, 30, 45, 60, 75, 90, 100}, read)
	require.Equal(t, t0.Add(3*time.Hour), j.DueAt, "then a sweep reads it")
}

func TestEarlyDeliverySkipsReadsMadeByOthers(t *testing.T) {
	t.Parallel()
	j := happens(t, atPay(t, nil), ByCitizen, 12*time.Minute, PaymentSeen{snapshot(StatusStarted)})
	requireEarlyAt(t, 15*time.Minute, j)
	j = happens(t, j, ByWebhook, 50*time.Minute, PaymentSeen{snapshot(StatusStarted)})
	requireEarlyAt(t, 60*time.Minute, j)
	j = happens(t, j, ByCitizen, 101*time.Minute, PaymentSeen{snapshot(StatusStarted)})
	require.Zero(t, j.EarlyAt)
}

// The citizen was declined and tries again.
func TestIntervalsStartWithEachPayment(t *testing.T) {
	t.Parallel()
	j := happens(t, atPay(t, nil), ByCitizen, 20*time.Minute, PaymentSeen{snapshot(StatusFailed)})
	require.Zero(t, j.EarlyAt)
	second := snapshot(StatusCreated)
	second.ID = "pay2"
	j = happens(t, j, ByCitizen, 33*time.Minute, PaymentAsked{}, PaymentCreated{second})
	requireEarlyAt(t, 38*time.Minute, j)
	second.Status = StatusCapturable
	j = early(t, j, 38*time.Minute, PaymentSeen{second})
	require.Equal(t, "pay2", j.PaidWith)
	requireEarlyAt(t, 43*time.Minute, j)
}

func TestGraceCountsFromTheFirstConfirmation(t *testing.T) {
	t.Parallel()
	for _, by := range []By{ByEarly, ByCitizen, ByWebhook} {
		j := happens(t, atPay(t, nil), by, 7*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
		require.Equal(t, StateConfirmed, j.State)
		requireEarlyAt(t, 12*time.Minute, j)
		require.Equal(t, StepNone, j.owedTo(ByEarly, t0.Add(12*time.Minute-1)))
		require.Equal(t, StepDeliver, j.owedTo(ByEarly, t0.Add(12*time.Minute)))
		again := happens(t, j, by, 9*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
		requireEarlyAt(t, 12*time.Minute, again)
	}
}

// Pay's confirmation must be recent when the request is delivered.
func TestLongGraceReadsPayAgain(t *testing.T) {
	t.Parallel()
	j := atPay(t, func(terms *Terms) { terms.ReturnGrace = time.Hour })
	j = early(t, j, 5*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	requireEarlyAt(t, 65*time.Minute, j)
	require.Equal(t, StepAsk, j.owedTo(ByEarly, t0.Add(65*time.Minute)))
	j = early(t, j, 65*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	require.Equal(t, StepDeliver, j.owedTo(ByEarly, t0.Add(65*time.Minute)))
}

func TestEarlyDeliveryDoesNotBringSweepsForward(t *testing.T) {
	t.Parallel()
	found := early(t, atPay(t, nil), 5*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	require.Equal(t, t0.Add(3*time.Hour), found.DueAt)
	require.Equal(t, t0.Add(3*time.Hour), found.DueByHand(t0.Add(time.Hour)))
	require.Equal(t, StepDeliver, found.Owed(t0.Add(6*time.Minute)), "but any other caller delivers")

	asked := early(t, found, 20*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	require.Equal(t, t0.Add(3*time.Hour), asked.DueAt)
	nudged := happens(t, found, ByWebhook, 6*time.Minute, Nudged{})
	require.Equal(t, t0.Add(6*time.Minute), nudged.DueAt, "a webhook ends the wait")
	seenByCitizen := happens(t, found, ByCitizen, 6*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	require.Equal(t, t0.Add(5*time.Minute), seenByCitizen.DueAt, "and so does the citizen")

	notSent := RequestDelivered{Number: 1, Verdict: VerdictNotSent}
	failed := early(t, found, 10*time.Minute, Claimed{t0.Add(time.Hour)}, notSent)
	require.Equal(t, StateConfirmed, failed.State)
	require.Equal(t, t0.Add(3*time.Hour), failed.DueAt)
	byCitizen := happens(t, found, ByCitizen, 10*time.Minute, Claimed{t0.Add(time.Hour)}, notSent)
	require.Equal(t, t0.Add(10*time.Minute+time.Second), byCitizen.DueAt)
}

// A journey that sweeps do not leave to its citizen stays due for them.
func TestEarlyDeliveryDoesNotDelaySweeps(t *testing.T) {
	t.Parallel()
	nudged := happens(t, atPay(t, nil), ByWebhook, 4*time.Minute, Nudged{})
	require.Equal(t, t0.Add(4*time.Minute), nudged.DueAt)
	require.Equal(t, StepLook, nudged.owedTo(ByEarly, t0.Add(5*time.Minute)))
	read := early(t, nudged, 5*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	require.Equal(t, t0.Add(5*time.Minute), read.DueAt)
	looked := early(t, read, 5*time.Minute, Looked{})
	require.Equal(t, t0.Add(5*time.Minute), looked.DueAt)
}

// The delay is a minute at first and half an hour at most.
func TestEarlyFailuresDelayOnlyEarlyDelivery(t *testing.T) {
	t.Parallel()
	j := atPay(t, nil)
	at := 5 * time.Minute
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		j = early(t, j, at, EarlyBegun{j.EarlyAt}, StepFailed{"Pay is down"})
		at += wait * time.Minute
		requireEarlyAt(t, at, j)
		require.Equal(t, t0.Add(3*time.Hour), j.DueAt)
		require.Zero(t, j.Failures)
	}
	j = early(t, j, at, PaymentSeen{snapshot(StatusCapturable)})
	requireEarlyAt(t, at+5*time.Minute, j)

	at += 5 * time.Minute // and now the service is down
	for n, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		j = early(t, j, at, Claimed{t0.Add(24 * time.Hour)}, RequestDelivered{Number: n + 1, Verdict: VerdictNotSent},
			PaymentSeen{snapshot(StatusCapturable)})
		require.Equal(t, latest(t0.Add(3*time.Hour), t0.Add(at)), j.DueAt)
		at += wait * time.Minute
		requireEarlyAt(t, at, j)
	}
}

// A service that is down is down for early delivery too.
func TestOtherFailuresDelayEarlyDelivery(t *testing.T) {
	t.Parallel()
	j := early(t, atPay(t, nil), 5*time.Minute, PaymentSeen{snapshot(StatusCapturable)})
	j = happens(t, j, ByCitizen, 9*time.Minute+59*time.Second+500*time.Millisecond,
		Claimed{t0.Add(time.Hour)}, RequestDelivered{Number: 1, Verdict: VerdictNotSent})
	require.Equal(t, j.NotBefore, j.EarlyAt)
	require.True(t, j.EarlyAt.After(t0.Add(10*time.Minute)))
}

func TestEarlyReadDoesNotShortenTheRetryTime(t *testing.T) {
	t.Parallel()
	j := early(t, atPay(t, nil), 5*time.Minute, PaymentSeen{snapshot(StatusFailed)})
	require.Equal(t, StateUnpaid, j.State)
	require.Equal(t, t0.Add(5*time.Hour), j.RetryUntil(), "as if a sweep had found it")
	require.Equal(t, t0.Add(5*time.Hour), j.DueAt)
	require.Zero(t, j.EarlyAt)
	byCitizen := happens(t, atPay(t, nil), ByCitizen, 5*time.Minute, PaymentSeen{snapshot(StatusFailed)})
	require.Equal(t, t0.Add(2*time.Hour+5*time.Minute), byCitizen.RetryUntil())
}

func TestOneReplicaVisitsAJourneyAtATime(t *testing.T) {
	t.Parallel()
	j := atPay(t, nil)
	due := j.EarlyAt
	j = early(t, j, 6*time.Minute, EarlyBegun{due})
	requireEarlyAt(t, 8*time.Minute, j)
	require.Equal(t, StepAsk, j.owedTo(ByEarly, t0.Add(6*time.Minute)), "the replica that took it reads it")
	for _, other := range []time.Time{due, {}, t0} {
		_, err := j.Apply(EarlyBegun{other}, ByEarly, t0.Add(6*time.Minute))
		require.ErrorIs(t, err, ErrNotDue)
	}
	early(t, j, 8*time.Minute, EarlyBegun{j.EarlyAt}) // the first replica died
	released := happens(t, examples(t)[StateReleased], ByEarly, time.Hour)
	_, err := released.Apply(EarlyBegun{}, ByEarly, t0)
	require.ErrorIs(t, err, ErrNotDue)
}

// A request that is released on return waits for its citizen, or for Pay's confirmation.
func TestEarlyDeliveryNeedsPaysConfirmation(t *testing.T) {
	t.Parallel()
	onReturn := func(terms *Terms) { terms.Capture, terms.Release = CaptureImmediate, ReleaseOnReturn }
	j := happens(t, atPay(t, onReturn), ByCitizen, 2*time.Minute, CitizenReturned{},
		PaymentSeen{snapshot(StatusStarted)})
	j = early(t, j, 5*time.Minute, PaymentSeen{snapshot(StatusSubmitted)})
	require.Equal(t, StatePaying, j.State)
	require.False(t, j.Trusted)
	require.Equal(t, t0.Add(3*time.Hour), j.DueAt)
	_, err := j.Apply(Claimed{t0.Add(time.Hour)}, ByEarly, t0.Add(6*time.Minute))
	require.Error(t, err)

	trusted := happens(t, j, ByCitizen, 9*time.Minute, PaymentSeen{snapshot(StatusSubmitted)})
	require.True(t, trusted.Trusted)
	_, err = trusted.Apply(Claimed{t0.Add(time.Hour)}, ByEarly, t0.Add(9*time.Minute))
	require.Error(t, err)
	require.Equal(t, StepAsk, trusted.owedTo(ByEarly, trusted.EarlyAt))
	require.False(t, trusted.DueAt.After(t0.Add(10*time.Minute)))
	confirmed := early(t, trusted, 10*time.Minute, PaymentSeen{snapshot(StatusSuccess)})
	require.Equal(t, StateConfirmed, confirmed.State)
	require.False(t, confirmed.DueAt.After(t0.Add(10*time.Minute)), "sweeps did not leave it to its citizen before")
}

// Passes, routes without a grace, journeys of version 1, and journeys in other states are none of its business.
func TestEarlyDeliveryDoesNothingElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Terms){
		"pass":      func(terms *Terms) { terms.Kind = KindPass },
		"off":       func(terms *Terms) { terms.ReturnGrace = 0 },
		"version 1": func(terms *Terms) { *terms = termsOfVersion1() },
	} {
		j := atPay(t, change)
		require.Zero(t, j.EarlyAt, name)
		j = happens(t, j, ByCitizen, time.Minute, PaymentSeen{snapshot(StatusCapturable)})
		require.Zero(t, j.EarlyAt, name)
		require.Equal(t, StepNone, j.owedTo(ByEarly, t0.Add(time.Hour)), name)
	}
	for state, j := range examples(t) {
		open := state == StatePaying || state == StateConfirmed
		require.Equal(t, open, !j.EarlyAt.IsZero(), "%s", state)
		require.Equal(t, open || state == StateAccepted, j.owedTo(ByEarly, t0.Add(time.Hour)) != StepNone, "%s", state)
	}
	refunding := happens(t, examples(t)[StateConfirmed], ByStaff("ann"), 2*time.Minute, RefundAsked{500, "goodwill"})
	require.Zero(t, refunding.EarlyAt)
	require.Equal(t, StepNone, refunding.owedTo(ByEarly, t0.Add(time.Hour)))
}

func TestHistoryCallsEarlyDeliveryTheMopup(t *testing.T) {
	t.Parallel()
	j := early(t, atPay(t, immediateCapture), 5*time.Minute, PaymentSeen{snapshot(StatusSuccess)})
	j = early(t, j, 10*time.Minute, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
	require.Equal(t, StateReleased, j.State)
	require.Equal(t, Early{}, j.Early)
	for _, e := range j.History[2:] {
		require.Equal(t, ByMopup, e.By, "%+v", e)
	}
	require.Equal(t, "mopup", ByEarly.Via())
}
