// Package gateway is the public door of Paygate: it stands in front of a legacy service, holds the requests that cost
// money, sends their citizens to GOV.UK Pay, takes them back, and lets everything else through untouched.
//
// [Gateway.ServeHTTP] is the whole way of a request on one screen. Its target is read in target.go and judged in
// judge.go, on all that package reading says it may be read as; what comes in is read and looked at in incoming.go
// and held in hold.go; the citizen's return is return.go, the service's answer to them reply.go; passes are pass.go;
// everything else is passed on in passthrough.go. What happens to a held request is package journey's business: this
// one only knows who asks, and what to answer.
package gateway

import (
	"context"
	"log/slog"
	"net/http"

	"paygate/gateway/cookie"
	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/origin"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/gateway/quota"
	"paygate/gateway/spool"
	"paygate/gateway/webhook"
	"paygate/journey"
)

// Options are what a Gateway is made of. All fields are required but where it says otherwise.
type Options struct {
	Origins origin.List // at which citizens see the service
	Prefix  string      // our own addresses live under it, "/_pay"
	Routes  []Route
	Proxy   proxy.Options // OnError is the gateway's

	HoldMaxBytes  int64
	Language      []LanguageSource // where the service keeps the citizen's, in order; may be empty
	Methods       []string         // further methods to let through; may be empty
	RefuseCards   bool             // refuse held forms that carry a payment card number
	RefuseActions bool             // refuse calls of Next.js Server Actions anywhere but on pay routes

	// Spool takes the bodies of held requests while they come in; Acquire is called before one of so many bytes is in
	// memory as a whole, and release is called when it is no more.
	Spool   *spool.Spool
	Acquire func(ctx context.Context, bytes int64) (release func(), err error)

	Runner  *journey.Runner
	Paid    Paid
	Cookies *cookie.Jar
	Pages   *pages.Pages
	Keys    http.Handler     // serves the signing keys
	Webhook *webhook.Handler // nil: webhooks are answered 404

	DoctorToken string // who shows it is told how their request arrived; empty: nobody
	Log         *slog.Logger

	// Counted, where set, hears of every request: "pass_through", "pay", "own" or "refused".
	Counted func(kind string)
	// Shadowed, where set, hears what would have become of a request on a route in shadow mode: "held", "priced" or
	// "refused".
	Shadowed func(route, what string)
}

// Paid makes the headers that tell the service that a pass is paid for.
type Paid interface {
	PassHeader(j journey.Journey, method, path, query string) (http.Header, error)
}

// Gateway is the handler of the public listener. Safe for concurrent use.
type Gateway struct {
	*responder
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
	webhook     *webhook.Handler  // may be nil
	counted     func(kind string) // may be nil
}

// New makes a gateway. It keeps pointers into the routes, which must not change any more.
func New(o Options) *Gateway {
	all, classifier := routes(o.Routes), newClassifier(o, Mode.TakesNothing)
	respond := &responder{o.Pages, o.Language, o.Prefix, o.HoldMaxBytes, o.Methods, o.Log}
	own, tickets, forwarder := newOwn(respond, o.Origins), &tickets{
		respond, o.Cookies,
		o.Runner,
	}, newForwarder(respond, o.Proxy)
	intake := &intake{o.Spool, o.Acquire, o.HoldMaxBytes, o.Proxy.Clients, all, o.Language}
	hosts := newHosts(respond, o.Proxy.Clients, all)
	refuser := &refuser{respond, all}
	shadow := &shadow{forwarder, shadowClassifier(o), all, o.Shadowed}
	replies := &replies{tickets, forwarder.proxy, decidingNames(o.Routes)}
	payments := &payments{tickets}
	starter := &starter{
		payments, intake, all, quota.New(o.Runner.Store, o.Runner.Now, o.Log), make(chan struct{}),
	}
	quoter := &quoter{forwarder, starter}
	passes := &passes{starter, quoter, replies, shadow, classifier, o.Paid, o.RefuseCards}

	own.handleGet("/return", &returns{tickets, replies})
	own.handleGet("/status", &statusPage{tickets, replies, o.Proxy.Clients, o.DoctorToken})
	own.handleGet("/keys", o.Keys)
	own.handleForm("/again", payments.handler(o.Runner.Again))
	own.handleForm("/resume", payments.handler(o.Runner.Resume))
	own.handleForm("/pass", http.HandlerFunc(passes.buy))
	if o.Webhook != nil {
		own.mux.Handle("POST /webhook", o.Webhook)
	}
	return &Gateway{
		respond, classifier, all, intake, hosts, refuser, shadow, replies,
		&submissions{starter, quoter, replies, hosts, refuser, shadow, o.RefuseCards},
		passes, own, o.Webhook, o.Counted,
	}
}

