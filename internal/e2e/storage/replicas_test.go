package storage

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
)

// blockingService answers requests only when resume is closed.
type blockingService struct {
	came   chan struct{}
	resume chan struct{}
}

func newBlockingService() *blockingService {
	return &blockingService{make(chan struct{}, 10), make(chan struct{})}
}

func (s *blockingService) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		testserver.Plain(w, r)
		return
	}
	if s.await(r) {
		testserver.Confirm(w, r)
	}
}

// await blocks until resume is closed, and reports false if the client gave up before.
func (s *blockingService) await(r *http.Request) bool {
	select {
	case s.came <- struct{}{}:
	default: // more than any test counts
	}
	select {
	case <-s.resume:
		return true
	case <-r.Context().Done():
		return false
	}
}

// returnInBackground returns from Pay without waiting for the answer, until the test ends.
func returnInBackground(c *testserver.Citizen) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	c.H.T.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		c.ReturnUntil(ctx)
	}()
}

func TestConcurrentReturnsAtTwoReplicasDeliverOnce(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	a, b := w.start(), w.start()
	for n := range 5 {
		c := a.Citizen()
		c.Apply("Ann")
		a.EndPayment("success")
		var all sync.WaitGroup
		for visit := range 8 {
			at := []*replica{a, b}[visit%2]
			all.Go(func() {
				if p := c.At(at.Harness).ReturnFromPay(); p.Status != http.StatusOK {
					t.Error(p.Status)
				}
			})
		}
		all.Wait()
		require.Len(t, w.service.Requests(http.MethodPost), n+1)
		require.Equal(t, journey.StateReleased, c.At(b.Harness).State())
		require.Contains(t, c.At(b.Harness).ReturnFromPay().Text, "the service's own page")
	}
	for _, p := range a.Payments() {
		require.Equal(t, "success", p.Status)
	}
}

func TestWebhookAndSweepAtDifferentReplicas(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	settings := []string{"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s"}
	a, b := w.start(settings...), w.start(settings...)
	w.pay.SetWebhook(b.URL+"/_pay/webhook", testserver.WebhookSecret)
	const citizens = 8
	var all []*testserver.Citizen
	for range citizens {
		c := a.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
		a.EndPayment("success") // Pay notifies one replica
		a.Sweep()               // and the other sweeps
		all = append(all, c)
	}
	for _, c := range all {
		require.Eventually(t, func() bool { a.Sweep(); return c.State() == journey.StateReleased },
			testserver.LongTimeout,
			5*time.Millisecond)
	}
	require.Len(t, w.service.Requests(http.MethodPost), citizens)

	// A webhook that one replica accepted is a duplicate at the other.
	require.Eventually(t, func() bool {
		accepted, _ := strconv.Atoi(b.Metric(t, `paygate_webhooks_total{result="accepted"}`))
		return accepted >= citizens
	}, testserver.LongTimeout, 5*time.Millisecond)
	w.pay.SetWebhook(a.URL+"/_pay/webhook", testserver.WebhookSecret)
	w.pay.ResendWebhooks(t.Context())
	duplicates, err := strconv.Atoi(a.Metric(t, `paygate_webhooks_total{result="duplicate"}`))
	require.NoError(t, err)
	require.GreaterOrEqual(t, duplicates, citizens)
	require.Len(t, w.service.Requests(http.MethodPost), citizens)
}

func TestReplicaKilledDuringDelivery(t *testing.T) {
	t.Parallel()
	blocking := newBlockingService()
	w := newCluster(t, blocking.answer)
	const twiceIsSafe = "PAYGATE_ROUTE_IMMEDIATE_REPEAT=safe"
	a, b := w.start(twiceIsSafe), w.start(twiceIsSafe)
	careful, safe := a.Citizen(), a.Citizen()
	careful.Apply("Ann")
	a.EndPayment("success")
	require.Equal(t, http.StatusSeeOther, safe.Post("/fines/pay", url.Values{}).Status)
	a.EndPayment("success")
	returnInBackground(careful)
	returnInBackground(safe)
	<-blocking.came
	<-blocking.came
	a.Program.Kill()
	careful, safe = careful.At(b.Harness), safe.At(b.Harness)

	require.Contains(t, b.Sweep(), `"visited":0`, "the claims have not lapsed")
	require.Equal(t, journey.StateReleasing, careful.State())
	require.Equal(t, 2, w.expireClaims())
	w.service.SetAnswer(testserver.Confirm)
	require.Contains(t, b.Sweep(), `"stuck":1`)
	require.Equal(t, "1", b.Metric(t, "paygate_stuck"))
	require.Equal(t, "0", b.Metric(t, `paygate_journeys_open{state="releasing"}`))

	require.Equal(t, journey.StateStuck, careful.State(), "the service may have the request")
	require.Contains(t, careful.ReturnFromPay().Text, "We are looking into your payment")
	require.Equal(t, "capturable", a.Payments()[0].Status, "not captured while the outcome is unknown")
	require.Equal(t, journey.StateReleased, safe.State())
	posts := w.service.Requests(http.MethodPost)
	require.Len(t, posts, 3)
	require.Equal(t, "/fines/pay", posts[2].Target)
	require.Equal(t, "2", posts[2].Header.Get("Paygate-Attempt"))
	for _, header := range []string{"Paygate-Journey", "Paygate-Submission"} { // by which the service recognises it
		first := posts[0].Header.Get(header)
		if posts[0].Target != "/fines/pay" {
			first = posts[1].Header.Get(header)
		}
		require.Equal(t, first, posts[2].Header.Get(header))
	}
}

