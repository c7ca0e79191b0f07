package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"paygate/gateway/pages"
	"paygate/gateway/reading"
	"paygate/journey"
)

// returned is the citizen coming back from Pay. The address carries no reference (FACTS 4.3): the browser's tickets say
// which journeys may have moved. All open ones are advanced; the one shown is the newest that this visit moved, else the
// newest.
func (g *Gateway) returned(w http.ResponseWriter, r *http.Request) {
	if isPrefetch(r.Header) {
		g.answer(w, r, prefetched)
		return
	}
	own, err := g.journeys(r)
	switch {
	case err != nil:
		g.answer(w, r, storeFailed(err))
		return
	case len(own) == 0:
		g.answer(w, r, notFound)
		return
	}
	visits := g.advanceAll(r, own)
	shown := slices.IndexFunc(visits, visitOutcome.moved)
	if shown < 0 {
		shown = 0
	}
	for i := range visits {
		if i != shown {
			_ = visits[i].progress.Reply.Close()
		}
	}
	g.showOutcome(w, r, visits[shown])
}

// visitOutcome is what a visit made of one journey.
type visitOutcome struct {
	before   journey.Journey
	progress journey.Progress
	err      error
}

func (v visitOutcome) moved() bool {
	return v.progress.Reply != nil || v.progress.Journey.State != v.before.State
}

// advanceAll advances the open journeys side by side, since each may take as long as Pay and the service take.
func (g *Gateway) advanceAll(r *http.Request, own []journey.Journey) []visitOutcome {
	visits := make([]visitOutcome, len(own))
	var all sync.WaitGroup
	for i, j := range own {
		visits[i] = visitOutcome{before: j, progress: journey.Progress{Journey: j}}
		if j.State.AtRest() {
			continue
		}
		all.Go(func() {
			progress, err := g.Runner.Return(r.Context(), j.ID, g.visit(r))
			if progress.Journey.ID == "" {
				progress.Journey = j
			}
			visits[i].progress, visits[i].err = progress, err
		})
	}
	all.Wait()
	return visits
}

// visit is the citizen's, with the cookies that are laid over those of the held request: but for such as some service takes
// for a parameter that decided what the request is and costs. Those were judged when it was held.
func (g *Gateway) visit(r *http.Request) journey.Visit {
	var kept []string
	for pair := range strings.SplitSeq(serviceCookies(r.Header), ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !slices.ContainsFunc(g.deciding, func(wanted string) bool { return reading.MayName(name, wanted) }) {
			kept = append(kept, pair)
		}
	}
	return journey.Visit{By: journey.ByCitizen, Cookie: strings.TrimSpace(strings.Join(kept, ";"))}
}

// showOutcome is the truth about one journey: the service's own answer where there is one, else a page.
func (g *Gateway) showOutcome(w http.ResponseWriter, r *http.Request, v visitOutcome) {
	j := v.progress.Journey
	switch {
	case j.ShowsReply(g.Runner.Now()):
		seeOther(w, markedAddress(j))
	case v.progress.Reply != nil: // too large to keep: there is this one chance to see it
		g.hand(w, r, j, v.progress.Reply)
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass, j.PassValid(g.Runner.Now()):
		g.backToPass(w, r, j)
	case v.err != nil:
		g.Log.WarnContext(r.Context(), "return", "journey_id", j.ID, "state", j.State, "error", v.err)
		g.answer(w, r, unfinished(j))
	default:
		g.answer(w, r, stateOf(j))
	}
}

// backToPass sends the citizen to the address they asked for; as in [Gateway.follow], by a page of ours where cookies stayed
// behind.
func (g *Gateway) backToPass(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	target := j.Imprint.Path
	request, err := g.Runner.Store.Request(r.Context(), j.ID)
	switch {
	case err == nil:
		target = request.Target()
	case !errors.Is(err, journey.ErrErased):
		g.answer(w, r, storeFailed(err))
		return
	}
	if lacksCookie(r, j.Imprint.Cookies) {
		ready := answer{status: http.StatusOK, page: pages.PassReady, view: viewOf(j)}
		ready.view.Target = target
		g.answer(w, r, ready)
		return
	}
	seeOther(w, target)
}

// replyParameter marks, in the query of a held request's own address, that the kept reply is wanted.
const replyParameter = "paygate-reply"

