package faults

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/cookie"
	"paygate/gateway/delivery"
	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
)

// scenario is a runner between a real store, a simulated Pay and a real service, one of whose steps may fail, and a
// citizen with one thing to pay for.
type scenario struct {
	t          *testing.T
	failure    *failingStep
	clock      *testserver.MovableClock
	pay        *paysim.Simulator
	ledger     *testserver.Ledger
	service    *httptest.Server
	store      journey.Store // which does not fail
	runner     *journey.Runner
	listeners  *listeners
	terms      journey.Terms
	loss       int64        // what may be missing in the end, in pence
	id         journey.ID   // of the citizen's journey
	journeyIDs []journey.ID // that the citizen may have begun
}

func newScenario(
	t *testing.T, store journey.Store, clock *testserver.MovableClock, what story, failure *failingStep,
) *scenario {
	t.Helper()
	s := &scenario{
		t: t, failure: failure, clock: clock, store: store, ledger: &testserver.Ledger{}, listeners: &listeners{},
		terms: newTerms(), loss: what.loss,
	}
	if what.terms != nil {
		what.terms(&s.terms)
	}
	s.service = httptest.NewServer(s.ledger.Handler(what.service))
	t.Cleanup(s.service.Close)
	s.pay = paysim.New(paysim.Options{
		Now: clock.Now, PostLimit: -1, Keys: []string{keys[""]},
		Accounts: []paysim.Account{{Name: "parking", Keys: []string{keys["parking"]}}},
	})
	t.Cleanup(s.pay.Close)
	s.runner = &journey.Runner{
		Store: failingStore{store, failure, &s.journeyIDs}, Accounts: s.newAccounts(),
		Deliverer: failingService{s.newDeliverer(), failure},
		Messenger: failingMessenger{s.listeners, failure},
		Now:       clock.Now, Log: slog.New(slog.DiscardHandler), WaitTimeout: time.Millisecond,
	}
	return s
}

func newTerms() journey.Terms {
	return journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-" + rand.Text(),
		Description: "Licence",
		ReturnURL:   "https://x.example.org/return", Capture: journey.CaptureOnAccept,
		Release: journey.ReleaseConfirmed,
		Accept:  journey.Statuses{{From: 200, To: 399}}, Repeat: journey.RepeatNever,
		OnRefused:   journey.OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, PassFor: time.Hour,
		ClaimFor: time.Minute, MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour,
		KeepReply: time.Hour, KeepJourney: 10000 * time.Hour, ReturnGrace: 5 * time.Minute, UnseenFor: 24 * time.Hour,
		Tell: "/tell",
	}
}

// keys are those of the accounts at Pay.
var keys = map[string]string{"": "api_test_0000000000", "parking": "api_test_1111111111"}

// newAccounts returns two accounts. Neither knows the payments of the other.
func (s *scenario) newAccounts() journey.Accounts {
	server := httptest.NewServer(s.pay)
	s.t.Cleanup(server.Close)
	s.pay.SetPublicURL(server.URL)
	address, err := url.Parse(server.URL)
	require.NoError(s.t, err)
	accounts := journey.Accounts{}
	for name, key := range keys {
		accounts[name] = failingPay{pay.New(pay.Options{
			URL: address, Key: key, CardOrigins: []string{server.URL},
			Timeout: testserver.LongTimeout, CreateRate: 1000,
		}), s.failure}
	}
	return accounts
}

func (s *scenario) newDeliverer() journey.Deliverer {
	address, err := url.Parse(s.service.URL)
	require.NoError(s.t, err)
	key, err := signature.Generate(signature.ES256, s.clock.Now())
	require.NoError(s.t, err)
	return delivery.New(delivery.Options{
		Upstream: address, Origins: []*url.URL{address}, Timeout: testserver.LongTimeout, ReplyMaxBytes: 1 << 20,
		StripSetCookie: cookie.StripSet,
		Signer: func() signature.Signer {
			return signature.Signer{Keys: signature.Keys{key}, Issuer: "x", Audience: "x", Now: s.clock.Now}
		},
	})
}

