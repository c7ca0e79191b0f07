package paysim

import (
	"net/http"
	"strings"
)

// withoutSlash removes a slash from the end of the path, which makes no difference at Pay.
func withoutSlash(r *http.Request) *http.Request {
	shorter := *r.URL
	shorter.Path = strings.TrimSuffix(shorter.Path, "/")
	shorter.RawPath = strings.TrimSuffix(shorter.RawPath, "/")
	changed := r.Clone(r.Context())
	changed.URL = &shorter
	return changed
}

// healthcheck answers as Pay does.
func healthcheck(w http.ResponseWriter, _ *http.Request) {
	healthy := map[string]bool{"healthy": true}
	reply{status: 200, body: map[string]any{"ping": healthy, "deadlocks": healthy}}.write(w)
}

// leftOutPaths are those of Pay's calls that are left out on purpose.
var leftOutPaths = []string{
	"/v1/agreements", "/v1/agreements/{rest...}", "/v1/auth", "/v1/disputes", "/v1/payment_notification",
}

// leftOut says so, whatever the key.
func leftOut(w http.ResponseWriter, _ *http.Request) {
	reply{status: 501, body: map[string]any{
		"code": "NOT_SIMULATED",
		"description": "The simulator leaves out agreements, disputes, cards sent through the API and telephone " +
			"payment notifications. See docs/how-to/simulator.md",
	}}.write(w)
}

// other answers calls that Pay does not have. The code is a number there.
func (s *Simulator) other(a asked) reply {
	status := 404
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		tried := a.Clone(a.Context())
		tried.Method = method
		if _, pattern := s.mux.Handler(tried); pattern != "/v1/" {
			status = 405
		}
	}
	text := map[int]string{404: "HTTP 404 Not Found", 405: "HTTP 405 Method Not Allowed"}[status]
	return reply{status: status, body: map[string]any{"code": status, "message": text}}
}
