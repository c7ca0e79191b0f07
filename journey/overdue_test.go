package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLastLookIsTriedOnceAfterALongOutage(t *testing.T) {
	t.Parallel()
	j := happens(t, given(t), ByMopup, time.Hour, Looked{})
	const late = 20 * 24 * time.Hour
	require.Equal(t, StepLook, j.Owed(t0.Add(late)))
	failed := happens(t, j, ByMopup, late, StepFailed{"GOV.UK Pay is away"})
	require.Equal(t, StepNone, failed.Owed(t0.Add(late+time.Hour)))
	require.True(t, failed.DueAt.After(t0.Add(late+time.Hour)))
}

func TestJourneyForWhichNothingIsOwedIsDueLater(t *testing.T) {
	t.Parallel()
	j := happens(t, given(t), ByMopup, time.Hour, StepFailed{"GOV.UK Pay is away"})
	now := t0.Add(20 * 24 * time.Hour)
	require.True(t, j.isDueForNothing(now), "it could have been looked at, but it is too late for that")
	next, err := j.Apply(NothingOwed{}, ByMopup, now)
	require.NoError(t, err)
	require.False(t, next.isDueForNothing(now))
	require.True(t, next.DueAt.After(now))
	require.Equal(t, j.History, next.History)
}
