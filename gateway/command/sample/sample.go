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
	"log/slog"
	"net/http"
	"time"
)

// maxBody is the largest request body the service reads, in bytes.
const maxBody = 32 << 20

// Options are what a service can be told. The zero value is a working service.
type Options struct {
	Now   func() time.Time // the clock; nil means time.Now
	Log   *slog.Logger     // what became of applications, by number; nil means silence
	Title string           // the council's name, in both languages; empty means Rivermouth Council's
}

// Service is the legacy service, an http.Handler. It is safe for concurrent use.
type Service struct {
	options      Options
	mux          *http.ServeMux
	visitors     visitors
	applications applications
	arrivals     arrivals
}

// New makes the service with a clock, and is otherwise as the zero [Options] say.
func New(now func() time.Time) *Service { return NewWith(Options{Now: now}) }

// NewWith makes the service.
func NewWith(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{options: o, mux: http.NewServeMux()}
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
	s.arrivals.add(received(r, body, s.options.Now()))
	s.mux.ServeHTTP(w, r)
}

func (s *Service) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Name: "home"})
}
