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
	"paygate/gateway/proxy"
	"paygate/gateway/spool"
	"paygate/journey"
)

// incoming is a request on a pay route that has been read. Its body lies in the spool until the store takes it.
type incoming struct {
	asked
	request journey.HeldRequest // without its body
	body    *spool.Body         // nil on a pass
}

// intake reads requests on pay routes.
type intake struct {
	spool   *spool.Spool
	acquire func(ctx context.Context, bytes int64) (release func(), err error)
	limit   int64 // bytes that a request may have
	clients proxy.Clients
	routes  routes
	// languages are where the service keeps the citizen's language.
	languages languages
}

// We read and discard an oversized upload up to this many times the limit, because browsers do not show our answer if
// we close early.
const discardFactor = 10

// unreadBody is a body that could not be read whole. Its cause is for the answer, and not for the log.
type unreadBody struct{ cause error }

func (unreadBody) Error() string { return "the body could not be read whole" }

func (u unreadBody) Unwrap() error { return u.cause }

// discard reads an oversized upload to its end, or ends the connection if it is larger still.
func discard(w http.ResponseWriter, r *http.Request, limit int64) {
	if n, err := io.CopyN(io.Discard, r.Body, discardFactor*limit); err == nil || n == discardFactor*limit {
		w.Header().Set("Connection", "close")
	}
}

// hasCardNumber reports whether there is a payment card number, other than in a field that the route exempts.
func (in incoming) hasCardNumber() bool {
	return cards.InQuery(in.request.Query) || slices.ContainsFunc(in.Form.Cards, func(name string) bool {
		return !slices.Contains(in.route.CardExempt, name)
	})
}

// withRead returns a request whose body has been read.
func withRead(r *http.Request, body *spool.Body) *http.Request {
	r.Body, r.ContentLength = io.NopCloser(body.Reader()), body.Size()
	return r
}

// readBody reads a request whole. The errors are those of the spool.
func (n *intake) readBody(w http.ResponseWriter, r *http.Request) (*spool.Body, error) {
	body, err := n.spool.Read(r.Context(), r.Body, r.ContentLength, n.limit)
	if errors.Is(err, spool.ErrTooLarge) {
		discard(w, r, n.limit)
	}
	return body, err
}

// read reads what there is to know of a request, going through its body once.
func (n *intake) read(r *http.Request, hit match.Decision, body *spool.Body) (incoming, error) {
	release, err := n.acquireToRead(r, body)
	if err != nil {
		return incoming{}, err
	}
	defer release()
	in := incoming{request: n.heldRequest(r, hit), body: body}
	digest := in.request.NewDigest()
	read, err := form.Read(r.Header, io.TeeReader(body.Reader(), digest))
	if err != nil {
		return incoming{}, err
	}
	in.asked = n.asked(r, hit, read)
	in.request.TakeFingerprint(digest, body.Size(), read.Same, read.Fingerprint)
	return in, nil
}

// acquireToRead acquires memory for a body that is read. Only JSON may have to be in memory as a whole.
func (n *intake) acquireToRead(r *http.Request, body *spool.Body) (release func(), err error) {
	if !form.IsJSON(r.Header.Get("Content-Type")) {
		return func() {}, nil
	}
	return n.acquire(r.Context(), body.Size())
}

// heldRequest returns what the service will receive, except for the body: the method, the configured path as it was
// asked for, the query byte for byte, and the header.
func (n *intake) heldRequest(r *http.Request, hit match.Decision) journey.HeldRequest {
	client := n.clients.Of(r)
	header := headers.Held(r.Header, client.Trusted)
	cookie.StripHeader(header)
	marker.CutReferrer(header)
	return journey.HeldRequest{
		Method: r.Method, Path: hit.Path, Query: hit.Target.Query, Header: header,
		Host: r.Host, ForwardedFor: client.ForwardedFor(r), ForwardedHost: client.Host, ForwardedProto: client.Proto,
	}
}

// asked gathers what the terms need from a request and its form.
func (n *intake) asked(r *http.Request, hit match.Decision, read form.Form) asked {
	return asked{
		Submission: form.NewSubmission(hit.Target.Query, r.Header, read),
		route:      n.routes.of(hit.Route), path: hit.Captured, language: n.languages.of(r, read.Fields),
	}
}

// withBody calls store with a request and its body, which is in memory for as long as that takes.
func (n *intake) withBody(ctx context.Context, in incoming, store func(journey.HeldRequest) error) error {
	release, err := n.acquire(ctx, in.body.Size())
	if err != nil {
		return err
	}
	defer release()
	request := in.request
	if request.Body, err = in.body.Bytes(); err != nil {
		return err
	}
	return store(request)
}
