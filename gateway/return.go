package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"paygate/gateway/cookie"
	"paygate/gateway/form"
	"paygate/gateway/marker"
	"paygate/gateway/pages"
	"paygate/journey"
)

// returned is the citizen coming back from Pay. The address carries no reference (FACTS 4.3): the browser's tickets say
// which journeys may have moved. All open ones are advanced; the one shown is the newest that this visit moved, or whose request
// waits to be delivered, else the newest.
func (g *Gateway) returned(w http.ResponseWriter, r *http.Request) {
	if isPrefetch(r.Header) {
		g.answer(w, r, prefetched(r))
		return
	}
	own, err := g.journeys(r)
	switch {
	case err != nil:
		g.answer(w, r, storeFailed(err))
		return
	case len(own) == 0:
		g.withoutTicket(w, r)
		return
	}
	visits := g.advanceAll(r, own)
	shown := slices.IndexFunc(visits, func(v visitOutcome) bool { return v.moved() || g.waits(v) })
	g.showOutcome(w, r, visits[max(0, shown)])
}

// lookedAgain is the query of the return address once the browser comes to it from a page of ours.
const lookedAgain = "looked"

// withoutTicket answers a return to a browser that shows no ticket. Some browsers keep all cookies back when a bank's page or
// app sends them here, so once a page of ours leads here again.
func (g *Gateway) withoutTicket(w http.ResponseWriter, r *http.Request) {
	if isScript(r) || strings.Contains(r.URL.RawQuery, lookedAgain) {
		g.answer(w, r, otherBrowser)
		return
	}
	again := answer{status: http.StatusOK, page: pages.LookingUp, view: pages.View{Target: g.Prefix + "/return?" + lookedAgain}}
	g.answer(w, r, again)
}

// visitOutcome is what a visit made of one journey.
type visitOutcome struct {
	before, after journey.Journey
	err           error
}

func (v visitOutcome) moved() bool { return v.after.State != v.before.State }

// waits tells whether the visit left the held request to be delivered at its own address.
func (g *Gateway) waits(v visitOutcome) bool {
	return v.err == nil && v.after.Owed(g.Runner.Now()) == journey.StepDeliver
}

// advanceAll advances the open journeys side by side, since each may take as long as Pay takes.
func (g *Gateway) advanceAll(r *http.Request, own []journey.Journey) []visitOutcome {
	visits := make([]visitOutcome, len(own))
	var all sync.WaitGroup
	for i, j := range own {
		visits[i] = visitOutcome{before: j, after: j}
		if j.State.AtRest() {
			continue
		}
		all.Go(func() {
			after, err := g.Runner.Return(r.Context(), j.ID, journey.ByCitizen)
			if after.ID != "" {
				visits[i].after = after
			}
			visits[i].err = err
		})
	}
	all.Wait()
	return visits
}

// visit is the citizen's, at an address of the service: its cookies are laid over those of the held request, but for such as
// some service takes for a parameter that decided what the request is and costs. Those were judged when it was held.
func (g *Gateway) visit(r *http.Request) journey.Visit {
	var kept []string
	for pair := range strings.SplitSeq(cookie.Others(r.Header), ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !slices.ContainsFunc(g.deciding, func(wanted string) bool { return form.CouldBeField(name, wanted) }) {
			kept = append(kept, pair)
		}
	}
	return journey.Visit{By: journey.ByCitizen, Cookie: strings.TrimSpace(strings.Join(kept, ";"))}
}

// showOutcome leads to the held address, where the request is delivered and the service's answer shown, else to the pass; or
// it is a page that says how the journey stands.
func (g *Gateway) showOutcome(w http.ResponseWriter, r *http.Request, v visitOutcome) {
	j := v.after
	switch {
	case j.ShowsReply(g.Runner.Now()), g.waits(v):
		seeOther(w, marker.Address(j))
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass, j.PassValid(g.Runner.Now()):
		g.backToPass(w, r, j)
	default:
		g.sayState(w, r, j, v.err)
	}
}

// backToPass sends the citizen to the address they asked for; as in [Gateway.hand], by a page of ours where cookies stayed
// behind.
func (g *Gateway) backToPass(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	target := j.Fingerprint.Target()
	request, err := g.Runner.Store.Request(r.Context(), j.ID)
	switch {
	case err == nil:
		target = request.Target()
	case !errors.Is(err, journey.ErrErased):
		g.answer(w, r, storeFailed(err))
		return
	}
	if staysBehind(r, j.Fingerprint.Cookies) {
		ready := answer{status: http.StatusOK, page: pages.PassReady, view: viewOf(j)}
		ready.view.Target = target
		g.answer(w, r, ready)
		return
	}
	seeOther(w, target)
}
