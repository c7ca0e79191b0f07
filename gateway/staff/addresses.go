package staff

import (
	"net/http"
	"strings"

	"paygate/gateway/signin"
)

// address is an address for staff, and the role that it needs.
type address struct {
	pattern string
	role    signin.Role
	what    string // what it is called in the audit; empty: it shows nothing that is worth an entry
	handle  func(http.ResponseWriter, *http.Request, member)
}

// changes reports whether the address is for doing something, and not only for looking.
func (a address) changes() bool {
	return strings.HasPrefix(a.pattern, "POST ") && a.what != "journeys" && a.what != "person"
}

// addresses are all that staff may ask for, with the role that each needs.
func (s entrance) addresses() []address {
	return []address{
		{"GET /{$}", signin.View, "overview", s.overview},
		{"GET /journeys", signin.View, "journeys", s.list},
		{"POST /journeys", signin.View, "journeys", s.list},
		{"GET /journeys/{id}", signin.View, "journey", s.show},
		{"POST /journeys/{id}/check", signin.View, "check", s.check},
		{"GET /journeys/{id}/release", signin.Refund, "journey", s.form(releaseTask)},
		{"POST /journeys/{id}/release", signin.Refund, "release", s.order(releaseTask)},
		{"GET /journeys/{id}/refund", signin.Refund, "journey", s.form(refundTask)},
		{"POST /journeys/{id}/refund", signin.Refund, "refund", s.order(refundTask)},
		{"GET /journeys/{id}/settle", signin.Refund, "journey", s.form(settleTask)},
		{"POST /journeys/{id}/settle", signin.Refund, "settle", s.order(settleTask)},
		{"GET /journeys/{id}/return", signin.Refund, "journey", s.form(returnTask)},
		{"POST /journeys/{id}/return", signin.Refund, "return", s.order(returnTask)},
		{"POST /journeys/{id}/approve", signin.Refund, "approve", s.approve},
		{"POST /journeys/{id}/reject", signin.Refund, "reject", s.reject},
		{"POST /mopup", signin.Refund, "mopup", s.mopup},
		{"GET /mopup", signin.View, "", s.sweepProgress},
		{"GET /finance", signin.View, "", finance{s.server}.page},
		{"GET /export.csv", signin.View, "export", finance{s.server}.send(journeysFile)},
		{"GET /refunds.csv", signin.View, "refunds", finance{s.server}.send(refundsFile)},
		{"GET /backup", signin.Admin, "backup", s.backup},
		{"GET /reconcile", signin.View, "comparison", comparisons{s.server}.show},
		{"POST /reconcile", signin.Admin, "reconcile", comparisons{s.server}.compare},
		{"POST /reconcile/adopt", signin.Admin, "adopt", comparisons{s.server}.adopt},
		{"GET /routes", signin.View, "routes", routeModes{s}.show},
		{"POST /routes/{name}", signin.Admin, "route", routeModes{s}.change},
		{"GET /person", signin.Admin, "", people{s.server}.form},
		{"POST /person", signin.Admin, "person", people{s.server}.list},
		{"POST /person/erase", signin.Admin, "erase", people{s.server}.erase},
		{"GET /audit.csv", signin.View, "audit", audit{s.server}.csv},
		{"GET " + resumeAddress, signin.View, "", s.resume},
		{"/", signin.View, "", s.nothing},
	}
}

func (s entrance) nothing(w http.ResponseWriter, r *http.Request, _ member) {
	s.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
}
