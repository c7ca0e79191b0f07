package faults

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"paygate/gateway/cookie"
	"paygate/gateway/delivery"
	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errInjected = errors.New("injected")

// trouble fails one step of all that a journey takes: the n-th, either before anything was done or, with its answer
// lost, after.
type trouble struct {
	steps []string // by their names
	fails int      // which step, counted from 1; 0 for none
	after bool
	name  string // of the step that failed
}

// around does a step, or fails it.
func (t *trouble) around(name string, do func() error) error {
	t.steps = append(t.steps, name)
	if len(t.steps) != t.fails {
		return do()
	}
	t.name = name
	if t.after {
		_ = do()
	}
	return errInjected
}

// shakyStore, shakyPay and shakyService are the real things with trouble before or after.
type shakyStore struct {
	journey.Store
	*trouble
	tried *[]journey.ID // to be created
}

func (s shakyStore) Create(ctx context.Context, j journey.Journey, r journey.HeldRequest) error {
	*s.tried = append(*s.tried, j.ID)
	return s.around("store writes a journey", func() error { return s.Store.Create(ctx, j, r) })
}

func (s shakyStore) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.around("store reads a journey", func() error { j, err = s.Store.Get(ctx, id); return err })
	return j, err
}

func (s shakyStore) Update(ctx context.Context, id journey.ID,
	change func(journey.Journey) (journey.Change, error)) (j journey.Journey, err error) {
	err = s.around("store writes a change", func() error { j, err = s.Store.Update(ctx, id, change); return err })
	if err != nil {
		j = journey.Journey{}
	}
	return j, err
}

func (s shakyStore) Request(ctx context.Context, id journey.ID) (r journey.HeldRequest, err error) {
	err = s.around("store reads a request", func() error { r, err = s.Store.Request(ctx, id); return err })
	return r, err
}

func (s shakyStore) Reply(ctx context.Context, id journey.ID) (r journey.Reply, err error) {
	err = s.around("store reads a reply", func() error { r, err = s.Store.Reply(ctx, id); return err })
	return r, err
}

func (s shakyStore) ByPayment(ctx context.Context, paymentID string) (id journey.ID, err error) {
	err = s.around("store reads a payment's journey", func() error {
		id, err = s.Store.ByPayment(ctx,
			paymentID)
		return err
	})
	return id, err
}

func (s shakyStore) Forget(ctx context.Context, id journey.ID) error {
	return s.around("store forgets", func() error { return s.Store.Forget(ctx, id) })
}

type shakyPay struct {
	journey.Payments
	*trouble
}

func (p shakyPay) Create(ctx context.Context, n journey.NewPayment) (s journey.PaymentSnapshot, err error) {
	err = p.around("Pay creates", func() error { s, err = p.Payments.Create(ctx, n); return err })
	return s, err
}

func (p shakyPay) Get(ctx context.Context, id string) (s journey.PaymentSnapshot, err error) {
	err = p.around("Pay reads a payment", func() error { s, err = p.Payments.Get(ctx, id); return err })
	return s, err
}

func (p shakyPay) Capture(ctx context.Context, id string) error {
	return p.around("Pay captures", func() error { return p.Payments.Capture(ctx, id) })
}

func (p shakyPay) Cancel(ctx context.Context, id string) error {
	return p.around("Pay cancels", func() error { return p.Payments.Cancel(ctx, id) })
}

func (p shakyPay) Refund(ctx context.Context, id string, amount, available int64) error {
	return p.around("Pay refunds", func() error { return p.Payments.Refund(ctx, id, amount, available) })
}

func (p shakyPay) FindByReference(ctx context.Context, reference string,
	from time.Time) (found []journey.PaymentSnapshot, err error) {
	err = p.around("Pay reads by reference", func() error {
		found, err = p.Payments.FindByReference(ctx, reference,
			from)
		return err
	})
	return found, err
}

type shakyService struct {
	journey.Deliverer
	*trouble
}

func (d shakyService) Deliver(ctx context.Context, delivery journey.Delivery) (done journey.Delivered) {
	err := d.around("service delivers", func() error { done = d.Deliverer.Deliver(ctx, delivery); return nil })
	switch {
	case err == nil:
		return done
	case d.after:
		_ = done.Reply.Close()
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "the answer was lost"}
	default:
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
}

