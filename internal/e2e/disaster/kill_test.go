package disaster

import (
	"context"
	"flag"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

var (
	kills    = flag.Int("kills", 6, "how often the real program is killed")
	seedFlag = flag.Uint64("seed", 0, "repeats the run with this seed; 0 takes a new one")
)

// newSeed returns the seed of a run, and logs it so that the run can be repeated.
func newSeed(t testing.TB) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()>>1 | 1
	}
	t.Logf("-seed=%d", seed)
	return seed
}

// TestKillsUnderLoad kills the program under load again and again, and restarts it on the same store. Pay and the
// service keep running, and what they recorded counts: nothing paid is lost, nothing is delivered twice, and money and
// service agree.
func TestKillsUnderLoad(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		seed := newSeed(t)
		random := rand.New(rand.NewPCG(seed, 1))
		a := newKillTest(t, kind)
		a.startAll()
		a.startCitizens(random.Uint64())
		for range *kills {
			a.waitForEvents(1 + random.IntN(60))
			a.pause(time.Duration(random.IntN(1500)) * time.Microsecond)
			for _, g := range a.anyReplicas(random) {
				g.kill()
				if random.IntN(10) == 0 { // kill it again while it starts, or soon after
					g.start()
					a.pause(time.Duration(random.IntN(60)) * time.Millisecond)
					g.kill()
				}
				g.start()
			}
			a.waitUntilServing()
		}
		a.finishCitizens()
		for _, g := range a.replicas {
			g.kill()
		}
		a.pay.Advance(3 * time.Hour) // every open payment ends
		kind.ExpireClaims(t, a.store)
		a.startAll()
		a.waitForRest()
		t.Logf("%d journeys settled by staff", a.settleStuck())
		a.waitForRest()
		a.checkBooks()
		a.checkMessages()
	})
}

// killTest is replicas of the real program between a service and a simulated Pay that outlive them, and citizens.
type killTest struct {
	t        *testing.T
	store    string // as the settings name it
	replicas []*replica
	pay      *paysim.Simulator
	ledger   *testserver.Ledger
	events   chan struct{} // one for each moment at which something is about to happen, or has just happened

	citizens  sync.WaitGroup
	finishing chan struct{} // closed when citizens begin nothing new
	numbers   atomic.Int64

	notify *notifysim.Simulator

	mu      sync.Mutex
	heard   []event
	jars    []http.CookieJar // of all citizens who went to Pay
	serving []*replica
	changed chan struct{} // closed when another replica serves
}

func newKillTest(t *testing.T, kind testserver.StoreKind) *killTest {
	t.Helper()
	a := &killTest{
		t: t, store: kind.Setting(t), ledger: &testserver.Ledger{}, events: make(chan struct{}, 1),
		finishing: make(chan struct{}),
		changed:   make(chan struct{}),
	}
	legacy := httptest.NewServer(a.signalling(a.hearing(a.ledger.Handler(func(_ int, form url.Values) testserver.Act {
		if form.Get("wish") == "refuse" {
			return testserver.Refuse
		}
		return testserver.Accept
	}))))
	t.Cleanup(legacy.Close)
	a.notify = notifysim.New(notifysim.Options{})
	notify := httptest.NewServer(a.signalling(a.notify))
	t.Cleanup(notify.Close)
	a.pay = paysim.New(paysim.Options{
		PostLimit: -1, Keys: []string{testserver.PayKey},
		Accounts: []paysim.Account{{Name: "parking", Keys: []string{parkingKey}, WebhookSecret: parkingSecret}},
	})
	t.Cleanup(a.pay.Close)
	payServer := httptest.NewServer(a.signalling(a.pay))
	t.Cleanup(payServer.Close)
	a.pay.SetPublicURL(payServer.URL)

	listeners := make([]net.Listener, 2*kind.Processes)
	var origins []string // of every replica, since a citizen may come to any
	for i := range listeners {
		listeners[i] = testserver.QuietListener(t)
		if i%2 == 0 {
			origins = append(origins, "http://"+listeners[i].Addr().String())
		}
	}
	common := (&testserver.Harness{
		Service: &testserver.Service{Server: legacy}, URL: strings.Join(origins, ","), PayURL: payServer.URL,
	}).Environ("")
	for i := range kind.Processes {
		public, staff := listeners[2*i].Addr().String(), listeners[2*i+1].Addr().String()
		a.replicas = append(a.replicas, &replica{
			a: a, url: "http://" + public, staff: "http://" + staff,
			environ: slices.Concat(common, killSettings, notifysim.Settings(notify.URL),
				[]string{"PAYGATE_STORE=" + a.store, "PAYGATE_LISTEN=" + public, "PAYGATE_STAFF_LISTEN=" + staff}),
		})
	}
	for _, listener := range listeners {
		require.NoError(t, listener.Close())
	}
	a.pay.SetWebhook(a.replicas[0].url+"/_pay/webhook", testserver.WebhookSecret)
	return a
}

