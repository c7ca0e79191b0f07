package gateway

import (
	"errors"
	"net/http"

	"paygate/gateway/match"
	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// forward passes a request through as it came.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request) { g.proxy.Serve(w, asSent(r)) }

// asSent returns a request that has been classified, with its target as it came.
func asSent(r *http.Request) proxy.Request {
	t, _ := match.ParseTarget(r, origin.List{{Host: r.Host}})
	return proxy.Request{In: r, Path: t.Path, Query: t.Query, HasQuery: t.HasQuery}
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
