package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/delivery"
	"paygate/gateway/headers"
	"paygate/gateway/marker"
	"paygate/gateway/origin"
)

// paidKey is the context key of the headers for a request that is paid for.
type paidKey struct{}

// withPaidHeader says that a request is a fetch of a paid pass, by these headers. An upgrade has no place there.
func withPaidHeader(r *http.Request, paid http.Header) *http.Request {
	r.Header.Del("Upgrade")
	return r.WithContext(context.WithValue(r.Context(), paidKey{}, paid))
}

// paidHeader is what withPaidHeader said; nil of any other request.
func paidHeader(r *http.Request) http.Header {
	paid, _ := r.Context().Value(paidKey{}).(http.Header)
	return paid
}

// isOnPayRoute tells whether a request that passes through is a fetch of a paid pass, or asks for a price.
func isOnPayRoute(r *http.Request) bool { return paidHeader(r) != nil || quoteOf(r) != nil }

// newPassThrough makes the way of everything that is no pay route: method, raw target and body go as they came.
func (g *Gateway) newPassThrough() http.Handler {
	lent := newBuffers()
	proxy := &httputil.ReverseProxy{
		Rewrite:        g.rewrite,
		Transport:      g.newTransports(lent),
		ModifyResponse: g.modifyResponse,
		ErrorHandler:   g.upstreamFailed,
		ErrorLog:       log.New(brokenAnswers{g.Log}, "", 0),
		BufferPool:     lent,
		FlushInterval:  100 * time.Millisecond, // of an answer that stands still, what came is shown
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.WebSockets || !isWebSocket(r) {
			r.Header.Del("Upgrade") // an h2c tunnel would carry pay routes past us unseen
		}
		answer := &finalHeader{ResponseWriter: w, gateway: g, asked: r, ends: endsConnection(r)}
		defer func() {
			if cause := recover(); cause != nil { // httputil's own, where an answer breaks off
				answer.flush()
				panic(cause)
			}
		}()
		proxy.ServeHTTP(answer, withTicketNoted(r))
	})
}

// cutOff ends an answer that broke off: what has come is the citizen's, and to return would make it look complete.
func cutOff(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// finalHeader mends the header of an answer at the last moment, where net/http and httputil leave no other place.
type finalHeader struct {
	http.ResponseWriter
	gateway *Gateway
	asked   *http.Request // as it came
	ends    bool          // the connection ends after this answer
	begun   bool          // the final header is written
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *finalHeader) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// flush sends what has been written; nothing where that is nothing.
func (w *finalHeader) flush() {
	if w.begun {
		_ = http.NewResponseController(w).Flush()
	}
}

// WriteHeader cleans early hints, which httputil passes on as they came, and keeps other interim answers back: nobody has asked
// for them. A client of HTTP/1.0 would take any interim answer for the answer itself, and gets none. httputil clears the header
// after each, so "close" is set here; and net/http must not guess a type for an answer without one.
func (w *finalHeader) WriteHeader(status int) {
	header := w.Header()
	switch {
	case status == http.StatusEarlyHints && w.asked.ProtoAtLeast(1, 1):
		w.gateway.cleanAnswer(header, w.gateway.recipientAt(w.asked))
		header.Del("Connection")
	case status < http.StatusOK && status != http.StatusSwitchingProtocols:
		return
	default:
		if _, typed := header["Content-Type"]; !typed {
			header["Content-Type"] = nil
		}
		if w.ends {
			header.Set("Connection", "close")
		}
		w.begun = true
	}
	w.ResponseWriter.WriteHeader(status)
}

func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && len(r.Header["Upgrade"]) == 1 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// rewrite makes the request that goes out. Hop-by-hop headers are gone by now, so that no client can name one of ours in
// Connection.
func (g *Gateway) rewrite(pr *httputil.ProxyRequest) {
	target, _ := parseTarget(pr.In, origin.List{{Host: pr.In.Host}}) // judged before
	path := target.path
	if isOnPayRoute(pr.In) {
		path = withoutParameters(path) // the address that is paid for, and signed
	}
	setTarget(pr.Out.URL, g.Upstream, target, path)
	pr.Out.Trailer = nil
	pr.Out.Host = cmp.Or(g.UpstreamHost, pr.In.Host)
	g.rewriteHeader(pr)
}

// rewriteHeader takes out of the header what must not reach the service, and adds what only Paygate may say.
func (g *Gateway) rewriteHeader(pr *httputil.ProxyRequest) {
	client := g.clientOf(pr.In)
	header := pr.Out.Header
	if client.trusted {
		for _, name := range []string{"Forwarded", "X-Forwarded-Port", "X-Forwarded-Server"} {
			if values, given := pr.In.Header[name]; given {
				header[name] = values
			}
		}
	}
	headers.Clean(header, client.trusted)
	cookie.StripHeader(header)
	marker.CutReferrer(header)
	if _, given := header["User-Agent"]; !given {
		header["User-Agent"] = nil // net/http would name itself
	}
	status := "none"
	if quoteOf(pr.In) != nil {
		status = "quote"
	}
	// The four values lie in one slice, each without room to grow, so that what is appended to one changes no other.
	said := []string{forwardedFor(pr.In, client), client.host, client.proto, status}
	for i, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Paygate-Status"} {
		header[name] = said[i : i+1 : i+1]
	}
	maps.Copy(header, paidHeader(pr.In))
}

