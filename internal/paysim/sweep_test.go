package paysim

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPaymentExpiresAfterNinetyMinutes(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"", "started", "submitted"} {
		b := newBench(t, Options{})
		id := b.newPayment(nil)
		if outcome != "" {
			require.NoError(t, b.Pay(id, outcome))
		}
		b.Advance(90*time.Minute - time.Millisecond)
		require.NotEqual(t, "failed P0020", b.status(id), outcome)
		b.Advance(time.Millisecond)
		require.Equal(t, "failed P0020", b.status(id), outcome)
	}
}

func TestRecentlyChangedPaymentDoesNotExpire(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.create(nil)
	id := made.at("payment_id").(string)
	b.Advance(88 * time.Minute)
	require.Equal(t, 200, b.citizen().visit(made.at("_links", "next_url", "href").(string)).status)
	b.Advance(4 * time.Minute)
	require.Equal(t, "started", b.status(id))
	b.Advance(time.Minute)
	require.Equal(t, "failed P0020", b.status(id))
}

func TestOnlyTheSweepExpiresPayments(t *testing.T) {
	t.Parallel()
	var late atomic.Int64
	s := New(Options{Now: func() time.Time { return began.Add(time.Duration(late.Load())) }})
	s.Close() // no sweeping in the background
	_, old := s.oldPayment(), s.oldPayment()
	late.Store(int64(2 * time.Hour))
	require.NoError(t, s.Pay(s.Payments()[0].ID, "success"), "late, but before the sweep")
	require.Equal(t, "created", s.Payments()[1].Status)
	s.Sweep()
	require.Equal(t, "success", s.Payments()[0].Status)
	require.Equal(t, "failed", s.Payments()[1].Status)
	require.Equal(t, "P0020", old.code)
}

// oldPayment returns a simulator with a payment made without the API.
func (s *Simulator) oldPayment() *payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &payment{id: newID(), created: s.now(), browsers: map[string]bool{}, request: createRequest{Amount: 100}}
	s.record(p, "created", "")
	s.payments[p.id], s.list = p, append(s.list, p)
	return p
}

func TestCaptureWindowCountsFromCreation(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	held, taken := b.newPayment(map[string]any{
		"delayed_capture": true,
	}), b.newPayment(map[string]any{"delayed_capture": true})
	b.Advance(80 * time.Minute)
	require.NoError(t, b.Pay(held, "success"))
	require.NoError(t, b.Pay(taken, "success"))
	b.Advance(120*time.Hour - 81*time.Minute)
	require.Equal(t, "capturable", b.status(held))
	require.Equal(t, 204, b.do("POST", "/v1/payments/"+taken+"/capture", "{}").status)
	b.Advance(time.Minute)
	require.Equal(t, "failed P0020", b.status(held))
	require.Equal(t, "success", b.status(taken))
	b.refuses(b.do("POST", "/v1/payments/"+held+"/capture", "{}"), 409, "P1003")
}

func TestClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.Advance(time.Hour)
	b.Advance(-time.Minute)
	require.Equal(t, began.Add(time.Hour), b.Now())
}
