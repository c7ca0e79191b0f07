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

// Pay may use words that this version does not know. Only a finished payment without money was not paid.
func TestUnknownWordOfPay(t *testing.T) {
	t.Parallel()
	word := func(finished bool, refunds, captured string, refunded int64) Fact {
		s := snapshot("declined")
		s.Finished, s.RefundStatus, s.CapturedDate, s.RefundSubmitted = finished, refunds, captured, refunded
		return PaymentSeen{s}
	}
	for name, c := range map[string]struct {
		fact  Fact
		state State
	}{
		"unfinished":             {word(false, "available", "", 0), StatePaying},
		"finished":               {word(true, "unavailable", "", 0), StateUnpaid},
		"finished, no figures":   {word(true, "", "", 0), StateUnpaid},
		"finished, not captured": {word(true, "pending", "", 0), StateUnpaid},
		"with money":             {word(true, "available", "", 0), StateStuck},
		"captured":               {word(true, "pending", "2026-11-22", 0), StateStuck},
		"all refunded":           {word(true, "full", "", 2500), StateUnpaid},
	} {
		paying := must(t, examples(t)[StatePaying], PaymentSeen{snapshot(StatusSubmitted)})
		require.Equal(t, c.state, must(t, paying, c.fact).State, name)
	}

	stuck := must(t, examples(t)[StatePaying], word(true, "available", "", 0))
	require.Equal(t, TroubleUnclear, stuck.Trouble)
	require.Contains(t, stuck.Note, "does not know: declined")
	require.Equal(t, StateReleased, must(t, stuck, Settled{StateReleased, "given by hand"}).State)
	require.Equal(t, StateUnpaid, must(t, stuck, PaymentSeen{snapshot(StatusFailed)}).State, "Pay has corrected it")

	returning := must(t, stuck, Settled{StateReversed, "not given"})
	require.Equal(t, StateRefused, returning.State)
	tr := newTrial(t, returning, word(true, "available", "", 0).(PaymentSeen).Snapshot)
	tr.pay.refund = func(amount int64) (Refund, error) {
		tr.pay.payment.RefundStatus, tr.pay.payment.RefundSubmitted = "full", amount
		tr.pay.list = []Refund{{ID: "ref1", Amount: amount, Status: RefundSuccess}}
		return tr.pay.list[0], nil
	}
	tr.pay.payment.RefundAvailable = 2500
	require.Equal(t, StateReversed, tr.visit(Visit{By: ByMopup}).State, "it is refunded, not cancelled")

	reserved := must(t, examples(t)[StateConfirmed], word(true, "unavailable", "", 0))
	require.Equal(t, StateReversed, reserved.State)
	require.Equal(t, TroubleUnclear, must(t, examples(t)[StateConfirmed], word(true, "available", "", 0)).Trouble)
	require.Equal(t, TroubleCapture, must(t, examples(t)[StateAccepted], word(true, "available", "", 0)).Trouble)
}
