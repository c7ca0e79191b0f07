// Package gateway is the handler of the public listener. It passes requests through to a legacy service, holds those
// that cost money, and sends their citizens to GOV.UK Pay and back.
//
// [Gateway.ServeHTTP] shows what can happen to a request. Package match decides which pay route it is for. Each kind
// of request has a file and a small handler: submissions are held in hold.go; passes are in pass.go; payments are
// started in payments.go, at a price of the service in quote.go; returns from Pay are in return.go; replies of the
// service in reply.go; our own addresses in own.go; everything else is passed through in forward.go and shadow.go. A
// responder writes Paygate's own answers. Package journey decides what happens to a held request.
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

// Options are what a Gateway needs. All fields are required unless they say otherwise.
type Options struct {
	Origins origin.List // where citizens see the service
	Prefix  string      // of our own addresses, "/_pay"
	Routes  []Route
	Proxy   proxy.Options // New sets OnError

	HoldMaxBytes  int64
	Language      []LanguageSource // where to find the citizen's language, in order; may be empty
	Methods       []string         // further methods to let through; may be empty
	RefuseCards   bool             // refuse held forms that carry a payment card number
	RefuseActions bool             // refuse calls of Next.js Server Actions anywhere but on pay routes

	// Spool stores the bodies of requests until the store takes them. Acquire is called before a body of this many
	// bytes is in memory as a whole, and release when it no longer is.
	Spool   *spool.Spool
	Acquire func(ctx context.Context, bytes int64) (release func(), err error)

	Runner  *journey.Runner
	Paid    Paid
	Cookies *cookie.Jar
	Pages   *pages.Pages
	Keys    http.Handler     // serves the signing keys
	Webhook *webhook.Handler // nil: webhooks are answered 404

	DoctorToken string // lets the doctor ask how its request arrived; may be empty
	Log         *slog.Logger

	// Counted, if set, is called for every request with its kind: "pass_through", "pay", "own" or "refused".
	Counted func(kind string)
	// Shadowed, if set, is called for a request on a route in shadow mode, with what Paygate would have done with it:
	// "held", "priced" or "refused".
	Shadowed func(route, what string)
}

// Paid makes the headers that tell the service that a pass is paid for.
type Paid interface {
	PassHeader(j journey.Journey, method, path, query string) (http.Header, error)
}

// Gateway is the handler of the public listener. It is safe for concurrent use.
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

// New returns a Gateway. The caller must not change the routes afterwards.
func New(o Options) *Gateway {
	all, classifier := routes(o.Routes), newClassifier(o, ModeFree, ModeShadow)
	respond := &responder{o.Pages, o.Language, o.Prefix, o.HoldMaxBytes, o.Methods, o.Log}
	own, forwarder := newOwn(respond, o.Origins), newForwarder(respond, o.Proxy)
	tickets := &tickets{respond, o.Cookies, o.Runner}
	intake := &intake{respond, o.Spool, o.Acquire, o.Proxy.Clients, all}
	hosts := newHosts(respond, o.Proxy.Clients, all)
	refuser := &refuser{respond, all}
	shadow := &shadow{forwarder, shadowClassifier(o), all, o.Shadowed}
	replies := &replies{tickets, forwarder.proxy, decidingNames(o.Routes)}
	quotas := quota.New(o.Runner.Store, o.Runner.Now, o.Log)
	payments := &payments{tickets, intake, all, quotas, forwarder.proxy, o.RefuseCards, make(chan struct{})}
	passes := &passes{payments, replies, shadow, classifier, o.Paid}

	own.handleGet("/return", &returns{tickets, replies})
	own.handleGet("/status", &statusPage{tickets, replies, o.Proxy.Clients, o.DoctorToken})
	own.handleGet("/keys", o.Keys)
	own.handleForm("/again", payments.handler(o.Runner.Again))
	own.handleForm("/resume", payments.handler(o.Runner.Resume))
	own.handleForm("/pass", http.HandlerFunc(passes.buyOther))
	if o.Webhook != nil {
		own.mux.Handle("POST /webhook", o.Webhook)
	}
	return &Gateway{
		respond, classifier, all, intake, hosts, refuser, shadow, replies,
		&submissions{payments, replies, hosts, refuser, shadow}, passes, own, o.Webhook, o.Counted,
	}
}

// ServeHTTP refuses a request, answers it, takes it to a pay route, or passes it through as it is.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if endsConnection(r) {
		w.Header().Set("Connection", "close")
	}
	limitIdleTime(w, r, bodyIdleTimeout)
	r, mark := marker.Cut(r)
	decision := g.classifier.Classify(r)
	showsReply := mark.Present && onlyReads(r.Method) && decision.Target.Path != "" && decision.Action != match.Own
	if showsReply { // such a request never reaches the service, whatever its address
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
	if g.counted != nil {
		g.counted(kindOf(decision))
	}
	if decision.Action != match.Forward {
		recorder := &statusRecorder{ResponseWriter: w}
		defer func() { g.logRequest(r, decision, recorder.status) }()
		w = recorder
	}
	switch {
	case showsReply:
		g.replies.heldAddress(w, r, decision.Target, mark)
	case decision.Action == match.Refuse:
		g.refuser.refuse(w, r, decision)
	case decision.Action == match.Own:
		g.own.ServeHTTP(w, r)
	case decision.Action == match.Redirect:
		redirect(w, http.StatusPermanentRedirect, decision.Target.At(decision.Path))
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

// endsConnection reports whether others may frame a request differently, so that no further request may come on its
// connection. net/http ignores Transfer-Encoding in HTTP/1.0, so there no framing is certain.
func endsConnection(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || !r.ProtoAtLeast(1, 1)
}

// statusRecorder remembers the status of an answer for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the first status that is not interim.
func (s *statusRecorder) WriteHeader(status int) {
	if s.status < http.StatusOK {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and hijack.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// logRequest logs a request that Paygate itself answers or holds, without any part of its address.
func (g *Gateway) logRequest(r *http.Request, d match.Decision, status int) {
	route := ""
	if d.Route != nil {
		route = d.Route.Name
	}
	g.log.InfoContext(r.Context(), "request",
		"kind", kindOf(d), "method", g.methodName(r), "route", route, "status", status)
}

// kindOf returns the name of a decision in the metrics.
func kindOf(d match.Decision) string {
	switch d.Action {
	case match.Own:
		return "own"
	case match.Pay:
		return "pay"
	case match.Refuse, match.Redirect:
		return "refused"
	default:
		return "pass_through"
	}
}

// pay answers a request on a pay route.
func (g *Gateway) pay(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	switch {
	case hit.IsFree() && (r.ContentLength > g.limit || !g.replies.hasJourneyFor(r, hit)):
		g.shadow.passFree(w, r, hit)
	case isPrefetch(r.Header):
		g.answer(w, r, prefetched(r))
	case onlyReads(r.Method) && g.hosts.isAtOtherHost(r):
		g.hosts.toMainOrigin(w, r, hit.Target)
	case g.routes.of(hit.Route).Terms.Kind == journey.KindPass:
		g.passes.pass(w, r, hit)
	default:
		g.submissions.hold(w, r, hit)
	}
}

// Drain stops new journeys from starting. Open journeys and free traffic go on.
func (g *Gateway) Drain() { close(g.submissions.draining) }

// Wait blocks until the work that webhooks started has ended. Call it when no more requests come in.
func (g *Gateway) Wait() {
	if g.webhook != nil {
		g.webhook.Wait()
	}
}
