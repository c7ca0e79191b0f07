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

// incoming is a request on a pay route that has been read. Its body is in the spool until the store takes it.
type incoming struct {
	asked
	request journey.HeldRequest // without its body
	body    *spool.Body         // nil on a pass
	terms   journey.Terms       // of the journey that it may begin
	own     []journey.Journey   // of the browser, newest first
}

// intake reads requests on pay routes.
type intake struct {
	*responder
	spool   *spool.Spool
	acquire func(ctx context.Context, bytes int64) (release func(), err error)
	clients proxy.Clients
	routes  routes
}

// isFree reports whether the request chooses something that costs nothing.
func (in *incoming) isFree() bool { return !in.route.UpstreamPriced && in.terms.Amount == 0 }

// unreadBody means that a body could not be read completely. Its cause decides the answer, and is not for the log.
type unreadBody struct{ cause error }

func (unreadBody) Error() string { return "the body could not be read completely" }

func (u unreadBody) Unwrap() error { return u.cause }

// hasCardNumber reports whether there is a payment card number in a field that the route does not exempt.
func (in *incoming) hasCardNumber() bool {
	return cards.InQuery(in.request.Query) || slices.ContainsFunc(in.Form.Cards, func(name string) bool {
		return !slices.Contains(in.route.CardExempt, name)
	})
}

// withRead gives a request the body that was read from it.
func withRead(r *http.Request, body *spool.Body) *http.Request {
	r.Body, r.ContentLength = io.NopCloser(body.Reader()), body.Size()
	return r
}

// readBody reads a complete body. The errors are those of the spool. It reads and discards the rest of an oversized
// upload up to a multiple of the limit, because browsers do not show our answer if we close the connection early.
func (n *intake) readBody(w http.ResponseWriter, r *http.Request) (*spool.Body, error) {
	const discardFactor = 10
	body, err := n.spool.Read(r.Context(), r.Body, r.ContentLength, n.limit)
	if errors.Is(err, spool.ErrTooLarge) {
		if _, discardErr := io.CopyN(io.Discard, r.Body, discardFactor*n.limit); discardErr == nil {
			w.Header().Set("Connection", "close") // there may be more
		}
	}
	return body, err
}

// read reads a request for a submission route, going through its body once.
func (n *intake) read(r *http.Request, hit match.Decision, body *spool.Body) (*incoming, error) {
	request := n.heldRequest(r, hit)
	digest := request.NewDigest()
	read, err := n.readForm(r, body.Size(), io.TeeReader(body.Reader(), digest))
	if err != nil {
		return nil, err
	}
	in := &incoming{asked: n.asked(r, hit, read), request: request, body: body}
	in.request.Findable, in.request.Email = in.findable(), in.email()
	in.request.TakeFingerprint(digest, body.Size(), read.Same, read.Fingerprint)
	return in, nil
}

// classifyWithForm decides about a request whose form or cookies may say something else than its query. If it has to
// read the body, it replaces the request's body by one that is valid until the returned one is closed.
func (n *intake) classifyWithForm(
	w http.ResponseWriter, r *http.Request, d match.Decision,
) (match.Decision, *spool.Body) {
	fields := form.Cookies(r.Header)
	unclear := len(fields) > form.MaxParameters
	if r.ContentLength == 0 || !form.HasForm(r.Header) {
		return d.WithOtherSources(fields, unclear), nil
	}
	var read form.Form
	body, err := n.readBody(w, r)
	if err == nil {
		read, err = n.readForm(withRead(r, body), body.Size(), body.Reader())
	}
	if err != nil {
		return d.RefuseUnread(unreadable(err).status, unreadBody{err}), body
	}
	fields = slices.Concat(fields, read.Fields, read.Loose)
	unclear = unclear || read.Ambiguity != nil && !errors.Is(read.Ambiguity, form.ErrNoObject)
	return d.WithOtherSources(fields, unclear), body
}

// readForm reads the form of a request from its body. Only JSON may have to be in memory as a whole.
func (n *intake) readForm(r *http.Request, size int64, body io.Reader) (form.Form, error) {
	if form.IsJSON(r.Header.Get("Content-Type")) {
		release, err := n.acquire(r.Context(), size)
		if err != nil {
			return form.Form{}, err
		}
		defer release()
	}
	return form.Read(r.Header, body)
}

// heldRequest returns what the service will receive, except for the body: the method, the configured path in the
// request's spelling, the query byte for byte, and the header.
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

// asked returns the part of a request and its form that the terms depend on.
func (n *intake) asked(r *http.Request, hit match.Decision, read form.Form) asked {
	return asked{
		Submission: form.NewSubmission(hit.Target.Query, r.Header, read),
		route:      n.routes.of(hit.Route), path: hit.Captured, language: n.languages.of(r, read.Fields),
	}
}

// withBody calls store with a request and its body, which is in memory during the call only.
func (n *intake) withBody(ctx context.Context, in *incoming, store func(journey.HeldRequest) error) error {
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
