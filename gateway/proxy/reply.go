package proxy

import (
	"net/http"
	"slices"

	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/headers"
)

// CleanReply prepares the header of an answer of the service for the browser that asked for the path.
func (p *Proxy) CleanReply(header http.Header, in *http.Request, path string) {
	p.cleanReply(header, in, p.Clients.Of(in).Host, path)
}

// cleanReply removes our own headers from an answer, and corrects addresses that would lead the browser away.
func (p *Proxy) cleanReply(header http.Header, in *http.Request, host, path string) {
	origin, leadsTo := p.Clients.Origins.Find(host), p.CardOrigins
	if origin == nil { // from another host a form leads to the main origin first
		origin = p.Clients.Origins.Main()
		leadsTo = append(slices.Clone(leadsTo), origin.String())
	}
	header.Del("Trailer")
	headers.CleanReply(header, p.Upstream, p.Host, origin)
	cookie.StripSet(header)
	if cookie.IsSent(in.Header) {
		keepTicket(header, expiry{origin, path, cookie.Others(in.Header)})
	}
	csp.AllowForms(header, leadsTo)
}
