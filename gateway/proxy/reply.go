package proxy

import (
	"net/http"
	"slices"

	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/headers"
)

// recipient is what Paygate has to know of the browser that an answer of the service goes to.
type recipient struct {
	host   string
	path   string      // of what it asked for
	header http.Header // of its request
}

// CleanReply makes the header of an answer of the service fit to go to the browser that sent the request, for that
// path.
func (p *Proxy) CleanReply(header http.Header, in *http.Request, path string) {
	p.cleanReply(header, recipient{p.Clients.Of(in).Host, path, in.Header})
}

// cleanReply removes from an answer's header what is ours, and turns what would lead the browser astray.
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
