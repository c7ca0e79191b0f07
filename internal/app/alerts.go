package app

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/journey"
)

func (a *App) newAlerts(s config.Settings, log *slog.Logger, now func() time.Time) *alerts.Alerts {
	return alerts.New(alerts.Options{
		Webhook: (*url.URL)(s.AlertWebhook), Format: s.AlertFormat, Service: s.ServiceName, StaffURL: s.StaffPublicURL,
		Values: a.store, Now: now, Log: log,
		Found: func(ctx context.Context) ([]alerts.Finding, error) {
			waiting, err := a.waitingForAPerson(ctx)
			return append(waiting, unpaidRoutes(s)...), err
		},
	})
}

// payCalled counts a call to GOV.UK Pay, and tells staff if Pay refuses our key or the account.
func (a *App) payCalled(counted *metrics.Metrics) payCalled {
	refusals := []string{"401", "403", "P0930", "P0940", "P0941"}
	return func(account, call, code string, took time.Duration) {
		counted.PayCalled(account, call, code, took)
		if slices.Contains(refusals, code) {
			a.alerts.Note(alerts.PayRefuses, account)
		}
	}
}

// waitingForAPerson returns the stuck journeys of each route.
func (a *App) waitingForAPerson(ctx context.Context) ([]alerts.Finding, error) {
	found := findings{}
	for j, err := range a.store.each(ctx, journey.Filter{State: journey.StateStuck, Limit: 500}) {
		if err != nil {
			return nil, err
		}
		found.add(alerts.Stuck, j.Terms.Route, j.Since)
	}
	return found.list(), nil
}

// findings counts what needs a person, by kind and route.
type findings map[alerts.Finding]*alerts.Finding

func (f findings) add(kind alerts.Kind, route string, since time.Time) {
	key := alerts.Finding{Kind: kind, Name: route}
	if f[key] == nil {
		f[key] = &alerts.Finding{Kind: kind, Name: route}
	}
	f[key].Count++
	if since.After(f[key].Since) {
		f[key].Since = since
	}
}

func (f findings) list() (list []alerts.Finding) {
	for _, found := range f {
		list = append(list, *found)
	}
	return list
}

// unpaidRoutes returns the live routes that take no payments. They are told of every day.
func unpaidRoutes(s config.Settings) (found []alerts.Finding) {
	kinds := map[gateway.Mode]alerts.Kind{gateway.ModeFree: alerts.Free, gateway.ModeShadow: alerts.Shadow}
	for _, r := range s.Routes {
		if s.Live && r.Mode.TakesNothing() {
			found = append(found, alerts.Finding{Kind: kinds[r.Mode], Name: r.Name, Count: 1})
		}
	}
	return found
}
