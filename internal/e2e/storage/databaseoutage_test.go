package storage

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// away takes a database away and brings it back.
type away struct {
	goes, returns func(*testing.T, *testpg.Server, string)
}

func waysToBeAway() map[string]away {
	return map[string]away{
		"stopped": {
			func(t *testing.T, s *testpg.Server, _ string) { s.Stop(t) },
			func(t *testing.T, s *testpg.Server, _ string) { s.Launch(t) },
		},
		"paused": {
			func(t *testing.T, s *testpg.Server, _ string) { s.Pause(t) },
			func(t *testing.T, s *testpg.Server, _ string) { s.Resume(t) },
		},
		"taking no connections": {
			func(t *testing.T, s *testpg.Server, database string) {
				s.Do(t, `ALTER DATABASE `+nameOf(t, database)+` ALLOW_CONNECTIONS false`)
				cut(t, s, database)
			},
			func(t *testing.T, s *testpg.Server, database string) {
				s.Do(t, `ALTER DATABASE `+nameOf(t, database)+` ALLOW_CONNECTIONS true`)
			},
		},
	}
}

// cut ends every connection to a database.
func cut(t *testing.T, s *testpg.Server, database string) {
	t.Helper()
	s.Do(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+nameOf(t, database)+`'`)
}

func nameOf(t *testing.T, database string) string {
	t.Helper()
	at, err := url.Parse(database)
	require.NoError(t, err)
	return strings.TrimPrefix(at.Path, "/")
}

// TestDatabaseOutage: free traffic goes on, pay routes take no money and say so, and nobody has to start
// anything again when the database is back.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	for name, way := range waysToBeAway() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testpg.Own(t)
			database := server.Database(t)
			w := NewClusterOn(t, database, testserver.Confirm)
			settings := []string{"PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret}
			replicas := []*testserver.Replica{w.starts(settings...), w.starts(settings...)}
			returns, forgets := replicas[0].Citizen(), replicas[0].Citizen()
			returns.Apply("Ann")
			forgets.Apply("Ben")
			payments := w.common.Payments()
			require.NoError(t, w.pay.Pay(payments[0].ID, "success"))

			way.goes(t, server, database)
			require.NoError(t, w.pay.Pay(payments[1].ID, "success"))
			for _, r := range replicas {
				r.AnswersTruly(returns.At(r), payments[0].ID)
			}
			require.Len(t, w.common.Payments(), 2, "no payment was begun")
			require.Empty(t, w.service.Requests(http.MethodPost), "nothing was delivered")

			way.returns(t, server, database)
			for _, r := range replicas {
				require.Eventually(t, func() bool { return r.Ready() == http.StatusOK }, testserver.LongTimeout,
					50*time.Millisecond)
			}
			require.Contains(t, returns.At(replicas[1]).ReturnFromPay().Text, "the service's own page")
			require.Contains(t, replicas[0].Sweep(), `"released":1`)
			require.Equal(t, journey.StateReleased, forgets.At(replicas[1]).State())
			require.Len(t, w.service.Requests(http.MethodPost), 2)
			for _, p := range w.common.Payments() {
				require.Equal(t, "success", p.Status)
			}
			replicas[1].Citizen().Apply("Cara")
		})
	}
}

// TestDatabaseOutagesUnderLoadLoseNothing lets citizens use two replicas while their database is cut off, stopped,
// paused and started again, at moments that nobody has chosen.
func TestDatabaseOutagesUnderLoadLoseNothing(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	database := server.Database(t)
	w := NewClusterOn(t, database, testserver.Confirm)
	settings := []string{"PAYGATE_MOPUP_EVERY=200ms", "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_LICENCE_RETRY_FOR=1s"}
	replicas := []*testserver.Replica{w.starts(settings...), w.starts(settings...)}
	moments := make(chan struct{}, 1)
	w.atPay.does(func(http.ResponseWriter, *http.Request) {
		select {
		case moments <- struct{}{}:
		default:
		}
	})

	ctx, leave := context.WithCancel(t.Context())
	free := &browsing{replicas: replicas}
	var citizens, browsers sync.WaitGroup
	t.Cleanup(func() { leave(); citizens.Wait(); browsers.Wait() })
	browsers.Go(func() { free.browse(ctx) })
	var wrong errorBook
	var numbers atomic.Int64
	enough := make(chan struct{})
	for range 5 {
		citizens.Go(func() {
			for {
				select {
				case <-enough:
					return
				case <-ctx.Done():
					return
				default:
					wrong.note(w.errand(replicas, int(numbers.Add(1))))
				}
			}
		})
	}

	ways := waysToBeAway()
	happens := func(after int, trouble func()) {
		t.Helper()
		for range after {
			select {
			case <-moments:
			case <-time.After(testserver.LongTimeout):
				t.Fatalf("nothing happens any more\n%s\n%s", replicas[0].Program.Logged(), replicas[1].Program.Logged())
			}
		}
		trouble()
	}
	for range 3 {
		happens(10, func() { cut(t, server, database) })
	}
	for _, name := range []string{"stopped", "paused", "taking no connections"} {
		happens(10, func() {
			ways[name].goes(t, server, database)
			free.seesPages(t, 10)
			ways[name].returns(t, server, database)
		})
	}
	close(enough)
	citizens.Wait()
	leave()
	browsers.Wait()
	require.Empty(t, wrong.all())
	require.Empty(t, free.wrong.all())
	for _, r := range replicas {
		require.Equal(t, http.StatusOK, r.Ready())
	}
	w.pay.Advance(3 * time.Hour) // what nobody pays ends
	w.comesToRest(replicas[0])
	w.checkBooks(replicas[1])
}

