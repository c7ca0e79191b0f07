package storage

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// town has replicas of Paygate, each a process of the real program, on one database, between a service and a simulated
// Pay.
type Cluster struct {
	t        testing.TB
	service  *testserver.Service
	pay      *paysim.Simulator
	atPay    *interceptor
	common   *testserver.Harness // what all replicas have in common
	database string
}

func NewCluster(t testing.TB, answer http.HandlerFunc) *Cluster {
	t.Helper()
	return NewClusterOn(t, testpg.Start(t).Database(t), answer)
}

func NewClusterOn(t testing.TB, database string, answer http.HandlerFunc) *Cluster {
	t.Helper()
	w := &Cluster{t: t, service: &testserver.Service{Answer: answer}, database: database}
	w.service.Server = httptest.NewServer(w.service)
	t.Cleanup(w.service.Server.Close)
	w.pay = paysim.New(paysim.Options{PostLimit: -1})
	t.Cleanup(w.pay.Close)
	w.atPay = &interceptor{next: w.pay}
	payServer := httptest.NewServer(w.atPay)
	t.Cleanup(payServer.Close)
	w.pay.SetPublicURL(payServer.URL)
	w.common = &testserver.Harness{T: t, Service: w.service, Pay: w.pay, PayURL: payServer.URL,
		URL: "http://licences.test"}
	return w
}

// doorkeeper lets requests in to Pay, after what it was told to do with each.
type interceptor struct {
	mu    sync.Mutex
	first http.HandlerFunc
	next  http.Handler
}

func (d *interceptor) does(first http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = first
}

func (d *interceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	first := d.first
	d.mu.Unlock()
	if first != nil {
		first(w, r)
	}
	d.next.ServeHTTP(w, r)
}

// environ are the settings of a replica; those given come last, and so count.
func (w *Cluster) environ(over ...string) []string {
	return append(append(w.common.Environ("unused"), "PAYGATE_STORE="+w.database,
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PAY_RATE_TOTAL=1000"), over...)
}

// opens starts a replica and waits until it serves.
func (w *Cluster) starts(over ...string) *testserver.Replica {
	w.t.Helper()
	return w.serving(testserver.StartProgram(w.t, w.environ(over...), "serve"))
}

// serving waits until a replica that was started serves.
func (w *Cluster) serving(p *testserver.Program) *testserver.Replica {
	w.t.Helper()
	p.WaitForLog(`"msg":"serving"`)
	at := testserver.ServingAt.FindStringSubmatch(p.Logged())
	require.Len(w.t, at, 3, p.Logged())
	return &testserver.Replica{Harness: &testserver.Harness{
		T: w.t, Service: w.service, Pay: w.pay, PayURL: w.common.PayURL, URL: "http://" + at[1], Host: "licences.test",
		Staff: &httptest.Server{URL: "http://" + at[2]},
	}, Program: p}
}

// claimsLapse lets the time pass that claims last.
func (w *Cluster) claimsLapse() (lapsed int) {
	w.t.Helper()
	return testserver.ExpireClaims(w.t, w.database)
}

func TestConcurrentReturnsAtTwoReplicasDeliverOnce(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	a, b := w.starts(), w.starts()
	for n := range 5 {
		c := a.Citizen()
		c.Apply("Ann")
		a.EndPayment("success")
		var all sync.WaitGroup
		for visit := range 8 {
			at := []*testserver.Replica{a, b}[visit%2]
			all.Go(func() {
				if p := c.At(at).ReturnFromPay(); p.Status != http.StatusOK {
					t.Error(p.Status)
				}
			})
		}
		all.Wait()
		require.Len(t, w.service.Requests(http.MethodPost), n+1)
		require.Equal(t, journey.StateReleased, c.At(b).State())
		require.Contains(t, c.At(b).ReturnFromPay().Text, "the service's own page")
	}
	for _, p := range a.Payments() {
		require.Equal(t, "success", p.Status)
	}
}

func TestWebhookAndSweepAtDifferentReplicas(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	settings := []string{"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s"}
	a, b := w.starts(settings...), w.starts(settings...)
	w.pay.SetWebhook(b.URL+"/_pay/webhook", testserver.WebhookSecret)
	const citizens = 8
	var all []*testserver.Citizen
	for range citizens {
		c := a.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
		a.EndPayment("success") // Pay tells the one
		a.Sweep()               // and the other comes by
		all = append(all, c)
	}
	for _, c := range all {
		require.Eventually(t, func() bool { a.Sweep(); return c.State() == journey.StateReleased },
			testserver.LongTimeout,
			5*time.Millisecond)
	}
	require.Len(t, w.service.Requests(http.MethodPost), citizens)

	// What one has heard, the other knows.
	require.Eventually(t, func() bool {
		heard, _ := strconv.Atoi(b.Metric(t, `paygate_webhooks_total{result="accepted"}`))
		return heard >= citizens
	}, testserver.LongTimeout, 5*time.Millisecond)
	w.pay.SetWebhook(a.URL+"/_pay/webhook", testserver.WebhookSecret)
	w.pay.ResendWebhooks(t.Context())
	duplicates, err := strconv.Atoi(a.Metric(t, `paygate_webhooks_total{result="duplicate"}`))
	require.NoError(t, err)
	require.GreaterOrEqual(t, duplicates, citizens)
	require.Len(t, w.service.Requests(http.MethodPost), citizens)
}

// standing is a service that takes requests and answers them when it is told to.
type standing struct {
	came chan struct{}
	goOn chan struct{}
}

func newStanding() *standing { return &standing{make(chan struct{}, 10), make(chan struct{})} }

func (s *standing) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		testserver.Plain(w, r)
		return
	}
	if s.await(r) {
		testserver.Confirm(w, r)
	}
}