// ServeHTTP is the way of a request: refused, ours, a pay route, or passed through as it is.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if endsConnection(r) {
		w.Header().Set("Connection", "close")
	}
	steady(w, r, bodyIdle)
	r, mark := marker.Cut(r)
	decision := g.classifier.Classify(r)
	showsReply := mark.Present && isReadable(decision) && asksOnly(r.Method)
	if showsReply { // to look at a reply is not a request to the service, whatever its address
		decision = match.Decision{Action: match.Own, Target: decision.Target}
	}
	if decision.Action == match.Forward {
		w, r = formless(w, r, decision)
	}
	if decision.NeedsForm() {
		again, body := g.intake.classifyWithForm(w, r, decision)
		defer body.Close()
		decision = again
	}
	g.count(kindOf(decision))
	if decision.Action != match.Forward {
		seen := &seenStatus{ResponseWriter: w}
		defer func() { g.logRequest(r, decision, seen.status) }()
		w = seen
	}
	switch {
	case showsReply:
		g.replies.heldAddress(w, r, decision.Target, mark)
	case decision.Action == match.Refuse:
		g.refuser.refuse(w, r, decision)
	case decision.Action == match.Own:
		g.own.ServeHTTP(w, r)
	case decision.Action == match.Redirect:
		redirectToSpelling(w, decision)
	case decision.Action == match.Pay:
		g.pay(w, r, decision)
	case g.hosts.asksForForm(r, decision) && g.hosts.isAtOtherHost(r):
		g.hosts.toMainOrigin(w, r, decision.Target)
	default:
		g.log.LogAttrs(r.Context(), slog.LevelDebug, "request",
			slog.String("kind", kindOf(decision)), slog.String("method", g.methodName(r)))
		g.shadow.passShadowed(w, r)
	}
}

// isReadable reports whether a request has an address at the service.
func isReadable(d match.Decision) bool { return d.Target.Path != "" && d.Action != match.Own }

// endsConnection tells whether a request was framed in a way that others may read differently: nothing else shall
// come on its connection. net/http does not look at Transfer-Encoding in HTTP/1.0, so there no framing is sure.
func endsConnection(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || !r.ProtoAtLeast(1, 1)
}

// seenStatus remembers the status of an answer for the log.
type seenStatus struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status; the first one that is not interim counts.
func (s *seenStatus) WriteHeader(status int) {
	if s.status < http.StatusOK {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and hijack.
func (s *seenStatus) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// logRequest is one line for each request that Paygate itself answers or holds; never with any part of its address.
func (g *Gateway) logRequest(r *http.Request, d match.Decision, status int) {
	route := ""
	if d.Route != nil {
		route = d.Route.Name
	}
	g.log.InfoContext(r.Context(), "request", "kind", kindOf(d), "method", g.methodName(r), "route", route, "status",
		status)
}

// pay answers a request on a pay route.
func (g *Gateway) pay(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	route := g.routes.of(hit.Route)
	switch {
	case hit.IsFree() && (r.ContentLength > g.limit || !g.replies.hasJourneyFor(r, hit)):
		w, r = formless(w, r, hit)
		g.shadow.passFree(w, r, route)
	case isPrefetch(r.Header):
		g.answer(w, r, prefetched(r))
	case asksOnly(r.Method) && g.hosts.isAtOtherHost(r):
		g.hosts.toMainOrigin(w, r, hit.Target)
	case route.Terms.Kind == journey.KindPass:
		g.passes.pass(w, r, hit)
	default:
		g.submissions.hold(w, r, hit)
	}
}

func (g *Gateway) count(kind string) {
	if g.counted != nil {
		g.counted(kind)
	}
}

// Drain stops new journeys from beginning; those under way, and free traffic, go on.
func (g *Gateway) Drain() { close(g.submissions.draining) }

// Wait blocks until the work that follows from answered requests has ended. It is for the end, when no more requests
// come in.
func (g *Gateway) Wait() {
	if g.webhook != nil {
		g.webhook.Wait()
	}
}