// killSettings make every journey end within seconds.
var killSettings = []string{
	"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret, "PAYGATE_PAY_RATE_TOTAL=1000",
	"PAYGATE_MOPUP_EVERY=100ms", "PAYGATE_MOPUP_MIN_AGE=0s",
	"PAYGATE_PAY_ACCOUNTS=parking", "PAYGATE_PAY_PARKING_API_KEY=" + parkingKey,
	"PAYGATE_PAY_PARKING_WEBHOOK_SECRETS=" + parkingSecret,
	"PAYGATE_PAY_PARKING_RATE=1000", "PAYGATE_PAY_PARKING_RATE_TOTAL=1000", "PAYGATE_ROUTE_IMMEDIATE_ACCOUNT=parking",
	"PAYGATE_ROUTE_LICENCE_TELL=POST /events", "PAYGATE_ROUTE_IMMEDIATE_TELL=POST /events",
	"PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL={form:email}", "PAYGATE_ROUTE_IMMEDIATE_NOTIFY_EMAIL={form:email}",
	"PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}",
	"PAYGATE_ROUTE_REGISTER_REFERENCE={path:year}",
	"PAYGATE_ROUTE_LICENCE_RETRY_FOR=3s", "PAYGATE_ROUTE_IMMEDIATE_RETRY_FOR=3s", "PAYGATE_ROUTE_REGISTER_RETRY_FOR=3s",
	"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=2s", "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=2s",
	"PAYGATE_ROUTE_REGISTER_RESUBMIT_FOR=2s",
}

// signalling sends an event when a request arrives, and another one when its answer is written.
func (a *killTest) signalling(next http.Handler) http.Handler {
	tell := func() {
		select {
		case a.events <- struct{}{}:
		default:
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tell()
		next.ServeHTTP(w, r)
		tell()
	})
}

// pause makes the moment of the next kill arbitrary.
func (a *killTest) pause(d time.Duration) {
	<-time.After(d)
	a.requireRunning()
}

// waitForEvents waits for n events at Pay and at the service.
func (a *killTest) waitForEvents(n int) {
	a.t.Helper()
	for range n {
		select {
		case <-a.events:
		case <-time.After(testserver.LongTimeout):
			a.requireRunning()
			a.t.Fatalf("no more events\n%s", a.logged())
		}
	}
}

// startCitizens starts citizens, each of whom makes one visit after another.
func (a *killTest) startCitizens(seed uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	a.t.Cleanup(func() { cancel(); a.citizens.Wait() })
	for i := range uint64(citizensPerReplica * len(a.replicas)) {
		a.citizens.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for {
				select {
				case <-a.finishing:
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

const citizensPerReplica = 6

func (a *killTest) isFinishing() bool {
	select {
	case <-a.finishing:
		return true
	default:
		return false
	}
}

// finishCitizens waits until all visits are over.
func (a *killTest) finishCitizens() {
	a.t.Helper()
	close(a.finishing)
	gone := make(chan struct{})
	go func() { a.citizens.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(testserver.LongTimeout):
		a.t.Fatalf("some citizens never finish\n%s", a.logged())
	}
}
