package gateway

import (
	"errors"
	"net/http"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// forward passes a request through as it came.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request) { g.proxy.Serve(w, asSent(r)) }

// asSent is a request whose target has been judged before.
func asSent(r *http.Request) proxy.Request {
	t, _ := parseTarget(r, origin.List{{Host: r.Host}})
	return proxy.Request{In: r, Path: t.path, Query: t.query, HasQuery: t.hasQuery}
}

// upstreamFailed answers when the service does not, or when what the citizen sent broke off.
func (g *Gateway) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if unread := (unreadBody{}); errors.As(err, &unread) {
		g.answer(w, r, unreadable(unread.cause, g.HoldMaxBytes))
		return
	}
	g.Log.WarnContext(r.Context(), "the service does not answer", "error", proxy.Cause(err))
	if proxy.IsTimeout(err) {
		g.answer(w, r, serviceSlow)
		return
	}
	g.answer(w, r, serviceDown)
}
