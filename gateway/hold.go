package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"paygate/journey"
)

// hold keeps a request until it is paid for: read whole, priced, kept, a payment created, and the citizen sent to Pay.
func (g *Gateway) hold(w http.ResponseWriter, r *http.Request, hit ruling) {
	body, err := readBody(w, r, g.HoldMaxBytes)
	if err != nil {
		g.answer(w, r, unreadable(err, g.HoldMaxBytes))
		return
	}
	ask := g.asked(r, hit, body)
	switch concerned := concernedRoutes(hit.routes, ask); {
	case len(concerned) == 0 || len(concerned) == 1 && concerned[0].Mode == ModeFree:
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		g.passThrough.ServeHTTP(w, r)
	case len(concerned) > 1:
		g.answer(w, r, chooseAgain)
	case g.RefuseCards && carriesCardNumber(ask.form):
		g.answer(w, r, cardNumber)
	default:
		ask.route = concerned[0]
		g.price(w, r, ask, g.heldRequest(r, hit, body))
	}
}

// price puts a held request under its terms.
func (g *Gateway) price(w http.ResponseWriter, r *http.Request, ask asked, request journey.HeldRequest) {
	terms, err := ask.terms()
	if err != nil {
		g.answer(w, r, chooseAgain)
		return
	}
	request.Prefill = ask.prefill()
	if ask.route.UpstreamPriced {
		g.takeQuoted(w, r, terms, request)
		return
	}
	g.take(w, r, terms, request)
}

// takeQuoted asks the service for the price, unless the browser has a journey for the very same request already.
func (g *Gateway) takeQuoted(w http.ResponseWriter, r *http.Request, terms journey.Terms, request journey.HeldRequest) {
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, request); found {
		g.proceed(w, r, j)
		return
	}
	if terms, priced := g.quoted(w, r, terms, request.Body); priced {
		g.take(w, r, terms, request)
	}
}

// take finds the journey that the request belongs to, or begins one.
func (g *Gateway) take(w http.ResponseWriter, r *http.Request, terms journey.Terms, request journey.HeldRequest) {
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, request); found {
		g.proceed(w, r, j)
		return
	}
	if j, found := correctable(own, terms); found {
		g.resubmit(w, r, j, request)
		return
	}
	g.begin(w, r, terms, request)
}

func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, terms journey.Terms, request journey.HeldRequest) {
	switch {
	case g.isDraining():
		g.answer(w, r, draining)
		return
	case g.mode(terms.Route) == ModeClosed:
		g.answer(w, r, closed)
		return
	}
	began, err := g.Runner.Begin(r.Context(), terms, request, journey.NewKey())
	g.toPay(w, r, began, err)
}

// toPay sends a citizen with a new payment to it, with the ticket in the cookie; whatever went wrong is a page.
func (g *Gateway) toPay(w http.ResponseWriter, r *http.Request, began journey.Began, err error) {
	if began.Journey.ID != "" {
		if ticketErr := g.giveTicket(w, r, began.Journey); ticketErr != nil {
			g.answer(w, r, storeFailed(errors.Join(err, ticketErr)))
			return
		}
	}
	switch {
	case err != nil && began.Journey.State == journey.StatePaying && !errors.Is(err, journey.ErrNextURL): // and perhaps paid by now
		g.Log.WarnContext(r.Context(), "resuming a payment", "journey_id", began.Journey.ID, "error", err)
		g.answer(w, r, unfinished(began.Journey))
	case err != nil:
		g.answer(w, r, notStarted(began.Journey, err))
	case began.NextURL == "":
		g.answer(w, r, stateOf(began.Journey))
	case isScript(r):
		g.paymentRequired(w, began)
	default:
		seeOther(w, began.NextURL)
	}
}

// proceed takes the same request, sent again, to where its journey stands: the double click resumes the payment.
func (g *Gateway) proceed(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	switch j.State {
	case journey.StateHeld, journey.StateUnpaid, journey.StatePaying:
		g.payAgain(w, r, j)
	default:
		seeOther(w, g.Prefix+"/return")
	}
}

