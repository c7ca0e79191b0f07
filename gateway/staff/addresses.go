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
func (s entrance) addresses() []address {
	return []address{
		{"GET /{$}", signin.View, s.overview},
		{"GET /journeys", signin.View, s.list},
		{"POST /journeys", signin.View, s.list},
		{"GET /journeys/{id}", signin.View, s.show},
		{"POST /journeys/{id}/check", signin.View, s.check},
		{"POST /journeys/{id}/release", signin.Refund, s.release},
		{"POST /journeys/{id}/refund", signin.Refund, s.refund},
		{"POST /journeys/{id}/settle", signin.Refund, s.settle},
		{"POST /journeys/{id}/approve", signin.Refund, s.approve},
		{"POST /journeys/{id}/reject", signin.Refund, s.reject},
		{"POST /mopup", signin.Refund, s.mopup},
		{"GET /finance", signin.View, finance{s.server}.page},
		{"GET /export.csv", signin.View, finance{s.server}.send(journeysFile)},
		{"GET /refunds.csv", signin.View, finance{s.server}.send(refundsFile)},
		{"GET /backup", signin.Admin, s.backup},
		{"GET /reconcile", signin.View, comparisons{s.server}.show},
		{"POST /reconcile", signin.Admin, comparisons{s.server}.compare},
		{"POST /reconcile/adopt", signin.Admin, comparisons{s.server}.adopt},
		{"GET /routes", signin.View, routeModes{s.server}.show},
		{"POST /routes/{name}", signin.Admin, routeModes{s.server}.change},
		{"GET " + resumeAddress, signin.View, s.resume},
		{"/", signin.View, s.nothing},
	}
}

func (s entrance) nothing(w http.ResponseWriter, r *http.Request, _ member) {
	s.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
}
