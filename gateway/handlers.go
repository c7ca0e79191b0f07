package gateway

import (
	"net/http"
	"time"

	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/gateway/proxy"
	"paygate/gateway/quota"
	"paygate/journey"
)

// shared is what the handlers for all modes share.
type shared struct {
	Options
	respond   *responder
	forwarder *forwarder
	tickets   *tickets
	quotas    *quota.Quotas
	draining  chan struct{} // closed when no new journeys may start any more
}

func newShared(o Options) *shared {
	respond := &responder{o.Pages, o.Language, o.Prefix, o.HoldMaxBytes, o.Methods, o.Log}
	return &shared{
		o, respond, newForwarder(respond, o.Proxy), &tickets{respond, o.Cookies, o.Runner},
		quota.New(o.Runner.Store, o.Runner.Now, o.Log), make(chan struct{}),
	}
}

// handlers serve requests while the routes have the modes of one set.
type handlers struct {
	*responder
	set         *modes.Set
	classifier  *match.Classifier
	routes      routes
	intake      *intake
	hosts       *hosts
	refuser     *refuser
	shadow      *shadow
	replies     *replies
	submissions *submissions
	passes      *passes
	own         *own
	clients     proxy.Clients
	began       func(kind string)                                 // may be nil
	ended       func(kind string, status int, took time.Duration) // may be nil
}

func newHandlers(s *shared, set *modes.Set) *handlers {
	o, respond := s.Options, s.respond
	o.Routes = withModes(o.Routes, set)
	all, classifier := routes(o.Routes), newClassifier(o, modes.Free, modes.Shadow)
	own := newOwn(respond, o.Origins)
	intake := &intake{respond, o.Spool, o.Acquire, o.Proxy.Clients, all}
	hosts := newHosts(respond, o.Proxy.Clients, all)
	refuser := &refuser{respond, all}
	shadow := &shadow{s.forwarder, shadowClassifier(o), all, o.Shadowed}
	replies := &replies{s.tickets, s.forwarder.proxy, decidingNames(o.Routes)}
	payments := &payments{s.tickets, intake, all, s.quotas, s.forwarder.proxy, o.RefuseCards, s.draining}
	passes := &passes{payments, replies, shadow, classifier, o.Paid}

	own.handleGet("/return", &returns{s.tickets, replies})
	own.handleGet("/status", &statusPage{s.tickets, replies, o.Proxy.Clients, o.DoctorToken})
	own.handleGet("/keys", o.Keys)
	own.handleForm("/again", payments.handler(o.Runner.Again))
	own.handleForm("/resume", payments.handler(o.Runner.Resume))
	own.handleForm("/pass", http.HandlerFunc(passes.buyOther))
	if o.Webhook != nil {
		own.mux.Handle("POST /webhook", o.Webhook)
	}
	return &handlers{
		respond, set, classifier, all, intake, hosts, refuser, shadow, replies,
		&submissions{payments, replies, hosts, refuser, shadow}, passes, own, o.Proxy.Clients, o.Began, o.Ended,
	}
}

// needsModes reports whether the modes make a difference to a request that was classified as if every route took
// payments. Of the requests that are forwarded, those that are near a pay route do.
func (h *handlers) needsModes(r *http.Request, d match.Decision) bool {
	switch d.Action {
	case match.Forward:
		return d.NeedsForm() || d.WithoutForm || h.hosts.asksForForm(r, d)
	case match.Own:
		return !onlyReads(r.Method)
	default:
		return true
	}
}

// serve serves a request that has been classified. mark is what the marker in its address says.
func (h *handlers) serve(seen *observed, r *http.Request, decision match.Decision, mark marker.Marker) {
	var w http.ResponseWriter = seen
	showsReply := mark.Present && onlyReads(r.Method) && decision.Target.Path != "" && decision.Action != match.Own
	if showsReply { // such a request never reaches the service, whatever its address
		decision = match.Decision{Action: match.Own, Target: decision.Target}
	}
	if decision.Action == match.Forward {
		w, r = formless(w, r, decision)
	}
	if decision.NeedsForm() {
		again, body := h.intake.classifyWithForm(w, r, decision)
		defer body.Close()
		decision = again
	}
	if h.began != nil {
		h.began(kindOf(decision))
	}
	defer h.finish(seen, r, decision)
	switch {
	case showsReply:
		h.replies.heldAddress(w, r, decision.Target, mark)
	case decision.Action == match.Refuse:
		h.refuser.refuse(w, r, decision)
	case decision.Action == match.Own:
		h.own.ServeHTTP(w, r)
	case decision.Action == match.Redirect:
		redirect(w, http.StatusPermanentRedirect, decision.Target.At(decision.Path))
	case decision.Action == match.Pay:
		h.pay(w, r, decision)
	case h.hosts.isAtOtherHost(r) && h.hosts.asksForForm(r, decision):
		h.hosts.toMainOrigin(w, r, decision.Target)
	default:
		h.shadow.passShadowed(w, r)
	}
}

// pay answers a request on a pay route.
func (h *handlers) pay(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	switch {
	case hit.IsFree() && !onlyReads(r.Method) && hit.MayBeOverridden():
		h.submissions.hold(w, r, hit)
	case hit.IsFree() && (r.ContentLength > h.limit || !h.replies.hasJourneyFor(r, hit)):
		h.shadow.passFree(w, r, hit)
	case isPrefetch(r.Header):
		h.answer(w, r, prefetched(r))
	case onlyReads(r.Method) && h.hosts.isAtOtherHost(r):
		h.hosts.toMainOrigin(w, r, hit.Target)
	case h.routes.of(hit.Route).Terms.Kind == journey.KindPass:
		h.passes.pass(w, r, hit)
	default:
		h.submissions.hold(w, r, hit)
	}
}
