package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"

	"paygate/gateway/cards"
	"paygate/gateway/reading"
	"paygate/gateway/spool"
	"paygate/journey"
)

// incoming is a request on a pay route, read whole and looked at. Its body lies in the spool until the store takes it.
type incoming struct {
	asked
	request journey.HeldRequest // without its body
	imprint journey.Imprint
	body    *spool.Body // nil on a pass
	cards   bool        // somebody typed a payment card number, and that is refused
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

// look reads what is to be known of a request.
func (g *Gateway) look(r *http.Request, hit ruling, body *spool.Body) (incoming, error) {
	leave, err := g.enterToLook(r, body)
	if err != nil {
		return incoming{}, err
	}
	defer leave()
	in := incoming{asked: g.asked(r, hit, body), request: g.heldRequest(r, hit), body: body}
	in.cards = g.RefuseCards && (cards.InQuery(in.request.Query) || cards.InBody(r.Header.Get("Content-Type"), body.Reader))
	in.imprint, err = in.request.ImprintWith(body.Reader())
	return in, err
}

// enterToLook is Enter for a body that is looked at: a little at a time, but for JSON, which may have to be in memory as a
// whole.
func (g *Gateway) enterToLook(r *http.Request, body *spool.Body) (leave func(), err error) {
	if !reading.IsJSON(r.Header.Get("Content-Type")) {
		return func() {}, nil
	}
	return g.Enter(r.Context(), body.Size())
}

// heldRequest is what the service will receive, but for the body: the method, the configured path as it was asked for, the
// query byte for byte, and the headers that are worth keeping.
func (g *Gateway) heldRequest(r *http.Request, hit ruling) journey.HeldRequest {
	client := g.clientOf(r)
	header := heldHeader(r.Header, g.HoldHeaders)
	stripCookies(header)
	withoutMarkedReferer(header)
	return journey.HeldRequest{
		Method: r.Method, Path: hit.path, Query: hit.query, Header: header,
		Host: r.Host, ForwardedFor: forwardedFor(r, client), ForwardedHost: client.host, ForwardedProto: client.proto,
	}
}

// asked reads what the terms need from a request.
func (g *Gateway) asked(r *http.Request, hit ruling, body *spool.Body) asked {
	form, err := plainForm(r, body)
	loose := looseFields(r, hit.query)
	if len(loose) > reading.MostParameters {
		err = reading.ErrTooMany
	}
	return asked{
		route: hit.route, path: hit.captured, query: reading.Query(hit.query), form: form, formErr: err, loose: loose, language: languageOf(r, form),
	}
}

// looseFields are what a service may take for fields of the form: a query as the most lenient service reads it, and the cookies.
func looseFields(r *http.Request, query string) []reading.Field {
	return append(reading.LooseQuery(query), reading.Cookies(r.Header)...)
}

// plainForm reads a form. An error means that it may be read in more than one way.
func plainForm(r *http.Request, body *spool.Body) ([]reading.Field, error) {
	form, err := reading.Form(r.Header.Get("Content-Type"), body.Reader())
	if body.Size() > 0 {
		err = errors.Join(err, reading.Unplain(r.Header, body.Reader(), form))
	}
	return form, err
}

// withRead is a request whose body has been read.
func withRead(r *http.Request, body *spool.Body) *http.Request {
	r.Body, r.ContentLength = io.NopCloser(body.Reader()), body.Size()
	return r
}

// withBody has the store keep a request. Its body is in memory for as long as that takes, and no longer.
func (g *Gateway) withBody(ctx context.Context, in incoming, keep func(journey.HeldRequest) error) error {
	leave, err := g.Enter(ctx, in.body.Size())
	if err != nil {
		return err
	}
	defer leave()
	request := in.request
	if request.Body, err = in.body.Bytes(); err != nil {
		return err
	}
	return keep(request)
}
