package gateway

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/headers"
	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
)

// heldAddress answers at the address of a held request, for the browser that owns its journey: the request is delivered here
// if it is not yet, with the cookies that the browser sends here, and the citizen sees what the service answered. Anybody
// else, and everybody later, learns the status of their payments.
func (g *Gateway) heldAddress(w http.ResponseWriter, r *http.Request, target match.Target, mark marker.Marker) {
	if isPrefetch(r.Header) {
		tooEarly := prefetched(r)
		tooEarly.view.Target = g.Prefix + "/status" // the address that is left without the marker is that of an empty form
		g.answer(w, r, tooEarly)
		return
	}
	j, found, err := g.owned(r, mark.Journey)
	switch {
	case err != nil:
		g.answer(w, r, storeFailed(err))
	case !found || target.String() != j.Fingerprint.Target():
		seeOther(w, g.Prefix+"/status")
	case isVisit(r) && awaitsDelivery(j):
		g.deliver(w, r, j)
	case j.ShowsReply(g.Runner.Now()):
		g.showReply(w, r, j, mark)
	default:
		seeOther(w, g.Prefix+"/status")
	}
}

// isVisit reports whether a person opens an address, and not a script or a request that only asks about it.
func isVisit(r *http.Request) bool { return r.Method == http.MethodGet && !isScript(r) }

// awaitsDelivery reports whether a held request is about to be delivered, or is being delivered now.
func awaitsDelivery(j journey.Journey) bool {
	return j.Terms.Kind == journey.KindSubmission &&
		(j.State == journey.StateConfirmed || j.State == journey.StateReleasing || j.State == journey.StatePaying && j.Trusted)
}

// deliver delivers the held request and shows the result.
func (g *Gateway) deliver(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	progress, err := g.Runner.Advance(r.Context(), j.ID, g.visit(r))
	switch after := progress.Journey; {
	case after.ID == "":
		g.answer(w, r, storeFailed(err))
	case after.ShowsReply(g.Runner.Now()):
		_ = progress.Reply.Close() // the kept one is shown
		g.showReply(w, r, after, marker.Marker{})
	case showsSomething(progress.Reply) && !(progress.Reply.Broken && g.explains(r, after, marker.Marker{}, *progress.Reply)):
		// too large to keep, or broken off: there is this one chance to see it
		g.seen(r, after)
		g.hand(w, r, after, progress.Reply)
	default:
		_ = progress.Reply.Close()
		g.sayState(w, r, after, err)
	}
}

// sayState answers with the state of a journey that has no answer of the service to show.
func (g *Gateway) sayState(w http.ResponseWriter, r *http.Request, j journey.Journey, err error) {
	if err == nil {
		j = g.seen(r, j)
		g.keepTicket(w, r, j)
		g.answer(w, r, stateOf(j))
		return
	}
	g.Log.WarnContext(r.Context(), "the journey cannot go on", "journey_id", j.ID, "state", j.State, "error", err)
	g.answer(w, r, unfinished(j))
}

// seen notes that the citizen is about to read what the service said. Nobody reads the answer to a HEAD or a prefetch.
func (g *Gateway) seen(r *http.Request, j journey.Journey) journey.Journey {
	if r.Method == http.MethodHead || isPrefetch(r.Header) {
		return j
	}
	return g.Runner.NoteOutcomeSeen(r.Context(), j)
}

// showReply shows the kept reply.
func (g *Gateway) showReply(w http.ResponseWriter, r *http.Request, j journey.Journey, at marker.Marker) {
	reply, err := g.readReply(r, j)
	switch {
	case errors.Is(err, journey.ErrErased):
		seeOther(w, g.Prefix+"/status")
	case err != nil:
		g.answer(w, r, storeFailed(err))
	case g.explains(r, j, at, reply):
		j = g.seen(r, j)
		g.keepTicket(w, r, j)
		g.sayInstead(w, r, &reply, explained(j, reply))
	default:
		g.hand(w, r, j, &reply)
	}
}

// explains tells whether our page comes before the service's refusal: where the route wants it, and instead of a challenge,
// which the browser could answer as often as it likes and would see again. A script gets what the service said.
func (g *Gateway) explains(r *http.Request, j journey.Journey, at marker.Marker, reply journey.Reply) bool {
	return j.State == journey.StateRefused && !isScript(r) && (j.Terms.RefusedPage && !at.OwnAnswer || isChallenge(reply))
}

// explained returns the page before the service's refusal, which has a button to the refusal.
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

// showsSomething reports whether there is a reply, of which more has come than the beginning.
func showsSomething(reply *journey.Reply) bool {
	return reply != nil && (!reply.Broken || len(reply.Body) > 0 || locationOf(*reply) != "")
}

// isEmpty tells whether a browser shows nothing of a reply, and stays on the page that it has. Of a pass it may have kept a copy.
func isEmpty(reply journey.Reply, j journey.Journey) bool {
	return reply.Status == http.StatusNoContent || reply.Status == http.StatusResetContent ||
		reply.Status == http.StatusNotModified && j.Terms.Kind == journey.KindSubmission
}

// withoutContent returns the page in place of such a reply.
func withoutContent(j journey.Journey) answer {
	if j.State == journey.StateAccepted || j.State == journey.StateReleased {
		return answer{status: http.StatusOK, page: pages.Done, view: viewOf(j)}
	}
	return stateOf(j)
}

