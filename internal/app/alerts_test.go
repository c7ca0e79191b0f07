package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/match"
)

func TestLiveRoutesThatTakeNoPaymentsAreTold(t *testing.T) {
	t.Parallel()
	route := func(name string, mode gateway.Mode) gateway.Route {
		return gateway.Route{Route: match.Route{Name: name}, Mode: mode}
	}
	s := config.Settings{Live: true, Routes: []gateway.Route{
		route("a", gateway.ModeOn), route("b", gateway.ModeFree), route("c", gateway.ModeShadow),
		route("d", gateway.ModeClosed),
	}}
	require.Equal(t, []alerts.Finding{
		{Kind: alerts.Free, Name: "b", Count: 1}, {Kind: alerts.Shadow, Name: "c", Count: 1},
	}, unpaidRoutes(s))
	s.Live = false
	require.Empty(t, unpaidRoutes(s))
}
