package gateway

import (
	"net/http"

	"paygate/gateway/match"
)

// statusRecorder remembers the status of an answer for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the first status that is not interim.
func (s *statusRecorder) WriteHeader(status int) {
	if s.status < http.StatusOK {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and hijack.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// kindOf returns the name of a decision in the metrics.
func kindOf(d match.Decision) string {
	switch d.Action {
	case match.Own:
		return "own"
	case match.Pay:
		return "pay"
	case match.Refuse, match.Redirect:
		return "refused"
	default:
		return "pass_through"
	}
}

// logRequest logs a request that Paygate itself answers or holds, without any part of its address.
func (s *responder) logRequest(r *http.Request, d match.Decision, status int) {
	route := ""
	if d.Route != nil {
		route = d.Route.Name
	}
	s.log.InfoContext(r.Context(), "request",
		"kind", kindOf(d), "method", s.methodName(r), "route", route, "status", status)
}