// shaky is a runner between a real store, a simulated Pay and a real service, with one trouble for all of them, and one
// citizen who has one thing to pay for.
type shaky struct {
	t       *testing.T
	trouble *trouble
	clock   *testserver.MovableClock
	pay     *paysim.Simulator
	book    *testserver.Ledger
	legacy  *httptest.Server
	store   journey.Store // without trouble
	runner  *journey.Runner
	terms   journey.Terms
	id      journey.ID   // of the citizen's journey
	all     []journey.ID // that their clicks may have begun
}

func newShaky(t *testing.T, store journey.Store, clock *testserver.MovableClock, s story, trouble *trouble) *shaky {
	t.Helper()
	b := &testserver.Ledger{}
	legacy := httptest.NewServer(b.Handler(s.service))
	t.Cleanup(legacy.Close)
	atPay := paysim.New(paysim.Options{Now: clock.Now, PostLimit: -1})
	t.Cleanup(atPay.Close)
	payServer := httptest.NewServer(atPay)
	t.Cleanup(payServer.Close)
	atPay.SetPublicURL(payServer.URL)
	payURL, _ := url.Parse(payServer.URL)
	serviceURL, _ := url.Parse(legacy.URL)
	key, err := signature.Generate(signature.ES256, clock.Now())
	require.NoError(t, err)
	deliverer := delivery.New(delivery.Options{
		Upstream: serviceURL, Origins: []*url.URL{serviceURL}, Timeout: testserver.LongTimeout, ReplyMaxBytes: 1 << 20,
		StripSetCookie: cookie.StripSet,
		Signer: func() signature.Signer {
			return signature.Signer{Keys: signature.Keys{key}, Issuer: "x", Audience: "x", Now: clock.Now}
		},
	})
	client := pay.New(pay.Options{URL: payURL, Key: "api_test_0000000000", CardOrigins: []string{payServer.URL},
		Timeout: testserver.LongTimeout, CreateRate: 1000})
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-" + rand.Text(),
		Description: "Licence",
		ReturnURL:   "https://x.example/return", Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed,
		Accept: journey.Statuses{{From: 200, To: 399}}, Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, PassFor: time.Hour,
		ClaimFor: time.Minute, MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour,
		KeepReply: time.Hour, KeepJourney: 10000 * time.Hour, ReturnGrace: 5 * time.Minute, UnseenFor: 24 * time.Hour,
	}
	if s.terms != nil {
		s.terms(&terms)
	}
	sh := &shaky{t: t, trouble: trouble, clock: clock, pay: atPay, book: b, legacy: legacy, store: store, terms: terms}
	sh.runner = &journey.Runner{
		Store: shakyStore{store, trouble, &sh.all}, Payments: shakyPay{client, trouble},
		Deliverer: shakyService{deliverer, trouble},
		Now:       clock.Now, Log: slog.New(slog.DiscardHandler), WaitTimeout: time.Millisecond,
	}
	return sh
}

// story is one of the ways a journey can go: its terms, its service, and what its citizen does, who tries again what
// failed.
type story struct {
	name    string
	terms   func(*journey.Terms)
	service func(n int, form url.Values) testserver.Act
	citizen func(*shaky)
	ends    journey.State // when nothing fails
	rounds  int           // of forty hours that go by, over the usual ones
}

