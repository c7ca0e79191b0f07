package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/modes"
	"paygate/journey"
)

// ticketAge returns how long a ticket must be valid: at least a day, and as long as any route lets a citizen use a
// pass, correct a form or try a payment again.
func ticketAge(routes []gateway.Route) time.Duration {
	age := 24 * time.Hour
	for _, r := range routes {
		if r.Terms.Kind == journey.KindPass {
			age = max(age, r.Terms.PassFor)
		}
		age = max(age, r.Terms.ResubmitFor, r.Terms.RetryFor)
	}
	return age
}

// textMissing returns a function that logs an error and tells staff when answers on a route have been refused several
// times in a row because none had a text of ACCEPT_TEXT: most likely the service has changed its confirmation page.
func textMissing(routes []gateway.Route, staff *alerts.Alerts, log *slog.Logger) func(string, int) {
	const inARow = 5
	return func(name string, times int) {
		at := slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == name })
		if times%inARow != 0 || at < 0 {
			return
		}
		staff.Note(alerts.RefusedByText, name)
		log.Error("the service's last answers were refused, because none contains a text from ACCEPT_TEXT; has its "+
			"confirmation page changed?",
			"route", name, "in_a_row", times, "setting", routes[at].Setting+"ACCEPT_TEXT")
	}
}

// accountNames returns what metrics call the accounts.
func accountNames(accounts []config.Account) []string {
	var names []string
	for _, a := range accounts {
		names = append(names, journey.AccountWord(a.Name))
	}
	return names
}

func routeNames(routes []gateway.Route) []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.Name)
	}
	return names
}

// modeSettings returns the modes that the settings give the routes.
func modeSettings(routes []gateway.Route) (all []modes.Setting) {
	for _, r := range routes {
		all = append(all, modes.Setting{Route: r.Name, Mode: r.Mode})
	}
	return all
}

// modeWords returns the mode of each route, for the metrics.
func (a *App) modeWords(ctx context.Context) (map[string]string, error) {
	set, words := a.modes.Current(ctx), map[string]string{}
	for _, state := range set.States {
		words[state.Route] = string(state.Now)
	}
	return words, set.Err
}

// metadataNames returns the names of all metadata that the routes give to payments.
func metadataNames(routes []gateway.Route) (names []string) {
	for _, r := range routes {
		names = slices.AppendSeq(names, maps.Keys(r.Metadata))
	}
	return names
}
