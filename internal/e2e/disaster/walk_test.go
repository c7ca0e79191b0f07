package disaster

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey/pay"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	walkFor   = flag.Duration("walk", 0, "how long the random walk goes on; 0 is a few worlds")
	walkSteps = flag.Int("steps", 150, "how many steps the random walk takes in each world")
)

// TestRandomWalk lets citizens, staff, webhooks, sweeps, clocks, faults of Pay and of the service, and
// restarts do what they like, one world after another. What Pay and the service saw is the model: at every step nothing
// unpaid is delivered, and nothing twice; when everything has come to rest, nothing paid is lost, and money and service
// agree. Each world has a seed of its own, by which it begins again (-seed).
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	worlds := uint64(2)
	if os.Getenv("CI") != "" {
		worlds = 6
	}
	seed := newSeed(t)
	until := time.Now().Add(*walkFor)
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		const lanes = 2
		for lane := range uint64(lanes) {
			t.Run(fmt.Sprintf("lane %d", lane), func(t *testing.T) {
				t.Parallel()
				for n := lane; n < worlds || time.Now().Before(until); n += lanes {
					t.Run(fmt.Sprintf("-seed=%d", seed+n), func(t *testing.T) { walkThrough(t, kind, seed+n) })
				}
			})
		}
	})
}

func walkThrough(t *testing.T, kind testserver.StoreKind, seed uint64) {
	t.Helper()
	w := newSimulation(t, kind, seed)
	for range *walkSteps {
		w.step()
		w.holds()
	}
	w.bringToRest()
	w.checkBooks()
}

// world is a service, a simulated Pay, gateways on one store, and people, by one clock that stands still between steps.
type simulation struct {
	t      *testing.T
	random *rand.Rand
	clock  *testserver.MovableClock
	gates  []*testserver.Harness
	pay    *paysim.Simulator
	people []*person
	crowd  bool // several things happen at the same instant

	service *testserver.Service
	book    testserver.Ledger
	down    bool // the service cannot be reached

	mu         sync.Mutex
	trail      []string // what was done so far
	violations []string
	moods      []testserver.Act // of the service, one for each request that comes; then it accepts
	// journeys that a person ordered to be delivered once more, since their last delivery
	onceMore  map[string]bool
	refunds   map[string]refundSum // by payment
	takenBack map[string]time.Time // payments that Pay could not collect after all, and when it said so
	late      map[string]bool      // payments that Pay has got after all
}

// refundSum is what people gave back on a payment, in pence.
type refundSum struct{ certain, perhaps int64 }

// The addresses of the walk's routes.
var (
	walkSubmissions = []string{"/licences/apply", "/licences/apply", "/fines/pay", "/safe", "/trust", "/staffed"}
	walkPasses      = []string{"/register/", "/ticket/"}
)

func walkSettings() []string {
	settings := []string{
		"PAYGATE_ROUTES=licence,priced,immediate,safe,trust,staffed,register,ticket",
		"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret,
		"PAYGATE_PAY_TIMEOUT=1s", "PAYGATE_UPSTREAM_TIMEOUT=2s",
	}
	for name, route := range map[string][]string{
		"LICENCE":   {"MATCH=POST /licences/apply", "REFERENCE={form:case}", "PRICE=25"},
		"IMMEDIATE": {"MATCH=POST /fines/pay", "REFERENCE={form:case}", "PRICE=30", "CAPTURE=immediate"},
		"SAFE":      {"MATCH=POST /safe", "REFERENCE={form:case}", "PRICE=7", "REPEAT=safe"},
		"TRUST": {"MATCH=POST /trust", "REFERENCE={form:case}", "PRICE=8", "CAPTURE=immediate",
			"RELEASE=on-return"},
		"STAFFED":  {"MATCH=POST /staffed", "REFERENCE={form:case}", "PRICE=9", "ON_REFUSED=staff"},
		"REGISTER": {"MATCH=GET /register/{case}", "REFERENCE={path:case}", "PRICE=6"},
		"TICKET":   {"MATCH=GET /ticket/{case}", "REFERENCE={path:case}", "PRICE=5", "CAPTURE=immediate"},
	} {
		if strings.HasPrefix(route[0], "MATCH=POST") {
			route = append(route, "ACCEPT=2xx,3xx",
				"ACCEPT_LOCATION=/confirmation,/licences/confirmation,/fines/confirmation", "ACCEPT_TEXT=*")
		}
		for _, setting := range append(route, "DESCRIPTION=Something") {
			settings = append(settings, "PAYGATE_ROUTE_"+name+"_"+setting)
		}
	}
	return settings
}

