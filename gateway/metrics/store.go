package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paygate/journey"
)

// readFor is how long one reading of the store may take.
const readFor = 5 * time.Second

// fromStore reads gauges from the store whenever Prometheus asks: all replicas on one store say the same.
type fromStore struct {
	store Store
	now   func() time.Time

	open, oldest, stuck, damaged *prometheus.Desc
}

func newFromStore(store Store, now func() time.Time) *fromStore {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("paygate_"+name, help, labels, nil)
	}
	return &fromStore{
		store: store, now: now,
		open:    describe("journeys_open", "Journeys that are not at rest.", "state"),
		oldest:  describe("oldest_due_seconds", "How late the most overdue journey is."),
		stuck:   describe("stuck", "Journeys that wait for a person."),
		damaged: describe("damaged", "Journeys set aside because what is stored is not what was written."),
	}
}

// Describe implements prometheus.Collector.
func (c *fromStore) Describe(to chan<- *prometheus.Desc) {
	to <- c.open
	to <- c.oldest
	to <- c.stuck
	to <- c.damaged
}

// Collect implements prometheus.Collector. What cannot be read is an error in the answer, never an old figure.
func (c *fromStore) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readFor)
	defer cancel()
	counts, err := c.store.CountOpen(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.open, err)
		return
	}
	for _, state := range journey.States() {
		if !state.AtRest() {
			to <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(counts[state]), string(state))
		}
	}
	to <- prometheus.MustNewConstMetric(c.stuck, prometheus.GaugeValue, float64(counts[journey.StateStuck]))
	due, some, err := c.store.OldestDue(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.oldest, err)
		return
	}
	late := 0.0
	if some {
		late = max(0, c.now().Sub(due).Seconds())
	}
	to <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, late)
	damaged, err := c.store.Damaged(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.damaged, err)
		return
	}
	to <- prometheus.MustNewConstMetric(c.damaged, prometheus.GaugeValue, float64(len(damaged)))
}
