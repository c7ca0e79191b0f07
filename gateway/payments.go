package gateway

import (
	"context"
	"errors"
	"net/http"

	"paygate/gateway/proxy"
	"paygate/gateway/quota"
	"paygate/journey"
)

// payments starts journeys, and sends citizens to Pay.
type payments struct {
	*tickets
	intake      *intake
	routes      routes
	quotas      *quota.Quotas
	proxy       *proxy.Proxy  // asks the service for prices
	refuseCards bool          // refuse requests that carry a payment card number
	draining    chan struct{} // closed when no new journeys may start any more
}

// begin holds a request and sends its citizen to Pay, unless no journey may start.
func (p *payments) begin(w http.ResponseWriter, r *http.Request, in *incoming) {
	j, held := p.store(w, r, in, p.runner.Begin)
	if !held {
		return
	}
	began, err := p.runner.CreatePayment(r.Context(), j, in.request.Prefill)
	p.toPay(w, r, began, err)
}

// askFirst holds a request and asks the citizen whether to pay for it, unless no journey may start.
func (p *payments) askFirst(w http.ResponseWriter, r *http.Request, in *incoming) {
	j, held := p.store(w, r, in, p.runner.BeginAsking)
	if !held {
		return
	}
	if err := p.giveTicket(w, r, j); err != nil {
		p.answer(w, r, storeFailed(err))
		return
	}
	p.answer(w, r, stateOf(j))
}

// store holds a request in the store. It reports false if it has answered the request instead.
func (p *payments) store(
	w http.ResponseWriter, r *http.Request, in *incoming,
	begin func(context.Context, journey.Terms, journey.HeldRequest, string) (journey.Journey, error),
) (j journey.Journey, held bool) {
	if refusal, refused := p.refusal(in.terms.Route); refused {
		p.answer(w, r, refusal)
		return j, false
	}
	if err := p.quotas.Check(r.Context(), p.intake.clients.Of(r).Address, in.own); err != nil {
		p.answer(w, r, overQuota(err))
		return j, false
	}
	// The browser has our cookie at the origin that it is at, and nowhere else.
	public := p.intake.clients.Origins.FindOrMain(in.request.ForwardedHost)
	in.terms.ReturnURL = public.String() + ReturnPath(p.prefix)
	err := p.intake.withBody(r.Context(), in, func(request journey.HeldRequest) (err error) {
		j, err = begin(r.Context(), in.terms, request, journey.NewKey())
		return err
	})
	if err != nil {
		p.answer(w, r, notHeld(err))
		return j, false
	}
	p.quotas.Began(in.own, j.ID)
	return j, true
}

// passChoice passes a request through that chooses something that costs nothing.
func (p *payments) passChoice(w http.ResponseWriter, r *http.Request, in *incoming) {
	if refusal, refused := p.refusal(in.terms.Route); refused {
		p.answer(w, r, refusal)
		return
	}
	if p.refuseCards && in.hasCardNumber() {
		p.answer(w, r, cardNumber)
		return
	}
	p.log.InfoContext(r.Context(), "the choice costs nothing", "route", in.terms.Route)
	forwarded := asSent(r)
	forwarded.Path, forwarded.Free = in.request.Path, true
	p.proxy.Serve(w, forwarded)
}

// refusal returns the answer if no new journeys may start on a route just now.
func (p *payments) refusal(route string) (a answer, refused bool) {
	select {
	case <-p.draining:
		return draining, true
	default:
		return p.routes.refusal(route)
	}
}

// toPay gives the browser a ticket and sends the citizen to a new payment, or says what went wrong.
func (p *payments) toPay(w http.ResponseWriter, r *http.Request, began journey.Began, err error) {
	if began.Journey.ID != "" {
		if ticketErr := p.giveTicket(w, r, began.Journey); ticketErr != nil {
			p.answer(w, r, storeFailed(errors.Join(err, ticketErr)))
			return
		}
	}
	switch {
	case err != nil:
		p.answer(w, r, notStarted(began.Journey, err))
	case began.Journey.State == journey.StateConfirmed, began.Journey.State == journey.StateReleasing: // paid by now
		sendOn(w, r, p.returnAddress(r))
	case began.NextURL == "":
		p.answer(w, r, stateOf(began.Journey))
	default:
		p.sendToPay(w, r, began)
	}
}

// proceed answers a request that was sent again: a double click resumes the payment.
func (p *payments) proceed(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	switch {
	case j.AwaitsCitizen() && !isScript(r):
		p.answer(w, r, stateOf(j))
	case awaitsPayment(j):
		p.backToPay(w, r, j, p.runner.Again)
	default:
		sendOn(w, r, p.returnAddress(r))
	}
}

// backToPay sends a citizen back to Pay: to another payment for the same held request, or to the open one.
func (p *payments) backToPay(w http.ResponseWriter, r *http.Request, j journey.Journey,
	how func(context.Context, journey.ID) (journey.Began, error),
) {
	if refusal, refused := p.refusal(j.Terms.Route); refused && j.AwaitsCitizen() {
		p.answer(w, r, refusal)
		return
	}
	began, err := how(r.Context(), j.ID)
	// Since the journey was read, as when Pay corrects itself.
	if _, moved := errors.AsType[*journey.TransitionError](err); moved {
		sendOn(w, r, p.returnAddress(r))
		return
	}
	if began.Journey.ID == "" {
		began.Journey = j
	}
	p.toPay(w, r, began, err)
}

// handler takes the citizen of a journey back to Pay.
func (p *payments) handler(how func(context.Context, journey.ID) (journey.Began, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		j, found, err := p.owned(r, journey.ID(r.PostFormValue("journey")))
		switch {
		case err != nil:
			p.answer(w, r, storeFailed(err))
		case !found:
			p.answer(w, r, notFound)
		default:
			p.backToPay(w, r, j, how)
		}
	}
}
