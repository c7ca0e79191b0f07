package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTellIsPartOfTheTerms(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_TELL": "POST /paygate/events"})
	require.Empty(t, faults)
	require.Equal(t, "/paygate/events", s.Routes[0].Terms.Tell)
	require.Nil(t, s.Routes[0].Terms.TellOn)
	require.Equal(t, "POST /paygate/events", s.Routes[0].Tell.String())
	require.Contains(t, s.Describe(), "POST /paygate/events: refunded, returned, collection-failed")

	s, faults = load(t, map[string]string{
		"PAYGATE_ROUTE_LICENCE_TELL": "POST /paygate/events", "PAYGATE_ROUTE_LICENCE_TELL_ON": "returned",
	})
	require.Empty(t, faults)
	require.Equal(t, []string{"returned"}, s.Routes[0].Terms.TellOn)
	_, faults = load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_TELL_ON": "returned"})
	require.Contains(t, faults.Error(), "PAYGATE_ROUTE_LICENCE_TELL_ON: has no effect without TELL")
}

// The address of one route's messages must not be near what the public needs on another.
func TestTellOverlapsWithNoRoute(t *testing.T) {
	t.Parallel()
	other := map[string]string{
		"PAYGATE_ROUTES": "licence,pass", "PAYGATE_ROUTE_PASS_MATCH": "GET /files/{name...}",
		"PAYGATE_ROUTE_PASS_PRICE": "5", "PAYGATE_ROUTE_PASS_DESCRIPTION": "A file",
		"PAYGATE_ROUTE_LICENCE_ALIASES": "POST /old/apply", "PAYGATE_ROUTE_LICENCE_ALLOW": "GET /licences/apply/help",
	}
	for path, near := range map[string]string{
		"/files/events": "GET /files/{name...} of route pass", "/files": "GET /files/{name...} of route pass",
		"/old/apply/events":    "POST /old/apply of route licence",
		"/licences/apply/help": "POST /licences/apply of route licence",
		"/LICENCES/apply.do":   "POST /licences/apply of route licence",
	} {
		other["PAYGATE_ROUTE_LICENCE_TELL"] = "POST " + path
		_, faults := load(t, other)
		require.Contains(t, faults.Error(), "PAYGATE_ROUTE_LICENCE_TELL: "+path+" overlaps with "+near, path)
	}
	other["PAYGATE_ROUTE_LICENCE_TELL"] = "POST /paygate/events"
	_, faults := load(t, other)
	require.Empty(t, faults)
}
