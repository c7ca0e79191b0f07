package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/headers"
	"paygate/gateway/signature"
	"paygate/journey"
)

// request rebuilds the citizen's request: target and body byte for byte, the held headers, and ours.
func (d *Deliverer) request(ctx context.Context, delivery journey.Delivery) (*http.Request, error) {
	held := delivery.Request
	target, err := targetURL(d.Upstream, held.Path, held.Query)
	if err != nil {
		return nil, err
	}
	request := (&http.Request{
		Method: held.Method, URL: target, Host: cmp.Or(d.Host, held.Host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: d.header(delivery),
		// Not a type that net/http can rewind, and never nil, so that an empty POST has Content-Length: 0.
		Body:          io.NopCloser(bytes.NewReader(held.Body)),
		ContentLength: int64(len(held.Body)),
	}).WithContext(ctx)
	if len(held.Body) == 0 {
		request.Body = http.NoBody
	}
	release := releaseOf(delivery.Journey, delivery.Via, held.Method, held.Path, held.Query)
	release.Body = held.Body
	release.CardBrand, release.CardLast4 = delivery.Payer.CardBrand, delivery.Payer.CardLast4
	release.PayerEmail = delivery.Payer.Email
	paid, err := d.Signer().Headers(release)
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, paid)
	return request, nil
}

// targetURL returns a URL that net/http writes with path and query unchanged. Opaque would do so too, but a path that
// begins with two slashes would name another host.
func targetURL(upstream *url.URL, path, query string) (*url.URL, error) {
	decoded, err := url.PathUnescape(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, errors.New("the held request's path cannot be sent")
	}
	return &url.URL{Scheme: upstream.Scheme, Host: upstream.Host, Path: decoded, RawPath: path, RawQuery: query}, nil
}

// header returns the held header, cleaned once more in case the store was altered, with the cookies of the
// returning browser merged in.
func (d *Deliverer) header(delivery journey.Delivery) http.Header {
	stored := http.Header{}
	for name, values := range delivery.Request.Header {
		stored[http.CanonicalHeaderKey(name)] = values
	}
	header := headers.Held(stored, true) // untrusted headers were removed at hold
	if delivery.Journey.Terms.Kind == journey.KindPass {
		headers.CopyConditions(header, stored)
	}
	header.Del("Cookie")
	if cookies := overlay(strings.Join(delivery.Request.Header["Cookie"], "; "), delivery.Cookie); cookies != "" {
		header.Set("Cookie", cookies)
	}
	if _, given := header["User-Agent"]; !given {
		header["User-Agent"] = nil // net/http would name itself
	}
	if delivery.Journey.Terms.Acceptance.ReadsText() { // part of a page may lack the text
		header.Del("Range")
		header.Del("If-Range")
	}
	header.Set("X-Forwarded-For", delivery.Request.ForwardedFor)
	header.Set("X-Forwarded-Host", delivery.Request.ForwardedHost)
	header.Set("X-Forwarded-Proto", delivery.Request.ForwardedProto)
	return header
}

// PassHeader returns the headers for one more fetch of a paid pass.
func (d *Deliverer) PassHeader(j journey.Journey, method, path, query string) (http.Header, error) {
	return d.Signer().Headers(releaseOf(j, "pass", method, path, query))
}

func releaseOf(j journey.Journey, via, method, path, query string) signature.Release {
	p, _ := j.Payment()
	release := signature.Release{
		PaymentID: p.ID, Reference: j.Terms.Reference, Amount: j.Terms.Amount, Total: cmp.Or(p.Total, j.Terms.Amount),
		PaidAt: j.PaidAt, State: p.Status, Live: j.Terms.Live, Route: j.Terms.Route,
		Journey: string(j.ID), Submission: j.Submission, Attempt: j.Attempt,
		Via: via, Method: method, Path: path, Query: query,
	}
	if j.Trusted {
		release.State = "pending"
	}
	return release
}