// readReply reads the kept reply. Its cookies are for the visit that shows it, and not for a HEAD.
func (g *Gateway) readReply(r *http.Request, j journey.Journey) (journey.Reply, error) {
	if r.Method != http.MethodHead {
		return g.Runner.TakeReply(r.Context(), j.ID)
	}
	reply, err := g.Runner.Store.Reply(r.Context(), j.ID)
	reply.Header.Del("Set-Cookie")
	reply.Header.Del("Clear-Site-Data")
	return reply, err
}

// hand sends the service's answer to a browser that comes to the held address with a GET.
func (g *Gateway) hand(w http.ResponseWriter, r *http.Request, j journey.Journey, reply *journey.Reply) {
	target, redirects := redirectTarget(*reply, j)
	switch {
	case !redirects && isEmpty(*reply, j) && !isScript(r):
		g.sayInstead(w, r, reply, withoutContent(j))
	case !redirects:
		g.stream(w, r, reply)
	case staysBehind(r, j.Fingerprint.Cookies):
		g.sayInstead(w, r, reply, onward(j, target))
	default:
		reply.Status = http.StatusSeeOther
		reply.Header.Set("Location", target)
		g.stream(w, r, reply)
	}
}

// sayInstead answers with a page of ours that brings the cookies of the service's answer and clears what that clears.
func (g *Gateway) sayInstead(w http.ResponseWriter, r *http.Request, reply *journey.Reply, a answer) {
	g.proxy.CleanReply(reply.Header, r, asSent(r).Path)
	for _, name := range []string{"Set-Cookie", "Clear-Site-Data"} {
		for _, line := range reply.Header[name] {
			w.Header().Add(name, line)
		}
	}
	_ = reply.Close()
	g.answer(w, r, a)
}

// redirectTarget is where a redirecting reply leads, resolved against the held request's address.
func redirectTarget(reply journey.Reply, j journey.Journey) (string, bool) {
	location := locationOf(reply)
	if location == "" {
		return "", false
	}
	base, err := url.Parse(j.Fingerprint.Target())
	if err != nil {
		return location, true
	}
	target, err := base.Parse(location)
	if err != nil || target.Host == "" && strings.HasPrefix(target.Path, "//") { // "/.//x" made short would be another host's
		return location, true
	}
	return target.String(), true
}

// locationOf is where a reply leads; empty where it leads nowhere. To a form that htmx sent, services may say it in a header that
// browsers do not know, and show nothing.
func locationOf(reply journey.Reply) string {
	switch {
	case reply.Status == http.StatusNotModified:
		return ""
	case reply.Status >= 300 && reply.Status <= 399:
		return reply.Header.Get("Location")
	case reply.Status < 300 && len(reply.Body) == 0:
		return reply.Header.Get("Hx-Redirect")
	default:
		return ""
	}
}

// staysBehind tells whether SameSite=Strict cookies, some of those with these names, stayed behind: coming from Pay, browsers
// keep them back through the whole chain of redirects. Then a page of our own starts a new, same-site navigation.
func staysBehind(r *http.Request, names []string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "cross-site" {
		return false
	}
	sent := map[string]bool{}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			sent[strings.TrimSpace(name)] = true
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return !sent[name] })
}

// passOn gives the service's answer to the request that is still waiting for it.
func (g *Gateway) passOn(w http.ResponseWriter, r *http.Request, p journey.Progress, err error) {
	switch {
	case showsSomething(p.Reply):
		if p.Journey.KeepsReply() { // its cookies go with this answer, and with no later one
			if _, takeErr := g.Runner.TakeReply(r.Context(), p.Journey.ID); takeErr != nil {
				g.Log.WarnContext(r.Context(), "marking a reply as shown", "journey_id", p.Journey.ID, "error", takeErr)
			}
		}
		g.seen(r, p.Journey)
		if target, redirects := redirectTarget(*p.Reply, p.Journey); redirects && strings.HasPrefix(p.Reply.Header.Get("Location"), "#") {
			p.Reply.Header.Set("Location", target) // the browser may stand at the marked address
		}
		if isEmpty(*p.Reply, p.Journey) && !isScript(r) {
			g.sayInstead(w, r, p.Reply, withoutContent(p.Journey))
			return
		}
		g.stream(w, r, p.Reply)
	case p.Journey.ID == "":
		g.answer(w, r, storeFailed(err))
	case p.Journey.ShowsReply(g.Runner.Now()):
		sendOn(w, r, marker.Address(p.Journey))
	default:
		g.sayState(w, r, p.Journey, err)
	}
}

// stream writes the service's answer as the service gave it.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, reply *journey.Reply) {
	defer reply.Close()
	g.proxy.CleanReply(reply.Header, r, asSent(r).Path)
	w.Header().Del("Paygate-Answer")
	w.Header().Del("Cache-Control")
	w.Header()["Content-Type"] = nil // where the service gives none, net/http must not guess one
	if reply.Header.Get("Cache-Control") == "" {
		reply.Header.Set("Cache-Control", "no-cache")
	}
	headers.MakePrivate(reply.Header) // the answer of a pay route is for this browser alone
	maps.Copy(w.Header(), reply.Header)
	w.WriteHeader(reply.Status)
	if r.Method == http.MethodHead {
		return
	}
	_, err := w.Write(reply.Body)
	if reply.Broken {
		cutOff(w)
	}
	if err != nil || reply.Rest == nil {
		return
	}
	rest := &brokenRest{Reader: reply.Rest}
	if _, _ = io.Copy(w, rest); rest.err != nil {
		cutOff(w)
	}
}

// brokenRest remembers that what it reads broke off.
type brokenRest struct {
	io.Reader
	err error
}

func (b *brokenRest) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// cutOff ends an answer that broke off: what has come is the citizen's, and to return would make it look complete.
func cutOff(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
