// Package upstream hands a held request to the legacy service, once, and names the result.
//
// Each delivery has a connection of its own and a body that cannot be rewound, because net/http would otherwise send a
// request again by itself when a reused connection breaks, and the service would see two.
package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"paygate/gateway/signature"
	"paygate/journey"
)

// Options say where the service is and how its answers are taken.
type Options struct {
	Upstream      *url.URL
	Host          string   // sent as Host instead of the citizen's; may be empty
	PublicURL     *url.URL // what the service's own origin is turned into in its answers
	TLS           *tls.Config
	Timeout       time.Duration // for the answer's header and its first ReplyMaxBytes
	ReplyMaxBytes int64
	Signer        func() signature.Signer // with the keys of the moment

	// StripSetCookie removes cookies that only Paygate may set.
	StripSetCookie func(http.Header)
	// Delivered, where set, hears of every delivery.
	Delivered func(route, via string, verdict journey.Verdict, took time.Duration)
}

// Deliverer is the way to the service. Safe for concurrent use.
type Deliverer struct {
	Options
}

var _ journey.Deliverer = (*Deliverer)(nil)

// New makes a deliverer.
func New(o Options) *Deliverer { return &Deliverer{o} }

// Deliver sends the request once. It is not tied to whoever asked for it: the context's end ends it only where the
// context has one.
func (d *Deliverer) Deliver(ctx context.Context, delivery journey.Delivery) journey.Delivered {
	began := time.Now()
	result := d.deliver(ctx, delivery)
	if d.Delivered != nil {
		d.Delivered(delivery.Journey.Terms.Route, delivery.Via, result.Verdict, time.Since(began))
	}
	return result
}

func (d *Deliverer) deliver(ctx context.Context, delivery journey.Delivery) journey.Delivered {
	ctx, cancel := context.WithCancel(ctx)
	expired := time.AfterFunc(d.Timeout, cancel)
	request, err := d.request(ctx, delivery)
	if err != nil {
		cancel()
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: err.Error()}
	}
	wire := &wire{}
	answer, err := d.transport(wire).RoundTrip(request)
	if err != nil {
		cancel()
		return failed(err, wire)
	}
	if answer.StatusCode < http.StatusOK { // 101, or less than a status
		_ = answer.Body.Close()
		cancel()
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "no answer from the service that ends the request"}
	}
	verdict := delivery.Journey.Terms.Judge(answer.StatusCode, d.locationPath(answer, delivery.Request))
	return journey.Delivered{
		Verdict: verdict,
		Status:  answer.StatusCode,
		Detail:  remark(answer),
		Reply:   d.reply(answer, expired, cancel),
	}
}

// transport makes a fresh connection, watched by wire.
func (d *Deliverer) transport(w *wire) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: min(d.Timeout, 10*time.Second)}
	return &http.Transport{
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 256 << 10,
		TLSClientConfig:        d.TLS,
		TLSHandshakeTimeout:    10 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watched{Conn: conn, wire: w, secure: d.Upstream.Scheme == "https"}, nil
		},
	}
}

// wire notes whether a byte of the request can have reached the service.
type wire struct {
	touched atomic.Bool
}

// watched is a connection whose writes are noted. On TLS the handshake's writes are not the request's: only application
// data counts (record type 23, RFC 8446 section 5.1; the handshake of TLS 1.3 ends in such records too, which errs on the
// safe side).
type watched struct {
	net.Conn
	wire   *wire
	secure bool
}

func (c *watched) Write(p []byte) (int, error) {
	if !c.secure || len(p) > 0 && p[0] == 23 {
		c.wire.touched.Store(true)
	}
	return c.Conn.Write(p)
}

// failed names a delivery without an answer: certain only when nothing was written.
func failed(err error, w *wire) journey.Delivered {
	detail := "no complete answer from the service"
	var timeout net.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &timeout) && timeout.Timeout() {
		detail = "no answer from the service in time"
	}
	if !w.touched.Load() {
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
	return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: detail}
}

// remark tells operators of services that Paygate cannot stand in front of.
func remark(answer *http.Response) string {
	for _, challenge := range answer.Header.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(challenge, " ")
		if answer.StatusCode == http.StatusUnauthorized && (strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate")) {
			return "the service wants " + scheme + ", which ties a log-in to a connection and cannot be delivered to"
		}
	}
	return ""
}

// request rebuilds the citizen's request: target and body byte for byte, the kept headers, and ours.
func (d *Deliverer) request(ctx context.Context, delivery journey.Delivery) (*http.Request, error) {
	held := delivery.Request
	target, err := targetURL(d.Upstream, held.Path, held.Query)
	if err != nil {
		return nil, err
	}
	request := (&http.Request{
		Method: held.Method, URL: target, Host: held.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: d.header(delivery),
		// not a type that net/http knows how to rewind, and never nil, so that an empty POST says Content-Length: 0
		Body:          io.NopCloser(bytes.NewReader(held.Body)),
		ContentLength: int64(len(held.Body)),
	}).WithContext(ctx)
	if len(held.Body) == 0 {
		request.Body = http.NoBody
	}
	if d.Host != "" {
		request.Host = d.Host
	}
	paid, err := d.paid(delivery)
	if err != nil {
		return nil, err
	}
	for name, values := range paid {
		request.Header[name] = values
	}
	return request, nil
}

