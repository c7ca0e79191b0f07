package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/cookie"
	"paygate/gateway/form"
	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/journey"
)

// replies shows what the service answered to held requests.
type replies struct {
	*tickets
	proxy    *proxy.Proxy
	deciding []string // parameters that decide the route or the price
}

// heldAddress answers at the address of a held request, for the browser that owns its journey. It delivers the
// request if that has not happened yet, with the cookies that the browser sends here, and shows what the service
// answered. It redirects any other browser, and the same one later, to the status page.
func (h *replies) heldAddress(w http.ResponseWriter, r *http.Request, target match.Target, mark marker.Marker) {
	r = withLook(r, look{language: mark.Language, checks: mark.Checks})
	if isPrefetch(r.Header) {
		tooEarly := prefetched(r)
		tooEarly.view.Target = h.prefix + "/status" // without the marker, the address is that of an empty form
		h.answer(w, r, tooEarly)
		return
	}
	j, found, err := h.owned(r, mark.Journey)
	switch {
	case err != nil:
		h.answer(w, r, storeFailed(err))
	case !found || target.String() != j.Fingerprint.Target():
		seeOther(w, h.prefix+"/status")
	case isVisit(r) && awaitsDelivery(j):
		h.deliver(w, r, j)
	case j.ShowsReply(h.runner.Now()):
		h.showReply(w, r, j, mark)
	default:
		seeOther(w, h.prefix+"/status")
	}
}

// isVisit reports whether a person opens an address, and not a script or a request that only asks about it.
func isVisit(r *http.Request) bool { return r.Method == http.MethodGet && !isScript(r) }

// awaitsDelivery reports whether a held request is about to be delivered, or is being delivered now.
func awaitsDelivery(j journey.Journey) bool {
	return j.Terms.Kind == journey.KindSubmission &&
		(j.State == journey.StateConfirmed || j.State == journey.StateReleasing || j.State == journey.StatePaying &&
			j.Trusted)
}

// explained answers with our page before the service's refusal, with a button to the refusal.
func explained(j journey.Journey, reply journey.Reply) answer {
	a := stateOf(j)
	if !isChallenge(reply) && !isEmpty(reply, j) {
		a.view.Target = marker.OwnAnswerAddress(j)
	}
	return a
}

// isChallenge reports whether a reply asks the browser for a user name and password.
func isChallenge(reply journey.Reply) bool {
	return reply.Status == http.StatusUnauthorized && reply.Header.Get("Www-Authenticate") != ""
}

// showsSomething reports whether there is a reply, and it did not break off before a browser could show anything.
func showsSomething(reply *journey.Reply) bool {
	return reply != nil && (!reply.Broken || len(reply.Body) > 0 || locationOf(*reply) != "")
}

// isEmpty reports whether a browser shows nothing for a reply and stays on its page. For a 304 it shows its copy of a
// pass.
func isEmpty(reply journey.Reply, j journey.Journey) bool {
	return reply.Status == http.StatusNoContent || reply.Status == http.StatusResetContent ||
		reply.Status == http.StatusNotModified && j.Terms.Kind == journey.KindSubmission
}

// withoutContent answers with our page instead of an empty reply.
func withoutContent(j journey.Journey) answer {
	a := stateOf(j)
	if a.page == pages.Sent || a.page == pages.PassOver {
		a.page = pages.Done
	}
	return a
}

// deliver delivers the held request and shows the result.
func (h *replies) deliver(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	progress, err := h.runner.Advance(r.Context(), j.ID, h.visit(r))
	switch after := progress.Journey; {
	case after.ID == "":
		h.answer(w, r, storeFailed(err))
	case after.ShowsReply(h.runner.Now()):
		_ = progress.Reply.Close() // the stored one is shown
		h.showReply(w, r, after, marker.Marker{})
	case showsSomething(progress.Reply) &&
		!(progress.Reply.Broken && h.explains(r, after, marker.Marker{}, *progress.Reply)):
		// too large to store, or broken off: this is the only chance to see it
		h.noteShown(r, after)
		h.hand(w, r, after, progress.Reply)
	default:
		_ = progress.Reply.Close()
		h.answerState(w, r, after, err)
	}
}

// visit returns the citizen's visit to an address of the service. Its cookies replace those of the held request, except
// for cookies that some services take for a parameter that decided the route or the price. Those were read when the
// request was held.
func (h *replies) visit(r *http.Request) journey.Visit {
	var cookies []string
	for pair := range strings.SplitSeq(cookie.Others(r.Header), ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !slices.ContainsFunc(h.deciding, func(wanted string) bool { return form.CouldBeField(name, wanted) }) {
			cookies = append(cookies, pair)
		}
	}
	return journey.Visit{By: journey.ByCitizen, Cookie: strings.TrimSpace(strings.Join(cookies, ";"))}
}