func stories() []story {
	accepting := func(int, url.Values) testserver.Act { return testserver.Accept }
	refusing := func(int, url.Values) testserver.Act { return testserver.Refuse }
	immediate := func(t *journey.Terms) { t.Capture = journey.CaptureImmediate }
	pass := func(t *journey.Terms) { t.Kind = journey.KindPass }
	onReturn := func(t *journey.Terms) { t.Capture, t.Release = journey.CaptureImmediate, journey.ReleaseOnReturn }
	paysAndReturns := func(s *shaky) { s.begins(); s.pays("success"); s.returns(); s.reads() }
	return []story{
		{name: "reserved and accepted", service: accepting, citizen: paysAndReturns, ends: journey.StateReleased},
		{name: "taken and accepted", terms: immediate, service: accepting, citizen: paysAndReturns,
			ends: journey.StateReleased},
		{name: "reserved and refused", service: refusing, citizen: paysAndReturns, ends: journey.StateReversed},
		{name: "taken and refused", terms: immediate, service: refusing, citizen: paysAndReturns,
			ends: journey.StateReversed},
		{name: "never comes back", service: accepting, citizen: func(s *shaky) { s.begins(); s.pays("success") },
			ends: journey.StateReleased},
		{
			name: "never comes back, and version 1 began it", terms: func(t *journey.Terms) {
				t.ReturnGrace,
					t.UnseenFor = 0, 0
			},
			service: accepting, citizen: func(s *shaky) { s.begins(); s.pays("success") }, ends: journey.StateReleased,
		},
		{name: "delivered early", service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("success")
			s.minutesPass(25)
		}, ends: journey.StateReleased},
		{name: "taken, and delivered early", terms: immediate, service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.minutesPass(10)
			s.pays("success")
			s.minutesPass(15)
		}, ends: journey.StateReleased},
		{name: "delivered early, and refused", service: refusing, citizen: func(s *shaky) {
			s.begins()
			s.pays("success")
			s.minutesPass(15)
		}, ends: journey.StateReversed},
		{name: "delivered early, refused, and corrected a day later",
			service: func(_ int, form url.Values) testserver.Act {
				if form.Get("name") == "first" {
					return testserver.Refuse
				}
				return testserver.Accept
			}, citizen: func(s *shaky) {
				s.begins()
				s.pays("success")
				s.minutesPass(15)
				s.clock.Advance(23 * time.Hour)
				s.corrects()
			}, ends: journey.StateReleased},
		{name: "delivered early, and may be repeated", terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(n int, _ url.Values) testserver.Act {
				return []testserver.Act{testserver.HangUp, testserver.AcceptHangUp, testserver.Accept}[min(n, 3)-1]
			}, citizen: func(s *shaky) {
				s.begins()
				s.pays("success")
				s.minutesPass(25)
			}, ends: journey.StateReleased},
		{name: "declined, tried again, and delivered early", service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("declined")
			s.minutesPass(5)
			s.triesAgain()
			s.pays("success")
			s.minutesPass(15)
		}, ends: journey.StateReleased},
		{name: "back while it is found", service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("success")
			s.minutesPass(5)
			s.returns()
			s.reads()
		}, ends: journey.StateReleased},
		{name: "never pays", service: accepting, citizen: func(s *shaky) { s.begins() }, ends: journey.StateAbandoned},
		{name: "told by a webhook", terms: immediate, service: accepting,
			citizen: func(s *shaky) { s.begins(); s.pays("success"); s.isTold() }, ends: journey.StateReleased},
		{name: "declined, and paid on another try", service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("declined")
			s.returns()
			s.triesAgain()
			s.pays("success")
			s.returns()
		}, ends: journey.StateReleased},
		{name: "refused, and corrected", service: func(_ int, form url.Values) testserver.Act {
			if form.Get("name") == "first" {
				return testserver.Refuse
			}
			return testserver.Accept
		}, citizen: func(s *shaky) { s.begins(); s.pays("success"); s.returns(); s.corrects() },
			ends: journey.StateReleased},
		{name: "refused, and left to staff", terms: func(t *journey.Terms) { t.OnRefused = journey.OnRefusedStaff },
			service: refusing, citizen: paysAndReturns, ends: journey.StateReversed},
		{name: "a pass that is fetched", terms: pass, service: accepting,
			citizen: func(s *shaky) { s.begins(); s.pays("success"); s.returns(); s.fetches() },
			ends:    journey.StateReleased},
		{name: "a pass that nobody fetches", terms: pass, service: accepting,
			citizen: func(s *shaky) { s.begins(); s.pays("success"); s.returns() }, ends: journey.StateReversed},
		{name: "released on return", terms: onReturn, service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("submitted")
			s.returns()
			s.pays("success")
		}, ends: journey.StateReleased},
		{name: "may be repeated", terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(n int, _ url.Values) testserver.Act {
				return []testserver.Act{testserver.HangUp, testserver.AcceptHangUp, testserver.Accept}[min(n, 3)-1]
			}, citizen: paysAndReturns, ends: journey.StateReleased},
		{name: "may be repeated, and the service goes away",
			terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(int, url.Values) testserver.Act {
				return testserver.AcceptHangUp
			}, citizen: func(s *shaky) {
				s.begins()
				s.pays("success")
				s.returns()
				s.legacy.Close()
				s.clock.Advance(95 * time.Hour) // the reservation is about to end
				s.timePasses(2, time.Hour)
			}, ends: journey.StateReleased},
		{name: "nobody knows, and it was done",
			service: func(int, url.Values) testserver.Act { return testserver.AcceptHangUp }, citizen: paysAndReturns,
			ends: journey.StateReleased},
		{name: "nobody knows, and it was not done", service: func(n int, _ url.Values) testserver.Act {
			if n == 1 {
				return testserver.HangUp
			}
			return testserver.Accept
		}, citizen: paysAndReturns, ends: journey.StateReleased},
		{name: "released by a person", service: accepting,
			citizen: func(s *shaky) { s.begins(); s.pays("success"); s.isReleased() }, ends: journey.StateReleased},
		{name: "paid late", terms: immediate, service: accepting, citizen: func(s *shaky) {
			s.begins()
			s.pays("declined")
			s.returns()
			s.timePasses(2, 4*time.Hour)
			s.isCorrected("success")
		}, ends: journey.StateReversed},
		{name: "forgotten", terms: func(t *journey.Terms) { t.KeepJourney = 200 * time.Hour }, service: accepting,
			citizen: paysAndReturns, rounds: 2},
	}
}

