package testserver

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Service is the legacy service of a test. It records requests and answers as told.
type Service struct {
	Answer http.HandlerFunc // before the service starts; later SetAnswer changes it
	Server *httptest.Server

	mu       sync.Mutex
	received []Received
}

// Received is a request that the service received.
type Received struct {
	Method, Target, Host string
	Header               http.Header
	Body                 []byte
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.received = append(s.received, Received{r.Method, r.RequestURI, r.Host, r.Header.Clone(), body})
	answer := s.Answer
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer(w, r)
}

// SetAnswer changes how the service answers from now on.
func (s *Service) SetAnswer(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Answer = answer
}

// All returns what the service received, oldest first.
func (s *Service) All() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Requests returns what the service received with a method.
func (s *Service) Requests(method string) []Received {
	return slices.DeleteFunc(s.All(), func(r Received) bool { return r.Method != method })
}

// Restart serves again at the address that the service had.
func (s *Service) Restart(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.Server.Listener.Addr().String())
	require.NoError(t, err)
	s.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.Server.Start()
	t.Cleanup(s.Server.Close)
}

// Plain answers every request with the same page.
func Plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<p>the service's own page</p>")
}

// Confirm answers a POST with a redirect to a confirmation page, and other requests with Plain.
func Confirm(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		Plain(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received"})
	w.Header().Set("Location", "confirmation/RVM-0001")
	w.WriteHeader(http.StatusSeeOther)
}

// BreakOff closes the connection of a POST without an answer.
func BreakOff(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		Plain(w, r)
		return
	}
	panic(http.ErrAbortHandler)
}

// Statuses returns the Paygate-Status of each request.
func Statuses(requests []Received) (all []string) {
	for _, r := range requests {
		all = append(all, r.Header.Get("Paygate-Status"))
	}
	return all
}
