package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"paygate/gateway/modes"
)

// routeModes asks for the modes of the routes when Prometheus does.
type routeModes struct {
	current func(context.Context) (map[string]string, error)
	mode    *prometheus.Desc
}

// AddModes adds the metric of the routes' modes. current returns the mode of each route, and fails while it is not
// known.
func (m *Metrics) AddModes(current func(context.Context) (map[string]string, error)) {
	m.registry.MustRegister(&routeModes{current, prometheus.NewDesc("paygate_route_mode",
		"1 for the mode that a route has, 0 for the others.", []string{"route", "mode"}, nil)})
}

// Describe implements prometheus.Collector.
func (c *routeModes) Describe(to chan<- *prometheus.Desc) { to <- c.mode }

// Collect implements prometheus.Collector.
func (c *routeModes) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	current, err := c.current(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.mode, err)
		return
	}
	for route, now := range current {
		for _, mode := range modes.All() {
			value := 0.
			if string(mode) == now {
				value = 1
			}
			to <- gauge(c.mode, value, route, string(mode))
		}
	}
}
