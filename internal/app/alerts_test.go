package app

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/journey"
)

// noValues is a store without named values.
type noValues struct{ modes.Values }

func (noValues) Value(context.Context, string) ([]byte, error) { return nil, journey.ErrNotFound }

func TestLiveRoutesThatTakeNoPaymentsAreTold(t *testing.T) {
	t.Parallel()
	route := func(name string, mode modes.Mode) gateway.Route {
		return gateway.Route{Route: match.Route{Name: name}, Mode: mode}
	}
	s := config.Settings{Live: true, Routes: []gateway.Route{
		route("a", modes.On), route("b", modes.Free), route("c", modes.Shadow),
		route("d", modes.Closed),
	}}
	a := &App{modes: modes.New(modes.Options{Settings: modeSettings(s.Routes), Values: noValues{}, Now: time.Now})}
	require.Equal(t, []alerts.Finding{
		{Kind: alerts.Free, Name: "b", Count: 1}, {Kind: alerts.Shadow, Name: "c", Count: 1},
	}, a.unpaidRoutes(t.Context(), s))
	s.Live = false
	require.Empty(t, a.unpaidRoutes(t.Context(), s))
}
