package journey

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// slow is GOV.UK Pay whose answers take a second to arrive.
type slow struct {
	*scripted
	mu sync.Mutex
}

func (s *slow) Get(ctx context.Context, id string) (PaymentSnapshot, error) {
	s.mu.Lock()
	answer, err := s.scripted.Get(ctx, id)
	s.mu.Unlock()
	time.Sleep(time.Second)
	return answer, err
}

func (s *slow) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

// isPaid means that the citizen pays.
func (s *slow) isPaid() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.payment.Status = StatusSuccess
}

// lockedStore may be used by several visitors.
type lockedStore struct {
	*oneStore
	mu sync.Mutex
}

func (s *lockedStore) Get(ctx context.Context, id ID) (Journey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oneStore.Get(ctx, id)
}

func (s *lockedStore) Update(ctx context.Context, id ID, change func(Journey) (Change, error)) (Journey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oneStore.Update(ctx, id, change)
}

// The citizen pays just after Pay has answered another visitor. The webhook must not count that reading as its own.
func TestWebhookDuringAReadingDelivers(t *testing.T) {
	t.Parallel()
	for _, by := range []By{ByMopup, ByEarly, ByCitizen, ByWebhook} {
		for _, nudged := range []bool{false, true} { // the reading may itself be due to a webhook
			for _, after := range []time.Duration{
				time.Hour, time.Second,
				500 * time.Millisecond,
			} { // since the reading before
				synctest.Test(t, func(t *testing.T) { webhookDuringAReading(t, by, nudged, after) })
			}
		}
	}
}

func webhookDuringAReading(t *testing.T, by By, nudged bool, after time.Duration) {
	terms := exampleTerms()
	terms.Capture, terms.ReturnGrace = CaptureImmediate, 5*time.Minute
	start := snapshot(StatusCreated)
	start.CreatedAt = time.Now()
	j, err := Hold("01TEST", "key", terms, Fingerprint{}, time.Now()).
		Apply(PaymentCreated{start}, ByCitizen, time.Now())
	require.NoError(t, err)
	tr := newTrial(t, j, snapshot(StatusStarted))
	store, pay := &lockedStore{oneStore: tr.store}, &slow{scripted: tr.pay}
	tr.runner.Store = store
	tr.runner.Accounts, tr.runner.Now, tr.runner.WaitTimeout = Accounts{"": pay}, time.Now, time.Minute
	visit := func(by By) { _, _ = tr.runner.Advance(t.Context(), j.ID, Visit{By: by}) }
	tr.runner.Deliverer = service(VerdictAccepted)

	time.Sleep(time.Hour - 1200*time.Millisecond)
	visit(ByCitizen)
	time.Sleep(after)
	if nudged {
		require.NoError(t, tr.runner.Nudge(t.Context(), j.ID, ByWebhook))
	}
	reads := pay.reads()
	go visit(by)
	for range 100 {
		if time.Sleep(100 * time.Millisecond); pay.reads() > reads {
			break
		}
	}
	pay.isPaid()
	require.NoError(t, tr.runner.Nudge(t.Context(), j.ID, ByWebhook))
	go visit(ByWebhook)
	time.Sleep(10 * time.Second)
	synctest.Wait()
	ended, err := store.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, StateReleased, ended.State, "%s, nudged %t, %s after a reading", by, nudged, after)
}
