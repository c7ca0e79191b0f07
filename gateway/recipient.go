package gateway

import (
	"net/http"
	"net/url"
)

// recipient is the browser that an answer of the service goes to, as far as the answer has to be fitted to it.
type recipient struct {
	origin *url.URL // of ours, that it is at
}

// recipientAt returns the sender of a request, which is as it came.
func (g *Gateway) recipientAt(in *http.Request) recipient {
	return recipient{origin: g.clientOf(in).origin}
}

// recipientOf returns the sender of a request that has gone out to the service.
func (g *Gateway) recipientOf(out *http.Request) recipient {
	return recipient{origin: g.Origins.FindOrMain(out.Header.Get("X-Forwarded-Host"))}
}
