package gateway

import (
	"errors"
	"net/http"

	"paygate/gateway/dial"
	"paygate/gateway/match"
	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// asSent returns a classified request for the proxy, with its target unchanged.
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

// forward passes a request through unchanged.
func (f *forwarder) forward(w http.ResponseWriter, r *http.Request) { f.proxy.Serve(w, asSent(r)) }

// upstreamFailed answers a request if the service does not, or if the request's own body broke off.
func (f *forwarder) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if unread, ok := errors.AsType[unreadBody](err); ok {
		f.answer(w, r, unreadable(unread.cause))
		return
	}
	f.log.WarnContext(r.Context(), "the service does not answer", "error", dial.Cause(err))
	if dial.IsTimeout(err) {
		f.answer(w, r, serviceSlow)
		return
	}
	f.answer(w, r, serviceDown)
}

// formless returns a request as the service gets it if it passes, and the writer for its answer.
func formless(w http.ResponseWriter, r *http.Request, d match.Decision) (http.ResponseWriter, *http.Request) {
	switch {
	case !d.WithoutForm:
		return w, r
	case r.Method == http.MethodHead:
		return headWriter{w}, withoutForm(r, d.Target)
	default:
		return w, withoutForm(r, d.Target)
	}
}

// withoutForm returns a copy of a safe request without anything that a service may take for a form. HEAD becomes GET.
func withoutForm(r *http.Request, t match.Target) *http.Request {
	safe := r.WithContext(r.Context())
	safe.Header = r.Header.Clone()
	safe.Body, safe.ContentLength, safe.TransferEncoding = http.NoBody, 0, nil
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length"} {
		safe.Header.Del(name)
	}
	switch r.Method {
	case http.MethodHead:
		safe.Method = http.MethodGet
		safe.Header.Del("Upgrade") // or it might open a WebSocket
	case http.MethodOptions:
		safe.RequestURI = t.Path
	}
	return safe
}

// headWriter drops the body of the answer to a HEAD that went to the service as GET.
type headWriter struct{ http.ResponseWriter }

// Write discards the body.
func (headWriter) Write(text []byte) (int, error) { return len(text), nil }

// Unwrap lets http.ResponseController flush and hijack.
func (w headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