// targetURL makes net/http write path and query as they are. Opaque would, too, but a path that begins with two slashes
// would become another host's.
func targetURL(upstream *url.URL, path, query string) (*url.URL, error) {
	decoded, err := url.PathUnescape(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, errors.New("the held request's path cannot be sent")
	}
	return &url.URL{Scheme: upstream.Scheme, Host: upstream.Host, Path: decoded, RawPath: path, RawQuery: query}, nil
}

// header is what the held request kept, cleaned once more, with the returning browser's cookies over the held ones.
func (d *Deliverer) header(delivery journey.Delivery) http.Header {
	header := http.Header{}
	for name, values := range delivery.Request.Header {
		if travels(name) {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if cookies := overlay(strings.Join(delivery.Request.Header["Cookie"], "; "), delivery.Cookie); cookies != "" {
		header.Set("Cookie", cookies)
	}
	if _, given := header["User-Agent"]; !given {
		header["User-Agent"] = nil // net/http would name itself
	}
	header.Set("X-Forwarded-For", delivery.Request.ForwardedFor)
	header.Set("X-Forwarded-Host", delivery.Request.ForwardedHost)
	header.Set("X-Forwarded-Proto", delivery.Request.ForwardedProto)
	return header
}

// travels is the last look at a header's name before it leaves, whatever got into the store.
func travels(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", r) {
			return false
		}
	}
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "paygate-") || strings.HasPrefix(lower, "x-forwarded-") || strings.HasPrefix(lower, "proxy-") {
		return false
	}
	switch lower {
	case "", "host", "cookie", "content-length", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect",
		"http2-settings", "forwarded", "idempotency-key", "x-idempotency-key":
		return false
	}
	return true
}

// paid are the headers that say what was paid.
func (d *Deliverer) paid(delivery journey.Delivery) (http.Header, error) {
	release := releaseOf(delivery.Journey)
	release.Via = delivery.Via
	release.Method, release.Path, release.Query = delivery.Request.Method, delivery.Request.Path, delivery.Request.Query
	release.Body = delivery.Request.Body
	return d.Signer().Headers(release)
}

// PassHeader are the headers of one more fetch of a paid pass.
func (d *Deliverer) PassHeader(j journey.Journey, method, path, query string) (http.Header, error) {
	release := releaseOf(j)
	release.Via, release.Method, release.Path, release.Query = "pass", method, path, query
	return d.Signer().Headers(release)
}

func releaseOf(j journey.Journey) signature.Release {
	p, _ := j.Payment()
	release := signature.Release{
		PaymentID: p.ID, Reference: j.Terms.Reference, Amount: j.Terms.Amount, Total: p.Total, PaidAt: j.PaidAt,
		State: p.Status, Live: j.Terms.Live, Route: j.Terms.Route, Journey: string(j.ID),
		Submission: j.Submission, Attempt: j.Attempt,
	}
	if j.Trusted {
		release.State = "pending"
	}
	if release.Total == 0 {
		release.Total = j.Terms.Amount
	}
	return release
}

// overlay lays the returning browser's cookies over the held ones, by name; the bytes of each stay as they are.
func overlay(held, fresh string) string {
	newer := map[string]string{}
	var order []string
	for _, pair := range pairs(fresh) {
		name := cookieName(pair)
		if _, twice := newer[name]; !twice {
			order = append(order, name)
			newer[name] = pair
		}
	}
	var out []string
	used := map[string]bool{}
	for _, pair := range pairs(held) {
		name := cookieName(pair)
		if replaced, ok := newer[name]; ok {
			if !used[name] {
				out = append(out, replaced)
			}
			used[name] = true
			continue
		}
		out = append(out, pair)
	}
	for _, name := range order {
		if !used[name] {
			out = append(out, newer[name])
		}
	}
	return strings.Join(out, "; ")
}

func pairs(header string) []string {
	var found []string
	for pair := range strings.SplitSeq(header, ";") {
		if pair = strings.TrimSpace(pair); pair != "" {
			found = append(found, pair)
		}
	}
	return found
}

func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}

// locationPath is the path that a redirect leads to at the service itself, else empty.
func (d *Deliverer) locationPath(answer *http.Response, held journey.HeldRequest) string {
	location := answer.Header.Get("Location")
	if location == "" {
		return ""
	}
	base := &url.URL{Scheme: d.PublicURL.Scheme, Host: d.PublicURL.Host, Path: held.Path}
	target, err := base.Parse(location)
	if err != nil {
		return ""
	}
	for _, own := range []string{d.PublicURL.Host, d.Upstream.Host, held.Host, held.ForwardedHost, d.Host} {
		if own != "" && strings.EqualFold(target.Host, own) {
			return target.EscapedPath()
		}
	}
	return ""
}
