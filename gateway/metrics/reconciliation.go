package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Comparison returns how many differences of each kind the last comparison with GOV.UK Pay's list found, and when it
// was made. The time is zero if there was none.
type Comparison func(context.Context) (differences map[string]int, at time.Time, err error)

// reconciliation reads the last comparison when Prometheus asks.
type reconciliation struct {
	last               Comparison
	now                func() time.Time
	differences, since *prometheus.Desc
}

// AddReconciliation adds the metrics of the daily comparison.
func (m *Metrics) AddReconciliation(last Comparison, now func() time.Time) {
	m.registry.MustRegister(&reconciliation{
		last: last, now: now,
		differences: prometheus.NewDesc("paygate_reconcile_differences",
			"Differences between GOV.UK Pay's list and the store in the last comparison.", []string{"kind"}, nil),
		since: prometheus.NewDesc("paygate_reconcile_last_success_seconds",
			"How long ago the last comparison with GOV.UK Pay's list that succeeded began.", nil, nil),
	})
}

// Describe implements prometheus.Collector.
func (c *reconciliation) Describe(to chan<- *prometheus.Desc) {
	to <- c.differences
	to <- c.since
}

// Collect implements prometheus.Collector. Before the first comparison there is nothing to report.
func (c *reconciliation) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	counts, at, err := c.last(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.differences, err)
		return
	}
	for kind, n := range counts {
		to <- gauge(c.differences, float64(n), kind)
	}
	if !at.IsZero() {
		to <- gauge(c.since, max(0, c.now().Sub(at).Seconds()))
	}
}
