package app

import (
	"context"
	"errors"
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
			trouble, err := a.findTrouble(ctx)
			return append(trouble, unpaidRoutes(s)...), err
		},
	})
}

// payCalled counts a call to GOV.UK Pay, and tells staff if Pay refuses our key or the account.
func (a *App) payCalled(counted *metrics.Metrics) payCalled {
	return func(account, call, code string, took time.Duration) {
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
	err := errors.Join(
		a.eachIn(ctx, journey.StateStuck, func(j journey.Journey) { found.add(alerts.Stuck, j.Terms.Route, j.Since) }),
		a.eachIn(ctx, journey.StateRefused, func(j journey.Journey) {
			if late := returningSince(j).Add(overdueAfter); j.Returning && !a.runner.Now().Before(late) {
				found.add(alerts.ReturnOverdue, j.Terms.Route, late)
			}
		}),
	)
	return found.list(), err
}

// returningSince returns when it was decided that the money goes back.
func returningSince(j journey.Journey) time.Time {
	for _, e := range slices.Backward(j.History) {
		if e.Fact == (journey.ReturnDecided{}).Name() {
			return e.At
		}
	}
	return j.Since
}

// eachIn visits the journeys in a state that is not at rest.
func (a *App) eachIn(ctx context.Context, state journey.State, visit func(journey.Journey)) error {
	for j, err := range a.store.each(ctx, journey.Filter{State: state, Limit: 500}) {
		if err != nil {
			return err
		}
		visit(j)
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
