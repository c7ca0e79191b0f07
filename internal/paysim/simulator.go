// Package paysim is a GOV.UK Pay to run offline: its API, its card pages, its webhooks, and faults to order. It behaves
// as the public source and guidance of GOV.UK Pay say that the real one does. Tests use it, the demo pays at it, and teams
// run it for their own tests, since automated tests against the real Pay are not allowed.
//
// Its clock can be moved, and everything it received can be looked at: by the methods here, or over HTTP at /control.
package paysim

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
	ServiceName string           // on the card pages; default "Test service"
	Now         func() time.Time // default time.Now; Advance moves it
	Log         *slog.Logger     // default: nothing is logged

	Keys []string // API keys that are taken; default all that look like one: api_test_… or api_live_…
	Live bool     // behave as a live account where that differs

	WebhookURL    string // default: no webhooks
	WebhookSecret string // signs them

	SearchLag   time.Duration // how far search and a payment's list of refunds lag behind
	RefundDelay time.Duration // how long after success the provider collects; until then refunds are "pending"
	RefundTakes time.Duration // how long a refund stays "submitted"; default none, as in Pay's test modes

	PostLimit int   // creates, captures and other POSTs a second, each; of GETs five times as many; 0 means 15, below 0 no limit
	Surcharge int64 // pence on the corporate test cards, prepaid ones excepted

	RefuseEmptyBodies bool // cancel and capture without a body are P0920; whether Pay does so is not established
}

func (o Options) withDefaults() Options {
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
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	return o
}

// Simulator is one account at Pay. Safe for concurrent use.
type Simulator struct {
	options Options
	mux     *http.ServeMux

	mu         sync.Mutex // guards all below, and the parts of options that can be set later
	offset     time.Duration
	payments   map[string]*payment
	list       []*payment // oldest first
	tokens     map[string]*token
	faults     []*Fault
	requests   []Request
	deliveries []*delivery
	window     window

	running    context.Context // ends at Close
	stop       context.CancelFunc
	sending    chan struct{} // holds whoever sends webhooks
	wake       chan struct{}
	background sync.WaitGroup
}

// New makes a simulator. Close stops what it runs in the background.
func New(o Options) *Simulator {
	s := &Simulator{
		options: o.withDefaults(), mux: http.NewServeMux(), payments: map[string]*payment{}, tokens: map[string]*token{},
		sending: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.apiRoutes()
	s.cardRoutes()
	s.controlRoutes()
	s.background.Go(s.runInBackground)
	return s
}

// SetPublicURL says where the simulator is reached, for the addresses it hands out.
func (s *Simulator) SetPublicURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.PublicURL = strings.TrimRight(address, "/")
}

// Close stops the background work, ends slow answers, and waits for the former. Closing again does nothing.
func (s *Simulator) Close() {
	s.stop()
	s.background.Wait()
}

// ServeHTTP serves API, card pages and control.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}

// runInBackground sweeps each second, and sends webhooks as they come up.
func (s *Simulator) runInBackground() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-s.running.Done():
			return
		case <-s.wake:
		case <-ticker.C:
			s.Sweep()
		}
		s.DeliverDue(s.running)
	}
}
