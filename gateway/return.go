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

// lookedAgain is the query of the return address when the browser comes from our page.
const lookedAgain = "looked"

// visitOutcome is the effect of a visit on one journey.
type visitOutcome struct {
	before, after journey.Journey
	err           error
}

// ServeHTTP takes a citizen back from Pay. The address carries no reference (FACTS 4.3): the browser's tickets say
// which journeys may have moved. It advances all open ones, and shows the newest one that this visit moved or whose
// request waits to be delivered, else the newest.
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
	shown := slices.IndexFunc(visits, func(v visitOutcome) bool {
		return v.after.State != v.before.State || h.waits(v)
	})
	h.showOutcome(w, r, visits[max(0, shown)])
}

// withoutTicket answers a browser that returns without a ticket. Some browsers hold back all cookies when a bank's page
// or app sends them here, so a page of ours leads here again, once.
func (h *returns) withoutTicket(w http.ResponseWriter, r *http.Request) {
	if isScript(r) || strings.Contains(r.URL.RawQuery, lookedAgain) {
		h.answer(w, r, otherBrowser)
		return
	}
	view := pages.View{Target: h.prefix + "/return?" + lookedAgain}
	if l := lookOf(r); l.language != "" {
		view.Target += "&lang=" + l.language
	}
	h.answer(w, r, answer{status: http.StatusOK, page: pages.LookingUp, view: view})
}

// waits reports whether the visit left the held request to be delivered at its own address.
func (h *returns) waits(v visitOutcome) bool {
	return v.err == nil && v.after.Owed(h.runner.Now()) == journey.StepDeliver
}

// advanceAll advances the open journeys concurrently, because each waits for Pay.
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

// showOutcome redirects to the held address, where the request is delivered and the service's answer shown, or to the
// pass, or else shows the state of the journey.
func (h *returns) showOutcome(w http.ResponseWriter, r *http.Request, v visitOutcome) {
	j := v.after
	switch {
	case j.ShowsReply(h.runner.Now()), h.waits(v):
		l := lookOf(r)
		seeOther(w, marker.Marker{Checks: l.checks, Language: l.language}.Address(j))
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass, j.PassValid(h.runner.Now()):
		h.backToPass(w, r, j)
	default:
		h.replies.answerState(w, r, j, v.err)
	}
}

// backToPass sends the citizen to the address they asked for, as [replies.hand] does by a page of ours if the browser
// held back cookies.
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
		ready := onward(j, target)
		ready.page = pages.PassReady
		h.answer(w, r, ready)
		return
	}
	seeOther(w, target)
}
