// Package delivery sends a held request to the legacy service once, and names the result.
//
// Each delivery has a connection of its own and a body that cannot be rewound. Otherwise net/http would send a request
// again by itself when a reused connection breaks, and the service would get two.
package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"paygate/gateway/dial"
	"paygate/gateway/origin"
	"paygate/gateway/signature"
	"paygate/journey"
)

// Options configure a Deliverer.
type Options struct {
	Upstream      *url.URL
	Socket        string      // reached by this Unix socket instead of the address; may be empty
	Host          string      // sent as Host instead of the citizen's; may be empty
	Origins       origin.List // of the public: one of them replaces the service's own origin in its answers
	TLS           *tls.Config
	Timeout       time.Duration // for the answer's header and its first ReplyMaxBytes
	ReplyMaxBytes int64
	Signer        func() signature.Signer // with the current keys

	// StripSetCookie removes cookies that only Paygate may set.
	StripSetCookie func(http.Header)
	// TextMissing, if set, is called for each page without a text from ACCEPT_TEXT; inARow counts them in a row.
	TextMissing func(route string, inARow int)
	// Delivered, if set, is called after every delivery.
	Delivered func(route, via string, verdict journey.Verdict, took time.Duration)
}

// Deliverer sends held requests. It is safe for concurrent use.
type Deliverer struct {
	Options
	missing missingTexts
}

var _ journey.Deliverer = (*Deliverer)(nil)

// New returns a Deliverer.
func New(o Options) *Deliverer { return &Deliverer{Options: o} }

// Deliver sends the request once. It ends early only if the context ends.
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
	if answer.StatusCode < http.StatusOK { // 101, or not an HTTP status
		_ = answer.Body.Close()
		cancel()
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "the service gave no final answer"}
	}
	redirect := d.redirect(answer.Header.Values("Location"), delivery)
	reply := d.reply(answer, d.Origins.FindOrMain(delivery.Request.ForwardedHost), expired, cancel)
	return d.verdict(delivery.Journey.Terms, redirect, reply)
}

// failed returns the result of a delivery without an answer. The service did nothing for certain only if nothing was
// sent.
func failed(err error, w *wire) journey.Delivered {
	if !w.touched.Load() {
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
	detail := "no complete answer from the service"
	if errors.Is(err, context.Canceled) || dial.IsTimeout(err) {
		detail = "no answer from the service in time"
	}
	return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: detail}
}

// transport returns a transport for one connection, and records its writes in w.
func (d *Deliverer) transport(w *wire) *http.Transport {
	dialer := dial.Dialer{Socket: d.Socket, Timeout: min(d.Timeout, 10*time.Second)}
	transport := dialer.Transport(d.TLS, func(conn net.Conn) net.Conn {
		return &recordedConn{Conn: conn, wire: w, secure: d.Upstream.Scheme == "https"}
	})
	transport.DisableKeepAlives = true
	return transport
}

// wire records whether any byte of the request can have reached the service.
type wire struct {
	touched atomic.Bool
}

// recordedConn is a connection whose writes are recorded. On TLS the handshake's writes are not the request's: only
// application data counts (record type 23, RFC 8446 section 5.1; the handshake of TLS 1.3 ends in such records too,
// which errs on the safe side).
type recordedConn struct {
	net.Conn
	wire   *wire
	secure bool
}

func (c *recordedConn) Write(p []byte) (int, error) {
	if !c.secure || len(p) > 0 && p[0] == 23 {
		c.wire.touched.Store(true)
	}
	return c.Conn.Write(p)
}
