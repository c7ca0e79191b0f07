package gateway

import (
	"errors"
	"net/http"

	"paygate/gateway/match"
	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// asSent returns a request that has been classified, with its target as it came.
func asSent(r *http.Request) proxy.Request {
	t, _ := match.ParseTarget(r, origin.List{{Host: r.Host}})
	return proxy.Request{In: r, Path: t.Path, Query: t.Query, HasQuery: t.HasQuery}
}

// forwarder passes requests through to the service.
type forwarder struct {
	*responder
	proxy *proxy.Proxy
}

func newForwarder(respond *responder, o proxy.Options) *forwarder {
	f := &forwarder{responder: respond}
	o.OnError = f.upstreamFailed
	f.proxy = proxy.New(o)
	return f
}

// forward passes a request through as it came.
func (f *forwarder) forward(w http.ResponseWriter, r *http.Request) { f.proxy.Serve(w, asSent(r)) }

// upstreamFailed answers when the service does not, or when what the citizen sent broke off.
func (f *forwarder) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if unread := (unreadBody{}); errors.As(err, &unread) {
		f.answer(w, r, unreadable(unread.cause))
		return
	}
	f.log.WarnContext(r.Context(), "the service does not answer", "error", proxy.Cause(err))
	if proxy.IsTimeout(err) {
		f.answer(w, r, serviceSlow)
		return
	}
	f.answer(w, r, serviceDown)
}