// payAgain sends a citizen to the open payment of their journey, or to another one.
func (g *Gateway) payAgain(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	began, err := g.Runner.Again(r.Context(), j.ID)
	var moved *journey.TransitionError
	if errors.As(err, &moved) { // since the journey was read, as when Pay corrects itself
		seeOther(w, g.Prefix+"/return")
		return
	}
	if began.Journey.ID == "" {
		began.Journey = j
	}
	g.toPay(w, r, began, err)
}

// resubmit sends a corrected request on the payment that its refused forerunner left, and passes the answer on.
func (g *Gateway) resubmit(w http.ResponseWriter, r *http.Request, j journey.Journey, request journey.HeldRequest) {
	progress, err := g.Runner.Resubmit(r.Context(), j.ID, request, g.visit(r))
	g.passOn(w, r, progress, err)
}

// sameRequest finds the journey of the same request from the same browser, as long as nothing was delivered for it.
func sameRequest(own []journey.Journey, terms journey.Terms, request journey.HeldRequest) (journey.Journey, bool) {
	digest := request.Imprint().Digest
	for _, j := range own {
		switch j.State {
		case journey.StateHeld, journey.StatePaying, journey.StateUnpaid, journey.StateConfirmed, journey.StateReleasing, journey.StateStuck:
			if j.Terms.Route == terms.Route && j.Imprint.Digest == digest {
				return j, true
			}
		}
	}
	return journey.Journey{}, false
}

// correctable finds the newest journey on the route that the service refused, at the same price.
func correctable(own []journey.Journey, terms journey.Terms) (journey.Journey, bool) {
	for _, j := range own {
		if j.State == journey.StateRefused && !j.Returning && j.Terms.Route == terms.Route && j.Terms.Amount == terms.Amount {
			return j, true
		}
	}
	return journey.Journey{}, false
}

// swallow is how many times the limit a too large request may have and still be read to its end: a browser shows no answer to
// an upload that is cut off.
const swallow = 10

// readBody reads a request whole. An *http.MaxBytesError when it is larger than limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(w, r, limit)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge(w, r, limit)
	}
	return body, nil
}

// tooLarge reads on for the browser's sake, keeping nothing; what is larger still is cut off.
func tooLarge(w http.ResponseWriter, r *http.Request, limit int64) error {
	if n, err := io.CopyN(io.Discard, r.Body, swallow*limit); err == nil || n == swallow*limit {
		w.Header().Set("Connection", "close")
	}
	return &http.MaxBytesError{Limit: limit}
}

// heldRequest is what the service will receive: the method, the configured path as it was asked for, the query and body
// byte for byte, and the headers that are worth keeping.
func (g *Gateway) heldRequest(r *http.Request, hit ruling, body []byte) journey.HeldRequest {
	client := clientOf(r, g.TrustedProxies)
	header := heldHeader(r.Header, g.HoldHeaders)
	stripCookies(header)
	return journey.HeldRequest{
		Method: r.Method, Path: hit.path, Query: withoutMarker(hit.query), Header: header, Body: body,
		Host: client.host, Proto: client.proto, ClientIP: client.address,
	}
}

// asked reads what the terms need from a request.
func (g *Gateway) asked(r *http.Request, hit ruling, body []byte) asked {
	query, _ := urlencodedFields(withoutMarker(hit.query)) // what cannot be read chooses nothing
	form, err := formFields(r.Header.Get("Content-Type"), body)
	return asked{
		route: hit.route, path: hit.captured, query: query, form: form, formErr: err,
		language: languageOf(r, form),
	}
}

// concernedRoutes are those, of the routes at one address, whose condition on the form holds.
func concernedRoutes(routes []*Route, a asked) []*Route {
	var concerned []*Route
	for _, route := range routes {
		if route.concerns(a) {
			concerned = append(concerned, route)
		}
	}
	return concerned
}

// concerns tells whether the route's condition holds: if any reading of the form has the value, it is a pay request.
func (r *Route) concerns(a asked) bool {
	if r.When == nil {
		return true
	}
	if a.formErr != nil { // unreadable for us may be readable for the service
		return true
	}
	for _, f := range a.choosing() {
		if readAs(f.name, r.When.Field) && (f.value == r.When.Value || f.file) {
			return true
		}
	}
	return false
}
