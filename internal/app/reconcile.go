package app

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/journey"
	"paygate/journey/reconcile"
)

// newReconciler returns what compares GOV.UK Pay's lists with the store.
func (a *App) newReconciler(
	s config.Settings, atPay accounts, counted *metrics.Metrics, log *slog.Logger, now func() time.Time,
) *reconcile.Reconciler {
	compared := map[string]reconcile.Pay{}
	for name, client := range atPay {
		compared[name] = client
	}
	r := reconcile.New(reconcile.Options{
		Store: a.store, Runner: a.runner, Accounts: compared, Ours: ours(s), Terms: s.CommonTerms(), At: s.ReconcileAt,
		Now: now, Wait: wait, Log: log,
		Found: func(account string, n int) {
			a.alerts.NoteMany(alerts.Differences, journey.AccountWord(account), n)
		},
	})
	if !s.ReconcileAt.Off {
		counted.AddReconciliation(r.Counts, now)
	}
	return r
}

// ours returns a function that reports whether GOV.UK Pay sends citizens back to this Paygate.
func ours(s config.Settings) func(string) bool {
	return func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.Path == gateway.ReturnPath(s.Prefix) && s.Origins.Find(u.Host) != nil
	}
}

// wait waits that long, or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reconcile makes the daily comparison with GOV.UK Pay's list now, unless it has been made.
func (a *App) Reconcile(ctx context.Context) error { return a.reconciler.RunDue(ctx) }
