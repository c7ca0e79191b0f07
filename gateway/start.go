package gateway

import (
	"context"
	"net/http"

	"paygate/gateway/quota"
	"paygate/journey"
)

// starter starts journeys.
type starter struct {
	*payments
	intake   *intake
	routes   routes
	quotas   *quota.Quotas
	draining chan struct{} // closed once no new journeys may start
}

// begin begins a journey, where nothing is against it. own are those that the browser has already.
func (s *starter) begin(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming,
	own []journey.Journey,
) {
	j, held := s.keep(w, r, terms, in, own, s.runner.Begin)
	if !held {
		return
	}
	began, err := s.runner.CreatePayment(r.Context(), j, in.request.Prefill)
	s.toPay(w, r, began, err)
}

// askFirst holds a request, and asks the citizen whether to pay for it.
func (s *starter) askFirst(w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming,
	own []journey.Journey,
) {
	j, held := s.keep(w, r, terms, in, own, s.runner.BeginAsking)
	if !held {
		return
	}
	if err := s.giveTicket(w, r, j); err != nil {
		s.answer(w, r, storeFailed(err))
		return
	}
	s.answer(w, r, stateOf(j))
}

// keep holds a request, where nothing is against it. Where something is, the request has been answered.
func (s *starter) keep(
	w http.ResponseWriter, r *http.Request, terms journey.Terms, in incoming, own []journey.Journey,
	begin func(context.Context, journey.Terms, journey.HeldRequest, string) (journey.Journey, error),
) (j journey.Journey, held bool) {
	if refusal, refused := s.refusal(terms.Route); refused {
		s.answer(w, r, refusal)
		return j, false
	}
	if err := s.quotas.Check(r.Context(), s.intake.clients.Of(r).Address, own); err != nil {
		s.answer(w, r, overQuota(err))
		return j, false
	}
	// Their browser has our cookie at the origin that they are at, and nowhere else.
	terms.ReturnURL = s.intake.clients.Origins.FindOrMain(in.request.ForwardedHost).String() + s.prefix + "/return"
	err := s.intake.withBody(r.Context(), in, func(request journey.HeldRequest) (err error) {
		j, err = begin(r.Context(), terms, request, journey.NewKey())
		return err
	})
	if err != nil {
		s.answer(w, r, notHeld(err))
		return j, false
	}
	s.quotas.Began(own, j.ID)
	return j, true
}

// refusal returns the answer when no new journeys may start on a route just now.
func (s *starter) refusal(route string) (a answer, refused bool) {
	select {
	case <-s.draining:
		return draining, true
	default:
		return closed, s.routes.mode(route) == ModeClosed
	}
}
