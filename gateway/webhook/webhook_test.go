package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pay"
)

// brokenStore is a store that knows every payment, and whose updates end with a given error.
type brokenStore struct {
	journey.Store
	update func() error
}

func (brokenStore) ByPayment(context.Context, string) (journey.ID, error) {
	return "01JDM4Q0V3Q7J2S3", nil
}

func (brokenStore) Get(context.Context, journey.ID) (journey.Journey, error) {
	return journey.Journey{}, nil
}

func (s brokenStore) Update(
	context.Context, journey.ID, func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
	return journey.Journey{}, s.update()
}

// post sends a genuine message, and returns the status of the answer and what was counted.
func post(store journey.Store) (int, []string) {
	var counted []string
	log := slog.New(slog.DiscardHandler)
	h := New(Options{
		Secrets: map[string][]string{"": {"secret"}}, Runner: &journey.Runner{Store: store, Now: time.Now, Log: log},
		Log:      log,
		Received: func(result string) { counted = append(counted, result) },
	})
	status := sendTo(h, `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93"}`)
	h.Wait()
	return status, counted
}

// sendTo sends a genuine message to a handler that knows its secret.
func sendTo(h *Handler, body string) (status int) {
	r := httptest.NewRequest(http.MethodPost, "/_pay/webhook", strings.NewReader(body))
	r.Header.Set("Pay-Signature", pay.Sign("secret", []byte(body)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestHandlerAnswersInTimeWhenTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, tries := make(chan struct{}), 0
		store := brokenStore{update: func() error {
			<-release
			if tries++; tries < 3 {
				return errors.New("connection lost")
			}
			return journey.ErrDamaged
		}}
		var counted []string
		log := slog.New(slog.DiscardHandler)
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Runner: &journey.Runner{
				Store: store, Now: time.Now,
				Log: log,
			},
			Log:      log,
			Received: func(result string) { counted = append(counted, result) },
		})
		began := time.Now()
		require.Equal(t, http.StatusOK,
			sendTo(h, `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93"}`))
		require.Less(t, time.Since(began), 3*time.Second)
		close(release)
		h.Wait()
		require.Equal(t, 3, tries, "Pay will not repeat it, so Paygate does")
		require.Equal(t, []string{"unknown"}, counted)
	})
}

func TestOnlySoManyMessagesWaitInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		log := slog.New(slog.DiscardHandler)
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Log: log,
			Runner: &journey.Runner{
				Store: brokenStore{update: func() error { <-release; return journey.ErrDamaged }}, Now: time.Now,
				Log: log,
			},
		})
		var mu sync.Mutex
		var all sync.WaitGroup
		answers := map[int]int{}
		for range maxWaiting + 5 {
			all.Go(func() {
				status := sendTo(h, `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93"}`)
				mu.Lock()
				defer mu.Unlock()
				answers[status]++
			})
		}
		all.Wait()
		require.Equal(t, map[int]int{http.StatusOK: maxWaiting, http.StatusServiceUnavailable: 5}, answers)
		h.Drain()
		close(release)
		h.Wait()
	})
}

func TestASlowStoreDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Log: log,
			Runner: &journey.Runner{
				Store: brokenStore{update: func() error { time.Sleep(time.Minute); return journey.ErrFull }},
				Now:   time.Now, Log: log,
			},
		})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { sendTo(h, `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93"}`) })
		}
		all.Wait()
		began := time.Now()
		h.Drain()
		h.Wait()
		require.LessOrEqual(t, time.Since(began), time.Minute, "for those under way, and not for all")
	})
}

func TestHandlerAsksForARepeatUnlessTheJourneyIsDamaged(t *testing.T) {
	t.Parallel()
	status, _ := post(brokenStore{update: func() error { return journey.ErrFull }})
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, counted := post(brokenStore{update: func() error { return journey.ErrDamaged }})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"unknown"}, counted)
}

