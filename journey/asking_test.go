package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Nothing is owed at Pay until the citizen says yes; then the journey is like any other.
func TestHeldRequestAwaitsItsCitizen(t *testing.T) {
	t.Parallel()
	asking := HoldAsking("01TEST", "key", exampleTerms(), Fingerprint{Path: "/licences/apply"}, t0)
	require.True(t, asking.AwaitsCitizen())
	require.Equal(t, t0.Add(2*time.Hour), asking.DueAt)
	require.Equal(t, StepNone, asking.Owed(t0.Add(2*time.Hour-1)))
	require.Equal(t, StepGiveUp, asking.Owed(t0.Add(2*time.Hour)))
	require.Equal(t, StateAbandoned, must(t, asking, RetryLapsed{}).State)

	asked := must(t, asking, PaymentAsked{})
	require.False(t, asked.AwaitsCitizen())
	require.True(t, asked.Creating)
	_, err := asked.Apply(RetryLapsed{}, ByMopup, t0.Add(3*time.Hour))
	require.Error(t, err, "a payment may have been made")
	lost := must(t, asked, PaymentNotCreated{"Pay is down"})
	require.False(t, lost.AwaitsCitizen())
	require.Equal(t, StepFindOrphan, lost.Owed(t0.Add(4*time.Hour)))
	require.Equal(t, StatePaying, must(t, asked, PaymentCreated{snapshot(StatusCreated)}).State)
}

// The query may be personal too.
func TestHeldQueryIsErasedWithTheRequest(t *testing.T) {
	t.Parallel()
	held := Hold("01TEST", "key", exampleTerms(), Fingerprint{Path: "/apply", Query: "name=Ann"}, t0)
	paying := must(t, held, PaymentCreated{snapshot(StatusCreated)})
	releasing := must(t, paying, PaymentSeen{snapshot(StatusCapturable)}, Claimed{t0.Add(time.Hour)})
	require.Equal(t, "/apply?name=Ann", releasing.Fingerprint.Target())
	unkept := must(t, releasing, RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
	require.Equal(t, "/apply", unkept.Fingerprint.Target())
	kept := must(t, releasing, RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303, KeepReply: true},
		Captured{})
	require.Equal(t, "/apply?name=Ann", kept.Fingerprint.Target(), "its reply is shown there")
	require.Equal(t, "/apply", must(t, kept, ReplyErased{}).Fingerprint.Target())
	failed := snapshot(StatusFailed)
	require.Equal(t, "/apply", must(t, paying, PaymentSeen{failed}, RetryLapsed{}).Fingerprint.Target())

	terms := exampleTerms()
	terms.Kind = KindPass
	pass := must(t, Hold("01TEST", "key", terms, Fingerprint{Path: "/file", Query: "id=1"}, t0),
		PaymentCreated{snapshot(StatusCreated)},
		PaymentSeen{snapshot(StatusCapturable)}, Claimed{t0.Add(time.Hour)}, RequestDelivered{
			Number:  1,
			Verdict: VerdictAccepted, Status: 200,
		})
	require.Equal(t, "/file?id=1", pass.Fingerprint.Target(), "a pass is for that address")
}
