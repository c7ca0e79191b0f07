package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A webhook that arrives during the delivery must not keep the citizen who delivers from taking the money.
func TestNudgeDoesNotDelayTheCapture(t *testing.T) {
	t.Parallel()
	j := must(t, examples(t)[StateReleasing], Nudged{}, PaymentSeen{snapshot(StatusCapturable)},
		RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
	require.Equal(t, StateAccepted, j.State)
	require.False(t, j.NudgedAt.IsZero())
	for _, by := range []By{ByCitizen, ByWebhook} {
		now := t0.Add(time.Minute + time.Second)
		require.Equal(t, StepCapture, Visit{By: by}.owed(j, now), by)
		require.Equal(t, StepLook, Visit{By: by}.owed(j, now.Add(tryEvery)), "then the payment is read again")
	}
}
