package reconcile_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
	"paygate/journey/reconcile"
	"paygate/journey/seal"
)

const returnURL = "https://licences.example.gov.uk/_pay/return"

// terms are those of a usual submission route.
var terms = journey.Terms{
	Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Description: "Fishing licence",
	ReturnURL: returnURL, Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed,
	Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn, ResubmitFor: time.Hour, RetryFor: 2 * time.Hour,
	ClaimFor: 90 * time.Second, MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour,
	KeepJourney: 17520 * time.Hour,
}

// service gives every verdict that it is told to.
type service struct{ verdict journey.Verdict }

func (s service) Deliver(context.Context, journey.Delivery) journey.Delivered {
	return journey.Delivered{Verdict: s.verdict, Status: 303}
}

// harness is a simulated Pay and a store, with the time of Pay.
type harness struct {
	t      *testing.T
	pay    *paysim.Simulator
	client *pay.Client
	store  *boltstore.Store
	runner *journey.Runner
	mu     sync.Mutex
	waits  []time.Duration
	*reconcile.Reconciler
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	simulator := paysim.New(paysim.Options{
		PostLimit: -1, Now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) },
	})
	t.Cleanup(simulator.Close)
	w := &harness{t: t, pay: simulator, client: newClient(t, simulator, "api_test_key")}
	sealer, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	w.store, err = boltstore.Open(filepath.Join(t.TempDir(), "paygate.db"),
		boltstore.Options{Sealer: sealer, Now: w.now, NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.store.Close()) })
	w.runner = &journey.Runner{
		Store: w.store, Accounts: journey.Accounts{"": w.client}, Deliverer: service{journey.VerdictAccepted},
		Now: w.now,
		Log: slog.New(slog.DiscardHandler),
	}
	w.Reconciler = reconcile.New(w.options())
	return w
}

func newClient(t *testing.T, simulator *paysim.Simulator, key string) *pay.Client {
	t.Helper()
	server := httptest.NewServer(simulator)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	return pay.New(pay.Options{URL: address, Key: key, Timeout: time.Minute, CreateRate: 100_000})
}

// patient never waits for its turn, because tests read more than Pay allows.
type patient struct{ reconcile.Pay }

func (patient) Yield(ctx context.Context) error { return ctx.Err() }

func (w *harness) options() reconcile.Options {
	return reconcile.Options{
		Store: w.store, Runner: w.runner, Accounts: map[string]reconcile.Pay{"": patient{w.client}},
		Ours:  func(address string) bool { return address == returnURL },
		Terms: journey.Terms{KeepJourney: terms.KeepJourney, SecondLook: terms.SecondLook},
		At:    reconcile.At{Hour: 4}, Now: w.now, Log: slog.New(slog.DiscardHandler),
		Wait: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waits = append(w.waits, d)
			return ctx.Err()
		},
	}
}

func (w *harness) now() time.Time { return w.pay.Now() }

// unknown makes a payment that no journey has, and ends it.
func (w *harness) unknown(reference, outcome string, over ...func(*journey.NewPayment)) string {
	w.t.Helper()
	p := journey.NewPayment{Amount: 2500, Reference: reference, Description: "Fishing licence", ReturnURL: returnURL}
	for _, change := range over {
		change(&p)
	}
	s, err := w.client.Create(w.t.Context(), p)
	if err != nil { // the address of the card pages is not ours to check
		require.ErrorIs(w.t, err, journey.ErrNextURL)
	}
	w.end(s.ID, outcome)
	return s.ID
}

func (w *harness) end(id, outcome string) {
	w.t.Helper()
	if outcome != "" {
		require.NoError(w.t, w.pay.Pay(id, outcome))
	}
}

func delayed(p *journey.NewPayment) { p.DelayedCapture = true }

// began returns a journey whose citizen is at Pay.
func (w *harness) began(reference string, over ...func(*journey.Terms)) (journey.ID, string) {
	w.t.Helper()
	agreed := terms
	agreed.Reference = reference
	for _, change := range over {
		change(&agreed)
	}
	j, err := w.runner.Begin(w.t.Context(), agreed, journey.HeldRequest{Method: "POST", Path: "/apply"}, "key")
	require.NoError(w.t, err)
	began, _ := w.runner.CreatePayment(w.t.Context(), j, journey.Prefill{})
	require.Equal(w.t, journey.StatePaying, began.Journey.State)
	return j.ID, began.Journey.Payments[0].ID
}

// released returns a journey that was paid for, delivered and captured.
func (w *harness) released(reference string) (journey.ID, string) {
	w.t.Helper()
	id, payment := w.began(reference)
	w.end(payment, "success")
	w.advance(id, journey.StateReleased)
	return id, payment
}

func (w *harness) advance(id journey.ID, to journey.State) {
	w.t.Helper()
	progress, err := w.runner.Advance(w.t.Context(), id, journey.Visit{By: journey.ByCitizen})
	require.NoError(w.t, err)
	_ = progress.Reply.Close()
	require.Equal(w.t, to, progress.Journey.State)
}

// found compares the last days, and returns the differences.
func (w *harness) found() []reconcile.Difference {
	w.t.Helper()
	report, err := w.Compare(w.t.Context(), reconcile.Range{})
	require.NoError(w.t, err)
	return report.Differences
}

// damaged is a store with a damaged journey.
type damaged struct {
	*boltstore.Store
	id journey.ID
}

func (d damaged) Get(ctx context.Context, id journey.ID) (journey.Journey, error) {
	if id == d.id {
		return journey.Journey{}, journey.ErrDamaged
	}
	return d.Store.Get(ctx, id)
}

func (d damaged) List(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	found, err := d.Store.List(ctx, f)
	return slices.DeleteFunc(found, func(j journey.Journey) bool { return j.ID == d.id }), err
}
