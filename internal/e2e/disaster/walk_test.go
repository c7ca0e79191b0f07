package disaster

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

var (
	walkFor   = flag.Duration("walk", 0, "how long the random walk goes on; 0 runs a few simulations")
	walkSteps = flag.Int("steps", 150, "how many steps each simulation takes")
)

// TestRandomWalk runs simulations in which citizens, staff, webhooks, sweeps, clocks, faults and restarts act at
// random. What Pay and the service recorded is the model: at every step, nothing unpaid is delivered and nothing twice;
// at the end, nothing paid is lost, and money and service agree. Each simulation logs its -seed.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	simulations := uint64(2)
	if os.Getenv("CI") != "" {
		simulations = 6
	}
	seed := newSeed(t)
	until := time.Now().Add(*walkFor)
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		const lanes = 2
		for lane := range uint64(lanes) {
			t.Run(fmt.Sprintf("lane %d", lane), func(t *testing.T) {
				t.Parallel()
				for n := lane; n < simulations || time.Now().Before(until); n += lanes {
					t.Run(fmt.Sprintf("-seed=%d", seed+n), func(t *testing.T) { walk(t, kind, seed+n) })
				}
			})
		}
	})
}

func walk(t *testing.T, kind testserver.StoreKind, seed uint64) {
	t.Helper()
	w := newSimulation(t, kind, seed)
	for range *walkSteps {
		w.step()
		w.requireNoViolations()
	}
	w.waitForRest()
	w.checkBooks()
}

// simulation is a service, a simulated Pay, replicas on one store, and people. Its clock advances only between steps.
type simulation struct {
	t          *testing.T
	random     *rand.Rand
	clock      *testserver.MovableClock
	replicas   []*testserver.Harness
	pay        *paysim.Simulator
	people     []*person
	concurrent bool // several things happen at the same time

	service *testserver.Service
	ledger  testserver.Ledger
	notify  *notifysim.Simulator
	down    bool // the service cannot be reached

	mu         sync.Mutex
	log        []string // steps so far
	violations []string
	nextActs   []testserver.Act // of the service, one per request; after that it accepts
	// journeys that staff ordered to be delivered again, since their last delivery
	repeatAllowed map[string]bool
	refunds       map[string]refundSum // by payment
	uncollected   map[string]time.Time // payments that Pay could not collect, and when it said so
	collectedLate map[string]bool      // payments that Pay collected in the end
	events        []event              // that the service heard
	deaf          int                  // how many of the next events it does not answer well
}

// refundSum is what staff refunded on a payment, in pence.
type refundSum struct{ certain, possible int64 }

// The addresses of the routes.
var (
	walkSubmissions = []string{"/licences/apply", "/licences/apply", "/fines/pay", "/safe", "/trust", "/staffed"}
	walkPasses      = []string{"/register/", "/ticket/"}
)

// The key and the secret of the second account at Pay.
const parkingKey, parkingSecret = "api_test_parkingparkingpark", "webhook_parking_secret"

func walkSettings() []string {
	settings := []string{
		"PAYGATE_ROUTES=licence,priced,immediate,safe,trust,staffed,register,ticket",
		"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret,
		"PAYGATE_PAY_TIMEOUT=1s", "PAYGATE_UPSTREAM_TIMEOUT=2s",
		"PAYGATE_PAY_ACCOUNTS=parking", "PAYGATE_PAY_PARKING_API_KEY=" + parkingKey,
		"PAYGATE_PAY_PARKING_WEBHOOK_SECRETS=" + parkingSecret,
		"PAYGATE_PAY_PARKING_RATE=1000", "PAYGATE_PAY_PARKING_RATE_TOTAL=1000",
	}
	for name, route := range map[string][]string{
		"LICENCE": {"MATCH=POST /licences/apply", "REFERENCE={form:case}", "PRICE=25"},
		"IMMEDIATE": {
			"MATCH=POST /fines/pay", "REFERENCE={form:case}", "PRICE=30", "CAPTURE=immediate",
			"ACCOUNT=parking",
		},
		"SAFE": {"MATCH=POST /safe", "REFERENCE={form:case}", "PRICE=7", "REPEAT=safe"},
		"TRUST": {
			"MATCH=POST /trust", "REFERENCE={form:case}", "PRICE=8", "CAPTURE=immediate",
			"RELEASE=on-return", "ACCOUNT=parking",
		},
		"STAFFED":  {"MATCH=POST /staffed", "REFERENCE={form:case}", "PRICE=9", "ON_REFUSED=staff"},
		"REGISTER": {"MATCH=GET /register/{case}", "REFERENCE={path:case}", "PRICE=6"},
		"TICKET": {
			"MATCH=GET /ticket/{case}", "REFERENCE={path:case}", "PRICE=5", "CAPTURE=immediate",
			"ACCOUNT=parking",
		},
	} {
		if strings.HasPrefix(route[0], "MATCH=POST") {
			route = append(route, "ACCEPT=2xx,3xx",
				"ACCEPT_LOCATION=/confirmation,/licences/confirmation,/fines/confirmation", "ACCEPT_TEXT=*",
				"NOTIFY_EMAIL={form:email}")
		}
		for _, setting := range append(route, "DESCRIPTION=Something", "TELL=POST /events") {
			settings = append(settings, "PAYGATE_ROUTE_"+name+"_"+setting)
		}
	}
	return settings
}