func (s *scenario) request(name string) journey.HeldRequest {
	if s.terms.Kind == journey.KindPass {
		return journey.HeldRequest{
			Method: http.MethodGet, Path: "/register/2026", Header: http.Header{}, Host: "x",
			Email: "a@b.cc",
		}
	}
	return journey.HeldRequest{
		Method: http.MethodPost, Path: "/licences/apply",
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   []byte("name=" + name), Host: "x", Email: "a@b.cc",
	}
}

// deliverEarly runs a round of early delivery.
func (s *scenario) deliverEarly() {
	for _, j := range s.journeys() {
		if j.EarlyAt.IsZero() || j.EarlyAt.After(s.clock.Now()) {
			continue
		}
		progress, _ := s.runner.DeliverEarly(s.t.Context(), journey.Due{At: j.EarlyAt, ID: j.ID})
		_ = progress.Reply.Close()
	}
}

// advanceMinutes lets minutes pass, with early delivery and without sweeps.
func (s *scenario) advanceMinutes(minutes int) {
	for range minutes {
		s.clock.Advance(time.Minute)
		s.deliverEarly()
	}
}

// sweepAfter lets rounds of this length pass, with early delivery and a sweep after each.
func (s *scenario) sweepAfter(rounds int, each time.Duration) {
	for range rounds {
		s.clock.Advance(each)
		s.pay.Sweep()
		s.deliverEarly()
		for _, j := range s.journeys() {
			if j.DueAt.IsZero() || j.DueAt.After(s.clock.Now()) {
				continue
			}
			progress, _ := s.runner.Advance(s.t.Context(), j.ID, s.visit(journey.ByMopup))
			_ = progress.Reply.Close()
		}
		s.tell()
	}
}

// journeys returns the journeys that the citizen began and that are not forgotten.
func (s *scenario) journeys() (found []journey.Journey) {
	for _, id := range s.journeyIDs {
		j, err := s.store.Get(s.t.Context(), id)
		if !errors.Is(err, journey.ErrNotFound) {
			require.NoError(s.t, err)
			found = append(found, j)
		}
	}
	return found
}

// settleStuck settles stuck journeys by the ledger of the service. What is not paid for any more is not sent again.
func (s *scenario) settleStuck() {
	for _, j := range s.journeys() {
		if j.State != journey.StateStuck {
			continue
		}
		require.NotEmpty(s.t, j.Note)
		as := map[string]journey.State{
			"released": journey.StateReleased, "reversed": journey.StateReversed, "retry": journey.StateConfirmed,
		}[s.ledger.Resolution(string(j.ID), strconv.Itoa(j.Submission))]
		if as == journey.StateConfirmed && !j.Paid() {
			as = journey.StateReversed
		}
		_, _ = s.runner.Settle(s.t.Context(), j.ID, as, journey.Person{Name: "ann"}, "the ledger says so")
	}
}

// run runs a story until nothing changes any more.
func (s *scenario) run(what story) {
	what.act(s)
	for range 4 {
		s.sweepAfter(1, 8*time.Hour)
		s.settleStuck()
	}
	s.sweepAfter(5, 16*time.Hour)
	s.sweepAfter(what.rounds+1, 40*time.Hour)
}

// requireAgreement requires what must be true at the end, whatever failed, by what Pay and the service recorded.
func (s *scenario) requireAgreement() {
	t := s.t
	given := s.ledger.Given(s.terms.Repeat == journey.RepeatSafe || s.terms.Kind == journey.KindPass)
	require.LessOrEqual(t, given, 1, "given twice; failed: %s", s.failure.name)
	var paid int64 // captured and not refunded
	for _, p := range s.pay.Payments() {
		if p.Status == "success" {
			paid += p.Amount - p.Refunded
		}
		require.NotEqual(t, "capturable", p.Status, "reserved for ever")
	}
	require.LessOrEqual(t, paid, int64(2500*given), "given %d times; failed: %s", given, s.failure.name)
	require.GreaterOrEqual(t, paid, int64(2500*given)-s.loss, "given %d times; failed: %s", given, s.failure.name)
	for _, j := range s.journeys() {
		require.True(t, j.State.AtRest(), "failed: %s; %s: %+what", s.failure.name, j.State, j.History)
		require.False(t, j.State == journey.StateReleased && given == 0, "%+what", j.History)
	}
	s.requireTold()
}
