package staff

import (
	"context"
	"net/http"

	"paygate/journey"
)

// approve carries out an order that waits for a second person.
func (s *server) approve(w http.ResponseWriter, r *http.Request, m member) {
	s.carryOut(w, r, m, "approve", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Approve(ctx, id, m.By())
	})
}

// reject ends the wait of an order. The person who asked withdraws it so.
func (s *server) reject(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.carryOut(w, r, m, "reject", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Reject(ctx, id, m.By(), o.Reason)
	})
}
