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
	*payments
	replies *replies
	hosts   *hosts
	refuser *refuser
	shadow  *shadow
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
		hit.Route = hit.Concerned[0]
		in.path, in.route = hit.Captured, h.routes.of(hit.Route)
	}
	switch {
	case hit.Action == match.Refuse:
		h.refuser.refuse(w, r, hit)
	case hit.Action == match.Forward:
		h.shadow.forward(w, withRead(r, body))
	case len(hit.Concerned) > 1 && !hit.IsFree():
		h.answer(w, r, chooseAgain)
	case in.route.Mode.TakesNothing():
		h.holdFree(w, r, hit, in)
	case h.hosts.isAtOtherHost(r):
		h.hosts.misdirected(w, r, hit.Target)
	case h.refuseCards && in.hasCardNumber():
		h.answer(w, r, cardNumber)
	default:
		h.price(w, r, in)
	}
}

// holdFree continues a journey that began before the route was free, or lets the request through.
func (h *submissions) holdFree(w http.ResponseWriter, r *http.Request, hit match.Decision, in *incoming) {
	var err error
	if in.terms, err = in.newTerms(); err == nil {
		in.own, _ = h.journeys(r)
		if j, found := in.repeated(); found && j.State != journey.StateHeld && j.State != journey.StateUnpaid {
			seeOther(w, h.prefix+"/return")
			return
		}
		if j, found := in.corrected(); found {
			h.resubmit(w, r, j, in)
			return
		}
	}
	h.shadow.passFree(w, withRead(r, in.body), hit)
}

// price finds the terms of a request, unless the browser has a journey for the same request already, and passes a
// request through if it chooses something that costs nothing.
func (h *submissions) price(w http.ResponseWriter, r *http.Request, in *incoming) {
	var err error
	if in.terms, err = in.newTerms(); err != nil {
		h.answer(w, r, chooseAgain)
		return
	}
	in.request.Prefill = in.prefill()
	in.Form = form.Form{} // it may be large, and is no longer needed
	switch {
	case h.proceedWithRepeated(w, r, in):
	case in.isFree():
		h.passChoice(w, withRead(r, in.body), in)
	case in.route.UpstreamPriced && (!h.askPrice(w, r, in) || h.proceedWithRepeated(w, r, in)):
	default:
		h.start(w, r, in)
	}
}

// proceedWithRepeated answers a request for which the browser has a journey already. It reports whether it has
// answered the request.
func (h *submissions) proceedWithRepeated(w http.ResponseWriter, r *http.Request, in *incoming) bool {
	var err error
	if in.own, err = h.journeys(r); err != nil {
		h.answer(w, r, storeFailed(err))
		return true
	}
	j, found := in.repeated()
	if found {
		h.proceed(w, r, j)
	}
	return found
}

// start begins a journey, unless the request corrects one that the service refused.
func (h *submissions) start(w http.ResponseWriter, r *http.Request, in *incoming) {
	refused, found := in.corrected()
	switch {
	case found:
		h.resubmit(w, r, refused, in)
	case in.isJustPaid(h.runner.Now()) && !isScript(r):
		h.askFirst(w, r, in)
	default:
		h.begin(w, r, in)
	}
}

// repeated finds the journey of the same request from the same browser, unless something was delivered for it. Once it
// is paid for, the same form with another token counts as the same, so that no citizen pays twice for what has yet to
// be delivered.
func (in *incoming) repeated() (journey.Journey, bool) {
	fingerprint := in.request.Fingerprint()
	return firstOf(in.own, func(j journey.Journey) bool {
		switch j.State {
		case journey.StateHeld, journey.StatePaying, journey.StateUnpaid, journey.StateConfirmed,
			journey.StateReleasing, journey.StateStuck:
			same := fingerprint.IsRepeat(j.Fingerprint) || j.Paid() && fingerprint.IsSameForm(j.Fingerprint)
			return same && j.Terms.Route == in.terms.Route
		default:
			return false
		}
	})
}

// corrected finds the newest journey on the route, at the same price, that the service refused.
func (in *incoming) corrected() (journey.Journey, bool) {
	return firstOf(in.own, func(j journey.Journey) bool {
		return j.State == journey.StateRefused && !j.Returning && j.Terms.Route == in.terms.Route &&
			j.Terms.Amount == in.terms.Amount
	})
}

// isJustPaid reports whether the citizen paid for the same form a moment ago, or has not yet seen that the service has
// it. People press Back, and then the button a second time.
func (in *incoming) isJustPaid(now time.Time) bool {
	const justNow = 10 * time.Minute // since the release
	return slices.ContainsFunc(in.own, func(j journey.Journey) bool {
		given := j.State == journey.StateReleased || j.State == journey.StateAccepted
		lately := now.Before(j.ReleasedAt.Add(justNow)) || j.Unseen(now)
		return given && lately && j.Terms.Route == in.terms.Route &&
			j.Fingerprint.IsSameForm(in.request.Fingerprint())
	})
}

// resubmit sends a corrected request on the payment of the refused one, and passes the answer on.
func (h *submissions) resubmit(w http.ResponseWriter, r *http.Request, j journey.Journey, in *incoming) {
	err := h.intake.withBody(r.Context(), in, func(request journey.HeldRequest) error {
		_, err := h.runner.Resubmit(r.Context(), j.ID, request, journey.ByCitizen)
		return err
	})
	if _, moved := errors.AsType[*journey.TransitionError](err); err != nil && !moved {
		h.answer(w, r, notResubmitted(err))
		return
	}
	progress, err := h.runner.Advance(r.Context(), j.ID, h.replies.visit(r))
	h.replies.passOn(w, r, progress, err)
}
