package pgstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey/pgstore"
)

func TestLookCreatesNoTables(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	_, err := pgstore.Look(t.Context(), address, 10*time.Second)
	require.NoError(t, err)
	require.Zero(t, ask[int](t, address, `SELECT count(*) FROM pg_tables WHERE tablename LIKE 'paygate%'`))
	_, err = pgstore.Look(t.Context(), "postgres://ann:topsecret@127.0.0.1:1/paygate", 10*time.Second)
	require.ErrorContains(t, err, "cannot be reached")
	require.NotContains(t, err.Error(), "topsecret")
}
