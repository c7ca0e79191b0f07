package storage

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

// errorList collects errors from several goroutines.
type errorList struct {
	mu     sync.Mutex
	errors []error
}

func (b *errorList) add(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.errors = append(b.errors, err)
	}
}

func (b *errorList) all() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.errors
}

// freeTraffic loads free pages at all replicas in turn.
type freeTraffic struct {
	replicas []*replica
	wrong    errorList
	mu       sync.Mutex
	pages    int
}

func (b *freeTraffic) run(ctx context.Context) {
	who := b.replicas[0].Citizen()
	for n := 0; ctx.Err() == nil; n++ {
		p, err := who.At(b.replicas[n%len(b.replicas)].Harness).Try(http.MethodGet, "/page", nil)
		if err == nil && p.Status != http.StatusOK {
			err = fmt.Errorf("free traffic got %d", p.Status)
		}
		b.wrong.add(err)
		b.mu.Lock()
		b.pages++
		b.mu.Unlock()
	}
}

// waitForPages waits until more pages have been loaded.
func (b *freeTraffic) waitForPages(t *testing.T, more int) {
	t.Helper()
	count := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.pages
	}
	from := count()
	require.Eventually(t, func() bool { return count() >= from+more }, testserver.LongTimeout, time.Millisecond)
}

// runCitizen is one citizen who applies at one replica, pays, and returns to the other. It returns an error for what
// must never happen.
func (w *cluster) runCitizen(replicas []*replica, n int) error {
	c, other := replicas[n%2].Citizen(), replicas[(n+1)%2]
	form := url.Values{"case": {fmt.Sprintf("C-%d", n)}}
	var atPay string
	for range 100 {
		p, err := tryForm(c, "/licences/apply", form)
		switch {
		case err != nil:
			return fmt.Errorf("no answer to a form: %w", err)
		case p.Status == http.StatusSeeOther && strings.Contains(p.Location(), "/secure/"):
			atPay = p.Location()
		case strings.Contains(p.Text, "This payment was not made"): // a sweep closed the journey
		case p.Status != http.StatusServiceUnavailable && p.Status != http.StatusBadGateway ||
			p.Header.Get("Paygate-Answer") != "yes":
			return fmt.Errorf("a form was answered by %d: %s", p.Status, p.Text)
		}
		if atPay != "" {
			break
		}
	}
	if atPay == "" {
		return nil // gives up without having paid
	}
	opened, err := c.Try(http.MethodGet, atPay, nil)
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(opened.Location(), "/card_details/")
	if err := w.pay.Pay(id, "success"); err != nil {
		return err
	}
	if n%4 == 0 {
		return nil // never returns
	}
	c = c.At(other.Harness)
	var p testserver.Page
	for began := time.Now(); time.Since(began) < testserver.LongTimeout; {
		p, err = c.Try(http.MethodGet, "/_pay/return", nil)
		if err == nil && strings.Contains(p.Location(), testserver.ReplyMarker) {
			p, err = c.Try(http.MethodGet, p.Location(), nil)
		}
		switch {
		case err != nil:
			return fmt.Errorf("no answer to a return: %w", err)
		case p.Status != http.StatusOK && p.Status != http.StatusSeeOther && p.Status != http.StatusServiceUnavailable:
			return fmt.Errorf("a return was answered by %d: %s", p.Status, p.Text)
		case strings.Contains(p.Text, "No money has been taken"):
			return fmt.Errorf("a citizen who has paid reads: %s", p.Text)
		case p.Status == http.StatusSeeOther || strings.Contains(p.Text, "We are looking into your payment"):
			return nil
		}
	}
	return fmt.Errorf("a citizen who has paid never learns the outcome: %s", p.Text)
}

// waitForRest sweeps until only stuck journeys are open.
func (w *cluster) waitForRest(r *replica) {
	w.t.Helper()
	open := map[journey.State]int{}
	require.Eventually(w.t, func() bool {
		w.expireClaims()
		r.Sweep()
		clear(open)
		for _, state := range journey.States() {
			if !state.AtRest() && state != journey.StateStuck {
				if found := r.list("state=" + string(state)); len(found) > 0 {
					open[state] = len(found)
				}
			}
		}
		return len(open) == 0
	}, testserver.LongTimeout, 10*time.Millisecond, "not at rest: %v", open)
}

// checkBooks compares what Pay, the service and Paygate recorded.
func (w *cluster) checkBooks(r *replica) {
	w.t.Helper()
	received := map[string]int{}
	for _, got := range w.service.Requests(http.MethodPost) {
		received[got.Header.Get("Paygate-Payment-Id")]++
	}
	released, stuck := 0, 0
	for _, p := range w.common.Payments() {
		require.LessOrEqual(w.t, received[p.ID], 1, "released twice: %+v", p)
		if p.Status != "success" && p.Status != "capturable" {
			require.Zero(w.t, received[p.ID], "released, and not paid: %+v", p)
			continue
		}
		found := r.list("payment=" + p.ID)
		require.Len(w.t, found, 1, "paid and lost: %+v", p)
		switch found[0].State {
		case journey.StateReleased:
			released++
			require.Equal(w.t, "success", p.Status)
			require.Equal(w.t, 1, received[p.ID])
		case journey.StateStuck: // staff decide
			stuck++
			require.Contains(w.t, found[0].Note, "cut off before its result was known")
		default:
			w.t.Errorf("a paid journey is %s", found[0].State)
		}
	}
	w.t.Logf("%d payments: %d released, %d stuck", len(w.common.Payments()), released, stuck)
	require.Positive(w.t, released)
}
