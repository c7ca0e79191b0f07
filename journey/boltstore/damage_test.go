package boltstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

func TestFlippedByteInListOfOpenJourneysIsHarmless(t *testing.T) {
	t.Parallel()
	path, id := filled(t), string(storetest.Example(3).ID)
	length := 0
	flip := func(at int) {
		place(path).Alter(t, "open", func(name string, entry []byte) []byte {
			if name == id {
				length = len(entry)
				entry[at] ^= 1
			}
			return entry
		})
	}
	for at := 0; at == 0 || at < length; at++ {
		flip(at)
		s, err := boltstore.Open(path, options(t, 1))
		require.NoError(t, err, "byte %d", at)
		counts, err := s.CountOpen(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts, "byte %d", at)
		held, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld})
		require.NoError(t, err)
		require.Len(t, held, 20, "byte %d", at)
		require.NoError(t, s.Close())
		flip(at)
	}
}
