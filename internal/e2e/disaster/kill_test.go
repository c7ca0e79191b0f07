package disaster

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	killTimes = flag.Int("kills", 6, "how often the real program is killed")
	seedGiven = flag.Uint64("seed", 0, "repeats the run with this seed; 0 takes a new one")
)

// newSeed is the seed of a run, printed so that it can be run again.
func newSeed(t testing.TB) uint64 {
	t.Helper()
	seed := *seedGiven
	if seed == 0 {
		seed = rand.Uint64()>>1 | 1
	}
	t.Logf("-seed=%d", seed)
	return seed
}

func init() { testserver.QuietPort.Store(int64(12000 + rand.IntN(18000))) }

// TestKillsUnderLoad kills the program under load, again and again, and starts it on the same store.
// Pay and the service live on in the test, and what they saw is what counts at the end: nothing paid is lost, nothing
// is delivered twice, and money and service agree.
func TestKillsUnderLoad(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		seed := newSeed(t)
		random := rand.New(rand.NewPCG(seed, 1))
		a := newArena(t, kind)
		a.startAll()
		a.admit(random.Uint64())
		for range *killTimes {
			a.awaitMoments(1 + random.IntN(60))
			a.pause(time.Duration(random.IntN(1500)) * time.Microsecond)
			for _, g := range a.some(random) {
				g.kill()
				if random.IntN(10) == 0 { // and once more, in the middle of its start, or soon after
					g.start()
					a.pause(time.Duration(random.IntN(60)) * time.Millisecond)
					g.kill()
				}
				g.start()
			}
			a.awaitServing()
		}
		a.sendHome()
		for _, g := range a.gateways {
			g.kill()
		}
		a.pay.Advance(3 * time.Hour) // every open payment ends
		kind.ExpireClaims(t, a.store)
		a.startAll()
		a.bringToRest()
		t.Logf("%d journeys left to a person", a.settleByTheBook())
		a.bringToRest()
		a.checkBooks()
	})
}

// arena is the real program between a service and a simulated Pay that outlive it, and citizens who use it all the
// time.
type arena struct {
	t        *testing.T
	store    string // as the settings name it
	gateways []*gatewayProcess
	pay      *paysim.Simulator
	book     *testserver.Ledger
	moments  chan struct{} // one for each moment at which something is about to happen, or has just happened

	citizens sync.WaitGroup
	home     chan struct{} // closed when citizens begin nothing new
	numbers  atomic.Int64

	mu      sync.Mutex
	jars    []http.CookieJar // of everybody who went to Pay
	serving []*gatewayProcess
	changed chan struct{} // closed when another one serves
}

// gatewayProcess is a gateway that runs, or has been killed.
type gatewayProcess struct {
	a          *arena
	url, staff string
	environ    []string
	binary     string              // empty: paygate
	program    *testserver.Program // nil: not running
}

