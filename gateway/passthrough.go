package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"paygate/gateway/cookie"
	"paygate/gateway/upstream"
)

// paidKey is the context key of the headers for a request that is paid for.
type paidKey struct{}

// withPaidHeader says that a request is a fetch of a paid pass, by these headers. An upgrade has no place there.
func withPaidHeader(r *http.Request, paid http.Header) *http.Request {
	r.Header.Del("Upgrade")
	return r.WithContext(context.WithValue(r.Context(), paidKey{}, paid))
}

// newPassThrough makes the way of everything that is no pay route: method, raw target and body go as they came.
func (g *Gateway) newPassThrough() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:        g.rewrite,
		Transport:      neverTwice{g.newTransport()},
		ModifyResponse: g.modifyResponse,
		ErrorHandler:   g.upstreamFailed,
		ErrorLog:       slog.NewLogLogger(g.Log.Handler(), slog.LevelDebug),
		BufferPool:     newBuffers(),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.WebSockets || !isWebSocket(r) {
			r.Header.Del("Upgrade") // an h2c tunnel would carry pay routes past us unseen
		}
		proxy.ServeHTTP(w, r)
	})
}

func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && len(r.Header["Upgrade"]) == 1 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

func (g *Gateway) newTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Protocols:              protocols,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        g.UpstreamTLS,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  g.UpstreamTimeout,
		MaxResponseHeaderBytes: 256 << 10,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        60 * time.Second,
		DisableCompression:     true, // or net/http would ask for gzip and unpack it, and change answers
	}
}

// neverTwice keeps net/http from sending a request that changes something a second time when a reused connection breaks:
// it believes that an Idempotency-Key, which any citizen can send, makes that safe.
type neverTwice struct{ http.RoundTripper }

func (t neverTwice) RoundTrip(r *http.Request) (*http.Response, error) {
	if unsafeMethod(r.Method) && (r.Body == nil || r.Body == http.NoBody) {
		r.Body = io.NopCloser(strings.NewReader("")) // a body that is there cannot be rewound
	}
	return t.RoundTripper.RoundTrip(r)
}

// rewrite makes the request that goes out. Hop-by-hop headers are gone by now, so that no client can name one of ours in
// Connection.
func (g *Gateway) rewrite(pr *httputil.ProxyRequest) {
	target, _ := originForm(pr.In)
	setTarget(pr.Out.URL, g.Upstream, target)
	pr.Out.Host = pr.In.Host
	if g.UpstreamHost != "" {
		pr.Out.Host = g.UpstreamHost
	}
	client := clientOf(pr.In, g.TrustedProxies)
	header := pr.Out.Header
	if client.trusted {
		for _, name := range []string{"Forwarded", "X-Forwarded-Port", "X-Forwarded-Server"} {
			if values, given := pr.In.Header[name]; given {
				header[name] = values
			}
		}
	}
	cleanRequest(header, client.trusted)
	stripCookies(header)
	for _, name := range []string{"Expect", "Te", "Trailer", "Http2-Settings"} {
		header.Del(name)
	}
	if _, given := header["User-Agent"]; !given {
		header["User-Agent"] = nil // net/http would name itself
	}
	header.Set("X-Forwarded-For", forwardedFor(pr.In, client))
	header.Set("X-Forwarded-Host", client.host)
	header.Set("X-Forwarded-Proto", client.proto)
	header.Set("Paygate-Status", "none")
	if paid, ok := pr.In.Context().Value(paidKey{}).(http.Header); ok {
		maps.Copy(header, paid)
	}
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
func setTarget(out, to *url.URL, target string) {
	path, query, hasQuery := strings.Cut(target, "?")
	*out = url.URL{Scheme: to.Scheme, Host: to.Host, RawPath: path, RawQuery: query, ForceQuery: hasQuery && query == ""}
	out.Path, _ = url.PathUnescape(path)
	if out.EscapedPath() != path {
		out.Opaque = path
	}
}

func (g *Gateway) modifyResponse(answer *http.Response) error {
	upstream.PublicReply(answer.Header, g.Upstream, g.PublicURL)
	cookie.StripSet(answer.Header)
	allowCardPages(answer.Header, g.CardOrigins)
	if _, paid := answer.Request.Context().Value(paidKey{}).(http.Header); paid {
		makePrivate(answer.Header)
	}
	return nil
}

// upstreamFailed answers when the service does not. A browser that left gets nothing.
func (g *Gateway) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	g.Log.WarnContext(r.Context(), "the service does not answer", "error", withoutAddress(err))
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		g.answer(w, r, serviceSlow)
		return
	}
	g.answer(w, r, serviceDown)
}

// withoutAddress is an error's text less any URL, whose query is nobody's business.
func withoutAddress(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}

// buffers lends the proxy what it copies with.
type buffers struct{ pool chan []byte }

func newBuffers() *buffers { return &buffers{make(chan []byte, 64)} }

func (b *buffers) Get() []byte {
	select {
	case buffer := <-b.pool:
		return buffer
	default:
		return make([]byte, 32<<10)
	}
}

func (b *buffers) Put(buffer []byte) {
	select {
	case b.pool <- buffer:
	default:
	}
}

// allowCardPages adds Pay's card pages to the form-action of a page's Content-Security-Policy: browsers apply it to the
// redirect after a form post, and would not let the citizen pay (FACTS trap 6).
func allowCardPages(header http.Header, origins []string) {
	for i, line := range header["Content-Security-Policy"] {
		policies := strings.Split(line, ",")
		for p, policy := range policies {
			directives := strings.Split(policy, ";")
			for d, directive := range directives {
				directives[d] = widen(directive, origins)
			}
			policies[p] = strings.Join(directives, ";")
		}
		header["Content-Security-Policy"][i] = strings.Join(policies, ",")
	}
}

// widen adds origins to a form-action directive and leaves any other alone.
func widen(directive string, origins []string) string {
	words := strings.Fields(directive)
	if len(words) == 0 || !strings.EqualFold(words[0], "form-action") {
		return directive
	}
	words = slices.DeleteFunc(words, func(w string) bool { return strings.EqualFold(w, "'none'") })
	for _, origin := range origins {
		if !slices.Contains(words, origin) {
			words = append(words, origin)
		}
	}
	blank := directive[:len(directive)-len(strings.TrimLeft(directive, " "))]
	return blank + strings.Join(words, " ")
}
