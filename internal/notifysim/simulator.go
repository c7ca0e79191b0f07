// Package notifysim is a simulated GOV.UK Notify: the part of its API that sends e-mails, an inbox that shows them, and
// faults to order. Nothing leaves the machine.
package notifysim

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"paygate/gateway/notify"
)

// Key is an API key that the simulator accepts.
const Key = "demo-11111111-2222-4333-8444-555555555555-66666666-7777-4888-9999-000000000000"

// Email is an e-mail that the simulator has taken.
type Email struct {
	ID        string          `json:"id"`
	Reference string          `json:"reference"`
	To        string          `json:"email_address"`
	Template  notify.Template `json:"template_id"`
	Subject   string          `json:"subject"`
	Body      string          `json:"body"`
	Status    string          `json:"status"`
	At        time.Time       `json:"created_at"`
}

// Options configure a Simulator.
type Options struct {
	Now func() time.Time // nil: the system's clock
}

// Simulator is a simulated GOV.UK Notify. It is safe for concurrent use.
type Simulator struct {
	options Options
	mux     *http.ServeMux

	mu      sync.Mutex
	emails  []Email
	fault   string
	slow    time.Duration
	refuses notify.Template // the id of a template that is refused
}

// New returns a Simulator.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{options: o, mux: http.NewServeMux(), slow: 5 * time.Second}
	s.mux.Handle("POST /v2/notifications/email", s.answers(s.send))
	s.mux.Handle("GET /v2/notifications", s.answers(s.list))
	s.mux.Handle("GET /v2/template/{id}", s.answers(s.show))
	s.mux.HandleFunc("GET /inbox", s.inbox)
	s.mux.Handle("POST /inbox/faults", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.order)))
	return s
}

// ServeHTTP serves the API under /v2/, and the inbox at /inbox.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Beside returns a handler for this simulator and another one, whose addresses differ, at one listener.
func (s *Simulator) Beside(other http.Handler) http.Handler {
	both := http.NewServeMux()
	for _, path := range []string{"/v2/", "/inbox", "/inbox/"} {
		both.Handle(path, s)
	}
	both.Handle("/", other)
	return both
}

// Emails returns the e-mails that were taken, oldest first.
func (s *Simulator) Emails() []Email {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.emails)
}