func newArena(t *testing.T, kind testserver.StoreKind) *arena {
	t.Helper()
	a := &arena{
		t: t, store: kind.Setting(t), book: &testserver.Ledger{}, moments: make(chan struct{}, 1),
		home:    make(chan struct{}),
		changed: make(chan struct{}),
	}
	legacy := httptest.NewServer(a.watched(a.book.Handler(func(_ int, form url.Values) testserver.Act {
		if form.Get("wish") == "refuse" {
			return testserver.Refuse
		}
		return testserver.Accept
	})))
	t.Cleanup(legacy.Close)
	a.pay = paysim.New(paysim.Options{PostLimit: -1})
	t.Cleanup(a.pay.Close)
	payServer := httptest.NewServer(a.watched(a.pay))
	t.Cleanup(payServer.Close)
	a.pay.SetPublicURL(payServer.URL)

	listeners := make([]net.Listener, 2*kind.Processes)
	var origins []string // of every gateway, since a citizen comes to any
	for i := range listeners {
		listeners[i] = testserver.QuietListener(t)
		if i%2 == 0 {
			origins = append(origins, "http://"+listeners[i].Addr().String())
		}
	}
	for i := range kind.Processes {
		public, staff := listeners[2*i].Addr().String(), listeners[2*i+1].Addr().String()
		a.gateways = append(a.gateways,
			&gatewayProcess{a: a, url: "http://" + public, staff: "http://" + staff, environ: append(
				(&testserver.Harness{Service: &testserver.Service{Server: legacy}, URL: strings.Join(origins, ","),
					PayURL: payServer.URL}).Environ(""),
				"PAYGATE_STORE="+a.store, "PAYGATE_LISTEN="+public, "PAYGATE_STAFF_LISTEN="+staff,
				"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret,
				"PAYGATE_PAY_RATE_TOTAL=1000",
				"PAYGATE_MOPUP_EVERY=100ms", "PAYGATE_MOPUP_MIN_AGE=0s",
				"PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}",
				"PAYGATE_ROUTE_REGISTER_REFERENCE={path:year}",
				"PAYGATE_ROUTE_LICENCE_RETRY_FOR=3s", "PAYGATE_ROUTE_IMMEDIATE_RETRY_FOR=3s",
				"PAYGATE_ROUTE_REGISTER_RETRY_FOR=3s",
				"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=2s", "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=2s",
				"PAYGATE_ROUTE_REGISTER_RESUBMIT_FOR=2s",
			)})
	}
	for _, listener := range listeners {
		require.NoError(t, listener.Close())
	}
	a.pay.SetWebhook(a.gateways[0].url+"/_pay/webhook", testserver.WebhookSecret)
	return a
}

// some are those of the gateways that are killed at a time: one or more.
func (a *arena) some(random *rand.Rand) []*gatewayProcess {
	chosen := slices.Clone(a.gateways)
	random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:1+random.IntN(len(chosen))]
}

// watched tells of two moments for each request: when it has come, and when its answer is written.
func (a *arena) watched(next http.Handler) http.Handler {
	tell := func() {
		select {
		case a.moments <- struct{}{}:
		default:
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tell()
		next.ServeHTTP(w, r)
		tell()
	})
}

func (g *gatewayProcess) start() {
	g.a.t.Helper()
	if g.binary != "" {
		g.program = testserver.StartBinary(g.a.t, g.binary, g.environ, "serve")
		return
	}
	g.program = testserver.StartProgram(g.a.t, g.environ, "serve")
}

func (g *gatewayProcess) kill() {
	g.a.noLongerServing(g)
	g.program.Kill()
	g.program = nil
}

// startAll starts every gateway.
func (a *arena) startAll() {
	a.t.Helper()
	for _, g := range a.gateways {
		g.start()
	}
	a.awaitServing()
}

// awaitServing waits until every gateway serves.
func (a *arena) awaitServing() {
	a.t.Helper()
	for _, g := range a.gateways {
		g.program.WaitForLog(`"msg":"serving"`)
		a.nowServing(g)
	}
}

func (a *arena) nowServing(g *gatewayProcess) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.serving, g) {
		return
	}
	a.serving = append(a.serving, g)
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *arena) noLongerServing(g *gatewayProcess) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serving = slices.DeleteFunc(a.serving, func(other *gatewayProcess) bool { return other == g })
}

