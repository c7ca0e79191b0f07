// Package sample is a small legacy service that knows nothing of Paygate: the fishing licences of a council that does not
// exist. The demo and the tests put Paygate in front of it.
//
// It has what makes such services hard to charge for: a browser session with a token against forged forms (visitors.go), a
// form with a file that is checked, kept and answered by a redirect (apply.go), files to download (files.go), an address for
// scripts (script.go), streams (events.go, socket.go), two languages (page.go). And it tells what reached it (received.go),
// headers and all, to whoever asks: it must never face the public.
//
// Everything is in memory, and gone when the service ends.
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
}

// New makes the service with a clock.
func New(now func() time.Time) *Service {
	s := &Service{now: now, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /style.css", style)
	s.mux.HandleFunc("GET /licences/apply", s.form)
	s.mux.HandleFunc("POST /licences/apply", s.apply)
	s.mux.HandleFunc("GET /licences/confirmation/{number}", s.confirmation)
	s.mux.HandleFunc("POST /api/licences", s.applyByScript)
	s.mux.HandleFunc("GET /register.pdf", register)
	s.mux.HandleFunc("GET /free.pdf", leaflet)
	s.mux.HandleFunc("GET /events", events)
	s.mux.HandleFunc("GET /socket", socket)
	s.mux.HandleFunc("/echo", echo)
	s.mux.HandleFunc("GET /received", s.showReceived)
	return s
}

// ServeHTTP notes every request as it came, then serves it. Questions about what came are not noted.
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
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.arrivals.add(received(r, body, s.now()))
	s.mux.ServeHTTP(w, r)
}

func (s *Service) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Name: "home"})
}
