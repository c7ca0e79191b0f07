package app

import (
	"context"
	"log/slog"
	"time"

	"paygate/gateway/metrics"
	"paygate/gateway/staff"
)

// swept returns a function that counts a sweep, and keeps its counts for the overview of the staff pages.
func (a *App) swept(counted *metrics.Metrics, log *slog.Logger, now func() time.Time) func(map[string]int) {
	return func(counts map[string]int) {
		counted.Swept(counts)
		ctx := context.Background() // the sweep may have ended because its context did
		if err := staff.NoteDone(ctx, a.store, staff.DoneSweep, staff.Done{At: now(), Counts: counts}); err != nil {
			log.Warn("the overview does not show the last sweep", "error", err)
		}
	}
}
