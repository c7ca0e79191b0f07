package gateway

import (
	"net/http"
	"slices"

	"paygate/journey"
)

// Whatever a route's mode is, journeys begun before go on, and a valid pass opens what it was paid for.

// passFree lets a request through on a route that costs nothing just now.
func (g *Gateway) passFree(w http.ResponseWriter, r *http.Request, route *Route) {
	g.Log.InfoContext(r.Context(), "pay route is free", "route", route.Name, "mode", route.Mode)
	g.passShadowed(w, r)
}

// hasJourneyFor reports whether the browser has a journey on one of the routes that may go on. Where nobody can say, it has none:
// what is free passes.
func (g *Gateway) hasJourneyFor(r *http.Request, hit ruling) bool {
	own, err := g.journeys(r)
	return err == nil && slices.ContainsFunc(own, func(j journey.Journey) bool {
		isOpen := !j.State.AtRest() || j.PassValid(g.Runner.Now())
		return isOpen && slices.ContainsFunc(hit.routes, func(route *Route) bool { return route.Name == j.Terms.Route })
	})
}

// holdFree goes on with a journey that was begun before the route cost nothing, or lets the request through.
func (g *Gateway) holdFree(w http.ResponseWriter, r *http.Request, in incoming) {
	if terms, err := in.terms(); err == nil {
		own, _ := g.journeys(r)
		if j, found := sameRequest(own, terms, in.request.Imprint()); found && j.State != journey.StateHeld && j.State != journey.StateUnpaid {
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