// forwardedFor adds the peer to the list that trusted proxies pass on; anybody else's list is not believed.
func forwardedFor(in *http.Request, c client) string {
	if before := strings.Join(in.Header["X-Forwarded-For"], ", "); c.trusted && before != "" {
		return before + ", " + peerAddress(in)
	}
	return peerAddress(in)
}

// setTarget makes net/http write the target as it came. Opaque is for paths that net/url would escape again; a target that
// begins with two slashes, which it would take for a host, has been refused.
func setTarget(out, to *url.URL, t target, path string) {
	*out = url.URL{Scheme: to.Scheme, Host: to.Host, RawPath: path, RawQuery: t.query, ForceQuery: t.hasQuery && t.query == ""}
	out.Path, _ = url.PathUnescape(path)
	if out.EscapedPath() != path {
		out.Opaque = path
	}
}

// modifyResponse makes an answer of the service fit to go to the citizen; that which names a price goes nowhere.
func (g *Gateway) modifyResponse(answer *http.Response) error {
	if answer.StatusCode < http.StatusContinue {
		return errNoStatus
	}
	if answer.StatusCode == http.StatusSwitchingProtocols && answer.Request.Header["Upgrade"] == nil {
		return errUnasked
	}
	to := g.recipientOf(answer.Request)
	if q := quoteOf(answer.Request); q != nil && answer.StatusCode == http.StatusPaymentRequired {
		return q.take(answer, func(header http.Header) { g.cleanAnswer(header, to) })
	}
	g.cleanAnswer(answer.Header, to)
	if answer.StatusCode != http.StatusSwitchingProtocols {
		answer.Trailer = nil
		if answer.ContentLength < 0 { // only then is a trailer possible (RFC 9112 section 7.1.2)
			answer.Body = withoutTrailer{answer.Body, answer}
		}
	}
	if isOnPayRoute(answer.Request) {
		headers.MakePrivate(answer.Header)
	}
	return nil
}

// errNoStatus: net/http reads such answers, and cannot write them.
var errNoStatus = errors.New("the service's answer has no status")

// errUnasked: to a request without Upgrade the service answered 101, which would open a tunnel past the pay routes.
var errUnasked = errors.New("the service switched protocols unasked")

// cleanAnswer takes out of an answer's header what is ours, and turns what would lead the browser astray.
func (g *Gateway) cleanAnswer(header http.Header, to recipient) {
	header.Del("Trailer")
	delivery.PublicReply(header, g.Upstream, g.UpstreamHost, to.origin)
	cookie.StripSet(header)
	keepTicket(header, to)
	csp.AllowForms(header, g.formsLeadTo(to))
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

// Close drops what the last read filled in.
func (b withoutTrailer) Close() error {
	err := b.ReadCloser.Close()
	b.answer.Trailer = nil
	return err
}

// upstreamFailed answers when the service does not, be it that what the citizen sent broke off. A browser that left gets
// nothing.
func (g *Gateway) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errQuoted) {
		return
	}
	if errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // to return would be an empty 200 for a browser that only closed its own half
	}
	if unread := (unreadBody{}); errors.As(err, &unread) {
		g.answer(w, r, unreadable(unread.cause, g.HoldMaxBytes))
		return
	}
	g.Log.WarnContext(r.Context(), "the service does not answer", "error", brokenBy(err))
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		g.answer(w, r, serviceSlow)
		return
	}
	g.answer(w, r, serviceDown)
}

// brokenBy says what broke a connection. The texts of net/http are not for the log: they quote what could not be read, which
// may be a cookie, and name addresses with their queries.
func brokenBy(err error) string {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &network):
		return network.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "nothing came in time"
	default:
		return "what came cannot be read"
	}
}

// brokenAnswers notes that answers broke off, and not what httputil says of it.
type brokenAnswers struct{ log *slog.Logger }

// Write drops the text.
func (b brokenAnswers) Write(text []byte) (int, error) {
	b.log.Debug("an answer of the service broke off")
	return len(text), nil
}
