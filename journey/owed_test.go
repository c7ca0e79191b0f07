package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestASweepWithoutMinimumAgeLeavesACreateUnderWayAlone: Pay may be making the payment just now.
func TestASweepWithoutMinimumAgeLeavesACreateUnderWayAlone(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.MopupMinAge = 0
	held := Hold("01TEST", "key", terms, Imprint{}, t0)
	require.Equal(t, StepNone, held.Owed(t0.Add(time.Second)))
	require.Equal(t, StepFindOrphan, held.Owed(t0.Add(2*time.Minute)))
	answered := must(t, held, PaymentNotCreated{"Pay is down"})
	require.Equal(t, StepFindOrphan, answered.Owed(t0.Add(time.Second)))
}

// TestTrustIsAsGoodAsPaysLastWord: trust that is old, or that a delivery has been tried on, is asked about again.
func TestTrustIsAsGoodAsPaysLastWord(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.Capture, terms.Release = CaptureImmediate, ReleaseOnReturn
	now := t0.Add(time.Minute)
	paying := must(t, Hold("01TEST", "key", terms, Imprint{}, t0), PaymentCreated{seen(StatusCreated)}, CitizenReturned{})
	trusted := must(t, paying, PaymentSeen{seen(StatusSubmitted)})
	require.Equal(t, StepDeliver, trusted.Owed(now))
	require.Equal(t, StepAsk, trusted.Owed(now.Add(time.Hour)))

	at := now.Add(time.Second)
	claimed, err := trusted.Apply(Claimed{at.Add(time.Minute)}, ByCitizen, at)
	require.NoError(t, err)
	notSent, err := claimed.Apply(RequestDelivered{Number: 1, Verdict: VerdictNotSent}, ByCitizen, at)
	require.NoError(t, err)
	require.Equal(t, StepAsk, notSent.Owed(at))
	again, err := notSent.Apply(PaymentSeen{seen(StatusSubmitted)}, ByMopup, at)
	require.NoError(t, err)
	require.Equal(t, StepDeliver, again.Owed(at))
	failed, err := notSent.Apply(PaymentSeen{seen(StatusFailed)}, ByMopup, at)
	require.NoError(t, err)
	require.Equal(t, StateUnpaid, failed.State)
}

// TestAKeptReplyIsShownAsLongAsItIsKept, whenever a sweep comes to erase it.
func TestAKeptReplyIsShownAsLongAsItIsKept(t *testing.T) {
	t.Parallel()
	confirmed := examples(t)[StateConfirmed]
	j := must(t, confirmed, Claimed{t0.Add(time.Hour)}, RequestDelivered{Number: 1, Verdict: VerdictRefused, Kept: true})
	require.True(t, j.ShowsReply(j.ReplyUntil.Add(-time.Second)))
	require.False(t, j.ShowsReply(j.ReplyUntil))
	require.True(t, j.KeepsReply())
	returning := must(t, j, ReturnDecided{})
	require.False(t, returning.ShowsReply(t0.Add(time.Minute)), "the money's return overtakes it")
}
