package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func TestEachStateHasItsPage(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, state := range journey.States() {
		page := pageOf(journey.Journey{
			State:    state,
			Payments: []journey.Payment{{ID: "p", Status: "failed", Code: "P0010"}},
		})
		require.NotEmpty(t, page, state)
		found[string(page)] = true
	}
	require.GreaterOrEqual(t, len(found), 9)
}
