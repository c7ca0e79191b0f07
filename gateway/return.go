package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"paygate/gateway/marker"
	"paygate/gateway/pages"
	"paygate/journey"
)

// returns takes citizens back from Pay.
type returns struct {
	*tickets
	replies *replies
}

// lookedAgain is the query of the return address once the browser comes to it from a page of ours.
const lookedAgain = "looked"

// visitOutcome is what a visit made of one journey.
type visitOutcome struct {
	before, after journey.Journey
	err           error
}

func (v visitOutcome) moved() bool { return v.after.State != v.before.State }

// ServeHTTP takes a citizen back from Pay. The address carries no reference (FACTS 4.3): the browser's tickets say
// which journeys may have moved. All open ones are advanced; the one shown is the newest that this visit moved, or
// whose request waits to be delivered, else the newest.
func (h *returns) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPrefetch(r.Header) {
		h.answer(w, r, prefetched(r))
		return
	}
	own, err := h.journeys(r)
	switch {
	case err != nil:
		h.answer(w, r, storeFailed(err))
		return
	case len(own) == 0:
		h.withoutTicket(w, r)
		return
	}
	visits := h.advanceAll(r, own)
	shown := slices.IndexFunc(visits, func(v visitOutcome) bool { return v.moved() || h.waits(v) })
	h.showOutcome(w, r, visits[max(0, shown)])
}

// withoutTicket answers a return to a browser that shows no ticket. Some browsers keep all cookies back when a bank's
// page or app sends them here, so once a page of ours leads here again.
func (h *returns) withoutTicket(w http.ResponseWriter, r *http.Request) {
	if isScript(r) || strings.Contains(r.URL.RawQuery, lookedAgain) {
		h.answer(w, r, otherBrowser)
		return
	}
	again := answer{
		status: http.StatusOK, page: pages.LookingUp,
		view: pages.View{Target: h.prefix + "/return?" + lookedAgain},
	}
	h.answer(w, r, again)
}

// waits reports whether the visit left the held request to be delivered at its own address.
func (h *returns) waits(v visitOutcome) bool {
	return v.err == nil && v.after.Owed(h.runner.Now()) == journey.StepDeliver
}

// advanceAll advances the open journeys side by side, since each may take as long as Pay takes.
func (h *returns) advanceAll(r *http.Request, own []journey.Journey) []visitOutcome {
	visits := make([]visitOutcome, len(own))
	var all sync.WaitGroup
	for i, j := range own {
		visits[i] = visitOutcome{before: j, after: j}
		if j.State.AtRest() {
			continue
		}
		all.Go(func() {
			after, err := h.runner.Return(r.Context(), j.ID, journey.ByCitizen)
			if after.ID != "" {
				visits[i].after = after
			}
			visits[i].err = err
		})
	}
	all.Wait()
	return visits
}

// showOutcome leads to the held address, where the request is delivered and the service's answer shown, else to the
// pass; or it is a page that says how the journey stands.
func (h *returns) showOutcome(w http.ResponseWriter, r *http.Request, v visitOutcome) {
	j := v.after
	switch {
	case j.ShowsReply(h.runner.Now()), h.waits(v):
		seeOther(w, marker.Address(j))
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass, j.PassValid(h.runner.Now()):
		h.backToPass(w, r, j)
	default:
		h.replies.answerState(w, r, j, v.err)
	}
}

// backToPass sends the citizen to the address they asked for; as in [Gateway.hand], by a page of ours where cookies
// stayed behind.
func (h *returns) backToPass(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	target := j.Fingerprint.Target()
	request, err := h.runner.Store.Request(r.Context(), j.ID)
	switch {
	case err == nil:
		target = request.Target()
	case !errors.Is(err, journey.ErrErased):
		h.answer(w, r, storeFailed(err))
		return
	}
	if lacksCookies(r, j.Fingerprint.Cookies) {
		ready := answer{status: http.StatusOK, page: pages.PassReady, view: viewOf(j)}
		ready.view.Target = target
		h.answer(w, r, ready)
		return
	}
	seeOther(w, target)
}
