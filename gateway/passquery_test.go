package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/match"
	"paygate/journey"
)

// Passes that were paid for before the query counted stay valid.
func TestAPassOfTheFirstVersionOpensEveryQuery(t *testing.T) {
	t.Parallel()
	route := &Route{Route: match.Route{Name: "register"}}
	old := journey.Journey{
		Terms:       journey.Terms{Kind: journey.KindPass, Route: "register"},
		Fingerprint: journey.Fingerprint{Path: "/download"},
	}
	current := old
	current.Terms.PassQuery = route.passQuery("id=1")
	for query, opens := range map[string]bool{"id=1": true, "id=2": false, "": false} {
		hit := match.Decision{Route: &route.Route, Path: "/download", Target: match.Target{Query: query}}
		require.True(t, isFor(old, hit), query)
		require.Equal(t, opens, isFor(current, hit), query)
	}
	require.False(t, isFor(old, match.Decision{Route: &route.Route, Path: "/other"}))
}
