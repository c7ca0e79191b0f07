package gateway

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"paygate/gateway/cookie"
)

// recipient is what Paygate has to know of the browser that an answer of the service goes to.
type recipient struct {
	origin  *url.URL // of ours, that it is at, or is led to when it wants to pay
	led     bool     // it is at another host
	path    string   // of what it asked for
	cookies []string // the Cookie lines that it sent, without ours
	ticket  bool     // it sent our cookie
}

func (g *Gateway) recipientWith(host string) recipient {
	found := g.Origins.Find(host)
	return recipient{origin: cmp.Or(found, g.Origins.Main()), led: found == nil}
}

// recipientAt returns the sender of a request, which is as it came.
func (g *Gateway) recipientAt(in *http.Request) recipient {
	to := g.recipientWith(g.clientOf(in).host)
	to.path, to.ticket = "/", cookie.IsSent(in.Header)
	if target, err := parseTarget(in, g.Origins); err == nil {
		to.path = target.path
	}
	if line := cookie.Others(in.Header); line != "" {
		to.cookies = []string{line}
	}
	return to
}

// recipientOf returns the sender of a request that has gone out to the service.
func (g *Gateway) recipientOf(out *http.Request) recipient {
	to := g.recipientWith(out.Header.Get("X-Forwarded-Host"))
	to.path, to.cookies, to.ticket = out.URL.EscapedPath(), out.Header["Cookie"], out.Context().Value(ticketKey{}) != nil
	return to
}

// formsLeadTo returns the origins to which the forms of a page may lead through Paygate.
func (g *Gateway) formsLeadTo(to recipient) []string {
	if !to.led {
		return g.CardOrigins
	}
	return append(slices.Clone(g.CardOrigins), to.origin.String())
}

// ticketKey is the context key of requests that came with our cookie, which is not sent to the service.
type ticketKey struct{}

// withTicketNoted notes whether a request has our cookie.
func withTicketNoted(r *http.Request) *http.Request {
	if !cookie.IsSent(r.Header) {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), ticketKey{}, true))
}