// markedAddress is where the kept reply is shown: at the held request's own path, so that relative links work.
func markedAddress(j journey.Journey) string {
	return j.Imprint.Path + "?" + replyParameter + "=" + string(j.ID)
}

func replyMarker(r *http.Request) string {
	_, query, _ := strings.Cut(r.RequestURI, "?")
	for pair := range strings.SplitSeq(query, "&") {
		if value, found := strings.CutPrefix(pair, replyParameter+"="); found {
			return value
		}
	}
	return ""
}

// withoutMarker is the raw query less the marker: a form without an action of its own posts to the address it stands at.
func withoutMarker(query string) string {
	if !strings.Contains(query, replyParameter+"=") {
		return query
	}
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		return strings.HasPrefix(pair, replyParameter+"=")
	})
	return strings.Join(pairs, "&")
}

// showReply shows the kept reply to the browser that owns the journey; anybody else, and everybody later, learns the
// status of their payments.
func (g *Gateway) showReply(w http.ResponseWriter, r *http.Request, id journey.ID) {
	j, found, err := g.owned(r, id)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if !found || !j.ShowsReply(g.Runner.Now()) {
		seeOther(w, g.Prefix+"/status")
		return
	}
	reply, err := g.Runner.TakeReply(r.Context(), j.ID)
	if errors.Is(err, journey.ErrErased) {
		seeOther(w, g.Prefix+"/status")
		return
	}
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	g.hand(w, r, j, &reply)
}

// hand gives the service's answer to a browser that does not stand at the address it is an answer of.
func (g *Gateway) hand(w http.ResponseWriter, r *http.Request, j journey.Journey, reply *journey.Reply) {
	target, redirects := redirectTarget(*reply, j)
	if !redirects {
		g.stream(w, r, reply)
		return
	}
	g.follow(w, r, j, reply, target)
}

// redirectTarget is where a redirecting reply leads, resolved against the held request's address.
func redirectTarget(reply journey.Reply, j journey.Journey) (string, bool) {
	location := reply.Header.Get("Location")
	if reply.Status < 300 || reply.Status > 399 || location == "" {
		return "", false
	}
	base, err := url.Parse(j.Imprint.Path)
	if err != nil {
		return location, true
	}
	target, err := base.Parse(location)
	if err != nil {
		return location, true
	}
	return target.String(), true
}

// follow sends the citizen where the service sends them. Coming from Pay, browsers keep SameSite=Strict cookies back
// through the whole chain of redirects; then a page of our own starts a new, same-site navigation.
func (g *Gateway) follow(w http.ResponseWriter, r *http.Request, j journey.Journey, reply *journey.Reply, target string) {
	if !lacksCookie(r, j.Imprint.Cookies) {
		reply.Status = http.StatusSeeOther
		reply.Header.Set("Location", target)
		g.stream(w, r, reply)
		return
	}
	for _, line := range reply.Header["Set-Cookie"] {
		w.Header().Add("Set-Cookie", line)
	}
	_ = reply.Close()
	g.answer(w, r, onward(j, target))
}

func lacksCookie(r *http.Request, names []string) bool {
	have := map[string]bool{}
	for _, c := range r.Cookies() {
		have[c.Name] = true
	}
	return slices.ContainsFunc(names, func(name string) bool { return !have[name] })
}

// passOn gives the service's answer to the request that is still waiting for it.
func (g *Gateway) passOn(w http.ResponseWriter, r *http.Request, p journey.Progress, err error) {
	switch {
	case p.Reply != nil:
		if p.Journey.KeepsReply() { // its cookies go with this answer, and with no later one
			if _, takeErr := g.Runner.TakeReply(r.Context(), p.Journey.ID); takeErr != nil {
				g.Log.WarnContext(r.Context(), "marking a reply as shown", "journey_id", p.Journey.ID, "error", takeErr)
			}
		}
		g.stream(w, r, p.Reply)
	case p.Journey.ShowsReply(g.Runner.Now()):
		seeOther(w, markedAddress(p.Journey))
	case err != nil:
		g.Log.WarnContext(r.Context(), "delivery", "journey_id", p.Journey.ID, "state", p.Journey.State, "error", err)
		g.answer(w, r, unfinished(p.Journey))
	default:
		g.answer(w, r, stateOf(p.Journey))
	}
}
