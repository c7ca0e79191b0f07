package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/pay"
)

// tries asks for something, in the background too.
func (c *citizen) tries(method, target string, form url.Values, header ...string) (page, error) {
	if strings.HasPrefix(target, "/") {
		target = c.h.url + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Host = cmp.Or(c.h.host, r.Host)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return page{answer.StatusCode, answer.Header, string(text)}, err
}

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

// TestWhileTheDatabaseIsAway: free traffic goes on, pay routes take no money and say so, and nobody has to start anything
// again when the database is back.
func TestWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for name, way := range waysToBeAway() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testpg.Own(t)
			database := server.Database(t)
			w := newTownOn(t, database, confirms)
			settings := []string{"PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_PAY_WEBHOOK_SECRETS=" + webhookSecret}
			replicas := []*replica{w.opens(settings...), w.opens(settings...)}
			returns, forgets := replicas[0].citizen(), replicas[0].citizen()
			returns.apply("Ann")
			forgets.apply("Ben")
			payments := w.common.payments()
			require.NoError(t, w.pay.Pay(payments[0].ID, "success"))

			way.goes(t, server, database)
			require.NoError(t, w.pay.Pay(payments[1].ID, "success"))
			for _, r := range replicas {
				r.answersTruly(returns.at(r), payments[0].ID)
			}
			require.Len(t, w.common.payments(), 2, "no payment was begun")
			require.Empty(t, w.service.got(http.MethodPost), "nothing was delivered")

			way.returns(t, server, database)
			for _, r := range replicas {
				require.Eventually(t, func() bool { return r.ready() == http.StatusOK }, soon, 50*time.Millisecond)
			}
			require.Contains(t, returns.at(replicas[1]).comesBack().text, "the service's own page")
			require.Contains(t, replicas[0].sweeps(), `"released":1`)
			require.Equal(t, journey.StateReleased, forgets.at(replicas[1]).state())
			require.Len(t, w.service.got(http.MethodPost), 2)
			for _, p := range w.common.payments() {
				require.Equal(t, "success", p.Status)
			}
			replicas[1].citizen().apply("Cara")
		})
	}
}

func (r *replica) ready() int {
	p, _ := r.citizen().tries(http.MethodGet, r.staff.URL+"/readyz", nil)
	return p.status
}

// answersTruly asks for everything at once while the database is away, since each answer may take as long as Paygate waits
// for the database.
func (r *replica) answersTruly(paid *citizen, paymentID string) {
	r.t.Helper()
	stranger := r.citizen()
	message := `{"webhook_message_id":"m-` + paymentID + `","resource_id":"` + paymentID + `","event_type":"card_payment_succeeded"}`
	questions := []struct {
		who            *citizen
		method, target string
		form           url.Values
		header         []string
		status         int
		says           string
	}{
		{stranger, http.MethodGet, "/page", nil, nil, 200, "the service's own page"},
		{paid, http.MethodGet, "/page?a=1;b=2", nil, nil, 200, "the service's own page"},
		{stranger, http.MethodGet, "/_pay/keys", nil, nil, 200, `"kty"`},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Dan"}}, nil, 503, "No money has been taken, and nothing has been sent to the service."},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Eve"}}, []string{"Accept", "application/json"}, 503, "application/problem+json"},
		{paid, http.MethodPost, "/fines/pay", url.Values{"case": {"1"}}, nil, 503, "nothing is lost"},
		{stranger, http.MethodGet, "/register/2026", nil, nil, 503, "No money has been taken"},
		{paid, http.MethodGet, "/_pay/return", nil, nil, 503, "If you have already paid, your payment is recorded and nothing is lost."},
		{paid, http.MethodGet, "/_pay/status", nil, nil, 503, "nothing is lost"},
		{stranger, http.MethodPost, "/_pay/webhook", nil, []string{"Pay-Signature", pay.Sign(webhookSecret, []byte(message))}, 503, ""},
		{stranger, http.MethodGet, r.staff.URL + "/healthz", nil, nil, 200, "alive"},
		{stranger, http.MethodGet, r.staff.URL + "/readyz", nil, nil, 503, "PostgreSQL"},
		{stranger, http.MethodGet, r.staff.URL + "/metrics", nil, nil, 200, "paygate_requests_total"},
		{stranger, http.MethodGet, r.staff.URL + "/journeys", nil, []string{"Authorization", "Bearer " + annsToken}, 503, "The store cannot be used just now"},
	}
	answers, errs := make([]page, len(questions)), make([]error, len(questions))
	var all sync.WaitGroup
	for i, q := range questions {
		all.Go(func() {
			if q.target == "/_pay/webhook" {
				answers[i], errs[i] = q.who.sends(message, q.header...)
				return
			}
			answers[i], errs[i] = q.who.tries(q.method, q.target, q.form, q.header...)
		})
	}
	all.Wait()
	for i, q := range questions {
		require.NoError(r.t, errs[i], q.target)
		require.Equal(r.t, q.status, answers[i].status, "%s %s: %s", q.method, q.target, answers[i].text)
		if q.says == "application/problem+json" {
			require.Equal(r.t, q.says, answers[i].header.Get("Content-Type"))
			continue
		}
		require.Contains(r.t, answers[i].text, q.says, q.target)
	}
}

