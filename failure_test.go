package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/cookie"
	"paygate/gateway/signature"
	"paygate/gateway/upstream"
	"paygate/internal/postgres"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
	"paygate/journey/pay/simulator"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
)

var errInjected = errors.New("injected")

// trouble fails one step of all that a journey takes: the n-th, either before anything was done or, with its answer lost,
// after.
type trouble struct {
	steps  int
	fails  int // which step; 0 for none
	after  bool
	struck bool
}

// around does a step, or fails it.
func (t *trouble) around(do func() error) error {
	t.steps++
	if t.steps != t.fails {
		return do()
	}
	t.struck = true
	if t.after {
		_ = do()
	}
	return errInjected
}

// shakyStore, shakyPay and shakyService are the real things with trouble before or after.
type shakyStore struct {
	journey.Store
	*trouble
}

func (s shakyStore) Create(ctx context.Context, j journey.Journey, r journey.HeldRequest) error {
	return s.around(func() error { return s.Store.Create(ctx, j, r) })
}

func (s shakyStore) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.around(func() error { j, err = s.Store.Get(ctx, id); return err })
	return j, err
}

func (s shakyStore) Update(ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error)) (j journey.Journey, err error) {
	err = s.around(func() error { j, err = s.Store.Update(ctx, id, change); return err })
	if err != nil {
		j = journey.Journey{}
	}
	return j, err
}

func (s shakyStore) Request(ctx context.Context, id journey.ID) (r journey.HeldRequest, err error) {
	err = s.around(func() error { r, err = s.Store.Request(ctx, id); return err })
	return r, err
}

type shakyPay struct {
	journey.Payments
	*trouble
}

func (p shakyPay) Create(ctx context.Context, n journey.NewPayment) (s journey.Seen, err error) {
	err = p.around(func() error { s, err = p.Payments.Create(ctx, n); return err })
	return s, err
}

func (p shakyPay) Get(ctx context.Context, id string) (s journey.Seen, err error) {
	err = p.around(func() error { s, err = p.Payments.Get(ctx, id); return err })
	return s, err
}

func (p shakyPay) FindByReference(ctx context.Context, reference string, from time.Time) (found []journey.Seen, err error) {
	err = p.around(func() error { found, err = p.Payments.FindByReference(ctx, reference, from); return err })
	return found, err
}

func (p shakyPay) Capture(ctx context.Context, id string) error {
	return p.around(func() error { return p.Payments.Capture(ctx, id) })
}

func (p shakyPay) Cancel(ctx context.Context, id string) error {
	return p.around(func() error { return p.Payments.Cancel(ctx, id) })
}

func (p shakyPay) Refund(ctx context.Context, id string, amount, available int64) error {
	return p.around(func() error { return p.Payments.Refund(ctx, id, amount, available) })
}

type shakyService struct {
	journey.Deliverer
	*trouble
}

func (d shakyService) Deliver(ctx context.Context, delivery journey.Delivery) (done journey.Delivered) {
	err := d.around(func() error { done = d.Deliverer.Deliver(ctx, delivery); return nil })
	switch {
	case err == nil:
		return done
	case d.after:
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "the answer was lost"}
	default:
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
}

// bench is a runner between a real store, a simulated Pay and a real service, with one trouble for all of them.
type shaky struct {
	t       *testing.T
	trouble *trouble
	clock   time.Time
	pay     *simulator.Simulator
	service *service
	given   atomic.Int32 // requests that the service did not refuse; fetches that reached the citizen
	store   journey.Store
	runner  *journey.Runner
}

// opener gives an empty store.
type opener func(*testing.T) journey.Store

