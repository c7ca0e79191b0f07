package proxy

import (
	"net/http"
	"slices"

	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/headers"
)

// recipient describes the browser to which an answer of the service goes.
type recipient struct {
	host   string
	path   string      // of what it asked for
	header http.Header // of its request
}

// CleanReply prepares the header of an answer of the service for the browser that asked for the path.
func (p *Proxy) CleanReply(header http.Header, in *http.Request, path string) {
	p.cleanReply(header, recipient{p.Clients.Of(in).Host, path, in.Header})
}

// cleanReply removes our own headers from an answer, and corrects addresses that would lead the browser away.
func (p *Proxy) cleanReply(header http.Header, to recipient) {
	origin, leadsTo := p.Clients.Origins.Find(to.host), p.CardOrigins
	if origin == nil { // from another host a form leads to the main origin first
		origin = p.Clients.Origins.Main()
		leadsTo = append(slices.Clone(leadsTo), origin.String())
	}
	header.Del("Trailer")
	headers.CleanReply(header, p.Upstream, p.Host, origin)
	cookie.StripSet(header)
	if cookie.IsSent(to.header) {
		keepTicket(header, expiry{origin, to.path, cookie.Others(to.header)})
	}
	csp.AllowForms(header, leadsTo)
}