// sends sends a webhook.
func (c *citizen) sends(message string, header ...string) (page, error) {
	r, err := http.NewRequest(http.MethodPost, c.h.url+"/_pay/webhook", strings.NewReader(message))
	if err != nil {
		return page{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return page{}, err
	}
	return page{status: answer.StatusCode}, answer.Body.Close()
}

// TestNothingPaidIsLostWhateverTheDatabaseDoes lets citizens use two replicas while their database is cut off, stopped,
// paused and started again, at moments that nobody has chosen.
func TestNothingPaidIsLostWhateverTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	database := server.Database(t)
	w := newTownOn(t, database, confirms)
	settings := []string{"PAYGATE_MOPUP_EVERY=200ms", "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_LICENCE_RETRY_FOR=1s"}
	replicas := []*replica{w.opens(settings...), w.opens(settings...)}
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
			case <-time.After(ample):
				t.Fatalf("nothing happens any more\n%s\n%s", replicas[0].program.said(), replicas[1].program.said())
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
		require.Equal(t, http.StatusOK, r.ready())
	}
	w.pay.Advance(3 * time.Hour) // what nobody pays ends
	w.comesToRest(replicas[0])
	w.judges(replicas[1])
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
	replicas []*replica
	wrong    errorBook
	mu       sync.Mutex
	seen     int
}

func (b *browsing) browse(ctx context.Context) {
	who := b.replicas[0].citizen()
	for n := 0; ctx.Err() == nil; n++ {
		p, err := who.at(b.replicas[n%len(b.replicas)]).tries(http.MethodGet, "/page", nil)
		if err == nil && p.status != http.StatusOK {
			err = fmt.Errorf("free traffic got %d", p.status)
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
	require.Eventually(t, func() bool { return count() >= from+more }, ample, time.Millisecond)
}

// errand is one citizen who applies at one replica, pays, and comes back to the other. An error is what must never happen.
func (w *town) errand(replicas []*replica, n int) error {
	there, back := replicas[n%2].citizen(), replicas[(n+1)%2]
	form := url.Values{"case": {fmt.Sprintf("C-%d", n)}}
	var atPay string
	for range 100 {
		p, err := there.tries(http.MethodPost, "/licences/apply", form)
		switch {
		case err != nil:
			return fmt.Errorf("no answer to a form: %w", err)
		case p.status == http.StatusSeeOther && strings.Contains(p.to(), "/secure/"):
			atPay = p.to()
		case strings.Contains(p.text, "This payment was not made"): // a sweep came by in between
		case p.status != http.StatusServiceUnavailable && p.status != http.StatusBadGateway || p.header.Get("Paygate-Answer") != "yes":
			return fmt.Errorf("a form was answered by %d: %s", p.status, p.text)
		}
		if atPay != "" {
			break
		}
	}
	if atPay == "" {
		return nil // gives up, and has paid nothing
	}
	opened, err := there.tries(http.MethodGet, atPay, nil)
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(opened.to(), "/card_details/")
	if err := w.pay.Pay(id, "success"); err != nil {
		return err
	}
	if n%4 == 0 {
		return nil // and never comes back
	}
	there = there.at(back)
	var p page
	for began := time.Now(); time.Since(began) < ample; {
		p, err = there.tries(http.MethodGet, "/_pay/return", nil)
		if err == nil && strings.Contains(p.to(), replyMarker) {
			p, err = there.tries(http.MethodGet, p.to(), nil)
		}
		switch {
		case err != nil:
			return fmt.Errorf("no answer to a return: %w", err)
		case p.status != http.StatusOK && p.status != http.StatusSeeOther && p.status != http.StatusServiceUnavailable:
			return fmt.Errorf("a return was answered by %d: %s", p.status, p.text)
		case strings.Contains(p.text, "No money has been taken"):
			return fmt.Errorf("a citizen who has paid reads: %s", p.text)
		case p.status == http.StatusSeeOther || strings.Contains(p.text, "We are looking into your payment"):
			return nil
		}
	}
	return fmt.Errorf("a citizen who has paid never learns the end: %s", p.text)
}

// comesToRest lets sweeps go by until nothing is open but what waits for a person.
func (w *town) comesToRest(r *replica) {
	w.t.Helper()
	open := map[journey.State]int{}
	require.Eventually(w.t, func() bool {
		w.claimsLapse()
		r.sweeps()
		clear(open)
		for _, state := range journey.States() {
			if !state.AtRest() && state != journey.StateStuck {
				if found := r.finds("state=" + string(state)); len(found) > 0 {
					open[state] = len(found)
				}
			}
		}
		return len(open) == 0
	}, ample, 10*time.Millisecond, "not at rest: %v", open)
}

// finds lists journeys at the staff door.
func (r *replica) finds(query string) []export.Record {
	r.t.Helper()
	var list struct{ Journeys []export.Record }
	p := r.ann().do(http.MethodGet, "/journeys?limit=500&"+query, nil)
	require.Equal(r.t, http.StatusOK, p.status, p.text)
	require.NoError(r.t, json.Unmarshal([]byte(p.text), &list))
	return list.Journeys
}

// judges goes by what Pay and the service saw.
func (w *town) judges(r *replica) {
	w.t.Helper()
	received := map[string]int{}
	for _, got := range w.service.got(http.MethodPost) {
		received[got.header.Get("Paygate-Payment-Id")]++
	}
	released, stuck := 0, 0
	for _, p := range w.common.payments() {
		require.LessOrEqual(w.t, received[p.ID], 1, "released twice: %+v", p)
		if p.Status != "success" && p.Status != "capturable" {
			require.Zero(w.t, received[p.ID], "released, and not paid: %+v", p)
			continue
		}
		found := r.finds("payment=" + p.ID)
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
	w.t.Logf("%d payments: %d released, %d left to a person", len(w.common.payments()), released, stuck)
	require.Positive(w.t, released)
}
