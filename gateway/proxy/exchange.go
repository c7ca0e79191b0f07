package proxy

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"

	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/headers"
	"paygate/gateway/marker"
)

// exchange is one request on its way to the service and back.
type exchange struct {
	*Proxy
	Request
	client Client
}

// rewrite prepares the outgoing request. httputil has already removed hop-by-hop headers, so that no client can remove
// one of ours by naming it in Connection.
func (x exchange) rewrite(pr *httputil.ProxyRequest) {
	x.setTarget(pr.Out.URL)
	pr.Out.Trailer = nil
	pr.Out.Host = cmp.Or(x.Host, x.In.Host)
	x.rewriteHeader(pr.Out.Header)
}

// setTarget makes net/http write the target unchanged. Opaque is for paths that net/url would escape again. A target
// that begins with two slashes, which it would take for a host, was refused before.
func (x exchange) setTarget(out *url.URL) {
	*out = url.URL{
		Scheme: x.Upstream.Scheme, Host: x.Upstream.Host,
		RawPath: x.Path, RawQuery: x.Query, ForceQuery: x.HasQuery && x.Query == "",
	}
	out.Path, _ = url.PathUnescape(x.Path)
	if out.EscapedPath() != x.Path {
		out.Opaque = x.Path
	}
}

// rewriteHeader removes what must not reach the service, and adds what only Paygate may say.
func (x exchange) rewriteHeader(header http.Header) {
	if x.client.Trusted {
		for _, name := range []string{"Forwarded", "X-Forwarded-Port", "X-Forwarded-Server"} {
			if values, given := x.In.Header[name]; given {
				header[name] = values
			}
		}
	}
	headers.Clean(header, x.client.Trusted)
	cookie.StripHeader(header)
	marker.CutReferrer(header)
	if _, given := header["User-Agent"]; !given {
		header["User-Agent"] = nil // net/http would name itself
	}
	status := "none"
	switch {
	case x.OnPrice != nil:
		status = "quote"
	case x.Free:
		status = "free"
	}
	// The four values share one array. Each slice has no spare capacity, so that appending to one changes no other.
	values := []string{x.client.ForwardedFor(x.In), x.client.Host, x.client.Proto, status}
	for i, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Paygate-Status"} {
		header[name] = values[i : i+1 : i+1]
	}
	if id, given := x.In.Header["X-Request-Id"]; given { // also if the client names it in Connection
		header["X-Request-Id"] = id
	}
	maps.Copy(header, x.Paid)
}

var (
	// errPriced stops a 402, which is for Paygate only.
	errPriced = errors.New("the service named a price")
	// errNoStatus: net/http can read such answers, but not write them.
	errNoStatus = errors.New("the service's answer has no status")
	// errUnasked: a 101 that the client did not ask for would open a tunnel past the pay routes.
	errUnasked = errors.New("the service switched protocols unasked")
)

// modifyResponse prepares an answer of the service for the browser. One that names a price goes no further.
func (x exchange) modifyResponse(answer *http.Response) error {
	switch {
	case answer.StatusCode < http.StatusContinue:
		return errNoStatus
	case answer.StatusCode == http.StatusSwitchingProtocols && answer.Request.Header["Upgrade"] == nil:
		return errUnasked
	case answer.StatusCode == http.StatusPaymentRequired && x.OnPrice != nil:
		priced := answer.Header.Clone()
		x.clean(answer.Header)
		x.OnPrice(priced, answer.Header["Set-Cookie"])
		return errPriced
	}
	x.clean(answer.Header)
	if answer.StatusCode != http.StatusSwitchingProtocols {
		answer.Trailer = nil
		if answer.ContentLength < 0 { // only then is a trailer possible (RFC 9112 section 7.1.2)
			answer.Body = withoutTrailer{answer.Body, answer}
		}
	}
	if x.onPayRoute() {
		headers.MakePrivate(answer.Header)
	}
	return nil
}

func (x exchange) clean(header http.Header) {
	x.cleanReply(header, x.In, x.client.Host, x.Path)
}

// withoutTrailer drops the trailer that net/http fills in when the body has been read.
type withoutTrailer struct {
	io.ReadCloser
	answer *http.Response
}

func (b withoutTrailer) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.answer.Trailer = nil
	}
	return n, err
}

// Close drops the trailer too.
func (b withoutTrailer) Close() error {
	err := b.ReadCloser.Close()
	b.answer.Trailer = nil
	return err
}

// failed answers a request that the service did not answer. A browser that has left gets nothing.
func (x exchange) failed(w http.ResponseWriter, _ *http.Request, err error) {
	switch {
	case errors.Is(err, errPriced):
	case errors.Is(err, context.Canceled):
		// Returning would send an empty 200 to a browser that has closed only its own half.
		panic(http.ErrAbortHandler)
	default:
		x.OnError(w, x.In, err)
	}
}

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
