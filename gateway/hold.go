package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/journey"
)

// hold keeps a request until it is paid for: read whole, priced, kept, a payment created, and the citizen sent to Pay.
func (g *Gateway) hold(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	body, err := g.readBody(w, r)
	if err != nil {
		g.answer(w, r, unreadable(err, g.HoldMaxBytes))
		return
	}
	defer body.Close()
	in, err := g.look(r, hit, body)
	if err != nil {
		g.answer(w, r, notHeld(err))
		return
	}
	r = inLanguage(r, in.language)
	hit = hit.WithForm(in.Submission)
	if hit.Action == match.Pay {
		in.path, in.route = hit.Captured, g.route(hit.Concerned[0])
	}
	switch {
	case hit.Action == match.Refuse:
		g.refuse(w, r, hit)
	case hit.Action == match.Forward:
		g.forward(w, withRead(r, body))
	case len(hit.Concerned) > 1 && !hit.IsFree():
		g.answer(w, r, chooseAgain)
	case in.route.Mode.TakesNothing():
		g.holdFree(w, r, in)
	case g.isAtOtherHost(r):
		g.misdirected(w, r, hit.Target)
	case g.RefuseCards && in.hasCardNumber():
		g.answer(w, r, cardNumber)
	default:
		g.price(w, r, in)
	}
}

// price puts a held request under its terms.
func (g *Gateway) price(w http.ResponseWriter, r *http.Request, in incoming) {
	terms, err := in.terms()
	if err != nil {
		g.answer(w, r, chooseAgain)
		return
	}
	in.request.Prefill = in.prefill()
	in.Form = form.Form{} // all is taken from it, and it may be large
	if in.route.UpstreamPriced {
		g.takeQuoted(w, r, terms, in)
		return
	}
	g.take(w, r, terms, in)
}

// takeQuoted asks the service for the price, unless the browser has a journey for the very same request already.
func (g *Gateway) takeQuoted(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming) {
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, in.request.Fingerprint()); found {
		g.proceed(w, r, j)
		return
	}
	if terms, priced := g.quoted(w, r, terms, in.body); priced {
		g.take(w, r, terms, in)
	}
}

// take finds the journey that the request belongs to, or begins one.
func (g *Gateway) take(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming) {
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if j, found := sameRequest(own, terms, in.request.Fingerprint()); found {
		g.proceed(w, r, j)
		return
	}
	if j, found := correctable(own, terms); found {
		g.resubmit(w, r, j, in)
		return
	}
	if g.paidJustNow(own, terms, in.request.Fingerprint()) && !isScript(r) {
		g.askFirst(w, r, terms, in, own)
		return
	}
	g.begin(w, r, terms, in, own)
}

// begin begins a journey, where nothing is against it. own are those that the browser has already.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming, own []journey.Journey) {
	j, held := g.keep(w, r, terms, in, own, g.Runner.Begin)
	if !held {
		return
	}
	began, err := g.Runner.CreatePayment(r.Context(), j, in.request.Prefill)
	g.toPay(w, r, began, err)
}

// askFirst holds a request, and asks the citizen whether to pay for it.
func (g *Gateway) askFirst(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming, own []journey.Journey) {
	j, held := g.keep(w, r, terms, in, own, g.Runner.BeginAsking)
	if !held {
		return
	}
	if err := g.giveTicket(w, r, j); err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	g.answer(w, r, stateOf(j))
}

// keep holds a request, where nothing is against it. Where something is, the request has been answered.
func (g *Gateway) keep(
	w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming, own []journey.Journey,
	begin func(context.Context, journey.Terms, journey.HeldRequest, string) (journey.Journey, error),
) (j journey.Journey, held bool) {
	switch {
	case g.isDraining():
		g.answer(w, r, draining)
		return j, false
	case g.mode(terms.Route) == ModeClosed:
		g.answer(w, r, closed)
		return j, false
	}
	if err := g.quotas.Check(r.Context(), g.Proxy.Clients.Of(r).Address, own); err != nil {
		g.answer(w, r, overQuota(err))
		return j, false
	}
	// Their browser has our cookie at the origin that they are at, and nowhere else.
	terms.ReturnURL = g.Origins.FindOrMain(in.request.ForwardedHost).String() + g.Prefix + "/return"
	err := g.withBody(r.Context(), in, func(request journey.HeldRequest) (err error) {
		j, err = begin(r.Context(), terms, request, journey.NewKey())
		return err
	})
	if err != nil {
		g.answer(w, r, notHeld(err))
		return j, false
	}
	g.quotas.Began(own, j.ID)
	return j, true
}

