package gateway

import (
	"context"
	"errors"
	"net/http"

	"paygate/journey"
)

// payments sends citizens to Pay, and back to Pay.
type payments struct{ *tickets }

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
		sendOn(w, r, p.prefix+"/return")
	case began.NextURL == "":
		p.answer(w, r, stateOf(began.Journey))
	default:
		p.sendToPay(w, r, began)
	}
}

// proceed answers the same request, sent again: a double click resumes the payment.
func (p *payments) proceed(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	if j.AwaitsCitizen() && !isScript(r) {
		p.answer(w, r, stateOf(j))
		return
	}
	switch j.State {
	case journey.StateHeld, journey.StateUnpaid, journey.StatePaying:
		p.backToPay(w, r, j, p.runner.Again)
	default:
		sendOn(w, r, p.prefix+"/return")
	}
}

// backToPay sends a citizen back to Pay: to another payment for the same held request, or to the open one.
func (p *payments) backToPay(w http.ResponseWriter, r *http.Request, j journey.Journey,
	how func(context.Context, journey.ID) (journey.Began, error),
) {
	began, err := how(r.Context(), j.ID)
	var moved *journey.TransitionError
	if errors.As(err, &moved) { // since the journey was read, as when Pay corrects itself
		sendOn(w, r, p.prefix+"/return")
		return
	}
	if began.Journey.ID == "" {
		began.Journey = j
	}
	p.toPay(w, r, began, err)
}

// handler takes the citizen of a journey back to Pay: to another payment for the same held request, or to the open one.
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