func TestGenuineMessageIsTakenWhateverItSays(t *testing.T) {
	t.Parallel()
	for body, result := range map[string]string{
		"": "malformed", "resource_id=hu20sqlact5260q2nanm0q8u93": "malformed", `{"resource_id":"hu20s`: "malformed",
		`{} {}`: "malformed", "\xff": "malformed",
		`{}`: "ignored", `[]`: "ignored", `null`: "ignored", `{"resource_id":7}`: "ignored",
		`{"resource_id":"hu20sqlact5260q2nanm0q8u93"}`: "unknown",
	} {
		var counted []string
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Runner: &journey.Runner{Store: emptyStore{}},
			Log:      slog.New(slog.DiscardHandler),
			Received: func(result string) { counted = append(counted, result) },
		})
		require.Equal(t, http.StatusOK, sendTo(h, body), body)
		require.Equal(t, []string{result}, counted, body)
	}
}

// paidStore is a store of journeys, each with one payment, which has the same id.
type paidStore struct {
	journey.Store
	mu     sync.Mutex
	stored map[journey.ID]journey.Journey
}

func newPaidStore(routes map[journey.ID]string) *paidStore {
	s := &paidStore{stored: map[journey.ID]journey.Journey{}}
	for id, route := range routes {
		s.stored[id] = journey.Journey{
			ID: id, State: journey.StatePaying, Payments: []journey.Payment{{ID: string(id)}},
			Terms: journey.Terms{
				Route: route, Kind: journey.KindSubmission, Amount: 1350, Capture: journey.CaptureOnAccept,
			},
		}
	}
	return s
}

func (s *paidStore) ByPayment(_ context.Context, id string) (journey.ID, error) {
	return journey.ID(id), nil
}

func (s *paidStore) Get(_ context.Context, id journey.ID) (journey.Journey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[id], nil
}

func (s *paidStore) Update(
	_ context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := change(s.stored[id])
	if err == nil {
		s.stored[id] = c.Journey
	}
	return s.stored[id], err
}

// reservedPay answers every read with a reserved payment.
type reservedPay struct{ journey.Payments }

func (reservedPay) Get(_ context.Context, id string) (journey.PaymentSnapshot, error) {
	return journey.PaymentSnapshot{ID: id, Amount: 1350, Status: journey.StatusCapturable}, nil
}

func TestNoDeliveryBeginsForAMessageOnceTheDrainHasBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const payment = "hu20sqlact5260q2nanm0q8u93"
		log := slog.New(slog.DiscardHandler)
		waits := false
		store := newPaidStore(map[journey.ID]string{payment: "licence"})
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Log: log,
			Runner: &journey.Runner{
				Store: store, Accounts: journey.Accounts{"": reservedPay{}}, Now: time.Now, Log: log,
				Permit: func(ctx context.Context, _ string) (func(), error) {
					waits = true
					select {
					case <-ctx.Done():
						return nil, ctx.Err()
					case <-time.After(time.Minute):
						return nil, errors.New("it still waits to deliver")
					}
				},
			},
		})
		require.Equal(t, http.StatusOK, sendTo(h, `{"resource_id":"`+payment+`"}`))
		synctest.Wait()
		require.True(t, waits)
		began := time.Now()
		h.Drain()
		h.Wait()
		require.Zero(t, time.Since(began), "nothing waits to deliver after the drain began")
		require.Equal(t, journey.StateConfirmed, store.stored[payment].State)
	})
}

func TestARouteThatHangsHoldsUpNoMessageOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		routes := map[journey.ID]string{"other": "licence"}
		for n := range 2 * (maxAdvancing + maxQueued) {
			routes[journey.ID(fmt.Sprint("hangs-", n))] = "hangs"
		}
		var delivers atomic.Bool
		h := New(Options{
			Secrets: map[string][]string{"": {"secret"}}, Log: log,
			Runner: &journey.Runner{
				Store: newPaidStore(routes), Accounts: journey.Accounts{"": reservedPay{}}, Now: time.Now, Log: log,
				Permit: func(ctx context.Context, route string) (func(), error) {
					if route != "hangs" {
						delivers.Store(true)
						return nil, journey.ErrPaused
					}
					<-ctx.Done()
					return nil, ctx.Err()
				},
			},
		})
		for id, route := range routes {
			if route == "hangs" {
				require.Equal(t, http.StatusOK, sendTo(h, `{"resource_id":"`+string(id)+`"}`))
			}
		}
		require.Equal(t, http.StatusOK, sendTo(h, `{"resource_id":"other"}`))
		synctest.Wait()
		require.True(t, delivers.Load())
		h.Drain()
		h.Wait()
	})
}