// await is false when whoever asked is gone.
func (s *standing) await(r *http.Request) bool {
	select {
	case s.came <- struct{}{}:
	default: // nobody counts so many
	}
	select {
	case <-s.goOn:
		return true
	case <-r.Context().Done():
		return false
	}
}

func TestReplicaKilledDuringDelivery(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := NewCluster(t, stands.answer)
	const twiceIsSafe = "PAYGATE_ROUTE_IMMEDIATE_REPEAT=safe"
	a, b := w.starts(twiceIsSafe), w.starts(twiceIsSafe)
	careful, safe := a.Citizen(), a.Citizen()
	careful.Apply("Ann")
	a.EndPayment("success")
	require.Equal(t, http.StatusSeeOther, safe.Post("/fines/pay", url.Values{}).Status)
	a.EndPayment("success")
	careful.ReturnInBackground()
	safe.ReturnInBackground()
	<-stands.came
	<-stands.came
	a.Program.Kill()
	careful, safe = careful.At(b), safe.At(b)

	require.Contains(t, b.Sweep(), `"visited":0`, "the claims are not over")
	require.Equal(t, journey.StateReleasing, careful.State())
	require.Equal(t, 2, w.claimsLapse())
	w.service.SetAnswer(testserver.Confirm)
	require.Contains(t, b.Sweep(), `"stuck":1`)
	require.Equal(t, "1", b.Metric(t, "paygate_stuck"))
	require.Equal(t, "0", b.Metric(t, `paygate_journeys_open{state="releasing"}`))

	require.Equal(t, journey.StateStuck, careful.State(), "nobody knows whether the service has it")
	require.Contains(t, careful.ReturnFromPay().Text, "We are looking into your payment")
	require.Equal(t, "capturable", a.Payments()[0].Status, "not taken until somebody knows")
	require.Equal(t, journey.StateReleased, safe.State())
	posts := w.service.Requests(http.MethodPost)
	require.Len(t, posts, 3)
	require.Equal(t, "/fines/pay", posts[2].Target)
	require.Equal(t, "2", posts[2].Header.Get("Paygate-Attempt"))
	for _, header := range []string{"Paygate-Journey", "Paygate-Submission"} { // the service can tell
		first := posts[0].Header.Get(header)
		if posts[0].Target != "/fines/pay" {
			first = posts[1].Header.Get(header)
		}
		require.Equal(t, first, posts[2].Header.Get(header))
	}
}

