package pgstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey/pgstore"
)

// Replicas on machines whose clocks differ see one time: that of the database, which here is an hour ahead of both.
func TestClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	url := testpg.ClockAhead(t, newURL(t), time.Hour)
	o := options(t, 1)
	o.Now = nil
	for range 2 {
		s := open(t, url, o)
		require.WithinDuration(t, time.Now().Add(time.Hour), s.Now(), 10*time.Minute)
		require.Equal(t, time.UTC, s.Now().Location())
	}
	said, err := pgstore.Look(t.Context(), url, time.Minute)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), said, 10*time.Minute)
}