// answerState answers with the state of a journey that has no reply of the service to show.
func (h *replies) answerState(w http.ResponseWriter, r *http.Request, j journey.Journey, err error) {
	if err == nil {
		j = h.noteShown(r, j)
		h.renewTickets(w, r, j)
		h.answer(w, r, stateOf(j))
		return
	}
	h.log.WarnContext(r.Context(), "the journey cannot continue", "journey_id", j.ID, "state", j.State, "error", err)
	h.answer(w, r, unfinished(j))
}

// noteShown notes that the citizen sees what the service answered, except with a HEAD or a prefetch.
func (h *replies) noteShown(r *http.Request, j journey.Journey) journey.Journey {
	if r.Method == http.MethodHead || isPrefetch(r.Header) {
		return j
	}
	return h.runner.NoteOutcomeSeen(r.Context(), j)
}

// showReply shows the stored reply.
func (h *replies) showReply(w http.ResponseWriter, r *http.Request, j journey.Journey, at marker.Marker) {
	reply, err := h.readReply(r, j)
	switch {
	case errors.Is(err, journey.ErrErased):
		seeOther(w, h.prefix+"/status")
	case err != nil:
		h.answer(w, r, storeFailed(err))
	case h.explains(r, j, at, reply):
		j = h.noteShown(r, j)
		h.renewTickets(w, r, j)
		h.answerInstead(w, r, &reply, explained(j, reply))
	default:
		h.hand(w, r, j, &reply)
	}
}

// explains reports whether our page comes before the service's refusal: if the route wants it, or if the refusal asks
// for a password, which the browser could answer again and again in vain. A script gets the service's answer.
func (h *replies) explains(r *http.Request, j journey.Journey, at marker.Marker, reply journey.Reply) bool {
	return j.State == journey.StateRefused && !isScript(r) &&
		(j.Terms.RefusedPage && !at.OwnAnswer || isChallenge(reply))
}

// readReply reads the stored reply. Its cookies go with the visit that shows it, and not with a HEAD.
func (h *replies) readReply(r *http.Request, j journey.Journey) (journey.Reply, error) {
	if r.Method != http.MethodHead {
		return h.runner.TakeReply(r.Context(), j.ID)
	}
	reply, err := h.runner.Store.Reply(r.Context(), j.ID)
	reply.Header.Del("Set-Cookie")
	reply.Header.Del("Clear-Site-Data")
	return reply, err
}

// hand sends the service's answer to a browser that asks for the held address with a GET.
func (h *replies) hand(w http.ResponseWriter, r *http.Request, j journey.Journey, reply *journey.Reply) {
	target, redirects := redirectTarget(*reply, j)
	switch {
	case !redirects && isEmpty(*reply, j) && !isScript(r):
		h.answerInstead(w, r, reply, withoutContent(j))
	case !redirects:
		h.stream(w, r, reply)
	case lacksCookies(r, j.Fingerprint.Cookies):
		h.answerInstead(w, r, reply, onward(j, target))
	default:
		reply.Status = http.StatusSeeOther
		reply.Header.Set("Location", target)
		h.stream(w, r, reply)
	}
}

// answerInstead answers with a page of ours. It keeps the Set-Cookie and Clear-Site-Data lines of the service's answer.
func (h *replies) answerInstead(w http.ResponseWriter, r *http.Request, reply *journey.Reply, a answer) {
	h.proxy.CleanReply(reply.Header, r, asSent(r).Path)
	for _, name := range []string{"Set-Cookie", "Clear-Site-Data"} {
		for _, line := range reply.Header[name] {
			w.Header().Add(name, line)
		}
	}
	_ = reply.Close()
	h.answer(w, r, a)
}

// passOn gives the service's answer to the request that is still waiting for it.
func (h *replies) passOn(w http.ResponseWriter, r *http.Request, p journey.Progress, err error) {
	switch {
	case showsSomething(p.Reply):
		if p.Journey.KeepsReply() { // its cookies go with this answer only
			if _, takeErr := h.runner.TakeReply(r.Context(), p.Journey.ID); takeErr != nil {
				h.log.WarnContext(r.Context(), "marking a reply as shown", "journey_id", p.Journey.ID, "error", takeErr)
			}
		}
		h.noteShown(r, p.Journey)
		if target, redirects := redirectTarget(*p.Reply, p.Journey); redirects &&
			strings.HasPrefix(p.Reply.Header.Get("Location"), "#") {
			p.Reply.Header.Set("Location", target) // the browser may be at the marked address
		}
		if isEmpty(*p.Reply, p.Journey) && !isScript(r) {
			h.answerInstead(w, r, p.Reply, withoutContent(p.Journey))
			return
		}
		h.stream(w, r, p.Reply)
	case p.Journey.ID == "":
		h.answer(w, r, storeFailed(err))
	case p.Journey.ShowsReply(h.runner.Now()):
		sendOn(w, r, marker.Address(p.Journey))
	default:
		h.answerState(w, r, p.Journey, err)
	}
}
