package staff

import (
	"net/http"

	"paygate/gateway/signin"
)

// address is an address for staff, and the role that it needs.
type address struct {
	pattern string
	role    signin.Role
	handle  func(http.ResponseWriter, *http.Request, member)
}

// addresses are all that staff may ask for, with the role that each needs.
func (s *server) addresses() []address {
	return []address{
		{"GET /{$}", signin.View, s.overview},
		{"GET /journeys", signin.View, s.list},
		{"POST /journeys", signin.View, s.list},
		{"GET /journeys/{id}", signin.View, s.show},
		{"POST /journeys/{id}/check", signin.View, s.check},
		{"POST /journeys/{id}/release", signin.Refund, s.release},
		{"POST /journeys/{id}/refund", signin.Refund, s.refund},
		{"POST /journeys/{id}/settle", signin.Refund, s.settle},
		{"POST /mopup", signin.Refund, s.mopup},
		{"GET /finance", signin.View, finance{s}.page},
		{"GET /export.csv", signin.View, finance{s}.send(journeysFile)},
		{"GET /refunds.csv", signin.View, finance{s}.send(refundsFile)},
		{"GET /backup", signin.Admin, s.backup},
		{"GET /reconcile", signin.View, comparisons{s}.show},
		{"POST /reconcile", signin.Admin, comparisons{s}.compare},
		{"POST /reconcile/adopt", signin.Admin, comparisons{s}.adopt},
		{"/", signin.View, s.nothing},
	}
}

func (s *server) nothing(w http.ResponseWriter, r *http.Request, _ member) {
	s.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
}
