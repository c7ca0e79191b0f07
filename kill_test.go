package main

import (
	"bytes"
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
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/pay/simulator"
)

var (
	killTimes = flag.Int("kills", 20, "how often the real program is killed")
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

// ample is how long a thing may take that nothing is known to hold up: a limit, nothing waits for it.
const ample = 2 * time.Minute

// quietListener opens a port below those that the system gives to outgoing connections, so that it can be closed and opened
// again without anybody else having taken it.
func quietListener(t testing.TB) net.Listener {
	t.Helper()
	for range 200 {
		if listener, err := net.Listen("tcp", "127.0.0.1:"+itoa(12000+rand.IntN(18000))); err == nil {
			return listener
		}
	}
	t.Fatal("no free port")
	return nil
}

// TestTheRealProgramKilledAtAnyMoment kills the program under load, again and again, and starts it on the same store. Pay and
// the service live on in the test, and what they saw is what counts at the end: nothing paid is lost, nothing is delivered
// twice, and what was refused is given back.
func TestTheRealProgramKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	random := rand.New(rand.NewPCG(seed, 1))
	a := newArena(t)
	for range *killTimes {
		a.start()
		if random.IntN(10) == 0 { // in the middle of its start, or soon after
			a.killAfter(time.Duration(random.IntN(60)) * time.Millisecond)
			continue
		}
		a.awaitServing()
		a.letIn(random.Uint64())
		a.killAtMoment(1+random.IntN(60), time.Duration(random.IntN(1500))*time.Microsecond)
	}
	a.start()
	a.awaitServing()
	a.letIn(random.Uint64())
	a.sendHome()
	a.bringToRest()
	a.judge()
}

// arena is the real program between a service and a simulated Pay that outlive it, and citizens who use it all the time.
type arena struct {
	t       *testing.T
	binary  string
	environ []string
	url     string
	staff   string
	pay     *simulator.Simulator
	ledger  *ledger
	moments chan struct{} // one for each moment at which something is about to happen, or has just happened

	running *exec.Cmd
	out     *announcement
	ended   chan error

	up       *gate
	citizens sync.WaitGroup
	home     chan struct{} // closed when citizens begin nothing new
	let      bool
	numbers  chan int
	stopNums chan struct{}
}

// ledger is what the service wrote down: one line for each paid request that reached it.
type ledger struct {
	mu    sync.Mutex
	lines []ledgerLine
}

type ledgerLine struct {
	journey, submission, payment, reference, via string
	pass, accepted                               bool
}

func (l *ledger) all() []ledgerLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ledgerLine{}, l.lines...)
}

// serve is the service's own code: it accepts, or refuses where the form says so.
func (l *ledger) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.Header.Get("Paygate-Status") == "none" {
		plain(w, r)
		return
	}
	accepted := r.PostForm.Get("wish") != "refuse"
	l.mu.Lock()
	l.lines = append(l.lines, ledgerLine{
		journey: r.Header.Get("Paygate-Journey"), submission: r.Header.Get("Paygate-Submission"), payment: r.Header.Get("Paygate-Payment-Id"),
		reference: r.Header.Get("Paygate-Reference"), via: r.Header.Get("Paygate-Via"), pass: r.Method == http.MethodGet, accepted: accepted,
	})
	l.mu.Unlock()
	if !accepted {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	confirms(w, r)
}

