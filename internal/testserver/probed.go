package testserver

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// ProbedService counts how often its pay code runs.
type ProbedService struct {
	*httptest.Server
	Ran atomic.Int64
	All atomic.Int64
}

// NewProbedService starts a service that runs its pay code for the requests that isPay selects.
func NewProbedService(t *testing.T, isPay func(*http.Request) bool) *ProbedService {
	t.Helper()
	s := &ProbedService{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.All.Add(1)
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "text/html")
		switch {
		case isPay(r):
			n := s.Ran.Add(1)
			fmt.Fprintf(w, "<h1>Application received</h1><p>Thank you. Your number is %d-%x. We write to you within "+
				"ten days.</p>", 1000+n, n*7919)
		case r.URL.Path == "/" || r.URL.Path == "/index.php":
			_, _ = io.WriteString(w,
				"<h1>Fishing licences</h1><p>Apply for a licence, or renew the one that you have.</p>")
		case r.URL.Path == "/licences/apply":
			_, _ = io.WriteString(w,
				"<h1>Apply</h1><form method=post><label>Name<input name=name></label><button>Apply</button></form>")
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "<h1>Not found</h1><p>There is nothing at %s.</p>", r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Environ returns settings for the service.
func (s *ProbedService) Environ(over ...string) []string {
	return append([]string{
		"PAYGATE_UPSTREAM=" + s.URL, "PAYGATE_PUBLIC_URL=http://apply.example.org", "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=" + Secret32(1), "PAYGATE_SERVICE_NAME=Fishing licences", "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
	}, over...)
}

// Exactly selects requests to the pay path as it is configured.
func Exactly(r *http.Request) bool {
	return r.Method == http.MethodPost && r.RequestURI == "/licences/apply"
}
