package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paygate/journey"
)

// readTimeout limits how long the store may take.
const readTimeout = 5 * time.Second

// fromStore reads gauges from the store when Prometheus asks, so that all replicas with one store report the same.
type fromStore struct {
	store Store
	now   func() time.Time

	open, oldest, stuck, damaged, untold, owed *prometheus.Desc
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
		owed:    describe("owed_back_oldest_seconds", "How long the longest-waiting return of money has been owed."),
		untold:  describe("messages_oldest_seconds", "How long the oldest message has waited to be sent."),
		damaged: describe("damaged", "Journeys set aside because they are damaged."),
	}
}

// Describe implements prometheus.Collector.
func (c *fromStore) Describe(to chan<- *prometheus.Desc) {
	to <- c.open
	to <- c.oldest
	to <- c.stuck
	to <- c.damaged
	to <- c.untold
	to <- c.owed
}

// Collect implements prometheus.Collector. A failed read is an error in the answer, never an old figure.
func (c *fromStore) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	c.collectOpen(ctx, to)
	c.collectOldest(ctx, to)
	c.collectOldestOf(ctx, to, c.untold, c.store.DueToTell)
	c.collectOldestOf(ctx, to, c.owed, c.store.OwedBack)
	c.collectDamaged(ctx, to)
}

func (c *fromStore) collectOpen(ctx context.Context, to chan<- prometheus.Metric) {
	counts, err := c.store.CountOpen(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.open, err)
		return
	}
	for _, state := range journey.States() {
		if !state.AtRest() {
			to <- gauge(c.open, float64(counts[state]), string(state))
		}
	}
	to <- gauge(c.stuck, float64(counts[journey.StateStuck]))
}

func (c *fromStore) collectOldest(ctx context.Context, to chan<- prometheus.Metric) {
	due, found, err := c.store.OldestDue(ctx)
	switch {
	case err != nil:
		to <- prometheus.NewInvalidMetric(c.oldest, err)
	case found:
		to <- gauge(c.oldest, max(0, c.now().Sub(due).Seconds()))
	default:
		to <- gauge(c.oldest, 0)
	}
}

type list func(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error)

// collectOldestOf says how long the first journey of a list has waited.
func (c *fromStore) collectOldestOf(ctx context.Context, to chan<- prometheus.Metric, desc *prometheus.Desc,
	read list,
) {
	waiting, err := read(ctx, c.now(), journey.Due{}, 1)
	switch {
	case err != nil:
		to <- prometheus.NewInvalidMetric(desc, err)
	case len(waiting) > 0:
		to <- gauge(desc, c.now().Sub(waiting[0].At).Seconds())
	default:
		to <- gauge(desc, 0)
	}
}

func (c *fromStore) collectDamaged(ctx context.Context, to chan<- prometheus.Metric) {
	damaged, err := c.store.Damaged(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.damaged, err)
		return
	}
	to <- gauge(c.damaged, float64(len(damaged)))
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}