func (s *shaky) request(name string) journey.HeldRequest {
	if s.terms.Kind == journey.KindPass {
		return journey.HeldRequest{Method: http.MethodGet, Path: "/register/2026", Header: http.Header{}, Host: "x"}
	}
	return journey.HeldRequest{
		Method: http.MethodPost, Path: "/licences/apply",
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   []byte("name=" + name), Host: "x",
	}
}

// applies has a request held, and a payment made for it.
func (s *shaky) applies() (journey.Journey, error) {
	held, err := s.runner.Begin(s.t.Context(), s.terms, s.request("first"), "key")
	if err == nil {
		_, err = s.runner.CreatePayment(s.t.Context(), held, journey.Prefill{})
	}
	return held, err
}

// begins sends the form, and once more when that failed.
func (s *shaky) begins() {
	held, err := s.applies()
	if err != nil && held.ID == "" {
		held, err = s.applies()
	}
	s.id = held.ID
	if err != nil {
		s.triesAgain()
	}
}

// triesAgain is the button on the page of a payment that was not made, pressed twice if need be.
func (s *shaky) triesAgain() {
	for range 2 {
		if _, err := s.runner.Again(s.t.Context(), s.id); err == nil {
			return
		}
	}
}

// pays goes on with the newest payment at Pay, if anybody has its address.
func (s *shaky) pays(outcome string) {
	j, err := s.store.Get(s.t.Context(), s.id)
	if err == nil && len(j.Payments) > 0 {
		_ = s.pay.Pay(j.Payments[len(j.Payments)-1].ID, outcome)
	}
}

// isCorrected is Pay correcting itself about the newest payment.
func (s *shaky) isCorrected(status string) {
	if j, err := s.store.Get(s.t.Context(), s.id); err == nil && len(j.Payments) > 0 {
		require.NoError(s.t, s.pay.Correct(j.Payments[len(j.Payments)-1].ID, status, ""))
	}
}

func (s *shaky) visit(by journey.By) journey.Visit { return journey.Visit{By: by} }

// returns comes back from Pay, goes on to the held address, and loads the page again when that failed.
func (s *shaky) returns() {
	for range 2 {
		if _, err := s.runner.Return(s.t.Context(), s.id, journey.ByCitizen); err != nil {
			continue
		}
		progress, err := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
		if err == nil {
			return
		}
	}
}

func (s *shaky) reads() { _, _ = s.runner.TakeReply(s.t.Context(), s.id) }

func (s *shaky) isTold() {
	if s.runner.Nudge(s.t.Context(), s.id, journey.ByWebhook) == nil {
		progress, _ := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByWebhook))
		_ = progress.Reply.Close()
	}
}