func newSimulation(t *testing.T, kind testserver.StoreKind, seed uint64) *simulation {
	t.Helper()
	w := &simulation{
		t: t, random: rand.New(rand.NewPCG(seed, 2)), clock: testserver.NewMovableClock(),
		onceMore: map[string]bool{}, refunds: map[string]refundSum{}, takenBack: map[string]time.Time{},
		late: map[string]bool{},
	}
	first := testserver.Build(t, paysim.Options{Now: w.clock.Now, PostLimit: -1}, w.serves)
	first.Now, w.pay, w.service = w.clock.Now, first.Pay, first.Service
	w.gates = testserver.StartReplicas(t, kind, first, walkSettings()...)
	if w.random.IntN(2) == 0 {
		w.pay.SetWebhook(first.URL+"/_pay/webhook", testserver.WebhookSecret)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("The way so far:\n%s", strings.Join(w.trail, "\n"))
		}
	})
	return w
}

// notes keeps what was done, for whoever has to find out why it went wrong.
func (w *simulation) notes(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trail = append(w.trail, w.clock.Now().Format("02 15:04:05 ")+fmt.Sprintf(format, arguments...))
}

// violates keeps what must never be, for the end of the step.
func (w *simulation) violates(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, arguments...))
}

func (w *simulation) holds() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(w.t, w.violations)
}

