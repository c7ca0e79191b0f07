package journey

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// refundedTo returns Pay's answer about a payment of which so much was given back.
func refundedTo(pence int64) PaymentSnapshot {
	s := snapshot(StatusSuccess)
	s.RefundStatus, s.RefundSubmitted, s.RefundAvailable = "full", pence, s.Amount-pence
	return s
}

func TestMoreRefundedThanPaidIsShown(t *testing.T) {
	t.Parallel()
	for _, state := range []State{StateReleased, StateReversed} {
		j := must(t, examples(t)[state], PaymentSeen{refundedTo(2500)})
		require.NotContains(t, j.Note, "more than was paid", state)
		p, _ := j.Payment()
		require.Zero(t, p.OverRefunded(), state)
		over := must(t, j, PaymentSeen{refundedTo(5000)})
		require.Equal(t, state, over.State, "nothing is owed")
		require.Equal(t, "GOV.UK Pay has refunded £25.00 more than was paid", over.Note)
		require.Equal(t, over.Note, over.History[len(over.History)-1].Detail)
		p, _ = over.Payment()
		require.EqualValues(t, 2500, p.OverRefunded())
		require.Len(t, must(t, over, PaymentSeen{refundedTo(5000)}).History, len(over.History), "it is said once")
	}
}