func (s *shaky) corrects() {
	if _, err := s.runner.Resubmit(s.t.Context(), s.id, s.request("second"), journey.ByCitizen); err == nil {
		progress, _ := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
	}
}

func (s *shaky) fetches() {
	for range 2 {
		progress, err := s.runner.Collect(s.t.Context(), s.id, s.request(""), s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
		if err == nil && progress.Reply != nil {
			return
		}
		s.clock.Advance(2 * time.Minute)
		s.returns()
	}
}

func (s *shaky) isReleased() {
	_, _ = s.runner.Release(s.t.Context(), s.id, journey.ByStaff("ann"), "the citizen called")
}

// minutesPass lets so many minutes go by, in which early delivery alone is about.
func (s *shaky) minutesPass(minutes int) {
	for range minutes {
		s.clock.Advance(time.Minute)
		s.isDeliveredEarly()
	}
}

// isDeliveredEarly is a round of early delivery.
func (s *shaky) isDeliveredEarly() {
	for _, j := range s.journeys() {
		if j.EarlyAt.IsZero() || j.EarlyAt.After(s.clock.Now()) {
			continue
		}
		progress, _ := s.runner.DeliverEarly(s.t.Context(), journey.Due{At: j.EarlyAt, ID: j.ID})
		_ = progress.Reply.Close()
	}
}

// timePasses lets rounds of so long go by, with early delivery and a sweep after each.
func (s *shaky) timePasses(rounds int, each time.Duration) {
	for range rounds {
		s.clock.Advance(each)
		s.pay.Sweep()
		s.isDeliveredEarly()
		for _, j := range s.journeys() {
			if j.DueAt.IsZero() || j.DueAt.After(s.clock.Now()) {
				continue
			}
			progress, _ := s.runner.Advance(s.t.Context(), j.ID, s.visit(journey.ByMopup))
			_ = progress.Reply.Close()
		}
	}
}

// journeys are all that the citizen's clicks began and that are not forgotten.
func (s *shaky) journeys() (found []journey.Journey) {
	for _, id := range s.all {
		j, err := s.store.Get(s.t.Context(), id)
		if !errors.Is(err, journey.ErrNotFound) {
			require.NoError(s.t, err)
			found = append(found, j)
		}
	}
	return found
}

// settles is a person who looks into the service's book and settles what is stuck.
func (s *shaky) settles() {
	for _, j := range s.journeys() {
		if j.State != journey.StateStuck {
			continue
		}
		require.NotEmpty(s.t, j.Note)
		as := map[string]journey.State{
			"released": journey.StateReleased, "reversed": journey.StateReversed, "retry": journey.StateConfirmed,
		}[s.book.Resolution(string(j.ID), strconv.Itoa(j.Submission))]
		_, _ = s.runner.Settle(s.t.Context(), j.ID, as, journey.ByStaff("ann"), "the book says so")
	}
}

// happens is the whole story, until nothing moves any more.
func (s *shaky) happens(what story) {
	what.citizen(s)
	for range 4 {
		s.timePasses(1, 8*time.Hour)
		s.settles()
	}
	s.timePasses(5, 16*time.Hour)
	s.timePasses(what.rounds+1, 40*time.Hour)
}

// agrees is what must be true at the end, whatever failed on the way, judged by what Pay and the service saw.
func (s *shaky) agrees() {
	t := s.t
	given := s.book.Given(s.terms.Repeat == journey.RepeatSafe || s.terms.Kind == journey.KindPass)
	require.LessOrEqual(t, given, 1, "given twice; failed: %s", s.trouble.name)
	var kept int64 // what Pay took and did not give back
	for _, p := range s.pay.Payments() {
		if p.Status == "success" {
			kept += p.Amount - p.Refunded
		}
		require.NotEqual(t, "capturable", p.Status, "reserved for ever")
	}
	require.EqualValues(t, 2500*given, kept, "given %d times; failed: %s", given, s.trouble.name)
	for _, j := range s.journeys() {
		require.True(t, j.State.AtRest(), "failed: %s; %s: %+v", s.trouble.name, j.State, j.History)
		require.False(t, j.State == journey.StateReleased && given == 0, "%+v", j.History)
	}
}

// TestEverySingleStepFailure fails each single step of each story, before it is done and after, and
// lets time pass: nothing paid is lost, nothing is delivered twice, and money and service agree.
func TestEverySingleStepFailure(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		for _, what := range stories() {
			if len(kind.FaultStories) > 0 && !slices.Contains(kind.FaultStories, what.name) {
				continue
			}
			t.Run(what.name, func(t *testing.T) {
				t.Parallel()
				clock := testserver.NewMovableClock()
				store := kind.Open(t, clock.Now)
				calm := newShaky(t, store, clock, what, &trouble{})
				calm.happens(what)
				calm.agrees()
				for _, j := range calm.journeys() {
					require.Equal(t, what.ends, j.State, "%+v", j.History)
				}
				for i, step := range calm.trouble.steps {
					if !strings.HasPrefix(step, kind.FaultPrefix) {
						continue
					}
					for _, after := range []bool{false, true} {
						if after && strings.Contains(step, "reads") {
							continue // as before
						}
						t.Run(fmt.Sprintf("step %d, the %s, after %t", i+1, step, after), func(t *testing.T) {
							trouble := &trouble{fails: i + 1, after: after}
							s := newShaky(t, store, clock, what, trouble)
							s.happens(what)
							require.NotEmpty(t, trouble.name, "the step was never reached")
							s.agrees()
						})
					}
				}
			})
		}
	})
}