// errorBook keeps what went wrong.
type errorBook struct {
	mu     sync.Mutex
	errors []error
}

func (b *errorBook) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.errors = append(b.errors, err)
	}
}

func (b *errorBook) all() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.errors
}

// browsing is free traffic at all replicas, all the time.
type browsing struct {
	replicas []*testserver.Replica
	wrong    errorBook
	mu       sync.Mutex
	seen     int
}

func (b *browsing) browse(ctx context.Context) {
	who := b.replicas[0].Citizen()
	for n := 0; ctx.Err() == nil; n++ {
		p, err := who.At(b.replicas[n%len(b.replicas)]).Try(http.MethodGet, "/page", nil)
		if err == nil && p.Status != http.StatusOK {
			err = fmt.Errorf("free traffic got %d", p.Status)
		}
		b.wrong.note(err)
		b.mu.Lock()
		b.seen++
		b.mu.Unlock()
	}
}

// seesPages waits until so many more were seen.
func (b *browsing) seesPages(t *testing.T, more int) {
	t.Helper()
	count := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.seen
	}
	from := count()
	require.Eventually(t, func() bool { return count() >= from+more }, testserver.LongTimeout, time.Millisecond)
}

// errand is one citizen who applies at one replica, pays, and comes back to the other. An error is what must never
// happen.
func (w *Cluster) errand(replicas []*testserver.Replica, n int) error {
	there, back := replicas[n%2].Citizen(), replicas[(n+1)%2]
	form := url.Values{"case": {fmt.Sprintf("C-%d", n)}}
	var atPay string
	for range 100 {
		p, err := there.Try(http.MethodPost, "/licences/apply", form)
		switch {
		case err != nil:
			return fmt.Errorf("no answer to a form: %w", err)
		case p.Status == http.StatusSeeOther && strings.Contains(p.Location(), "/secure/"):
			atPay = p.Location()
		case strings.Contains(p.Text, "This payment was not made"): // a sweep came by in between
		case p.Status != http.StatusServiceUnavailable && p.Status != http.StatusBadGateway ||
			p.Header.Get("Paygate-Answer") != "yes":
			return fmt.Errorf("a form was answered by %d: %s", p.Status, p.Text)
		}
		if atPay != "" {
			break
		}
	}
	if atPay == "" {
		return nil // gives up, and has paid nothing
	}
	opened, err := there.Try(http.MethodGet, atPay, nil)
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(opened.Location(), "/card_details/")
	if err := w.pay.Pay(id, "success"); err != nil {
		return err
	}
	if n%4 == 0 {
		return nil // and never comes back
	}
	there = there.At(back)
	var p testserver.Page
	for began := time.Now(); time.Since(began) < testserver.LongTimeout; {
		p, err = there.Try(http.MethodGet, "/_pay/return", nil)
		if err == nil && strings.Contains(p.Location(), testserver.ReplyMarker) {
			p, err = there.Try(http.MethodGet, p.Location(), nil)
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
	return fmt.Errorf("a citizen who has paid never learns the end: %s", p.Text)
}

// comesToRest lets sweeps go by until nothing is open but what waits for a person.
func (w *Cluster) comesToRest(r *testserver.Replica) {
	w.t.Helper()
	open := map[journey.State]int{}
	require.Eventually(w.t, func() bool {
		w.claimsLapse()
		r.Sweep()
		clear(open)
		for _, state := range journey.States() {
			if !state.AtRest() && state != journey.StateStuck {
				if found := r.Finds("state=" + string(state)); len(found) > 0 {
					open[state] = len(found)
				}
			}
		}
		return len(open) == 0
	}, testserver.LongTimeout, 10*time.Millisecond, "not at rest: %v", open)
}

// judges goes by what Pay and the service saw.
func (w *Cluster) checkBooks(r *testserver.Replica) {
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
		found := r.Finds("payment=" + p.ID)
		require.Len(w.t, found, 1, "paid and lost: %+v", p)
		switch found[0].State {
		case journey.StateReleased:
			released++
			require.Equal(w.t, "success", p.Status)
			require.Equal(w.t, 1, received[p.ID])
		case journey.StateStuck: // a person knows
			stuck++
			require.Contains(w.t, found[0].Note, "cut off before its result was known")
		default:
			w.t.Errorf("a paid journey is %s", found[0].State)
		}
	}
	w.t.Logf("%d payments: %d released, %d left to a person", len(w.common.Payments()), released, stuck)
	require.Positive(w.t, released)
}
