package gateway

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/journey"
)

// replyParameter marks, in the query of a held request's own address, that the kept reply is wanted.
const replyParameter = "paygate-reply"

// markedAddress is where the kept reply is shown: at the held request's own path, so that relative links work.
func markedAddress(j journey.Journey) string {
	return j.Imprint.Path + "?" + replyParameter + "=" + string(j.ID)
}

// replyMarker is the id of the journey whose kept reply is wanted, or empty.
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
		g.Runner.Seen(r.Context(), p.Journey)
		g.stream(w, r, p.Reply)
	case p.Journey.ShowsReply(g.Runner.Now()):
		sendOn(w, r, markedAddress(p.Journey))
	case err != nil:
		g.Log.WarnContext(r.Context(), "delivery", "journey_id", p.Journey.ID, "state", p.Journey.State, "error", err)
		g.answer(w, r, unfinished(p.Journey))
	default:
		g.answer(w, r, stateOf(g.Runner.Seen(r.Context(), p.Journey)))
	}
}

// stream writes the service's answer as the service gave it.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, reply *journey.Reply) {
	defer reply.Close()
	g.cleanAnswer(reply.Header)
	maps.Copy(w.Header(), reply.Header)
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "private, no-cache") // the answer of a pay route is for this browser alone
	} else {
		makePrivate(w.Header())
	}
	w.WriteHeader(reply.Status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(reply.Body); err != nil || reply.Rest == nil {
		return
	}
	_, _ = io.Copy(w, reply.Rest) // a browser that leaves has had its answer
}
