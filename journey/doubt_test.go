package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A route may allow another delivery when the result of the last is unknown. If it is still unknown when the
// reservation is about to end, a person decides while the money is there.
func TestDoubtfulDeliveryIsNotRefundedWithoutAPerson(t *testing.T) {
	t.Parallel()
	const soon, late = time.Minute, 97 * time.Hour // the reservation is settled after 96 hours
	type attempt struct {
		after   time.Duration
		verdict Verdict
	}
	for name, c := range map[string]struct {
		attempts []attempt
		state    State
		owed     Step
	}{
		"known not to have arrived": {
			[]attempt{{soon, VerdictNotSent}, {late, VerdictNotSent}},
			StateConfirmed,
			StepReturn,
		},
		"unknown, and there is time": {[]attempt{{soon, VerdictUnknown}}, StateConfirmed, StepDeliver},
		"unknown, then not sent in time": {
			[]attempt{{soon, VerdictUnknown}, {soon, VerdictNotSent}},
			StateConfirmed,
			StepDeliver,
		},
		"unknown, then not sent any more": {
			[]attempt{{soon, VerdictUnknown}, {late, VerdictNotSent}},
			StateStuck,
			StepNone,
		},
		"unknown at the end": {[]attempt{{late, VerdictUnknown}}, StateStuck, StepNone},
		"unknown, then accepted": {
			[]attempt{{soon, VerdictUnknown}, {late, VerdictAccepted}},
			StateAccepted,
			StepCapture,
		},
		"unknown, then refused": {
			[]attempt{{soon, VerdictUnknown}, {late, VerdictRefused}},
			StateRefused,
			StepReturn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := examples(t)[StateConfirmed]
			j.Terms.Repeat = RepeatSafe
			at := t0
			for _, a := range c.attempts {
				at = t0.Add(a.after)
				j = mustAt(t, at, j, PaymentSeen{snapshot(StatusCapturable)}, Claimed{at.Add(time.Hour)})
				j = mustAt(t, at, j, RequestDelivered{Number: j.Claim.Number, Verdict: a.verdict})
			}
			require.Equal(t, c.state, j.State)
			require.Equal(t, c.owed, j.Owed(at.Add(time.Second)))
		})
	}
}

// mustAt applies facts at a time. The state must allow them.
func mustAt(t *testing.T, at time.Time, j Journey, facts ...Fact) Journey {
	t.Helper()
	return happens(t, j, ByMopup, at.Sub(t0), facts...)
}

func TestPersonEndsTheDoubt(t *testing.T) {
	t.Parallel()
	late := t0.Add(97 * time.Hour)
	j := examples(t)[StateConfirmed]
	j.Terms.Repeat = RepeatSafe
	j = mustAt(t, late, j, PaymentSeen{snapshot(StatusCapturable)}, Claimed{late.Add(time.Hour)})
	j = mustAt(t, late, j, RequestDelivered{Number: 1, Verdict: VerdictUnknown})
	require.Equal(t, StateStuck, j.State)

	again := mustAt(t, late, j, Settled{StateConfirmed, "they have nothing"})
	require.Equal(t, StepDeliver, again.Owed(late), "sent once more before anything goes back")
	again = mustAt(t, late, again, Claimed{late.Add(time.Hour)}, RequestDelivered{Number: 2, Verdict: VerdictNotSent})
	require.Equal(t, StepReturn, again.Owed(late))

	lost := mustAt(t, late, examples(t)[StateConfirmed], PaymentSeen{snapshot(StatusFailed)})
	require.Equal(t, StateReversed, lost.State)
	doubtful := examples(t)[StateConfirmed]
	doubtful.Doubtful = true
	require.Equal(t, StateStuck, mustAt(t, late, doubtful, PaymentSeen{snapshot(StatusFailed)}).State,
		"the money is gone, and the service may have the request")
}

// Surplus money that is in dispute for ever must not keep a journey stuck.
func TestPersonSettlesMoneyThatPayCannotReturn(t *testing.T) {
	t.Parallel()
	late := snapshot(StatusSuccess)
	late.ID, late.RefundStatus, late.RefundAvailable = "pay2", "unavailable", 0
	for _, state := range []State{StateReleased, StateAbandoned} {
		j := mustAt(t, t0.Add(time.Hour), examples(t)[state], PaymentCreated{late}, PaymentSeen{late})
		require.Equal(t, StepReturn, j.Owed(t0.Add(time.Hour)), "%s", state)
		j = mustAt(t, t0.Add(time.Hour), j, ReturnFailed{"in dispute"})
		require.Equal(t, StateStuck, j.State)
		j = mustAt(t, t0.Add(2*time.Hour), j, Settled{StateReleased, "the bank has it"}, PaymentSeen{late})
		require.Equal(t, StateReleased, j.State, "%s", state)
		require.NotEqual(t, StepReturn, j.Owed(t0.Add(3*time.Hour)), "%s: nothing is tried again", state)
		require.Equal(t, state == StateReleased, !j.Payments[0].Left && j.Payments[0].Money > 0,
			"the payment of the journey is unchanged")
	}
}
