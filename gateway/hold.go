package gateway

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/journey"
)

// submissions holds requests that change something.
type submissions struct {
	*starter
	quoter      *quoter
	replies     *replies
	hosts       *hosts
	refuser     *refuser
	shadow      *shadow
	refuseCards bool // refuse forms that carry a payment card number
}

// hold reads a request, finds its price, stores it, creates a payment and sends the citizen to Pay.
func (h *submissions) hold(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	body, err := h.intake.readBody(w, r)
	if err != nil {
		h.answer(w, r, unreadable(err))
		return
	}
	defer body.Close()
	in, err := h.intake.read(r, hit, body)
	if err != nil {
		h.answer(w, r, notHeld(err))
		return
	}
	r = inLanguage(r, in.language)
	hit = hit.WithForm(in.Submission)
	if hit.Action == match.Pay {
		in.path, in.route = hit.Captured, h.routes.of(hit.Concerned[0])
	}
	switch {
	case hit.Action == match.Refuse:
		h.refuser.refuse(w, r, hit)
	case hit.Action == match.Forward:
		h.shadow.forward(w, withRead(r, body))
	case len(hit.Concerned) > 1 && !hit.IsFree():
		h.answer(w, r, chooseAgain)
	case in.route.Mode.TakesNothing():
		h.holdFree(w, r, in)
	case h.hosts.isAtOtherHost(r):
		h.hosts.misdirected(w, r, hit.Target)
	case h.refuseCards && in.hasCardNumber():
		h.answer(w, r, cardNumber)
	default:
		h.applyTerms(w, r, in)
	}
}

// applyTerms finds the terms of a held request.
func (h *submissions) applyTerms(w http.ResponseWriter, r *http.Request, in incoming) {
	terms, err := in.terms()
	if err != nil {
		h.answer(w, r, chooseAgain)
		return
	}
	in.request.Prefill = in.prefill()
	in.Form = form.Form{} // all is taken from it, and it may be large
	if in.route.UpstreamPriced {
		h.takeQuoted(w, r, terms, in)
		return
	}
	h.take(w, r, terms, in)
}

// takeQuoted asks the service for the price, unless the browser has a journey for the very same request already.
func (h *submissions) takeQuoted(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming) {
	own, err := h.journeys(r)
	if err != nil {
		h.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, in.request.Fingerprint()); found {
		h.proceed(w, r, j)
		return
	}
	if terms, priced := h.quoter.priceTerms(w, r, terms, in.body); priced {
		h.take(w, r, terms, in)
	}
}

// take finds the journey that the request belongs to, or begins one.
func (h *submissions) take(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming) {
	own, err := h.journeys(r)
	if err != nil {
		h.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, in.request.Fingerprint()); found {
		h.proceed(w, r, j)
		return
	}
	if j, found := correctable(own, terms); found {
		h.resubmit(w, r, j, in)
		return
	}
	if h.paidJustNow(own, terms, in.request.Fingerprint()) && !isScript(r) {
		h.askFirst(w, r, terms, in, own)
		return
	}
	h.begin(w, r, terms, in, own)
}

// holdFree continues a journey that began before the route was free, or lets the request through.
func (h *submissions) holdFree(w http.ResponseWriter, r *http.Request, in incoming) {
	if terms, err := in.terms(); err == nil {
		own, _ := h.journeys(r)
		if j, found := sameRequest(own, terms, in.request.Fingerprint()); found && j.State != journey.StateHeld &&
			j.State != journey.StateUnpaid {
			seeOther(w, h.prefix+"/return")
			return
		}
		if j, found := correctable(own, terms); found {
			h.resubmit(w, r, j, in)
			return
		}
	}
	h.shadow.passFree(w, withRead(r, in.body), in.route)
}

// askAgainFor is how long after a release the same form makes Paygate ask whether to pay again: people press Back,
// and a second time on the button.
const askAgainFor = 10 * time.Minute

// sameRequest finds the journey of the same request from the same browser, unless something was delivered for it.
// Once it is paid for, the same form with another token counts as the same, so that no citizen pays twice for what
// has yet to be delivered.
func sameRequest(own []journey.Journey, terms journey.Terms, fingerprint journey.Fingerprint) (journey.Journey, bool) {
	for _, j := range own {
		switch j.State {
		case journey.StateHeld, journey.StatePaying, journey.StateUnpaid, journey.StateConfirmed,
			journey.StateReleasing, journey.StateStuck:
			same := fingerprint.IsRepeat(j.Fingerprint) || j.Paid() && fingerprint.IsSameForm(j.Fingerprint)
			if same && j.Terms.Route == terms.Route {
				return j, true
			}
		}
	}
	return journey.Journey{}, false
}

// correctable finds the newest journey on the route that the service refused, at the same price.
func correctable(own []journey.Journey, terms journey.Terms) (journey.Journey, bool) {
	for _, j := range own {
		if j.State == journey.StateRefused && !j.Returning && j.Terms.Route == terms.Route &&
			j.Terms.Amount == terms.Amount {
			return j, true
		}
	}
	return journey.Journey{}, false
}

// paidJustNow reports whether the browser has sent the same form a moment ago, and paid for it; or earlier, and its
// citizen does not know yet that the service has it.
func (h *submissions) paidJustNow(own []journey.Journey, terms journey.Terms, fingerprint journey.Fingerprint) bool {
	return slices.ContainsFunc(own, func(j journey.Journey) bool {
		given := j.State == journey.StateReleased || j.State == journey.StateAccepted
		now := h.runner.Now()
		lately := now.Before(j.ReleasedAt.Add(askAgainFor)) || j.Unseen(now)
		return given && lately && j.Terms.Route == terms.Route && j.Fingerprint.IsSameForm(fingerprint)
	})
}

// resubmit sends a corrected request on the payment that its refused forerunner left, and passes the answer on.
func (h *submissions) resubmit(w http.ResponseWriter, r *http.Request, j journey.Journey, in incoming) {
	err := h.intake.withBody(r.Context(), in, func(request journey.HeldRequest) error {
		after, err := h.runner.Resubmit(r.Context(), j.ID, request, journey.ByCitizen)
		if err == nil {
			j = after
		}
		return err
	})
	var misplaced *journey.TransitionError
	if err != nil && !errors.As(err, &misplaced) {
		h.answer(w, r, notResubmitted(err))
		return
	}
	progress, err := h.runner.Advance(r.Context(), j.ID, h.replies.visit(r))
	h.replies.passOn(w, r, progress, err)
}