// step lets one thing happen.
func (w *simulation) step() {
	w.passes(time.Duration(1+w.random.IntN(20_000)) * time.Millisecond)
	switch n := w.random.IntN(100); {
	case n < 10 && len(w.people) < 14 || len(w.people) == 0:
		w.people = append(w.people, w.newcomer())
	case n < 56:
		w.someone().acts()
	case n < 62:
		w.crowds()
	case n < 67:
		w.notes("a sweep: %s", w.anyGate().Sweep())
	case n < 70:
		w.hearsOfPay()
	case n < 76:
		w.staffAct()
	case n < 84:
		w.leaps()
	case n < 89:
		w.troublesPay()
	case n < 96:
		w.changesMood()
	case n < 98:
		w.restarts()
	default:
		w.payCorrects()
	}
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

func (w *simulation) someone() *person { return pick(w.random, w.people...) }

func (w *simulation) anyGate() *testserver.Harness { return pick(w.random, w.gates...) }

// passes lets time go by, and what Pay does by itself happen.
func (w *simulation) passes(d time.Duration) {
	w.clock.Advance(d)
	w.pay.Sweep()
	w.pay.DeliverDue(context.Background())
	if w.random.IntN(2) == 0 {
		w.deliversEarly(w.anyGate())
	}
}

// deliversEarly is a round of early delivery, which may break off where Pay is in trouble.
func (w *simulation) deliversEarly(gate *testserver.Harness) {
	if err := gate.App.DeliverEarly(context.Background()); err != nil {
		w.notes("early delivery broke off: %v", err)
	}
}

func (w *simulation) leaps() {
	d := pick(w.random, 10*time.Minute, 40*time.Minute, 2*time.Hour, 4*time.Hour, 4*time.Hour, 9*time.Hour,
		30*time.Hour)
	w.notes("%s go by", d)
	w.passes(d)
}

// crowds lets several things happen to one person at the same instant.
func (w *simulation) crowds() {
	p := w.someone()
	w.notes("several things at once, %s comes back", p.name)
	w.crowd = true
	var all sync.WaitGroup
	all.Go(func() { p.returns(w.gates[0]) })
	for _, n := range w.random.Perm(6)[:1+w.random.IntN(3)] {
		gate, patience := w.anyGate(), time.Duration(w.random.IntN(20))*time.Millisecond
		all.Go([]func(){
			func() { p.returns(gate) },
			func() { p.sends(gate, p.version) },
			func() { gate.Sweep() },
			func() { w.pay.ResendWebhooks(context.Background()) },
			func() { p.leavesEarly(gate, patience) },
			func() { w.deliversEarly(gate) },
		}[n])
	}
	all.Wait()
	w.crowd = false
}

// hearsOfPay is Pay repeating itself, or somebody else pretending to be Pay.
func (w *simulation) hearsOfPay() {
	all := w.pay.Payments()
	if w.random.IntN(2) == 0 || len(all) == 0 {
		w.notes("Pay sends its webhooks again")
		w.pay.ResendWebhooks(context.Background())
		return
	}
	payment, secret := pick(w.random, all...), pick(w.random, testserver.WebhookSecret, "forged")
	body := fmt.Sprintf(`{"webhook_message_id":"m%d","resource_id":"%s","event_type":"card_payment_succeeded"}`,
		w.random.Uint64(), payment.ID)
	w.notes("a webhook that lies about %s, signed with %s", payment.Reference, secret)
	w.anyGate().Citizen().Do(http.MethodPost, "/_pay/webhook", strings.NewReader(body), "Content-Type",
		"application/json", "Pay-Signature", pay.Sign(secret, []byte(body)))
}

func (w *simulation) troublesPay() {
	if w.random.IntN(3) == 0 {
		w.notes("Pay is well again")
		w.pay.ClearFaults()
		return
	}
	fault := paysim.Fault{
		Call: pick(w.random, "", "create", "get", "get", "capture", "cancel", "refund", "search"),
		Kind: pick(w.random, "429", "500", "503", "reset", "lost", "lost", "html", "garbage", "empty",
			"hostile_next_url", "slow"),
		Times: 1 + w.random.IntN(4), Skip: w.random.IntN(2), Delay: 1200 * time.Millisecond,
	}
	if fault.Kind == "slow" {
		fault.Times = 1
	}
	w.notes("trouble at Pay: %+v", fault)
	w.pay.AddFault(fault)
}

func (w *simulation) restarts() {
	w.notes("a gateway restarts")
	w.anyGate().RestartUnchanged()
}

// payCorrects is Pay finding out that it was wrong: it could not collect the money, or has got it after all.
func (w *simulation) payCorrects() {
	for _, p := range w.pay.Payments() {
		switch {
		case w.random.IntN(4) > 0 || w.isTakenBack(p.ID, 0):
		case p.Status == "success" && p.Refunded == 0:
			w.notes("Pay could not collect %s of %s", p.ID, p.Reference)
			w.mu.Lock()
			w.takenBack[p.ID] = w.clock.Now()
			w.mu.Unlock()
			require.NoError(w.t, w.pay.Correct(p.ID, "error", ""))
			return
		case p.Status == "failed" && p.Code == "P0010":
			w.notes("Pay has got %s of %s after all", p.ID, p.Reference)
			w.late[p.ID] = true
			require.NoError(w.t, w.pay.Correct(p.ID, "success", ""))
			return
		}
	}
}

// isTakenBack tells whether Pay could not collect a payment, and said so within the last so many minutes; 0 is ever.
func (w *simulation) isTakenBack(payment string, within time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, found := w.takenBack[payment]
	return found && (within == 0 || w.clock.Now().Sub(at) <= within)
}

// changesMood changes what the service will do with the next requests.
func (w *simulation) changesMood() {
	if w.down || w.random.IntN(4) == 0 {
		w.standsUp(w.down)
		return
	}
	moods := []testserver.Act{testserver.Refuse, testserver.Refuse, testserver.AcceptHangUp, testserver.HangUp,
		testserver.AcceptError, testserver.ServerError, testserver.Busy, testserver.AcceptTruncated}
	if w.random.IntN(10) == 0 {
		moods = []testserver.Act{testserver.AcceptTimeout}
	}
	next := []testserver.Act{}
	for range 1 + w.random.IntN(3) {
		next = append(next, pick(w.random, moods...))
	}
	w.notes("the service's next acts: %v", next)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moods = next
}

// standsUp has the service reached, or not.
func (w *simulation) standsUp(up bool) {
	if up != w.down {
		return
	}
	w.down = !up
	w.notes("the service is down: %t", w.down)
	if up {
		w.service.Restart(w.t)
	} else {
		w.service.Server.Close()
	}
}

// serves is the service's own code. It asks Pay itself whether what it gets is paid, and writes down what it does.
func (w *simulation) serves(answer http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Paygate-Status") == "none" {
		testserver.Plain(answer, r)
		return
	}
	_ = r.ParseForm()
	line := testserver.NewLedgerEntry(r, r.PostForm.Encode())
	line.Act = w.mood(r, line)
	w.inspects(r, line)
	w.book.Add(line)
	line.Act.Answer(answer, r)
}

