package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/storetest"
)

// A start that stopped while it indexed older journeys goes on after the last one.
func TestIndexingGoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	address := filled(t)
	raw(t, address, `DELETE FROM paygate_terms`)
	raw(t, address, `INSERT INTO paygate_unindexed VALUES ($1)`, storetest.Example(4).ID)
	s := open(t, address, options(t, 1))
	for n, wanted := range map[int]int{4: 0, 5: 1, 19: 1} {
		found, err := s.List(t.Context(), journey.Filter{Find: storetest.Example(n).Terms.Reference})
		require.NoError(t, err)
		require.Len(t, found, wanted, "%d", n)
	}
	require.Zero(t, ask[int](t, address, `SELECT count(*) FROM paygate_unindexed`))
}
