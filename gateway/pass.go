package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"paygate/gateway/cards"
	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
)

// pass lets a citizen fetch an address as long as it is paid for, and sends them to Pay where it is not.
func (g *Gateway) pass(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	asked, ok := g.askedPass(w, r, hit)
	if !ok {
		return
	}
	j, found := g.passFor(asked.own, asked.terms, hit)
	other, hasOther := g.otherPass(asked.own, hit)
	switch {
	case found && j.PassValid(g.Runner.Now()):
		g.fetch(w, r, j, hit)
	case hit.IsFree() && (!found || r.Method == http.MethodHead):
		w, r = formless(w, r, hit)
		g.passFree(w, r, g.route(hit.Route))
	case r.Method == http.MethodHead:
		g.answer(w, r, headUnpaid)
	case found:
		g.usePass(w, r, j, hit)
	case hasOther:
		g.answer(w, r, forAnother(other, hit))
	default:
		g.beginPass(w, r, asked)
	}
}

// askedPass is a request on a pass.
type askedPass struct {
	incoming
	terms journey.Terms
	own   []journey.Journey // of the browser
}

// askedPass reads a request on a pass. False: it has been answered. A body stays behind: what is paid for, and signed, is the
// address.
func (g *Gateway) askedPass(w http.ResponseWriter, r *http.Request, hit match.Decision) (askedPass, bool) {
	r.Body, r.ContentLength = http.NoBody, 0
	p := askedPass{incoming: incoming{asked: g.asked(r, hit, form.Form{}), request: g.heldRequest(r, hit)}}
	var err error
	if p.terms, err = p.incoming.terms(); err != nil {
		g.answer(w, r, chooseAgain)
		return p, false
	}
	p.terms.PassQuery = p.route.passQuery(hit.Target.Query)
	if p.own, err = g.journeys(r); err != nil {
		g.answer(w, r, storeFailed(err))
		return p, false
	}
	return p, true
}

// beginPass sends a citizen to Pay for a pass.
func (g *Gateway) beginPass(w http.ResponseWriter, r *http.Request, p askedPass) {
	terms, priced := p.terms, true
	if g.RefuseCards && cards.InQuery(p.request.Query) {
		g.answer(w, r, cardNumber)
		return
	}
	if p.route.UpstreamPriced {
		terms, priced = g.quoted(w, r, terms, nil)
	}
	if priced {
		g.begin(w, r, terms, p.incoming, p.own)
	}
}

// forAnother says that a pass is for the same path under another query.
func forAnother(pass journey.Journey, hit match.Decision) answer {
	view := viewOf(pass)
	view.Address = hit.Target.At(hit.Path)
	return answer{status: http.StatusPaymentRequired, page: pages.PassOtherQuery, view: view}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// passFor finds the browser's newest pass for the address and the choice of price, if it is of any use still. A pass of the first
// version that the service priced has its query as the choice.
func (g *Gateway) passFor(own []journey.Journey, terms journey.Terms, hit match.Decision) (journey.Journey, bool) {
	for _, j := range own {
		same := isFor(j, hit) && (j.Terms.Choice == terms.Choice || g.route(hit.Route).UpstreamPriced && j.Terms.Choice == digest(hit.Target.Query))
		if same && (!j.State.AtRest() || j.PassValid(g.Runner.Now())) {
			return j, true
		}
	}
	return journey.Journey{}, false
}

// usePass takes a pass that was not fetched yet as far as it will go: to the file, or to Pay.
func (g *Gateway) usePass(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
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
	case hit.IsFree() && (j.State == journey.StateHeld || j.State == journey.StateUnpaid || j.State == journey.StatePaying):
		w, r = formless(w, r, hit)
		g.passFree(w, r, g.route(hit.Route))
	case j.State == journey.StateHeld, j.State == journey.StateUnpaid, j.State == journey.StatePaying:
		g.backToPay(w, r, j, g.Runner.Again)
	default:
		g.answer(w, r, stateOf(j))
	}
}

// collect is the first fetch: whether the service accepts it decides about the money.
func (g *Gateway) collect(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
	request := g.heldRequest(r, hit)
	headers.CopyConditions(request.Header, r.Header)
	progress, err := g.Runner.Collect(r.Context(), j.ID, request, g.visit(r))
	if progress.Reply != nil {
		headers.MakePrivate(progress.Reply.Header)
	}
	g.passOn(w, r, progress, err)
}

// fetch passes the request through with the headers that say what was paid.
func (g *Gateway) fetch(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
	paid, err := g.Paid.PassHeader(j, r.Method, hit.Path, hit.Target.Query)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	forwarded := asSent(r)
	forwarded.Path, forwarded.Paid = hit.Path, paid
	g.proxy.Serve(w, forwarded)
}
