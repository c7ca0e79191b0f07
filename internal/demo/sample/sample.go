// Package sample is a small legacy service that knows nothing of Paygate: the fishing licences of a council that does
// not exist. The demo and the tests put Paygate in front of it.
//
// It has what makes such services hard to charge for: a browser session with a token against forged forms
// (visitors.go), a form with a file that is checked, stored and answered with a redirect (apply.go), files to download
// (files.go), an address for scripts (script.go), two languages (page.go). It also shows everything that it received,
// headers included (received.go), so it must never face the public. Only one address was added for Paygate: there it
// hears what happened to payments later (told.go).
//
// Everything is in memory, and lost when the service ends.
package sample

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxBody is the largest request body the service reads, in bytes.
const maxBody = 32 << 20

// Service is the legacy service, an http.Handler. It is safe for concurrent use.
type Service struct {
	now          func() time.Time
	mux          *http.ServeMux
	visitors     visitors
	applications applications
	arrivals     arrivals
	told         told
}

// New returns a service that uses the clock now.
func New(now func() time.Time) *Service {
	s := &Service{now: now, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /style.css", style)
	s.mux.HandleFunc("GET /licences/apply", s.form)
	s.mux.HandleFunc("POST /licences/apply", s.apply)
	s.mux.HandleFunc("GET /licences/confirmation/{number}", s.confirmation)
	s.mux.HandleFunc("POST /api/licences", s.applyByScript)
	s.mux.HandleFunc("GET /register.pdf", serveFile(register))
	s.mux.HandleFunc("GET /free.pdf", serveFile(byelaws))
	s.mux.HandleFunc("GET /received", s.showReceived)
	s.mux.HandleFunc("POST /paygate/events", s.hear)
	s.mux.HandleFunc("GET /told", s.showTold)
	return s
}

// ServeHTTP records every request as it arrived, then serves it. It does not record requests for the list of requests.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/received" {
		s.mux.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the request was incomplete", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.arrivals.add(received(r, body, s.now()))
	s.mux.ServeHTTP(w, r)
}

func (s *Service) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Name: "home"})
}