func openBbolt(t *testing.T) journey.Store {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "paygate.db"), boltstore.Options{Sealer: testSealer(t), NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// postgresOpener opens one database, and empties it again and again.
func postgresOpener(t *testing.T) opener {
	t.Helper()
	store, err := pgstore.Open(t.Context(), postgres.Start(t).Database(t), pgstore.Options{Sealer: testSealer(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return func(t *testing.T) journey.Store {
		t.Helper()
		earlier, err := store.List(t.Context(), journey.Filter{})
		require.NoError(t, err)
		for _, j := range earlier {
			require.NoError(t, store.Forget(t.Context(), j.ID))
		}
		return store
	}
}

func testSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	sealer, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	return sealer
}

// answered notes the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func newShaky(t *testing.T, open opener, answer http.HandlerFunc, trouble *trouble) *shaky {
	t.Helper()
	s := &shaky{t: t, trouble: trouble, clock: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), service: &service{}}
	s.service.answer = func(w http.ResponseWriter, r *http.Request) {
		seen := &answered{ResponseWriter: w}
		answer(seen, r)
		if r.Method == http.MethodPost && seen.status < http.StatusBadRequest {
			s.given.Add(1)
		}
	}
	clock := func() time.Time { return s.clock }
	s.service.server = httptest.NewServer(s.service)
	t.Cleanup(s.service.server.Close)
	s.pay = simulator.New(simulator.Options{Now: clock, PostLimit: -1})
	t.Cleanup(s.pay.Close)
	payServer := httptest.NewServer(s.pay)
	t.Cleanup(payServer.Close)
	s.pay.SetPublicURL(payServer.URL)
	payURL, _ := url.Parse(payServer.URL)
	serviceURL, _ := url.Parse(s.service.server.URL)
	s.store = open(t)
	key, err := signature.Generate(signature.ES256, s.clock)
	require.NoError(t, err)
	deliverer := upstream.New(upstream.Options{
		Upstream: serviceURL, PublicURL: serviceURL, Timeout: 10 * time.Second, ReplyMaxBytes: 1 << 20, StripSetCookie: cookie.StripSet,
		Signer: func() signature.Signer {
			return signature.Signer{Keys: signature.Keys{key}, Issuer: "x", Audience: "x", Now: clock}
		},
	})
	client := pay.New(pay.Options{URL: payURL, Key: "api_test_0000000000", CardOrigins: []string{payServer.URL}, Timeout: 10 * time.Second, CreateRate: 1000})
	s.runner = &journey.Runner{
		Store: shakyStore{s.store, trouble}, Payments: shakyPay{client, trouble}, Deliverer: shakyService{deliverer, trouble},
		Now: clock, Log: slog.New(slog.DiscardHandler), Patience: time.Millisecond,
	}
	return s
}

// kindOfJourney is one of the ways a journey can go.
type kindOfJourney struct {
	name    string
	accepts bool // the service does, in the end
	answer  func() http.HandlerFunc
	terms   func(*journey.Terms)
	citizen func(*shaky, journey.ID) // what the citizen does once the payment is open
}

func kindsOfJourney() []kindOfJourney {
	accepts := func() http.HandlerFunc { return confirms }
	refuse := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) }
	refuses := func() http.HandlerFunc { return refuse }
	refusesOnce := func() http.HandlerFunc {
		first := true
		return func(w http.ResponseWriter, r *http.Request) {
			if first {
				first = false
				refuse(w, r)
				return
			}
			confirms(w, r)
		}
	}
	immediate := func(t *journey.Terms) { t.Capture = journey.CaptureImmediate }
	onReturn := func(t *journey.Terms) { t.Capture, t.Release = journey.CaptureImmediate, journey.ReleaseOnReturn }
	pass := func(t *journey.Terms) { t.Kind = journey.KindPass }
	pays := func(s *shaky, id journey.ID) { s.pays("success"); s.returns(id) }
	return []kindOfJourney{
		{"reserved and accepted", true, accepts, nil, pays},
		{"taken and accepted", true, accepts, immediate, pays},
		{"reserved and refused", false, refuses, nil, pays},
		{"taken and refused", false, refuses, immediate, pays},
		{"declined, then paid", true, accepts, nil, func(s *shaky, id journey.ID) {
			s.pays("declined")
			s.returns(id)
			_, _ = s.runner.Again(s.t.Context(), id)
			s.pays("success")
			s.returns(id)
		}},
		{"never paid", false, accepts, nil, func(s *shaky, id journey.ID) { s.returns(id) }},
		{"refused, then corrected", true, refusesOnce, nil, func(s *shaky, id journey.ID) {
			pays(s, id)
			if _, err := s.runner.Resubmit(s.t.Context(), id, theForm("name=Ann+Other"), journey.ByCitizen); err == nil {
				progress, _ := s.runner.Advance(s.t.Context(), id, journey.Visit{By: journey.ByCitizen})
				_ = progress.Reply.Close()
			}
		}},
		{"trusted, then paid", true, accepts, onReturn, func(s *shaky, id journey.ID) {
			s.pays("submitted")
			s.returns(id)
			s.pays("success")
			s.returns(id)
		}},
		{"a pass that is fetched", true, accepts, pass, func(s *shaky, id journey.ID) { pays(s, id); s.collects(id) }},
		{"a pass, taken at once", true, accepts, func(t *journey.Terms) { pass(t); immediate(t) }, func(s *shaky, id journey.ID) { pays(s, id); s.collects(id) }},
		{"a pass that nobody fetches", false, accepts, pass, pays},
		{"a pass that nobody fetches, taken at once", false, accepts, func(t *journey.Terms) { pass(t); immediate(t) }, pays},
	}
}

