package gateway

import (
	"context"
	"net/http"
	"net/url"

	"paygate/gateway/cookie"
)

// recipient is the browser that an answer of the service goes to, as far as the answer has to be fitted to it.
type recipient struct {
	origin  *url.URL // of ours, that it is at
	path    string   // of what it asked for
	cookies []string // the Cookie lines that it sent, without ours
	ticket  bool     // it sent our cookie
}

// recipientAt returns the sender of a request, which is as it came.
func (g *Gateway) recipientAt(in *http.Request) recipient {
	to := recipient{origin: g.clientOf(in).origin, path: "/", ticket: cookie.IsSent(in.Header)}
	if target, err := parseTarget(in, g.Origins); err == nil {
		to.path = target.path
	}
	if line := serviceCookies(in.Header); line != "" {
		to.cookies = []string{line}
	}
	return to
}

// recipientOf returns the sender of a request that has gone out to the service.
func (g *Gateway) recipientOf(out *http.Request) recipient {
	return recipient{
		origin: g.Origins.FindOrMain(out.Header.Get("X-Forwarded-Host")), path: out.URL.EscapedPath(),
		cookies: out.Header["Cookie"], ticket: out.Context().Value(ticketKey{}) != nil,
	}
}

// ticketKey is the context key of requests that came with our cookie, which the service does not get.
type ticketKey struct{}

// withTicketNoted notes whether a request has our cookie.
func withTicketNoted(r *http.Request) *http.Request {
	if !cookie.IsSent(r.Header) {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), ticketKey{}, true))
}
