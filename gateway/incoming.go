package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"paygate/gateway/cards"
	"paygate/gateway/cookie"
	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/spool"
	"paygate/journey"
)

// incoming is a request on a pay route, read whole and looked at. Its body lies in the spool until the store takes it.
type incoming struct {
	asked
	request journey.HeldRequest // without its body
	body    *spool.Body         // nil on a pass
}

// swallow is how many times the limit a too large request may have and still be read to its end: a browser shows no answer to
// an upload that is cut off.
const swallow = 10

// unreadBody is a body that could not be read whole. Its cause is for the answer, and not for the log.
type unreadBody struct{ cause error }

func (unreadBody) Error() string { return "the body could not be read whole" }

func (u unreadBody) Unwrap() error { return u.cause }

// readBody reads a request whole. The errors are those of the spool.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) (*spool.Body, error) {
	body, err := g.Spool.Read(r.Context(), r.Body, r.ContentLength, g.HoldMaxBytes)
	if errors.Is(err, spool.ErrTooLarge) {
		readOn(w, r, g.HoldMaxBytes)
	}
	return body, err
}

// readOn reads a too large request for the browser's sake, keeping nothing; what is larger still is cut off.
func readOn(w http.ResponseWriter, r *http.Request, limit int64) {
	if n, err := io.CopyN(io.Discard, r.Body, swallow*limit); err == nil || n == swallow*limit {
		w.Header().Set("Connection", "close")
	}
}

// look reads what is to be known of a request, in one reading of its body.
func (g *Gateway) look(r *http.Request, hit match.Decision, body *spool.Body) (incoming, error) {
	release, err := g.acquireToRead(r, body)
	if err != nil {
		return incoming{}, err
	}
	defer release()
	in := incoming{request: g.heldRequest(r, hit), body: body}
	digest := in.request.NewDigest()
	read, err := form.Read(r.Header, io.TeeReader(body.Reader(), digest))
	if err != nil {
		return incoming{}, err
	}
	in.asked = g.asked(r, hit, read)
	in.request.TakeFingerprint(digest, body.Size(), read.Same, read.Fingerprint)
	return in, nil
}

// hasCardNumber reports whether there is a payment card number, other than in a field that the route exempts.
func (in incoming) hasCardNumber() bool {
	return cards.InQuery(in.request.Query) || slices.ContainsFunc(in.Form.Cards, func(name string) bool {
		return !slices.Contains(in.route.CardExempt, name)
	})
}

// acquireToRead is Acquire for a body that is looked at: a little at a time, but for JSON, which may have to be in memory as a
// whole.
func (g *Gateway) acquireToRead(r *http.Request, body *spool.Body) (release func(), err error) {
	if !form.IsJSON(r.Header.Get("Content-Type")) {
		return func() {}, nil
	}
	return g.Acquire(r.Context(), body.Size())
}

// heldRequest is what the service will receive, but for the body: the method, the configured path as it was asked for, the
// query byte for byte, and the headers that are worth keeping.
func (g *Gateway) heldRequest(r *http.Request, hit match.Decision) journey.HeldRequest {
	client := g.Proxy.Clients.Of(r)
	header := headers.Held(r.Header, client.Trusted)
	cookie.StripHeader(header)
	marker.CutReferrer(header)
	return journey.HeldRequest{
		Method: r.Method, Path: hit.Path, Query: hit.Target.Query, Header: header,
		Host: r.Host, ForwardedFor: client.ForwardedFor(r), ForwardedHost: client.Host, ForwardedProto: client.Proto,
	}
}

// asked gathers what the terms need from a request, whose body has been read.
func (g *Gateway) asked(r *http.Request, hit match.Decision, read form.Form) asked {
	return asked{
		Submission: form.NewSubmission(hit.Target.Query, r.Header, read),
		route:      g.route(hit.Route), path: hit.Captured, language: languages(g.Language).of(r, read.Fields),
	}
}

// withRead is a request whose body has been read.
func withRead(r *http.Request, body *spool.Body) *http.Request {
	r.Body, r.ContentLength = io.NopCloser(body.Reader()), body.Size()
	return r
}

// withBody has the store keep a request. Its body is in memory for as long as that takes, and no longer.
func (g *Gateway) withBody(ctx context.Context, in incoming, keep func(journey.HeldRequest) error) error {
	release, err := g.Acquire(ctx, in.body.Size())
	if err != nil {
		return err
	}
	defer release()
	request := in.request
	if request.Body, err = in.body.Bytes(); err != nil {
		return err
	}
	return keep(request)
}
