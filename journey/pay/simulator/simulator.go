// Package simulator is a GOV.UK Pay to run offline: its API, its card pages, its webhooks, and faults to order. It behaves
// as the public source and guidance of GOV.UK Pay say that the real one does. Tests use it, the demo pays at it, and teams
// run it for their own tests, since automated tests against the real Pay are not allowed.
//
// Its clock can be moved, and everything it received can be looked at: by the methods here, or over HTTP at /control.
package simulator

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are what a simulator is made of; the zero value works.
type Options struct {
	PublicURL   string           // where browsers and clients reach it; may be set later by SetPublicURL
	ServiceName string           // on the card pages
	Now         func() time.Time // default time.Now; Advance moves it
	Log         *slog.Logger     // default: nothing is logged

	WebhookURL    string // default: no webhooks
	WebhookSecret string

	SearchLag   time.Duration // how far search lags behind
	RefundDelay time.Duration // how long after success a refund is still "pending"
	PostLimit   int           // creates, captures and other POSTs a second, each; 0 means 15, below 0 no limit
	Surcharge   int64         // pence, on the corporate test cards
	Live        bool          // behave as a live account where that differs
}

// Simulator is one account at Pay. Safe for concurrent use.
type Simulator struct {
	options Options
	mux     *http.ServeMux
	client  *http.Client

	mu         sync.Mutex
	offset     time.Duration
	payments   map[string]*payment
	list       []*payment // oldest first
	tokens     map[string]*token
	faults     []*Fault
	requests   []Request
	deliveries []*delivery
	used       map[string]int // of the rate allowance, by call and second
	closed     chan struct{}
	wake       chan struct{}
	background sync.WaitGroup
}

// New makes a simulator. Close stops what it runs in the background.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PostLimit == 0 {
		o.PostLimit = 15
	}
	if o.ServiceName == "" {
		o.ServiceName = "Test service"
	}
	s := &Simulator{
		options: o, payments: map[string]*payment{}, tokens: map[string]*token{}, used: map[string]int{},
		client: &http.Client{Timeout: 3 * time.Second}, closed: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	s.mux = http.NewServeMux()
	s.apiRoutes()
	s.cardRoutes()
	s.controlRoutes()
	s.background.Go(s.deliverInBackground)
	return s
}

// SetPublicURL says where the simulator is reached, for the addresses it hands out.
func (s *Simulator) SetPublicURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.PublicURL = strings.TrimRight(address, "/")
}

// Close stops the background deliveries and waits for them.
func (s *Simulator) Close() {
	close(s.closed)
	s.background.Wait()
}

// Now is the simulator's time.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Simulator) now() time.Time {
	return s.options.Now().Add(s.offset).UTC().Truncate(time.Millisecond)
}

// Advance moves the simulator's clock on: payments expire, and webhooks that came due are sent.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	s.offset += d
	s.sweep()
	s.mu.Unlock()
	s.DeliverDue(context.Background())
}

// ServeHTTP serves API, card pages and control.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}