// mood is what the service does next. One that may be sent the same again does not do it again.
func (w *simulation) mood(r *http.Request, line testserver.LedgerEntry) testserver.Act {
	w.mu.Lock()
	next := testserver.Accept
	if len(w.moods) > 0 {
		next, w.moods = w.moods[0], w.moods[1:]
	}
	w.mu.Unlock()
	if r.URL.Path != "/safe" || next != testserver.Refuse {
		return next
	}
	for _, before := range w.book.Submission(line.Journey, line.Submission) {
		if before.Act.Accepted() {
			return testserver.Accept
		}
	}
	return next
}

// inspects holds what reaches the service against what Pay knows, and what came before.
func (w *simulation) inspects(r *http.Request, line testserver.LedgerEntry) {
	name := r.PostForm.Get("case")
	if line.Pass {
		name = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	}
	if problem := w.unpaid(r, name, line); problem != "" {
		w.violates("%s %s for %s: %s", r.Method, r.URL.Path, name, problem)
	}
	before := w.book.Submission(line.Journey, line.Submission)
	if line.Pass || len(before) == 0 {
		return
	}
	last := before[len(before)-1]
	if last.Body != line.Body {
		w.violates("one submission, two bodies: %q and %q", last.Body, line.Body)
	}
	w.mu.Lock()
	ordered := w.onceMore[line.Journey]
	delete(w.onceMore, line.Journey)
	w.mu.Unlock()
	if last.Act != testserver.Busy && !ordered && r.URL.Path != "/safe" {
		w.violates("delivered twice: %+v, and before: %+v", line, before)
	}
}

// unpaid tells what is wrong with the payment behind a request.
func (w *simulation) unpaid(r *http.Request, name string, line testserver.LedgerEntry) string {
	for _, p := range w.pay.Payments() {
		switch {
		case p.ID != line.Payment:
		case p.Reference != name || r.Header.Get("Paygate-Reference") != name:
			return "somebody else's payment, of " + p.Reference
		case r.Header.Get("Paygate-Amount") != fmt.Sprint(p.Amount):
			return "another amount"
		case p.Status == "capturable", p.Status == "success" && (p.Refunded < p.Total || line.Pass):
			return ""
		case line.Pass && w.isTakenBack(p.ID, 0), w.isTakenBack(p.ID, 10*time.Minute):
			return "" // Paygate hears of it when it asks again
		case p.Status == "submitted" && r.URL.Path == "/trust" && r.Header.Get("Paygate-Status") == "pending":
			return ""
		default:
			return "not paid: " + p.Status
		}
	}
	return "no payment"
}
