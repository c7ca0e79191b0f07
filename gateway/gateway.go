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
	"sync/atomic"
	"time"

	"paygate/gateway/cookie"
	"paygate/gateway/marker"
	"paygate/gateway/modes"
	"paygate/gateway/origin"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
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

	// Modes returns what the routes do at the moment; nil: what their settings say. It returns the same set until
	// something changes.
	Modes func(context.Context) *modes.Set

	Runner  *journey.Runner
	Paid    Paid
	Cookies *cookie.Jar
	Pages   *pages.Pages
	Keys    http.Handler     // serves the signing keys
	Webhook *webhook.Handler // nil: webhooks are answered 404

	DoctorToken string // lets the doctor ask how its request arrived; may be empty
	Log         *slog.Logger

	// Began, if set, is called for every request with its kind: "pass_through", "pay", "own" or "refused". Ended, if
	// set, is called when it was answered; a status of 0 means that it was not.
	Began func(kind string)
	Ended func(kind string, status int, took time.Duration)
	// Trace, if set, is called for every request, before it is classified. It returns the request to go on with, and a
	// function that is called when it was answered.
	Trace func(*http.Request) (*http.Request, func(kind, method, route string, status int))
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
	shared  *shared
	modes   func(context.Context) *modes.Set
	current atomic.Pointer[handlers]
	// cautious serves requests that are the same in every mode, without asking for the modes.
	cautious *handlers
}

// New returns a Gateway. The caller must not change the routes afterwards.
func New(o Options) *Gateway {
	settings := o.settings()
	if o.Modes == nil {
		o.Modes = func(context.Context) *modes.Set { return settings }
	}
	g := &Gateway{shared: newShared(o), modes: o.Modes}
	g.cautious = newHandlers(g.shared, settings.AsUnknown())
	g.current.Store(g.cautious)
	return g
}

// ServeHTTP refuses a request, answers it, takes it to a pay route, or passes it through as it is.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := observe(w)
	w = seen
	if endsConnection(r) {
		w.Header().Set("Connection", "close")
	}
	limitIdleTime(w, r, bodyIdleTimeout)
	identify(r, g.shared.Proxy.Clients)
	if g.shared.Trace != nil {
		r, seen.traced = g.shared.Trace(r)
	}
	r, mark := marker.Cut(r)
	h, decision := g.cautious, g.cautious.classifier.Classify(r)
	if h.needsModes(r, decision) {
		h = g.handlersNow(r.Context())
		decision = h.classifier.Classify(r)
	}
	h.serve(seen, r, decision, mark)
}

// handlersNow returns the handlers for the modes that the routes have now. A request is served to its end by the
// handlers that it began with, so that a change in between cannot let it pass half charged.
func (g *Gateway) handlersNow(ctx context.Context) *handlers {
	set := g.modes(ctx)
	h := g.current.Load()
	if h.set != set {
		h = newHandlers(g.shared, set)
		g.current.Store(h)
	}
	return h
}

// endsConnection reports whether others may frame a request differently, so that no further request may come on its
// connection. net/http ignores Transfer-Encoding in HTTP/1.0, so there no framing is certain.
func endsConnection(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || !r.ProtoAtLeast(1, 1)
}

// Drain stops new journeys from starting. Open journeys and free traffic go on.
func (g *Gateway) Drain() {
	close(g.shared.draining)
	if g.shared.Webhook != nil {
		g.shared.Webhook.Drain()
	}
}

// Wait blocks until the work that webhooks started has ended. Call it when no more requests come in.
func (g *Gateway) Wait() {
	if g.shared.Webhook != nil {
		g.shared.Webhook.Wait()
	}
}
