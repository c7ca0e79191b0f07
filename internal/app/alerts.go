package app

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/gateway/modes"
	"paygate/journey"
)

func (a *App) newAlerts(s config.Settings, log *slog.Logger, now func() time.Time) *alerts.Alerts {
	return alerts.New(alerts.Options{
		Webhook: (*url.URL)(s.AlertWebhook), Format: s.AlertFormat, Service: s.ServiceName, StaffURL: s.StaffPublicURL,
		Values: a.store, Now: now, Log: log,
		Found: func(ctx context.Context) ([]alerts.Finding, error) {
			trouble, err := a.findTrouble(ctx)
			return append(trouble, a.unpaidRoutes(ctx, s)...), err
		},
	})
}

// payCalled counts and traces a call to GOV.UK Pay, and tells staff if Pay refuses our key or the account.
func (a *App) payCalled(counted *metrics.Metrics) payCalled {
	return func(ctx context.Context, account, call, code string, took time.Duration) {
		a.tracer.PayCalled(ctx, account, call, code, took)
		counted.PayCalled(account, call, code, took)
		if slices.Contains(journey.AccountRefusals(), code) {
			a.alerts.Note(alerts.PayRefuses, account)
		}
	}
}

// overdueAfter is how long money may be owed back before staff are told.
const overdueAfter = 24 * time.Hour

// findTrouble returns, for each route, the journeys that are stuck, and those whose money should have gone back.
func (a *App) findTrouble(ctx context.Context) ([]alerts.Finding, error) {
	found := findings{}
	err := errors.Join(a.findStuck(ctx, found), a.findOverdue(ctx, found))
	return found.list(), err
}

func (a *App) findStuck(ctx context.Context, found findings) error {
	for j, err := range a.store.each(ctx, journey.Filter{State: journey.StateStuck, Limit: 500}) {
		if err != nil {
			return err
		}
		found.add(alerts.Stuck, j.Terms.Route, j.Since)
	}
	return nil
}

// findOverdue finds the journeys whose money has been owed back for too long.
func (a *App) findOverdue(ctx context.Context, found findings) error {
	for j, err := range a.store.owedBack(ctx, a.runner.Now().Add(-overdueAfter)) {
		if err != nil {
			return err
		}
		found.add(alerts.ReturnOverdue, j.Terms.Route, j.OwedAt.Add(overdueAfter))
	}
	return nil
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

// unpaidRoutes returns the live routes that take no payments at the moment. They are told of every day.
func (a *App) unpaidRoutes(ctx context.Context, s config.Settings) (found []alerts.Finding) {
	if !s.Live {
		return nil
	}
	kinds := map[modes.Mode]alerts.Kind{modes.Free: alerts.Free, modes.Shadow: alerts.Shadow}
	for _, route := range a.modes.Current(ctx).Unpaid() {
		found = append(found, alerts.Finding{Kind: kinds[route.Now], Name: route.Route, Count: 1})
	}
	return found
}
