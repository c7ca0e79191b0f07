package gateway

import (
	"net/http"

	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
)

// passes lets citizens fetch addresses that they have paid for.
type passes struct {
	*payments
	replies    *replies
	shadow     *shadow
	classifier *match.Classifier
	paid       Paid
}

// pass lets a citizen fetch an address that is paid for, and sends them to Pay otherwise.
func (h *passes) pass(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	in, ok := h.read(w, r, hit)
	if !ok {
		return
	}
	j, found := h.passFor(in, hit)
	other, hasOther := firstOf(in.own, func(j journey.Journey) bool {
		return isForPath(j, hit) && j.PassValid(h.runner.Now())
	})
	switch {
	case found && j.PassValid(h.runner.Now()):
		h.fetch(w, r, j, hit)
	case in.isFree() && !hit.IsFree():
		h.passChoice(w, r, in)
	case hit.IsFree() && (!found || r.Method == http.MethodHead):
		h.shadow.passFree(w, r, hit)
	case r.Method == http.MethodHead:
		h.answer(w, r, headUnpaid)
	case found:
		h.usePass(w, r, j, hit)
	case hasOther:
		h.answer(w, r, forAnother(other, hit))
	default:
		h.buy(w, r, in)
	}
}

// read reads a request on a pass. It reports false if it has answered the request. It drops a body, because what is
// paid for, and signed, is the address.
func (h *passes) read(w http.ResponseWriter, r *http.Request, hit match.Decision) (*incoming, bool) {
	r.Body, r.ContentLength = http.NoBody, 0
	in := &incoming{asked: h.intake.asked(r, hit, form.Form{}), request: h.intake.heldRequest(r, hit)}
	var err error
	if in.terms, err = in.newTerms(); err != nil {
		h.answer(w, r, chooseAgain)
		return nil, false
	}
	in.terms.PassQuery = in.route.passQuery(hit.Target.Query)
	if in.own, err = h.journeys(r); err != nil {
		h.answer(w, r, storeFailed(err))
		return nil, false
	}
	return in, true
}

// buy sends a citizen to Pay for a pass.
func (h *passes) buy(w http.ResponseWriter, r *http.Request, in *incoming) {
	if h.refuseCards && in.hasCardNumber() {
		h.answer(w, r, cardNumber)
		return
	}
	if !in.route.UpstreamPriced || h.askPrice(w, r, in) {
		h.begin(w, r, in)
	}
}

// buyOther answers the button of the page that says that a pass is for another query.
func (h *passes) buyOther(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	asking := withoutForm(r, match.Target{})
	asking.Method, asking.RequestURI = http.MethodGet, r.PostFormValue("address")
	hit := h.classifier.Classify(asking)
	if hit.Action != match.Pay || h.routes.of(hit.Route).Terms.Kind != journey.KindPass {
		h.answer(w, r, notFound)
		return
	}
	if hit.IsFree() {
		seeOther(w, asking.RequestURI)
		return
	}
	in, ok := h.read(w, asking, hit)
	switch {
	case !ok:
	case in.isFree():
		seeOther(w, asking.RequestURI)
	default:
		h.buy(w, asking, in)
	}
}

// passFor finds the browser's newest pass for the address and the choice of price, if it is still of any use. A pass
// of the first version that the service priced has its query as the choice.
func (h *passes) passFor(in *incoming, hit match.Decision) (journey.Journey, bool) {
	return firstOf(in.own, func(j journey.Journey) bool {
		sameChoice := j.Terms.Choice == in.terms.Choice ||
			in.route.UpstreamPriced && j.Terms.Choice == digest(hit.Target.Query)
		return sameChoice && isFor(j, hit) && (!j.State.AtRest() || j.PassValid(h.runner.Now()))
	})
}

// usePass takes a pass that has not been fetched yet as far as possible: to the file, or to Pay.
func (h *passes) usePass(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
	if j.State == journey.StatePaying || j.State == journey.StateReleasing {
		after, err := h.runner.Return(r.Context(), j.ID, journey.ByCitizen)
		if err != nil && j.State == journey.StateReleasing {
			h.replies.answerState(w, r, j, err)
			return
		}
		if after.ID != "" {
			j = after
		}
	}
	switch {
	case j.PassValid(h.runner.Now()):
		h.fetch(w, r, j, hit)
	case j.State == journey.StateConfirmed, j.State == journey.StateRefused && !j.Returning:
		h.collect(w, r, j, hit)
	case awaitsPayment(j) && hit.IsFree():
		h.shadow.passFree(w, r, hit)
	case awaitsPayment(j):
		h.backToPay(w, r, j, h.runner.Again)
	default:
		h.answer(w, r, stateOf(j))
	}
}

// collect is the first fetch. Whether the service accepts it decides what happens to the money.
func (h *passes) collect(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
	request := h.intake.heldRequest(r, hit)
	headers.CopyConditions(request.Header, r.Header)
	progress, err := h.runner.Collect(r.Context(), j.ID, request, h.replies.visit(r))
	if progress.Reply != nil {
		headers.MakePrivate(progress.Reply.Header)
	}
	h.replies.passOn(w, r, progress, err)
}

// fetch passes the request through with the headers that say what was paid.
func (h *passes) fetch(w http.ResponseWriter, r *http.Request, j journey.Journey, hit match.Decision) {
	paid, err := h.paid.PassHeader(j, r.Method, hit.Path, hit.Target.Query)
	if err != nil {
		h.answer(w, r, storeFailed(err))
		return
	}
	forwarded := asSent(r)
	forwarded.Path, forwarded.Paid = hit.Path, paid
	h.proxy.Serve(w, forwarded)
}

// forAnother answers that a pass is for the same path with another query.
func forAnother(pass journey.Journey, hit match.Decision) answer {
	view := viewOf(pass)
	view.Address = hit.Target.At(hit.Path)
	return answer{status: http.StatusPaymentRequired, page: pages.PassOtherQuery, view: view}
}
