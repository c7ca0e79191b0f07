// Package upstream hands a held request to the legacy service, once, and names the result.
//
// Each delivery has a connection of its own and a body that cannot be rewound, because net/http would otherwise send a
// request again by itself when a reused connection breaks, and the service would see two.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
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

// failed names a delivery without an answer: certain only when nothing was written.
func failed(err error, w *wire) journey.Delivered {
	if !w.touched.Load() {
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
	detail := "no complete answer from the service"
	var timeout net.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &timeout) && timeout.Timeout() {
		detail = "no answer from the service in time"
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
