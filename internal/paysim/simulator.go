// Package paysim is a simulated GOV.UK Pay: its API, its card pages, its webhooks, and faults that tests can order. It
// behaves as the public source and guidance of GOV.UK Pay describe the real one. Tests and the demo use it, and
// teams run it for their own tests, because automated tests against the real Pay are not allowed.
//
// Its clock can be moved forward, and everything that it received can be inspected, by its methods or at /control.
package paysim

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options configure a simulator. The zero value works.
type Options struct {
	PublicURL   string           // the address for browsers and clients; SetPublicURL can set it later
	ServiceName string           // on the card pages; default "Test service"
	Now         func() time.Time // default time.Now; Advance moves it
	Log         *slog.Logger     // default: nothing is logged

	Keys []string // valid API keys; default: everything like api_test_… or api_live_…
	Live bool     // behave as a live account

	Accounts []Account // further accounts, each with keys of its own; the fields here are those of the first

	WebhookURL    string // default: no webhooks
	WebhookSecret string // signs them

	SearchLag   time.Duration // how far search and a payment's list of refunds lag behind
	RefundDelay time.Duration // how long after success the provider collects; until then refunds are "pending"
	RefundTakes time.Duration // how long a refund stays "submitted"; default none, as in Pay's test modes

	// RefundOutcome is what becomes of a refund: success, error, delayed or submitted-then-error. SetRefundOutcome sets
	// it for one payment.
	RefundOutcome string

	// PostLimit limits creates, captures and other POSTs, each to this many a second, and GETs to five times as many. 0
	// means 15, below 0 means no limit.
	PostLimit int
	Surcharge int64 // pence on the corporate test cards, prepaid ones excepted

	AddressCollection string // whether the card page asks for the billing address: on (the default) or off
	EmailCollection   string // whether it asks for an e-mail address: mandatory (the default), optional or off
	ThreeDSecure      bool   // the bank challenges every card; the test cards for 3-D Secure it challenges anyway

	Provider  string        // sandbox (the default), stripe or worldpay; only stripe has settled dates and fees
	Moto      bool          // the account may take telephone payments
	ClockSkew time.Duration // how far Pay's clock is ahead of Now, or behind if negative

	RefuseEmptyBodies bool // cancel and capture without a body are P0920; it is not known whether Pay does so
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.PostLimit = cmp.Or(o.PostLimit, 15)
	o.ServiceName = cmp.Or(o.ServiceName, "Test service")
	o.RefundOutcome = cmp.Or(o.RefundOutcome, refundOutcomes[0])
	o.AddressCollection = cmp.Or(o.AddressCollection, addressCollections[0])
	o.EmailCollection = cmp.Or(o.EmailCollection, emailCollections[0])
	o.Provider = cmp.Or(o.Provider, providers[0])
	o.Accounts = slices.Clone(o.Accounts) // SetAccountWebhook changes them
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	return o
}

// Simulator is a simulated GOV.UK Pay with one account or several. It is safe for concurrent use.
type Simulator struct {
	options Options
	log     *slog.Logger
	mux     *http.ServeMux

	mu         sync.Mutex // guards everything below, and the options that can be set later
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
	sending    chan struct{} // held while webhooks are being sent
	wake       chan struct{}
	background sync.WaitGroup
}

// New returns a simulator. Close stops its background work.
func New(o Options) *Simulator {
	s := &Simulator{
		options: o.withDefaults(), mux: http.NewServeMux(), payments: map[string]*payment{},
		tokens:  map[string]*token{},
		sending: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	s.log = s.options.Log
	s.running, s.stop = context.WithCancel(context.Background())
	s.apiRoutes()
	s.cardRoutes()
	s.controlRoutes()
	s.background.Go(s.runInBackground)
	return s
}

// Reset forgets payments, faults, requests and webhooks, and puts the clock right. The settings stay as they are.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.payments, s.list, s.tokens = map[string]*payment{}, nil, map[string]*token{}
	s.faults, s.requests, s.deliveries = nil, nil, nil
	s.window, s.offset = window{}, 0
}

// SetPublicURL sets the simulator's address, as in the addresses that it returns.
func (s *Simulator) SetPublicURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.PublicURL = strings.TrimRight(address, "/")
}

// Close stops the background work and slow answers, and waits for the background work. Closing again does nothing.
func (s *Simulator) Close() {
	s.stop()
	s.background.Wait()
}

// ServeHTTP serves the API, the card pages and /control.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		r = withoutSlash(r)
	}
	s.mux.ServeHTTP(w, r)
}

// runInBackground sweeps every second, and sends webhooks when they are due.
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