// oneServing is the address of a gateway that serves, as soon as there is one.
func (a *arena) oneServing(ctx context.Context) (string, error) {
	for {
		a.mu.Lock()
		serving, changed := a.serving, a.changed
		address := ""
		if len(serving) > 0 {
			address = serving[rand.IntN(len(serving))].url
		}
		a.mu.Unlock()
		if address != "" {
			return address, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// pause lets a moment go by.
func (a *arena) pause(d time.Duration) {
	<-time.After(d)
	a.allRun()
}

// allRun fails when a gateway has ended by itself.
func (a *arena) allRun() {
	a.t.Helper()
	for _, g := range a.gateways {
		if g.program == nil {
			continue
		}
		select {
		case <-g.program.Exited:
			a.t.Fatalf("the program ended by itself\n%s", g.said())
		default:
		}
	}
}

// awaitMoments waits until so many things more have happened at Pay and at the service.
func (a *arena) awaitMoments(n int) {
	a.t.Helper()
	for range n {
		select {
		case <-a.moments:
		case <-time.After(testserver.LongTimeout):
			a.allRun()
			a.t.Fatalf("nothing happens any more\n%s", a.said())
		}
	}
}

// said is the end of what the program wrote.
func (g *gatewayProcess) said() string {
	text := g.program.Logged()
	return text[max(0, len(text)-4000):]
}

func (a *arena) said() string {
	var all strings.Builder
	for _, g := range a.gateways {
		all.WriteString(g.said() + "\n")
	}
	return all.String()
}

const citizensAtATime = 6 // for each gateway

// letIn lets the citizens in.
func (a *arena) admit(seed uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	a.t.Cleanup(func() { cancel(); a.citizens.Wait() })
	for i := range uint64(citizensAtATime * len(a.gateways)) {
		a.citizens.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for {
				select {
				case <-a.home:
					return
				case <-ctx.Done():
					return
				default:
					a.visit(ctx, random, a.numbers.Add(1))
				}
			}
		})
	}
}

func (a *arena) isOver() bool {
	select {
	case <-a.home:
		return true
	default:
		return false
	}
}

// sendHome lets every citizen finish what they have begun.
func (a *arena) sendHome() {
	a.t.Helper()
	close(a.home)
	gone := make(chan struct{})
	go func() { a.citizens.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(testserver.LongTimeout):
		a.t.Fatalf("some citizens never come to an end\n%s", a.said())
	}
}

// visitor is a citizen at a browser, who loads again what could not be loaded.
type visitor struct {
	a      *arena
	ctx    context.Context
	client *http.Client
}

// errNoAnswer: whatever the visitor tried, there was no answer.
var errNoAnswer = errors.New("no answer")

// load asks at the gateways until there is an answer, at most so many times.
func (v *visitor) load(times int, method, target string, form url.Values) (testserver.Page, error) {
	for range times {
		address, err := v.a.oneServing(v.ctx)
		if err != nil {
			return testserver.Page{}, err
		}
		if p, err := v.once(method, address+target, form); err == nil {
			return p, nil
		}
	}
	return testserver.Page{}, errNoAnswer
}

func (v *visitor) once(method, target string, form url.Values) (testserver.Page, error) {
	r, err := http.NewRequestWithContext(v.ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return testserver.Page{}, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return testserver.Page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return testserver.Page{Status: answer.StatusCode, Header: answer.Header, Text: string(text)}, err
}

// visit is one citizen with one thing to pay for.
func (a *arena) visit(ctx context.Context, random *rand.Rand, n int64) {
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	v := &visitor{a: a, ctx: ctx, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	form := url.Values{"case": {fmt.Sprintf("C-%d", n)}, "email": {"ann@example.org"}}
	method, target := http.MethodPost, "/licences/apply"
	switch kind := random.IntN(8); {
	case kind < 2:
		target = "/fines/pay"
	case kind == 2:
		method, target, form = http.MethodGet, fmt.Sprintf("/register/C-%d", n), nil
	case kind == 3:
		form.Set("wish", "refuse")
	case kind == 4:
		target = "/fines/pay"
		form.Set("wish", "refuse")
	}
	p, err := v.load(30, method, target, form)
	if err != nil || !v.atPay(p) {
		return // nobody has paid, and nobody can
	}
	a.mu.Lock()
	a.jars = append(a.jars, jar)
	a.mu.Unlock()
	outcome := "success"
	if random.IntN(6) == 0 {
		outcome = []string{"declined", "cancelled", "started"}[random.IntN(3)]
	}
	v.endsAtPay(p, outcome)
	if method == http.MethodPost && random.IntN(5) == 0 {
		return // and never comes back
	}
	v.comesBack(random, method, target, form)
}

func (v *visitor) atPay(p testserver.Page) bool {
	return p.Status == http.StatusSeeOther && strings.Contains(p.Location(), "/secure/")
}

// endsAtPay opens the address of the payment, as a browser does, and ends the payment.
func (v *visitor) endsAtPay(p testserver.Page, outcome string) {
	opened, err := v.once(http.MethodGet, p.Location(), nil)
	_, id, found := strings.Cut(opened.Location(), "/card_details/")
	if err != nil || !found {
		return // used up, as by a browser that asked twice
	}
	_ = v.a.pay.Pay(strings.TrimSuffix(id, "/confirm"), outcome)
}

// comesBack is what a citizen does after Pay: look, reload, try again, correct the form.
func (v *visitor) comesBack(random *rand.Rand, method, target string, form url.Values) {
	for range 12 {
		if v.newest() == journey.StateReleasing && (v.a.isOver() || random.IntN(4) > 0) {
			return // perhaps whoever delivers it was killed at that
		}
		p, err := v.load(1, http.MethodGet, "/_pay/return", nil)
		if errors.Is(err, errNoAnswer) {
			continue
		}
		for hops := 0; err == nil && hops < 4 && p.Status == http.StatusSeeOther &&
			strings.HasPrefix(p.Location(), "/"); hops++ {
			p, err = v.load(30, http.MethodGet, p.Location(), nil)
		}
		switch {
		case err != nil:
			return
		case v.newest() == journey.StateUnpaid && random.IntN(2) == 0:
			if p, err = v.load(3, http.MethodPost, "/_pay/again", url.Values{"journey": {v.newestID()}}); err == nil &&
				v.atPay(p) {
				v.endsAtPay(p, "success")
				continue
			}
			return
		case v.newest() == journey.StateRefused && random.IntN(2) == 0:
			corrected := url.Values{"case": form["case"], "email": form["email"], "corrected": {"yes"}}
			_, _ = v.load(1, method, target, corrected)
		case method == http.MethodGet && v.newest() == journey.StateConfirmed:
			_, _ = v.load(30, method, target, nil) // a pass waits for its citizen
			continue
		case v.newest() == journey.StateReleasing || v.newest() == journey.StateConfirmed ||
			v.newest() == journey.StatePaying && random.IntN(3) > 0:
			continue
		}
		return
	}
}

func (v *visitor) newestRecord() (newest struct{ ID, State string }) {
	address, err := v.a.oneServing(v.ctx)
	if err != nil {
		return newest
	}
	r, err := http.NewRequestWithContext(v.ctx, http.MethodGet, address+"/_pay/status", nil)
	if err != nil {
		return newest
	}
	r.Header.Set("Accept", "application/json")
	answer, err := v.client.Do(r)
	if err != nil {
		return newest
	}
	defer answer.Body.Close()
	var list struct{ Journeys []struct{ ID, State string } }
	if json.NewDecoder(answer.Body).Decode(&list) == nil && len(list.Journeys) > 0 {
		newest = list.Journeys[0]
	}
	return newest
}

func (v *visitor) newest() journey.State { return journey.State(v.newestRecord().State) }

func (v *visitor) newestID() string { return v.newestRecord().ID }

// asks asks the staff door of any gateway.
func (a *arena) asks(method, path, body string, into any) {
	a.t.Helper()
	g := a.gateways[rand.IntN(len(a.gateways))]
	r, err := http.NewRequest(method, g.staff+path, strings.NewReader(body))
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+testserver.AnnsToken)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, answer.StatusCode, string(text))
	require.NoError(a.t, json.Unmarshal(text, into))
}

func (a *arena) inState(state journey.State) (found []export.Record) {
	a.t.Helper()
	for after := ""; ; {
		var list struct {
			Journeys []export.Record
			Next     string
		}
		a.asks(http.MethodGet, "/journeys?limit=500&state="+string(state)+"&after="+after, "", &list)
		found = append(found, list.Journeys...)
		if after = list.Next; after == "" {
			return found
		}
	}
}

// allLook lets everybody read what became of their payments: a refusal that nobody has seen stays for a day.
func (a *arena) allLook() {
	a.t.Helper()
	for _, jar := range a.jars {
		answer, err := (&http.Client{Jar: jar}).Get(a.gateways[0].url + "/_pay/status")
		require.NoError(a.t, err)
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}

// bringToRest lets sweeps go by until nothing is open but what waits for a person, or for the citizen of a pass.
func (a *arena) bringToRest() {
	a.t.Helper()
	deadline := time.Now().Add(2 * testserver.LongTimeout)
	for {
		open := map[journey.State]int{}
		for _, state := range journey.States() {
			if state.AtRest() || state == journey.StateStuck {
				continue
			}
			for _, record := range a.inState(state) {
				if record.Kind != journey.KindPass || state != journey.StateConfirmed {
					open[state]++
				}
			}
		}
		if len(open) == 0 {
			return
		}
		require.True(a.t, time.Now().Before(deadline), "not at rest: %v\n%s", open, a.said())
		if open[journey.StateRefused] > 0 {
			a.allLook()
		}
		var counts map[string]int
		a.asks(http.MethodPost, "/mopup", "", &counts)
	}
}

// settleByTheBook is a person who looks up in the service's own book what nobody at Paygate can know. It tells how many
// journeys there were.
func (a *arena) settleByTheBook() (settled int) {
	a.t.Helper()
	for _, record := range a.inState(journey.StateStuck) {
		require.Contains(a.t, record.Note, "it is not known whether the service got the request",
			"a person is asked only where nobody can know")
		var whole export.Whole
		a.asks(http.MethodGet, "/journeys/"+string(record.ID), "", &whole)
		submission := 1
		for _, e := range whole.History {
			if e.Fact == (journey.Resubmitted{}).Name() {
				submission++
			}
		}
		as := a.book.Resolution(string(record.ID), strconv.Itoa(submission))
		if as == "retry" && settled%2 == 0 {
			as = "reversed"
		}
		a.asks(http.MethodPost, "/journeys/"+string(record.ID)+"/settle", `{"as":"`+as+`","reason":"the book says so"}`,
			&whole)
		settled++
	}
	return settled
}

// given is what the service gave, by payment, once each request of the book is known to be there once.
func (a *arena) given() (submissions, passes map[string]int) {
	a.t.Helper()
	received := map[string]int{}
	submissions, passes = map[string]int{}, map[string]int{}
	for _, line := range a.book.All() {
		if line.Pass {
			passes[line.Payment]++
			continue
		}
		key := line.Journey + " " + line.Submission
		received[key]++
		require.Equal(a.t, 1, received[key], "journey and submission %s reached the service more than once", key)
		if line.Act.Accepted() {
			submissions[line.Payment]++
		}
	}
	return submissions, passes
}

// judge goes by what Pay and the service saw, and then holds Paygate's own word against it.
func (a *arena) checkBooks() {
	a.t.Helper()
	require.Empty(a.t, a.inState(journey.StateStuck), "left to a person once more")
	submissions, passes := a.given()
	waiting := map[string]bool{} // paid passes that nobody has fetched
	for _, record := range a.inState(journey.StateConfirmed) {
		waiting[record.PaymentID] = true
	}
	kept, returned, reserved := map[string]bool{}, 0, 0
	for _, p := range a.pay.Payments() {
		given := submissions[p.ID] + passes[p.ID]
		require.LessOrEqual(a.t, submissions[p.ID], 1, "given twice for one payment: %+v", p)
		switch {
		case p.Status == "capturable":
			reserved++
			require.True(a.t, waiting[p.ID], "reserved, and nobody cares: %+v", p)
		case p.Status == "success" && p.Refunded == 0:
			kept[p.ID] = true
			require.Positive(a.t, given, "paid and lost: %+v", p)
		default:
			if p.Status == "success" {
				require.Equal(a.t, p.Total, p.Refunded, "given back in part: %+v", p)
			}
			returned++
			require.Zero(a.t, given, "given and not paid: %+v", p)
		}
	}
	for _, state := range journey.States() {
		for _, record := range a.inState(state) {
			require.Equal(a.t, state == journey.StateReleased, kept[record.PaymentID], "%+v", record)
		}
	}
	a.t.Logf("%d kills; %d payments: %d kept and delivered, %d without money, %d reserved for passes; %d requests at "+
		"the service, %d passes fetched",
		*killTimes, len(a.pay.Payments()), len(kept), returned, reserved, len(a.book.All()), len(passes))
	require.NotEmpty(a.t, kept, "nothing was ever bought")
}