func TestStartingReplicaKeepsClaimsOfOthers(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := NewCluster(t, stands.answer)
	a := w.starts()
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	c.ReturnInBackground()
	<-stands.came
	b := w.starts()
	require.Equal(t, journey.StateReleasing, c.At(b).State())
	close(stands.goOn)
	require.Eventually(t, func() bool { return c.At(b).State() == journey.StateReleased }, testserver.LongTimeout,
		5*time.Millisecond)
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

func TestReplicaFinishesDeliveryAfterSIGTERM(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := NewCluster(t, stands.answer)
	a, b := w.starts(), w.starts()
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	c.ReturnInBackground()
	<-stands.came
	require.NoError(t, a.Program.Cmd.Process.Signal(syscall.SIGTERM))
	a.Program.WaitForLog(`"msg":"draining"`)
	require.Equal(t, http.StatusServiceUnavailable, a.Citizen().Post("/licences/apply", url.Values{}).Status)
	b.Citizen().Apply("Ben")
	close(stands.goOn)
	require.Zero(t, a.Program.Wait(), a.Program.Logged())
	require.Equal(t, journey.StateReleased, c.At(b).State())
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

// TestReplicasWithDifferentSettings: replicas are changed one after the other. Journeys under way keep their
// terms, whoever takes them on.
func TestReplicasWithDifferentSettings(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	// knows the new secret, as the first step is
	before := w.starts("PAYGATE_SECRETS=" + testserver.Secret32(1) + "," + testserver.Secret32(7))
	after := w.starts("PAYGATE_SECRETS="+testserver.Secret32(7)+","+testserver.Secret32(1),
		"PAYGATE_ROUTE_LICENCE_PRICE=30", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")

	old := before.Citizen()
	old.Apply("Ann")
	before.EndPayment("success")
	require.Contains(t, old.At(after).ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "success", before.Payments()[0].Status, "captured, as it was reserved")

	young := after.Citizen()
	young.Apply("Ben")
	before.EndPayment("success")
	require.Contains(t, young.At(before).ReturnFromPay().Text, "the service's own page")

	declined := before.Citizen()
	declined.Apply("Cara")
	before.EndPayment("declined")
	declined.At(after).ReturnFromPay()
	again := declined.At(after).Post("/_pay/again", url.Values{"journey": {declined.At(after).Journeys()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.Status)
	before.EndPayment("success")
	require.Contains(t, declined.At(before).ReturnFromPay().Text, "the service's own page")

	var amounts []int64
	var delayed []bool
	for _, p := range before.Payments() {
		amounts, delayed = append(amounts, p.Amount), append(delayed, p.DelayedCapture)
	}
	require.Equal(t, []int64{2500, 3000, 2500, 2500}, amounts)
	require.Equal(t, []bool{true, false, true, true}, delayed)
	var paid []string
	for _, r := range w.service.Requests(http.MethodPost) {
		paid = append(paid, r.Header.Get("Paygate-Amount"))
		w.verified(before, r)
		w.verified(after, r)
	}
	require.Equal(t, []string{"2500", "3000", "2500"}, paid)
}

func TestReplicasShareSigningKeys(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	// at the same time, on an empty database
	both := []*testserver.Program{testserver.StartProgram(t, w.environ(), "serve"),
		testserver.StartProgram(t, w.environ(), "serve")}
	first, second := w.serving(both[0]), w.serving(both[1])
	require.Len(t, first.Keys(t).Keys, 1)
	require.Equal(t, first.Keys(t), second.Keys(t))
	kid := first.Keys(t).Keys[0].KeyID

	third := w.starts("PAYGATE_SIGNING_ALG=ES256")
	require.Len(t, third.Keys(t).Keys, 2)
	for _, r := range []*testserver.Replica{first, second} {
		require.Eventually(t, func() bool { return len(r.Keys(t).Keys) == 2 }, testserver.LongTimeout,
			50*time.Millisecond,
			"it comes to see the other's key")
		require.Equal(t, third.Keys(t), r.Keys(t))
	}
	c := third.Citizen()
	c.Apply("Ann")
	third.EndPayment("success")
	c.ReturnFromPay()
	post := w.service.Requests(http.MethodPost)[0]
	require.Equal(t, kid, kidOf(t, post), "the new key is published before it signs")
	w.verified(first, post)
}

// verified holds what the service received against the keys of a replica.
func (w *Cluster) verified(r *testserver.Replica, got testserver.Received) {
	w.t.Helper()
	for _, check := range signature.VerifyRequest(got.Captured(), r.Keys(w.t), w.common.URL, time.Now()) {
		require.True(w.t, check.Good, check.Detail)
	}
}

// kidOf is the id of the key that signed.
func kidOf(t *testing.T, got testserver.Received) string {
	t.Helper()
	token, err := jose.ParseSignedCompact(got.Header.Get("Paygate-Assertion"),
		[]jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	require.NoError(t, err)
	return token.Signatures[0].Header.KeyID
}

func TestPayRateTotalLimitsAllReplicas(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	const perSecond = 1
	settings := []string{"PAYGATE_PAY_RATE=1000", "PAYGATE_PAY_RATE_TOTAL=" + strconv.Itoa(perSecond)}
	replicas := []*testserver.Replica{w.starts(settings...), w.starts(settings...)}
	began := time.Now()
	var mutex sync.Mutex
	answers := map[int][]testserver.Page{}
	var all sync.WaitGroup
	for n := range 40 {
		r := replicas[n%2]
		all.Go(func() {
			p, err := r.Citizen().Try(http.MethodPost, "/licences/apply", url.Values{"name": {strconv.Itoa(n)}})
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

func TestMopupCommandOnPostgreSQL(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	a := w.starts("PAYGATE_MOPUP_MIN_AGE=0s")
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	a.Program.Kill() // nobody serves

	mopup := testserver.StartProgram(t, w.environ("PAYGATE_MOPUP_MIN_AGE=0s"), "mopup")
	require.Zero(t, mopup.Wait(), mopup.Logged())
	require.Regexp(t, `(?m)^visited +1\nreleased +1\ncaptured +0\nreturned +0\nabandoned +0\nwaiting +0\nstuck +0\nfailed +0$`, mopup.Stdout.String())
	require.Len(t, w.service.Requests(http.MethodPost), 1)
	require.Equal(t, "mopup", w.service.Requests(http.MethodPost)[0].Header.Get("Paygate-Via"))
	require.Equal(t, "success", a.Payments()[0].Status)

	// What is stuck is told each time, until somebody has settled it.
	b := w.starts("PAYGATE_MOPUP_MIN_AGE=0s")
	w.service.SetAnswer(testserver.BreakOff)
	b.Citizen().Apply("Ben")
	b.EndPayment("success")
	for _, counted := range []string{"1", "0"} {
		mopup = testserver.StartProgram(t, w.environ("PAYGATE_MOPUP_MIN_AGE=0s"), "mopup")
		require.Equal(t, 3, mopup.Wait(), mopup.Logged())
		require.Regexp(t, `(?m)^stuck +`+counted+`$`, mopup.Stdout.String())
		require.Contains(t, mopup.Logged(), "wait for a person")
	}

	require.Equal(t, 2, testserver.StartProgram(t, w.environ("PAYGATE_SERVICE_NAME="), "mopup").Wait(),
		"it needs settings")
}

func TestConcurrentMopupsShareWork(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	a := w.starts("PAYGATE_MOPUP_MIN_AGE=0s")
	const citizens = 30
	for range citizens {
		a.Citizen().Apply("Ann")
	}
	// the others go on paying: there is nothing to be done for them but ask
	for _, p := range a.Payments()[:citizens/2] {
		require.NoError(t, w.pay.Pay(p.ID, "success"))
	}
	asked := func() (count int) {
		for _, r := range w.pay.Requests() {
			if r.Call == "get" {
				count++
			}
		}
		return count
	}
	before := asked()
	stands := newStanding()
	w.atPay.does(func(_ http.ResponseWriter, r *http.Request) { stands.await(r) })
	both := []*testserver.Program{testserver.StartProgram(t, w.environ(), "mopup"),
		testserver.StartProgram(t, w.environ(), "mopup")}
	<-stands.came // each at its first journey
	<-stands.came
	close(stands.goOn)
	visited := 0
	for _, p := range both {
		require.Zero(t, p.Wait(), p.Logged())
		visited += p.Counted("visited")
	}
	require.Equal(t, citizens, visited)
	require.Equal(t, citizens, asked()-before, "Pay was asked about each once")
	require.Equal(t, citizens/2, both[0].Counted("released")+both[1].Counted("released"))
	require.Len(t, w.service.Requests(http.MethodPost), citizens/2)

	next := testserver.StartProgram(t, w.environ(), "mopup")
	require.Zero(t, next.Wait(), next.Logged())
	require.Equal(t, citizens/2, next.Counted("waiting"), "the next one visits all that is still open")
}

func TestBackupOnPostgreSQLPointsToPgDump(t *testing.T) {
	t.Parallel()
	w := NewCluster(t, testserver.Confirm)
	a := w.starts()
	p := a.Ann().Do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusNotFound, p.Status)
	require.Contains(t, p.Text, "pg_dump")
	backup := testserver.StartProgram(t,
		[]string{"PAYGATE_STAFF_URL=" + a.Staff.URL, "PAYGATE_STAFF_TOKEN=" + testserver.AnnsToken}, "backup",
		t.TempDir()+"/copy.db")
	require.Equal(t, 1, backup.Wait())
	require.Contains(t, backup.Logged(), "use pg_dump")
}