func newSimulation(t *testing.T, kind testserver.StoreKind, seed uint64) *simulation {
	t.Helper()
	w := &simulation{
		t: t, random: rand.New(rand.NewPCG(seed, 2)), clock: testserver.NewMovableClock(),
		repeatAllowed: map[string]bool{}, refunds: map[string]refundSum{}, uncollected: map[string]time.Time{},
		collectedLate: map[string]bool{},
	}
	first := testserver.Build(t, paysim.Options{
		Now: w.clock.Now, PostLimit: -1, Keys: []string{testserver.PayKey},
		Accounts: []paysim.Account{{Name: "parking", Keys: []string{parkingKey}, WebhookSecret: parkingSecret}},
	}, w.serve)
	w.notify = notifysim.New(notifysim.Options{Now: w.clock.Now})
	notify := httptest.NewServer(w.notify)
	t.Cleanup(notify.Close)
	first.Now, w.pay, w.service = w.clock.Now, first.Pay, first.Service
	w.replicas = testserver.StartReplicas(t, kind, first, append(walkSettings(), notifysim.Settings(notify.URL)...)...)
	if w.random.IntN(2) == 0 {
		w.pay.SetWebhook(first.URL+"/_pay/webhook", testserver.WebhookSecret)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Steps so far:\n%s", strings.Join(w.log, "\n"))
		}
	})
	return w
}

// logf records a step, to be printed if the test fails.
func (w *simulation) logf(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, w.clock.Now().Format("02 15:04:05 ")+fmt.Sprintf(format, arguments...))
}

// addViolation records what must never happen, for requireNoViolations.
func (w *simulation) addViolation(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, arguments...))
}

func (w *simulation) requireNoViolations() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(w.t, w.violations)
}

// step does one thing at random.
func (w *simulation) step() {
	w.advance(time.Duration(1+w.random.IntN(20_000)) * time.Millisecond)
	switch n := w.random.IntN(100); {
	case n < 10 && len(w.people) < 14 || len(w.people) == 0:
		w.people = append(w.people, w.newPerson())
	case n < 56:
		w.anyPerson().act()
	case n < 62:
		w.actConcurrently()
	case n < 67:
		w.logf("a sweep: %s", w.anyReplica().Sweep())
	case n < 70:
		w.sendWebhook()
	case n < 76:
		w.actAsStaff()
	case n < 84:
		w.advanceFar()
	case n < 89:
		w.changeFaults()
	case n < 96:
		w.changeService()
	case n < 97:
		w.changeMessages()
	case n < 98:
		w.restart()
	case n < 99:
		w.refundAtPay()
	default:
		w.correctAtPay()
	}
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

func (w *simulation) anyPerson() *person { return pick(w.random, w.people...) }

func (w *simulation) anyReplica() *testserver.Harness { return pick(w.random, w.replicas...) }

// advance lets time pass, with what Pay does by itself.
func (w *simulation) advance(d time.Duration) {
	w.clock.Advance(d)
	w.pay.Sweep()
	w.pay.DeliverDue(context.Background())
	if w.random.IntN(2) == 0 {
		w.deliverEarly(w.anyReplica())
	}
}

// deliverEarly runs a round of early delivery, which may fail if Pay does.
func (w *simulation) deliverEarly(at *testserver.Harness) {
	if err := at.App.DeliverEarly(context.Background()); err != nil {
		w.logf("early delivery failed: %v", err)
	}
}

func (w *simulation) advanceFar() {
	d := pick(w.random, 10*time.Minute, 40*time.Minute, 2*time.Hour, 4*time.Hour, 4*time.Hour, 9*time.Hour,
		30*time.Hour)
	w.logf("%s pass", d)
	w.advance(d)
}

// actConcurrently does several things to one person at the same time.
func (w *simulation) actConcurrently() {
	p := w.anyPerson()
	w.logf("several things at once, %s returns", p.name)
	w.concurrent = true
	var all sync.WaitGroup
	all.Go(func() { p.returnFromPay(w.replicas[0]) })
	for _, n := range w.random.Perm(6)[:1+w.random.IntN(3)] {
		at, timeout := w.anyReplica(), time.Duration(w.random.IntN(20))*time.Millisecond
		all.Go([]func(){
			func() { p.returnFromPay(at) },
			func() { p.submit(at, p.version) },
			func() { at.Sweep() },
			func() { w.pay.ResendWebhooks(context.Background()) },
			func() { p.leaveEarly(at, timeout) },
			func() { w.deliverEarly(at) },
		}[n])
	}
	all.Wait()
	w.concurrent = false
}

func (w *simulation) restart() {
	w.logf("a replica restarts")
	w.anyReplica().RestartUnchanged()
}