// askAgainFor is how long after a release the same form makes Paygate ask whether to pay again: people press Back, and a
// second time on the button.
const askAgainFor = 10 * time.Minute

// paidJustNow reports whether the browser has sent the same form a moment ago, and paid for it; or earlier, and its citizen
// does not know yet that the service has it.
func (g *Gateway) paidJustNow(own []journey.Journey, terms journey.Terms, fingerprint journey.Fingerprint) bool {
	return slices.ContainsFunc(own, func(j journey.Journey) bool {
		given := j.State == journey.StateReleased || j.State == journey.StateAccepted
		now := g.Runner.Now()
		lately := now.Before(j.ReleasedAt.Add(askAgainFor)) || j.Unseen(now)
		return given && lately && j.Terms.Route == terms.Route && j.Fingerprint.IsSameForm(fingerprint)
	})
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
	case err != nil:
		g.answer(w, r, notStarted(began.Journey, err))
	case began.Journey.State == journey.StateConfirmed, began.Journey.State == journey.StateReleasing: // paid by now
		sendOn(w, r, g.Prefix+"/return")
	case began.NextURL == "":
		g.answer(w, r, stateOf(began.Journey))
	default:
		g.sendToPay(w, r, began)
	}
}

// proceed takes the same request, sent again, to where its journey stands: the double click resumes the payment.
func (g *Gateway) proceed(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	if j.AwaitsCitizen() && !isScript(r) {
		g.answer(w, r, stateOf(j))
		return
	}
	switch j.State {
	case journey.StateHeld, journey.StateUnpaid, journey.StatePaying:
		g.backToPay(w, r, j, g.Runner.Again)
	default:
		sendOn(w, r, g.Prefix+"/return")
	}
}

// backToPay sends a citizen back to Pay: to another payment for the same held request, or to the open one.
func (g *Gateway) backToPay(w http.ResponseWriter, r *http.Request, j journey.Journey, how func(context.Context, journey.ID) (journey.Began, error)) {
	began, err := how(r.Context(), j.ID)
	var moved *journey.TransitionError
	if errors.As(err, &moved) { // since the journey was read, as when Pay corrects itself
		sendOn(w, r, g.Prefix+"/return")
		return
	}
	if began.Journey.ID == "" {
		began.Journey = j
	}
	g.toPay(w, r, began, err)
}

// resubmit sends a corrected request on the payment that its refused forerunner left, and passes the answer on.
func (g *Gateway) resubmit(w http.ResponseWriter, r *http.Request, j journey.Journey, in incoming) {
	err := g.withBody(r.Context(), in, func(request journey.HeldRequest) error {
		after, err := g.Runner.Resubmit(r.Context(), j.ID, request, journey.ByCitizen)
		if err == nil {
			j = after
		}
		return err
	})
	var misplaced *journey.TransitionError
	if err != nil && !errors.As(err, &misplaced) {
		g.answer(w, r, notResubmitted(err))
		return
	}
	progress, err := g.Runner.Advance(r.Context(), j.ID, g.visit(r))
	g.passOn(w, r, progress, err)
}

// sameRequest finds the journey of the same request from the same browser, as long as nothing was delivered for it. Once it is
// paid for, the same form with another token is the same: nobody pays twice for what has yet to be delivered.
func sameRequest(own []journey.Journey, terms journey.Terms, fingerprint journey.Fingerprint) (journey.Journey, bool) {
	for _, j := range own {
		switch j.State {
		case journey.StateHeld, journey.StatePaying, journey.StateUnpaid, journey.StateConfirmed, journey.StateReleasing, journey.StateStuck:
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
		if j.State == journey.StateRefused && !j.Returning && j.Terms.Route == terms.Route && j.Terms.Amount == terms.Amount {
			return j, true
		}
	}
	return journey.Journey{}, false
}
