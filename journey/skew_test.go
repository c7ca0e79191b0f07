package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// skews are how far the clock of one replica may be behind that of another.
var skews = []time.Duration{0, time.Millisecond, 5 * time.Second, 10 * time.Minute}

func TestReplicaWhoseClockIsBehindKeepsTheBackOff(t *testing.T) {
	t.Parallel()
	for _, behind := range skews {
		for tries := 1; tries < 8; tries++ {
			a := Attempts{NotBefore: t0.Add(EffectRefund.pause(tries))}
			require.Equal(t, a.NotBefore, a.from(t0.Add(-behind)), "%s behind, try %d", behind, tries)
		}
		j := examples(t)[StateConfirmed]
		j.NotBefore = t0.Add(MaxBackOff)
		require.Equal(t, j.NotBefore, j.Due(t0.Add(-behind)), behind)
	}
	require.Zero(t, Attempts{NotBefore: t0.Add(year)}.from(t0), "our clock was a year ahead")
}

func TestReplicaWhoseClockIsBehindDoesNotReturnTheMoneyToo(t *testing.T) {
	t.Parallel()
	j, _ := refusedPaid(t)
	j = must(t, j, ReturnDecided{})
	for _, effect := range []Effect{EffectRefund, EffectCancel} {
		try := Tried{effect, j.PaidWith}
		trying := must(t, j, try)
		began := trying.attempts(effect).BusyUntil.Add(-refundLease)
		for _, behind := range skews {
			_, err := trying.Apply(try, ByMopup, began.Add(-behind))
			require.ErrorIs(t, err, errBusy, "%s, %s behind", effect, behind)
		}
		_, err := trying.Apply(try, ByMopup, began.Add(-year))
		require.NoError(t, err, "our clock was a year ahead")
	}
}

func TestReplicaWhoseClockIsBehindDoesNotSendTheMessageToo(t *testing.T) {
	t.Parallel()
	for _, behind := range skews {
		require.True(t, Message{TakenUntil: t0.Add(maxMessageWait)}.waits(ByPaygate, t0.Add(-behind)), behind)
	}
}
