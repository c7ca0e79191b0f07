package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"paygate/gateway/cards"
	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/journey"
)

// pass lets a citizen fetch an address as long as it is paid for, and sends them to Pay where it is not. A body stays
// behind: what is paid for, and signed, is the address.
func (g *Gateway) pass(w http.ResponseWriter, r *http.Request, hit ruling) {
	r.Body, r.ContentLength = http.NoBody, 0
	in := incoming{asked: g.asked(r, hit, form.Form{}), request: g.heldRequest(r, hit)}
	terms, err := in.terms()
	if err != nil {
		g.answer(w, r, chooseAgain)
		return
	}
	if hit.route.UpstreamPriced { // whatever the service prices by: what is paid for one query is no other's
		terms.Choice = digest(hit.query)
	}
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	j, found := g.passFor(own, terms, hit.path)
	switch {
	case found && j.PassValid(g.Runner.Now()):
		g.fetch(w, r, j, hit)
	case r.Method == http.MethodHead:
		g.answer(w, r, headUnpaid)
	case found:
		g.usePass(w, r, j, hit)
	case g.RefuseCards && cards.InQuery(in.request.Query):
		g.answer(w, r, cardNumber)
	case hit.route.UpstreamPriced:
		if terms, priced := g.quoted(w, r, terms, nil); priced {
			g.begin(w, r, terms, in, own)
		}
	default:
		g.begin(w, r, terms, in, own)
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// passFor finds the browser's newest pass for the path and the choice of price, if it is of any use still.
func (g *Gateway) passFor(own []journey.Journey, terms journey.Terms, path string) (journey.Journey, bool) {
	for _, j := range own {
		same := j.Terms.Kind == journey.KindPass && j.Terms.Route == terms.Route && j.Terms.Choice == terms.Choice && j.Imprint.Path == path
		if same && (!j.State.AtRest() || j.PassValid(g.Runner.Now())) {
			return j, true
		}
	}
	return journey.Journey{}, false
}

// usePass takes a pass that was not fetched yet as far as it will go: to the file, or to Pay.
func (g *Gateway) usePass(w http.ResponseWriter, r *http.Request, j journey.Journey, hit ruling) {
	if j.State == journey.StatePaying || j.State == journey.StateReleasing {
		after, err := g.Runner.Return(r.Context(), j.ID, journey.ByCitizen)
		if err != nil && j.State == journey.StateReleasing {
			g.sayState(w, r, j, err)
			return
		}
		if after.ID != "" {
			j = after
		}
	}
	switch {
	case j.PassValid(g.Runner.Now()):
		g.fetch(w, r, j, hit)
	case j.State == journey.StateConfirmed, j.State == journey.StateRefused && !j.Returning:
		g.collect(w, r, j, hit)
	case j.State == journey.StateHeld, j.State == journey.StateUnpaid, j.State == journey.StatePaying:
		g.backToPay(w, r, j, g.Runner.Again)
	default:
		g.answer(w, r, stateOf(j))
	}
}

// collect is the first fetch: whether the service accepts it decides about the money.
func (g *Gateway) collect(w http.ResponseWriter, r *http.Request, j journey.Journey, hit ruling) {
	request := g.heldRequest(r, hit)
	headers.CopyConditions(request.Header, r.Header)
	progress, err := g.Runner.Collect(r.Context(), j.ID, request, g.visit(r))
	if progress.Reply != nil {
		makePrivate(progress.Reply.Header)
	}
	g.passOn(w, r, progress, err)
}

// fetch passes the request through with the headers that say what was paid.
func (g *Gateway) fetch(w http.ResponseWriter, r *http.Request, j journey.Journey, hit ruling) {
	paid, err := g.Paid.PassHeader(j, r.Method, hit.path, hit.query)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	g.passThrough.ServeHTTP(w, withPaidHeader(r, paid))
}