// build makes the program's binary.
func build(t *testing.T, folder string) string {
	t.Helper()
	binary := filepath.Join(folder, "paygate")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

func newArena(t *testing.T) *arena {
	t.Helper()
	folder := t.TempDir()
	a := &arena{
		t: t, binary: build(t, folder), ledger: &ledger{}, moments: make(chan struct{}, 1), up: newGate(),
		home: make(chan struct{}), numbers: make(chan int), stopNums: make(chan struct{}),
	}
	legacy := httptest.NewServer(a.watched(http.HandlerFunc(a.ledger.serve)))
	t.Cleanup(legacy.Close)
	a.pay = simulator.New(simulator.Options{PostLimit: -1})
	t.Cleanup(a.pay.Close)
	payServer := httptest.NewServer(a.watched(a.pay))
	t.Cleanup(payServer.Close)
	a.pay.SetPublicURL(payServer.URL)

	public, staff := quietListener(t), quietListener(t)
	a.url, a.staff = "http://"+public.Addr().String(), "http://"+staff.Addr().String()
	a.pay.SetWebhook(a.url+"/_pay/webhook", webhookSecret)
	a.environ = append((&house{service: &service{server: legacy}, url: a.url, payURL: payServer.URL}).environ(filepath.Join(folder, "paygate.db")),
		"PAYGATE_LISTEN="+public.Addr().String(), "PAYGATE_STAFF_LISTEN="+staff.Addr().String(), "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret,
		"PAYGATE_MOPUP_EVERY=100ms", "PAYGATE_MOPUP_MIN_AGE=0s")
	for _, route := range []string{"LICENCE", "IMMEDIATE", "REGISTER"} {
		a.environ = append(a.environ, "PAYGATE_ROUTE_"+route+"_RETRY_FOR=3s", "PAYGATE_ROUTE_"+route+"_RESUBMIT_FOR=2s")
	}
	a.environ = append(a.environ, "PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}",
		"PAYGATE_ROUTE_REGISTER_REFERENCE={path:year}")
	require.NoError(t, public.Close())
	require.NoError(t, staff.Close())
	t.Cleanup(a.kill)
	go func() {
		for n := 1; ; n++ {
			select {
			case a.numbers <- n:
			case <-a.stopNums:
				return
			}
		}
	}()
	t.Cleanup(func() { close(a.stopNums) })
	return a
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

// gate is open or shut; whoever waits before it goes through when it opens.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while open
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) await(ctx context.Context) error {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) set(open chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}

// start starts the program, which says when it serves.
func (a *arena) start() {
	a.t.Helper()
	a.out = &announcement{wanted: `"msg":"serving"`, seen: make(chan struct{})}
	a.running = exec.Command(a.binary, "serve")
	a.running.Env, a.running.Stdout, a.running.Stderr = a.environ, a.out, a.out
	require.NoError(a.t, a.running.Start())
	ended := make(chan error, 1)
	running := a.running
	go func() { ended <- running.Wait() }()
	a.ended = ended
}

func (a *arena) awaitServing() {
	a.t.Helper()
	select {
	case <-a.out.seen:
	case err := <-a.ended:
		a.ended <- err
		a.t.Fatalf("the program ended by itself: %v\n%s", err, a.said())
	case <-time.After(ample):
		a.t.Fatalf("the program does not start\n%s", a.said())
	}
	open := make(chan struct{})
	close(open)
	a.up.set(open)
}

// said is the end of what the program wrote.
func (a *arena) said() string {
	a.out.mu.Lock()
	defer a.out.mu.Unlock()
	text := a.out.text.String()
	return text[max(0, len(text)-4000):]
}

// killAfter kills the program a while after its start.
func (a *arena) killAfter(d time.Duration) {
	a.t.Helper()
	select {
	case <-time.After(d):
	case err := <-a.ended:
		a.ended <- err
		a.t.Fatalf("the program ended by itself: %v\n%s", err, a.said())
	}
	a.kill()
}

// killAtMoment kills the program when so many things more have happened at Pay and at the service.
func (a *arena) killAtMoment(n int, later time.Duration) {
	a.t.Helper()
	for range n {
		select {
		case <-a.moments:
		case err := <-a.ended:
			a.ended <- err
			a.t.Fatalf("the program ended by itself: %v\n%s", err, a.said())
		case <-time.After(ample):
			a.t.Fatalf("nothing happens any more\n%s", a.said())
		}
	}
	a.killAfter(later)
}

func (a *arena) kill() {
	if a.running == nil {
		return
	}
	a.up.set(make(chan struct{}))
	_ = a.running.Process.Kill()
	<-a.ended
	a.running = nil
}

const citizensAtATime = 6

// letIn lets the citizens in, once.
func (a *arena) letIn(seed uint64) {
	if a.let {
		return
	}
	a.let = true
	ctx, cancel := context.WithCancel(context.Background())
	a.t.Cleanup(func() { cancel(); a.citizens.Wait() })
	for i := range uint64(citizensAtATime) {
		a.citizens.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for {
				select {
				case <-a.home:
					return
				case <-ctx.Done():
					return
				case n := <-a.numbers:
					a.visit(ctx, random, n)
				}
			}
		})
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
	case <-time.After(ample):
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

// load asks until there is an answer, at most so many times.
func (v *visitor) load(times int, method, target string, form url.Values) (page, error) {
	if strings.HasPrefix(target, "/") {
		target = v.a.url + target
	}
	for range times {
		if err := v.a.up.await(v.ctx); err != nil {
			return page{}, err
		}
		if p, err := v.once(method, target, form); err == nil {
			return p, nil
		}
	}
	return page{}, errNoAnswer
}

func (v *visitor) once(method, target string, form url.Values) (page, error) {
	r, err := http.NewRequestWithContext(v.ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return page{answer.StatusCode, answer.Header, string(text)}, err
}

// visit is one citizen with one thing to pay for.
func (a *arena) visit(ctx context.Context, random *rand.Rand, n int) {
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	v := &visitor{a: a, ctx: ctx, client: &http.Client{
		Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
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

func (v *visitor) atPay(p page) bool {
	return p.status == http.StatusSeeOther && strings.Contains(p.to(), "/secure/")
}

// endsAtPay opens the address of the payment, as a browser does, and ends the payment.
func (v *visitor) endsAtPay(p page, outcome string) {
	opened, err := v.once(http.MethodGet, p.to(), nil)
	_, id, found := strings.Cut(opened.to(), "/card_details/")
	if err != nil || !found {
		return // used up, as by a browser that asked twice
	}
	_ = v.a.pay.Pay(strings.TrimSuffix(id, "/confirm"), outcome)
}

// comesBack is what a citizen does after Pay: look, reload, try again, correct the form.
func (v *visitor) comesBack(random *rand.Rand, method, target string, form url.Values) {
	for range 12 {
		p, err := v.load(30, http.MethodGet, "/_pay/return", nil)
		for hops := 0; err == nil && hops < 4 && p.status == http.StatusSeeOther; hops++ {
			p, err = v.load(30, http.MethodGet, p.to(), nil)
		}
		switch {
		case err != nil:
			return
		case v.newest() == journey.StateUnpaid && random.IntN(2) == 0:
			if p, err = v.load(3, http.MethodPost, "/_pay/again", url.Values{"journey": {v.newestID()}}); err == nil && v.atPay(p) {
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
		case v.newest() == journey.StateReleasing || v.newest() == journey.StateConfirmed || v.newest() == journey.StatePaying && random.IntN(3) > 0:
			continue
		}
		return
	}
}

func (v *visitor) newestRecord() (newest struct{ ID, State string }) {
	r, err := http.NewRequestWithContext(v.ctx, http.MethodGet, v.a.url+"/_pay/status", nil)
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
func (v *visitor) newestID() string      { return v.newestRecord().ID }

// asks asks the staff door.
func (a *arena) asks(method, path string, into any) {
	a.t.Helper()
	r, err := http.NewRequest(method, a.staff+path, nil)
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+annsToken)
	r.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, answer.StatusCode, string(text))
	require.NoError(a.t, json.NewDecoder(bytes.NewReader(text)).Decode(into))
}

func (a *arena) inState(state journey.State) (found []export.Record) {
	a.t.Helper()
	for after := ""; ; {
		var list struct {
			Journeys []export.Record
			Next     string
		}
		a.asks(http.MethodGet, "/journeys?limit=500&state="+string(state)+"&after="+after, &list)
		found = append(found, list.Journeys...)
		if after = list.Next; after == "" {
			return found
		}
	}
}

// bringToRest lets Pay's time pass until every open payment has ended, and sweeps go by until nothing is open but what waits
// for a person, or for the citizen of a pass.
func (a *arena) bringToRest() {
	a.t.Helper()
	a.pay.Advance(3 * time.Hour)
	deadline := time.Now().Add(2 * ample)
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
		var counts map[string]int
		a.asks(http.MethodPost, "/mopup", &counts)
	}
}

// judge goes by what Pay and the service saw; Paygate's own word counts only for what it left to a person.
func (a *arena) judge() {
	a.t.Helper()
	stuck := map[string]export.Record{}
	for _, record := range a.inState(journey.StateStuck) {
		require.Contains(a.t, record.Note, "cut off before its result was known", "a person is asked only where nobody can know")
		stuck[record.PaymentID] = record
	}
	waiting := map[string]bool{} // paid passes that nobody has fetched
	for _, record := range a.inState(journey.StateConfirmed) {
		waiting[record.PaymentID] = true
	}
	received, accepted, passes := map[string]int{}, map[string]int{}, map[string]int{}
	for _, line := range a.ledger.all() {
		if line.pass {
			passes[line.payment]++
			continue
		}
		received[line.journey+" "+line.submission]++
		if line.accepted {
			accepted[line.payment]++
		}
	}
	for key, times := range received {
		require.Equal(a.t, 1, times, "journey and submission %s reached the service more than once", key)
	}
	kept, returned := 0, 0
	for _, p := range a.pay.Payments() {
		_, isStuck := stuck[p.ID]
		given := accepted[p.ID] + passes[p.ID]
		require.LessOrEqual(a.t, accepted[p.ID], 1, "given twice for one payment: %+v", p)
		switch {
		case isStuck: // nobody knows; a person decides
		case p.Status == "capturable":
			require.True(a.t, waiting[p.ID], "reserved, and nobody cares: %+v", p)
		case p.Status == "success" && p.Refunded == 0:
			kept++
			require.Positive(a.t, given, "paid and lost: %+v", p)
		default:
			if p.Status == "success" {
				require.Equal(a.t, p.Total, p.Refunded, "given back in part: %+v", p)
			}
			returned++
			require.Zero(a.t, given, "given and not paid: %+v", p)
		}
	}
	a.t.Logf("%d kills; %d payments: %d kept and delivered, %d without money, %d left to a person; %d requests at the service, %d passes fetched",
		*killTimes, len(a.pay.Payments()), kept, returned, len(stuck), len(a.ledger.all()), len(passes))
	require.Positive(a.t, kept, "nothing was ever bought")
}
