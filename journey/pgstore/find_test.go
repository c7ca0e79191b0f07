package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pgstore"
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

// TestJourneysThatChangeWhileTheyAreIndexedAreCountedOnce starts a second replica, which indexes what an older layout
// has left, while the first one changes the same journeys.
func TestJourneysThatChangeWhileTheyAreIndexedAreCountedOnce(t *testing.T) {
	t.Parallel()
	address := filled(t)
	first := open(t, address, options(t, 1))
	const stored = 20
	states := journey.States()
	for round := range 5 {
		raw(t, address, `TRUNCATE paygate_tallies`)
		raw(t, address, `INSERT INTO paygate_unindexed VALUES ('')`)
		opened := make(chan *pgstore.Store, 1)
		go func() { opened <- open(t, address, options(t, 1)) }()
		storetest.Together(100, func(n int) {
			id := storetest.Example(n % stored).ID
			_, err := first.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
				j.State = states[(n+round)%len(states)]
				return journey.Change{Journey: j}, nil
			})
			require.NoError(t, err)
		})
		second := <-opened
		all, err := second.List(t.Context(), journey.Filter{Limit: stored})
		require.NoError(t, err)
		tallies, err := second.Tallies(t.Context(), storetest.T0)
		require.NoError(t, err)
		require.Equal(t, journey.TalliesOf(all), tallies)
	}
}
