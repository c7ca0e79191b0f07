package gateway

import (
	"net/http"
	"slices"

	"paygate/gateway/match"
	"paygate/journey"
)

// In every mode of a route, journeys that began before go on, and a valid pass opens what was paid for.

// passFree lets a request through on a route that is free at the moment.
func (g *Gateway) passFree(w http.ResponseWriter, r *http.Request, route *Route) {
	g.Log.InfoContext(r.Context(), "pay route is free", "route", route.Name, "mode", route.Mode)
	g.passShadowed(w, r)
}

// hasJourneyFor reports whether the browser has a journey on one of the routes that may go on. If the store cannot be
// asked, it has none, and free requests pass.
func (g *Gateway) hasJourneyFor(r *http.Request, hit match.Decision) bool {
	own, err := g.journeys(r)
	return err == nil && slices.ContainsFunc(own, func(j journey.Journey) bool {
		isOpen := !j.State.AtRest() || j.PassValid(g.Runner.Now())
		return isOpen && slices.ContainsFunc(hit.Routes, func(route *match.Route) bool { return route.Name == j.Terms.Route })
	})
}

// holdFree continues a journey that began before the route was free, or lets the request through.
func (g *Gateway) holdFree(w http.ResponseWriter, r *http.Request, in incoming) {
	if terms, err := in.terms(); err == nil {
		own, _ := g.journeys(r)
		if j, found := sameRequest(own, terms, in.request.Fingerprint()); found && j.State != journey.StateHeld && j.State != journey.StateUnpaid {
			seeOther(w, g.Prefix+"/return")
			return
		}
		if j, found := correctable(own, terms); found {
			g.resubmit(w, r, j, in)
			return
		}
	}
	g.passFree(w, withRead(r, in.body), in.route)
}