func TestStartingReplicaKeepsClaimsOfOthers(t *testing.T) {
	t.Parallel()
	blocking := newBlockingService()
	w := newCluster(t, blocking.answer)
	a := w.start()
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	returnInBackground(c)
	<-blocking.came
	b := w.start()
	require.Equal(t, journey.StateReleasing, c.At(b.Harness).State())
	close(blocking.resume)
	require.Eventually(t, func() bool { return c.At(b.Harness).State() == journey.StateReleased },
		testserver.LongTimeout,
		5*time.Millisecond)
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

func TestReplicaFinishesDeliveryAfterSIGTERM(t *testing.T) {
	t.Parallel()
	blocking := newBlockingService()
	w := newCluster(t, blocking.answer)
	a, b := w.start(), w.start()
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	returnInBackground(c)
	<-blocking.came
	require.NoError(t, a.Program.Cmd.Process.Signal(syscall.SIGTERM))
	a.Program.WaitForLog(`"msg":"draining"`)
	require.Equal(t, http.StatusServiceUnavailable, a.Citizen().Post("/licences/apply", url.Values{}).Status)
	b.Citizen().Apply("Ben")
	close(blocking.resume)
	require.Zero(t, a.Program.Wait(), a.Program.Logged())
	require.Equal(t, journey.StateReleased, c.At(b.Harness).State())
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

// TestSweepOrderedByHandEndsWithTheDrain stops a replica in the middle of a sweep: what the service has is finished,
// and nothing else is begun.
func TestSweepOrderedByHandEndsWithTheDrain(t *testing.T) {
	t.Parallel()
	blocking := newBlockingService()
	w := newCluster(t, blocking.answer)
	a := w.start("PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_ROUTE_LICENCE_RETURN_GRACE=24h")
	const journeys, atOnce = 9, 3
	var citizens []*testserver.Citizen
	for n := range journeys {
		c := a.Citizen()
		c.Apply("Ann " + strconv.Itoa(n))
		a.EndPayment("success")
		citizens = append(citizens, c)
	}
	answered := make(chan int, 1)
	go func() { answered <- a.Ann().Do(http.MethodPost, "/mopup", nil).Status }()
	for range atOnce {
		<-blocking.came
	}
	require.NoError(t, a.Program.Cmd.Process.Signal(syscall.SIGTERM))
	a.Program.WaitForLog(`"msg":"draining"`)
	close(blocking.resume)
	require.Equal(t, http.StatusServiceUnavailable, <-answered)
	require.Zero(t, a.Program.Wait(), a.Program.Logged())
	require.Len(t, w.service.Requests(http.MethodPost), atOnce)

	b := w.start("PAYGATE_MOPUP_MIN_AGE=0s")
	b.Sweep()
	for _, c := range citizens {
		require.Equal(t, journey.StateReleased, c.At(b.Harness).State())
	}
	require.Len(t, w.service.Requests(http.MethodPost), journeys)
}

func TestPayRateTotalLimitsAllReplicas(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	const perSecond = 1
	settings := []string{"PAYGATE_PAY_RATE=1000", "PAYGATE_PAY_RATE_TOTAL=" + strconv.Itoa(perSecond)}
	replicas := []*replica{w.start(settings...), w.start(settings...)}
	began := time.Now()
	var mutex sync.Mutex
	answers := map[int][]testserver.Page{}
	var all sync.WaitGroup
	for n := range 40 {
		r := replicas[n%2]
		all.Go(func() {
			p, err := tryForm(r.Citizen(), "/licences/apply", url.Values{"name": {strconv.Itoa(n)}})
			if err != nil {
				t.Error(err)
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			answers[p.Status] = append(answers[p.Status], p)
		})
	}
	all.Wait()
	took := time.Since(began)
	sent, busy := answers[http.StatusSeeOther], answers[http.StatusServiceUnavailable]
	require.Equal(t, 40, len(sent)+len(busy), answers)
	require.NotEmpty(t, sent)
	require.LessOrEqual(t, len(w.common.Payments()), int(took.Seconds()*perSecond)+1)
	require.Len(t, w.common.Payments(), len(sent))
	for _, p := range busy {
		require.Contains(t, p.Text, "Many people are paying at the moment")
		require.NotEmpty(t, p.Header.Get("Retry-After"))
	}
	require.NotEmpty(t, busy)
}

// What replicas store is dated by the database's clock, whatever their machines' clocks say.
func TestReplicasGoByTheClockOfTheDatabase(t *testing.T) {
	t.Parallel()
	database := testpg.ClockAhead(t, testpg.Start(t).Database(t), time.Hour)
	w := newClusterOn(t, database, testserver.Confirm)
	r := w.start()
	c := r.Citizen()
	c.Apply("Ann")
	r.EndPayment("success")
	c.ReturnFromPay()
	for _, j := range r.list("state=released") {
		require.WithinDuration(t, time.Now().Add(time.Hour), j.StartedAt, 30*time.Minute)
		require.WithinDuration(t, time.Now().Add(time.Hour), *j.ReleasedAt, 30*time.Minute)
		return
	}
	t.Fatal("the request was not released")
}
