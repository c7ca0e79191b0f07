package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReservedMoneyIsDecidedOnBeforePayLetsItGo(t *testing.T) {
	t.Parallel()
	j := Journey{
		State: StateConfirmed, Terms: Terms{CaptureMargin: 24 * time.Hour},
		Payments: []Payment{
			{Status: StatusFailed, CreatedAt: t0},
			{Status: StatusCapturable, CreatedAt: t0.Add(2 * time.Hour)},
			{Status: StatusCapturable, CreatedAt: t0.Add(time.Hour)},
		},
	}
	require.Equal(t, t0.Add(121*time.Hour), j.ReservedUntil())
	require.Zero(t, j.DecideBy(), "it goes on by itself")
	j.State = StateStuck
	require.Equal(t, t0.Add(97*time.Hour), j.DecideBy())
	j.Payments = j.Payments[:1]
	require.Zero(t, j.ReservedUntil())
	require.Zero(t, j.DecideBy())
}