// theForm is what the citizen sends.
func theForm(body string) journey.HeldRequest {
	return journey.HeldRequest{Method: "POST", Path: "/licences/apply", Header: http.Header{}, Body: []byte(body), Host: "x"}
}

// pays ends the newest payment at Pay, where there is one that is open.
func (s *shaky) pays(outcome string) {
	if all := s.pay.Payments(); len(all) > 0 {
		_ = s.pay.Pay(all[len(all)-1].ID, outcome)
	}
}

func (s *shaky) returns(id journey.ID) {
	progress, _ := s.runner.Return(s.t.Context(), id, journey.Visit{By: journey.ByCitizen})
	_ = progress.Reply.Close()
}

// collects is the fetch of a pass, as the public door allows it.
func (s *shaky) collects(id journey.ID) {
	if j, err := s.store.Get(s.t.Context(), id); err != nil || j.State != journey.StateConfirmed {
		return
	}
	request := journey.HeldRequest{Method: "GET", Path: "/register", Header: http.Header{}, Host: "x"}
	progress, _ := s.runner.Collect(s.t.Context(), id, request, journey.Visit{By: journey.ByCitizen})
	if progress.Reply != nil {
		s.given.Add(1)
	}
	_ = progress.Reply.Close()
}

func (k kindOfJourney) allTerms() journey.Terms {
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-1", Description: "Licence", ReturnURL: "https://x.example/return",
		Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed, Accept: journey.Statuses{{From: 200, To: 399}},
		Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn, ResubmitFor: time.Hour, RetryFor: 2 * time.Hour,
		ClaimFor: time.Minute, MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour, SecondLook: 120 * time.Hour, PassFor: time.Hour,
		KeepReply: time.Hour, KeepJourney: 10000 * time.Hour,
	}
	if k.terms != nil {
		k.terms(&terms)
	}
	return terms
}

// walk takes a citizen as far as they come, then time passes and sweeps go by until nothing moves any more.
func (s *shaky) walk(k kindOfJourney) journey.Journey {
	ctx := s.t.Context()
	held, err := s.runner.Begin(ctx, k.allTerms(), theForm("name=Ann"), "key")
	began := journey.Began{Journey: held}
	if err == nil {
		began, err = s.runner.CreatePayment(ctx, held, journey.Prefill{})
	}
	if err != nil && began.Journey.ID != "" {
		began, _ = s.runner.Again(ctx, began.Journey.ID) // the citizen tries again
	}
	if began.NextURL != "" {
		k.citizen(s, began.Journey.ID)
	}
	for range 40 {
		s.clock = s.clock.Add(4 * time.Hour)
		s.pay.Sweep()
		due, err := s.store.Due(ctx, s.clock, journey.Due{}, 100)
		require.NoError(s.t, err)
		for _, d := range due {
			progress, _ := s.runner.Advance(ctx, d.ID, journey.Visit{By: journey.ByMopup})
			_ = progress.Reply.Close()
		}
	}
	list, err := s.store.List(ctx, journey.Filter{})
	require.NoError(s.t, err)
	if len(list) == 0 {
		return journey.Journey{}
	}
	require.Len(s.t, list, 1)
	return list[0]
}