// brokenStore fails to be written a few times, once the service has got something.
type brokenStore struct {
	journey.Store
	book  *testserver.Ledger
	done  bool // all the same
	fails int
}

func (s *brokenStore) Update(ctx context.Context, id journey.ID,
	change func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	if len(s.book.All()) == 0 || s.fails == 0 {
		return s.Store.Update(ctx, id, change)
	}
	s.fails--
	if s.done {
		_, _ = s.Store.Update(ctx, id, change)
	}
	return journey.Journey{}, errInjected
}

// TestDeliveryResultIsStoredAfterShortOutage: a database that restarts leaves nobody to find out what is
// known.
func TestDeliveryResultIsStoredAfterShortOutage(t *testing.T) {
	t.Parallel()
	for _, what := range stories()[:4] {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, kept %t", what.name, done), func(t *testing.T) {
				t.Parallel()
				clock := testserver.NewMovableClock()
				s := newShaky(t, testserver.OpenBolt(t, clock.Now), clock, what, &trouble{})
				s.runner.Store = &brokenStore{Store: s.runner.Store, book: s.book, done: done, fails: 4}
				what.citizen(s)
				require.NotEqual(t, journey.StateStuck, s.journeys()[0].State)
				s.timePasses(6, 4*time.Hour)
				s.agrees()
				require.Equal(t, what.ends, s.journeys()[0].State)
			})
		}
	}
}

// interruptedPay lets something else happen once a payment is made, before anybody has stored that it is.
type interruptedPay struct {
	journey.Payments
	meanwhile func()
}

func (p interruptedPay) Create(ctx context.Context, n journey.NewPayment) (journey.PaymentSnapshot, error) {
	snapshot, err := p.Payments.Create(ctx, n)
	p.meanwhile()
	return snapshot, err
}

// TestJourneysNeverSharePayment: a journey that lost the answer to its create looks for the payment by its
// reference, at the very moment at which another one with the same reference gets its own.
func TestJourneysNeverSharePayment(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		clock := testserver.NewMovableClock()
		what := stories()[1]
		s := newShaky(t, kind.Open(t, clock.Now), clock, what, &trouble{fails: 2})
		s.terms.MopupMinAge = 0
		lost, err := s.applies()
		require.ErrorIs(t, err, errInjected)
		require.Equal(t, "Pay creates", s.trouble.name)

		s.runner.Payments = interruptedPay{s.runner.Payments, func() {
			_, err := s.runner.Advance(t.Context(), lost.ID, s.visit(journey.ByMopup))
			require.NoError(t, err)
		}}
		_, _ = s.applies()
		require.Len(t, s.pay.Payments(), 1)
		require.NoError(t, s.pay.Pay(s.pay.Payments()[0].ID, "success"))
		s.timePasses(3, time.Minute)
		require.Equal(t, 1, s.book.Given(false), "paid once")
		s.timePasses(6, 4*time.Hour)
		s.agrees()
	})
}
