package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Pay may be creating the payment at this moment.
func TestSweepWaitsForACreateUnderWay(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.MopupMinAge = 0
	held := Hold("01TEST", "key", terms, Fingerprint{}, t0)
	require.Equal(t, StepNone, held.Owed(t0.Add(time.Second)))
	require.Equal(t, StepFindOrphan, held.Owed(t0.Add(2*time.Minute)))
	answered := must(t, held, PaymentNotCreated{"Pay is down"})
	require.Equal(t, StepFindOrphan, answered.Owed(t0.Add(time.Second)))
}

// Trust that is old, or on which a delivery has been tried, needs another answer from Pay.
func TestTrustEndsWithPaysNextAnswer(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.Capture, terms.Release = CaptureImmediate, ReleaseOnReturn
	now := t0.Add(time.Minute)
	paying := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
		CitizenReturned{})
	trusted := must(t, paying, PaymentSeen{snapshot(StatusSubmitted)})
	require.Equal(t, StepDeliver, trusted.Owed(now))
	require.Equal(t, StepAsk, trusted.Owed(now.Add(time.Hour)))

	at := now.Add(time.Second)
	claimed, err := trusted.Apply(Claimed{at.Add(time.Minute)}, ByCitizen, at)
	require.NoError(t, err)
	notSent, err := claimed.Apply(RequestDelivered{Number: 1, Verdict: VerdictNotSent}, ByCitizen, at)
	require.NoError(t, err)
	require.Equal(t, StepAsk, notSent.Owed(at))
	again, err := notSent.Apply(PaymentSeen{snapshot(StatusSubmitted)}, ByMopup, at)
	require.NoError(t, err)
	require.Equal(t, StepDeliver, again.Owed(at))
	failed, err := notSent.Apply(PaymentSeen{snapshot(StatusFailed)}, ByMopup, at)
	require.NoError(t, err)
	require.Equal(t, StateUnpaid, failed.State)
}

// refusedUnseen returns a journey that the service refused, after so long, while the citizen was away.
func refusedUnseen(t *testing.T, terms Terms, after time.Duration) Journey {
	t.Helper()
	j := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
		PaymentSeen{snapshot(StatusCapturable)})
	return happens(t, j, ByMopup, after, Claimed{t0.Add(after + time.Minute)},
		RequestDelivered{Number: 1, Verdict: VerdictRefused, Status: 422, KeepReply: true})
}

func applied(t *testing.T, j Journey, f Fact, after time.Duration) Journey {
	t.Helper()
	return happens(t, j, ByCitizen, after, f)
}

// It is kept for a day after the payment began. Once it has been seen, the usual times count from then.
func TestUnseenOutcomeIsKept(t *testing.T) {
	t.Parallel()
	refused := refusedUnseen(t, exampleTerms(), 10*time.Minute)
	require.Equal(t, t0.Add(24*time.Hour), refused.CorrectUntil())
	require.Equal(t, t0.Add(24*time.Hour), refused.ReplyUntil)
	require.Equal(t, t0.Add(24*time.Hour), refused.DueAt)

	read := applied(t, refused, OutcomeSeen{}, 20*time.Hour)
	require.Equal(t, t0.Add(21*time.Hour), read.CorrectUntil())
	require.Equal(t, t0.Add(24*time.Hour), read.ReplyUntil, "the service's own answer has not been shown")
	require.Equal(t, t0.Add(21*time.Hour), read.DueAt)
	again := applied(t, read, OutcomeSeen{}, 20*time.Hour+30*time.Minute)
	require.Equal(t, read, again, "only the first sight counts")

	shown := applied(t, refused, ReplyShown{}, 20*time.Hour)
	require.Equal(t, t0.Add(21*time.Hour), shown.CorrectUntil())
	require.Equal(t, t0.Add(21*time.Hour), shown.ReplyUntil)
	reloaded := applied(t, shown, ReplyShown{}, 20*time.Hour+30*time.Minute)
	require.Equal(t, shown, reloaded)

	last := applied(t, refused, OutcomeSeen{}, 24*time.Hour-time.Minute)
	require.Equal(t, t0.Add(25*time.Hour-time.Minute), last.CorrectUntil())
	require.Equal(t, last.CorrectUntil(), last.ReplyUntil, "the reply can be read for as long as it can be corrected")

	late := refusedUnseen(t, exampleTerms(), 40*time.Hour)
	require.Equal(t, t0.Add(41*time.Hour), late.CorrectUntil(), "never less than RESUBMIT_FOR")
	require.Equal(t, t0.Add(41*time.Hour), late.ReplyUntil)
}

func TestCorrectionHasAnOutcomeOfItsOwn(t *testing.T) {
	t.Parallel()
	j := applied(t, refusedUnseen(t, exampleTerms(), 10*time.Minute), ReplyShown{}, time.Hour)
	j = applied(t, j, Resubmitted{}, 90*time.Minute)
	j = applied(t, j, Claimed{t0.Add(2 * time.Hour)}, 90*time.Minute)
	j = applied(t, j, RequestDelivered{Number: 2, Verdict: VerdictRefused, Status: 422, KeepReply: true},
		91*time.Minute)
	require.True(t, j.OutcomeSeenAt.IsZero())
	require.Equal(t, t0.Add(24*time.Hour), j.CorrectUntil())
}

// Reserved money goes back while that is still possible.
func TestCaptureMarginOverridesUnseenOutcome(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.CaptureMargin = 110 * time.Hour
	require.Equal(t, t0.Add(10*time.Hour), refusedUnseen(t, terms, 10*time.Minute).CorrectUntil())
}

func TestVersion1JourneyKeepsItsTimes(t *testing.T) {
	t.Parallel()
	refused := refusedUnseen(t, termsOfVersion1(), 10*time.Minute)
	require.Equal(t, t0.Add(70*time.Minute), refused.CorrectUntil())
	require.Equal(t, t0.Add(70*time.Minute), refused.ReplyUntil)
	shown := applied(t, refused, ReplyShown{}, 30*time.Minute)
	require.Equal(t, t0.Add(70*time.Minute), shown.CorrectUntil())
	require.Equal(t, t0.Add(70*time.Minute), shown.ReplyUntil)
}

func TestOnlyAnOutcomeCanBeSeen(t *testing.T) {
	t.Parallel()
	for state, j := range examples(t) {
		after := applied(t, j, OutcomeSeen{}, time.Hour)
		outcome := state == StateAccepted || state == StateRefused || state == StateReleased
		require.Equal(t, !outcome, after.OutcomeSeenAt.IsZero(), "%s", state)
	}
}

// A sweep may erase the reply later.
func TestReplyIsShownUntilItExpires(t *testing.T) {
	t.Parallel()
	confirmed := examples(t)[StateConfirmed]
	j := must(t, confirmed, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictRefused, KeepReply: true})
	require.True(t, j.ShowsReply(j.ReplyUntil.Add(-time.Second)))
	require.False(t, j.ShowsReply(j.ReplyUntil))
	require.True(t, j.KeepsReply())
	returning := must(t, j, ReturnDecided{})
	require.False(t, returning.ShowsReply(t0.Add(time.Minute)), "the money is going back")
}