// agree is what must be true at the end, whatever failed on the way, judged by what Pay and the service saw.
func (s *shaky) agree(k kindOfJourney, j journey.Journey) {
	t := s.t
	sent := map[string]bool{}
	for _, r := range s.service.got(http.MethodPost) {
		submission := r.header.Get("Paygate-Submission")
		require.False(t, sent[submission], "submission %s was delivered twice", submission)
		sent[submission] = true
	}
	given := s.given.Load()
	var kept int64 // what Pay took and did not give back
	for _, p := range s.pay.Payments() {
		if p.Status == "success" {
			kept += p.Amount - p.Refunded
		}
		require.NotEqual(t, "capturable", p.Status, "reserved for ever")
	}
	switch {
	case j.State == journey.StateStuck: // a person knows; nothing was taken for what nobody is sure of, but what was taken before
		require.NotEmpty(t, j.Note)
	case j.State == journey.StateReleased:
		require.True(t, k.accepts)
		require.True(t, given > 0 || k.allTerms().Kind == journey.KindPass, "a pass can be fetched again")
		require.EqualValues(t, 2500, kept, "given, and taken once")
	default:
		require.Contains(t, []journey.State{"", journey.StateAbandoned, journey.StateReversed}, j.State, "everything comes to rest: %+v", j.History)
		require.Zero(t, kept, "not given, and nothing kept")
		require.Zero(t, given, "the service has given it, and nobody paid")
	}
}

// TestWhicheverStepFailsMoneyAndServiceAgree fails each single step of each kind of journey, before it is done and after, and
// lets time pass: nothing paid is lost, nothing is delivered twice, and money and service agree.
func TestWhicheverStepFailsMoneyAndServiceAgree(t *testing.T) {
	t.Parallel()
	for name, stores := range map[string]func(*testing.T) opener{
		"bbolt": func(*testing.T) opener { return openBbolt }, "PostgreSQL": postgresOpener,
	} {
		for n, k := range kindsOfJourney() {
			if name == "PostgreSQL" && n >= 4 {
				continue // the further kinds walk the same corridor
			}
			t.Run(name+", "+k.name, func(t *testing.T) {
				t.Parallel()
				failEachStep(t, stores(t), k)
			})
		}
	}
}

func failEachStep(t *testing.T, open opener, k kindOfJourney) {
	t.Helper()
	calm := &trouble{}
	s := newShaky(t, open, k.answer(), calm)
	s.agree(k, s.walk(k))
	require.Greater(t, calm.steps, 5)
	for step := 1; step <= calm.steps; step++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d, after %t", step, after), func(t *testing.T) {
				trouble := &trouble{fails: step, after: after}
				s := newShaky(t, open, k.answer(), trouble)
				j := s.walk(k)
				require.True(t, trouble.struck, "the step was never reached")
				s.agree(k, j)
			})
		}
	}
}

// brokenStore fails to be written a few times, once a request was delivered.
type brokenStore struct {
	journey.Store
	service *service
	done    bool // all the same
	fails   int
}

func (s *brokenStore) Update(ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	if len(s.service.got(http.MethodPost)) == 0 || s.fails == 0 {
		return s.Store.Update(ctx, id, change)
	}
	s.fails--
	if s.done {
		_, _ = s.Store.Update(ctx, id, change)
	}
	return journey.Journey{}, errInjected
}

// TestAStoreThatComesBackSoonLearnsTheResultOfADelivery: a database that restarts leaves nobody to find out what is known.
func TestAStoreThatComesBackSoonLearnsTheResultOfADelivery(t *testing.T) {
	t.Parallel()
	for _, k := range kindsOfJourney()[:4] {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, kept %t", k.name, done), func(t *testing.T) {
				t.Parallel()
				s := newShaky(t, openBbolt, k.answer(), &trouble{})
				s.runner.Store = &brokenStore{Store: s.store, service: s.service, done: done, fails: 4}
				j := s.walk(k)
				s.agree(k, j)
				require.NotEqual(t, journey.StateStuck, j.State)
				require.Len(t, s.service.got(http.MethodPost), 1)
			})
		}
	}
}
