package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pauses asks which routes' deliveries pause when Prometheus does.
type pauses struct {
	routes []string
	paused func() map[string]time.Time
	pause  *prometheus.Desc
}

// AddPauses adds the metric of the routes whose deliveries pause. paused returns them, with the end of each pause.
func (m *Metrics) AddPauses(routes []string, paused func() map[string]time.Time) {
	m.registry.MustRegister(&pauses{routes, paused, prometheus.NewDesc("paygate_deliveries_paused",
		"1 while deliveries that no citizen waits for pause, because the service does not say what becomes of them.",
		[]string{"route"}, nil)})
}

// Describe implements prometheus.Collector.
func (c *pauses) Describe(to chan<- *prometheus.Desc) { to <- c.pause }

// Collect implements prometheus.Collector.
func (c *pauses) Collect(to chan<- prometheus.Metric) {
	paused := c.paused()
	for _, route := range c.routes {
		value := 0.
		if _, is := paused[route]; is {
			value = 1
		}
		to <- gauge(c.pause, value, route)
	}
}
