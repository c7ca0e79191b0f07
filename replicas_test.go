package main

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/journey"
)

// town has replicas of Paygate, each a process of the real program, on one database, between a service and a simulated Pay.
type town struct {
	t        testing.TB
	service  *service
	pay      *paysim.Simulator
	atPay    *doorkeeper
	common   *house // what all replicas have in common
	database string
}

func newTown(t testing.TB, answer http.HandlerFunc) *town {
	t.Helper()
	return newTownOn(t, testpg.Start(t).Database(t), answer)
}

func newTownOn(t testing.TB, database string, answer http.HandlerFunc) *town {
	t.Helper()
	w := &town{t: t, service: &service{answer: answer}, database: database}
	w.service.server = httptest.NewServer(w.service)
	t.Cleanup(w.service.server.Close)
	w.pay = paysim.New(paysim.Options{PostLimit: -1})
	t.Cleanup(w.pay.Close)
	w.atPay = &doorkeeper{next: w.pay}
	payServer := httptest.NewServer(w.atPay)
	t.Cleanup(payServer.Close)
	w.pay.SetPublicURL(payServer.URL)
	w.common = &house{t: t, service: w.service, pay: w.pay, payURL: payServer.URL, url: "http://licences.test"}
	return w
}

// doorkeeper lets requests in to Pay, after what it was told to do with each.
type doorkeeper struct {
	mu    sync.Mutex
	first http.HandlerFunc
	next  http.Handler
}

func (d *doorkeeper) does(first http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = first
}

func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	first := d.first
	d.mu.Unlock()
	if first != nil {
		first(w, r)
	}
	d.next.ServeHTTP(w, r)
}

// environ are the settings of a replica; those given come last, and so count.
func (w *town) environ(over ...string) []string {
	return append(append(w.common.environ("unused"), "PAYGATE_STORE="+w.database,
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PAY_RATE_TOTAL=1000"), over...)
}

// replica is one of them. Its house has no parts: they are in another process.
type replica struct {
	*house
	program *program
}

var servingAt = regexp.MustCompile(`"msg":"serving","public":"([^"]+)","staff":"([^"]+)"`)

// opens starts a replica and waits until it serves.
func (w *town) opens(over ...string) *replica {
	w.t.Helper()
	return w.serving(begin(w.t, w.environ(over...), "serve"))
}

// serving waits until a replica that was started serves.
func (w *town) serving(p *program) *replica {
	w.t.Helper()
	p.awaits(`"msg":"serving"`)
	at := servingAt.FindStringSubmatch(p.said())
	require.Len(w.t, at, 3, p.said())
	return &replica{&house{
		t: w.t, service: w.service, pay: w.pay, payURL: w.common.payURL, url: "http://" + at[1], host: "licences.test",
		staff: &httptest.Server{URL: "http://" + at[2]},
	}, p}
}

var launch = flag.String("launch", "", "a command that becomes the real program, put before it: to bound what a replica may use of a processor")

// program is the real program, running.
type program struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout bytes.Buffer // to be read when it has ended
	log    *logBook
	ended  chan struct{}
}

// compile makes the binary of a package's program, as it ships: not instrumented, as the tests' own may be.
func compile(t testing.TB, program string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paygate")
	out, err := exec.Command("go", "build", "-o", binary, program).CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// begin starts the program with these settings and no others. It is killed at the end of the test, if not before.
func begin(t testing.TB, environ []string, args ...string) *program {
	t.Helper()
	binary, err := exec.LookPath("paygate") // the launcher may have another path to search
	require.NoError(t, err)
	command := append(append(strings.Fields(*launch), binary), args...)
	return beginAs(t, command[0], environ, command[1:]...)
}

// beginAs does the same with another binary.
func beginAs(t testing.TB, binary string, environ []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(binary, args...), log: &logBook{}, ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environ, &p.stdout, p.log
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// ends waits for the end, and gives the exit status.
func (p *program) ends() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(ample):
		p.t.Fatalf("the program does not end\n%s", p.said())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *program) said() string { return p.log.String() }

// awaits waits until the program says something.
func (p *program) awaits(text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return strings.Contains(p.said(), text)
		}
	}, ample, 5*time.Millisecond, "the program does not say %s", text)
	require.Contains(p.t, p.said(), text)
}

// at is the same browser at another replica.
func (c *citizen) at(r *replica) *citizen { return &citizen{r.house, c.client} }

// claimsLapse lets the time pass that claims last.
func (w *town) claimsLapse() (lapsed int) {
	w.t.Helper()
	return claimsLapse(w.t, w.database)
}

func TestReturnsAtTwoReplicasAtOnceDeliverOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	a, b := w.opens(), w.opens()
	for n := range 5 {
		c := a.citizen()
		c.apply("Ann")
		a.pays("success")
		var all sync.WaitGroup
		for visit := range 8 {
			at := []*replica{a, b}[visit%2]
			all.Go(func() {
				if p := c.at(at).comesBack(); p.status != http.StatusOK {
					t.Error(p.status)
				}
			})
		}
		all.Wait()
		require.Len(t, w.service.got(http.MethodPost), n+1)
		require.Equal(t, journey.StateReleased, c.at(b).state())
		require.Contains(t, c.at(b).comesBack().text, "the service's own page")
	}
	for _, p := range a.payments() {
		require.Equal(t, "success", p.Status)
	}
}

func TestAWebhookAtOneReplicaAndSweepsAtAnother(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	settings := []string{"PAYGATE_PAY_WEBHOOK_SECRETS=" + webhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s"}
	a, b := w.opens(settings...), w.opens(settings...)
	w.pay.SetWebhook(b.url+"/_pay/webhook", webhookSecret)
	const citizens = 8
	var all []*citizen
	for range citizens {
		c := a.citizen()
		require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{}).status)
		a.pays("success") // Pay tells the one
		a.sweeps()        // and the other comes by
		all = append(all, c)
	}
	for _, c := range all {
		require.Eventually(t, func() bool { a.sweeps(); return c.state() == journey.StateReleased }, soon, 5*time.Millisecond)
	}
	require.Len(t, w.service.got(http.MethodPost), citizens)

	// What one has heard, the other knows.
	require.Eventually(t, func() bool {
		heard, _ := strconv.Atoi(b.metric(t, `paygate_webhooks_total{result="accepted"}`))
		return heard >= citizens
	}, soon, 5*time.Millisecond)
	w.pay.SetWebhook(a.url+"/_pay/webhook", webhookSecret)
	w.pay.ResendWebhooks(t.Context())
	duplicates, err := strconv.Atoi(a.metric(t, `paygate_webhooks_total{result="duplicate"}`))
	require.NoError(t, err)
	require.GreaterOrEqual(t, duplicates, citizens)
	require.Len(t, w.service.got(http.MethodPost), citizens)
}

// standing is a service that takes requests and answers them when it is told to.
type standing struct {
	came chan struct{}
	goOn chan struct{}
}

func newStanding() *standing { return &standing{make(chan struct{}, 10), make(chan struct{})} }

func (s *standing) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		plain(w, r)
		return
	}
	if s.await(r) {
		confirms(w, r)
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

// comesBackInTheBackground is a return from Pay that is answered late or never.
func (c *citizen) comesBackInTheBackground() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	c.h.t.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		c.comesBackWithin(ctx)
	}()
}

func TestAReplicaKilledInTheMiddleOfADelivery(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := newTown(t, stands.answer)
	const twiceIsSafe = "PAYGATE_ROUTE_IMMEDIATE_REPEAT=safe"
	a, b := w.opens(twiceIsSafe), w.opens(twiceIsSafe)
	careful, safe := a.citizen(), a.citizen()
	careful.apply("Ann")
	a.pays("success")
	require.Equal(t, http.StatusSeeOther, safe.post("/fines/pay", url.Values{}).status)
	a.pays("success")
	careful.comesBackInTheBackground()
	safe.comesBackInTheBackground()
	<-stands.came
	<-stands.came
	a.program.kill()
	careful, safe = careful.at(b), safe.at(b)

	require.Contains(t, b.sweeps(), `"visited":0`, "the claims are not over")
	require.Equal(t, journey.StateReleasing, careful.state())
	require.Equal(t, 2, w.claimsLapse())
	w.service.answersBy(confirms)
	require.Contains(t, b.sweeps(), `"stuck":1`)
	require.Equal(t, "1", b.metric(t, "paygate_stuck"))
	require.Equal(t, "0", b.metric(t, `paygate_journeys_open{state="releasing"}`))

	require.Equal(t, journey.StateStuck, careful.state(), "nobody knows whether the service has it")
	require.Contains(t, careful.comesBack().text, "We are looking into your payment")
	require.Equal(t, "capturable", a.payments()[0].Status, "not taken until somebody knows")
	require.Equal(t, journey.StateReleased, safe.state())
	posts := w.service.got(http.MethodPost)
	require.Len(t, posts, 3)
	require.Equal(t, "/fines/pay", posts[2].target)
	require.Equal(t, "2", posts[2].header.Get("Paygate-Attempt"))
	for _, header := range []string{"Paygate-Journey", "Paygate-Submission"} { // the service can tell
		first := posts[0].header.Get(header)
		if posts[0].target != "/fines/pay" {
			first = posts[1].header.Get(header)
		}
		require.Equal(t, first, posts[2].header.Get(header))
	}
}

func TestAReplicaThatStartsLeavesTheClaimsOfOthersAlone(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := newTown(t, stands.answer)
	a := w.opens()
	c := a.citizen()
	c.apply("Ann")
	a.pays("success")
	c.comesBackInTheBackground()
	<-stands.came
	b := w.opens()
	require.Equal(t, journey.StateReleasing, c.at(b).state())
	close(stands.goOn)
	require.Eventually(t, func() bool { return c.at(b).state() == journey.StateReleased }, soon, 5*time.Millisecond)
	require.Len(t, w.service.got(http.MethodPost), 1)
}

func TestAReplicaThatIsToldToEndFinishesWhatItDelivers(t *testing.T) {
	t.Parallel()
	stands := newStanding()
	w := newTown(t, stands.answer)
	a, b := w.opens(), w.opens()
	c := a.citizen()
	c.apply("Ann")
	a.pays("success")
	c.comesBackInTheBackground()
	<-stands.came
	require.NoError(t, a.program.cmd.Process.Signal(syscall.SIGTERM))
	a.program.awaits(`"msg":"draining"`)
	require.Equal(t, http.StatusServiceUnavailable, a.citizen().post("/licences/apply", url.Values{}).status)
	b.citizen().apply("Ben")
	close(stands.goOn)
	require.Zero(t, a.program.ends(), a.program.said())
	require.Equal(t, journey.StateReleased, c.at(b).state())
	require.Len(t, w.service.got(http.MethodPost), 1)
}

// TestTwoVersionsOfTheSettingsSideBySide: replicas are changed one after the other. Journeys under way keep their terms,
// whoever takes them on.
func TestTwoVersionsOfTheSettingsSideBySide(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	before := w.opens("PAYGATE_SECRETS=" + secret32(1) + "," + secret32(7)) // knows the new secret, as the first step is
	after := w.opens("PAYGATE_SECRETS="+secret32(7)+","+secret32(1), "PAYGATE_ROUTE_LICENCE_PRICE=30", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")

	old := before.citizen()
	old.apply("Ann")
	before.pays("success")
	require.Contains(t, old.at(after).comesBack().text, "the service's own page")
	require.Equal(t, "success", before.payments()[0].Status, "captured, as it was reserved")

	young := after.citizen()
	young.apply("Ben")
	before.pays("success")
	require.Contains(t, young.at(before).comesBack().text, "the service's own page")

	declined := before.citizen()
	declined.apply("Cara")
	before.pays("declined")
	declined.at(after).comesBack()
	again := declined.at(after).post("/_pay/again", url.Values{"journey": {declined.at(after).status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.status)
	before.pays("success")
	require.Contains(t, declined.at(before).comesBack().text, "the service's own page")

	var amounts []int64
	var delayed []bool
	for _, p := range before.payments() {
		amounts, delayed = append(amounts, p.Amount), append(delayed, p.DelayedCapture)
	}
	require.Equal(t, []int64{2500, 3000, 2500, 2500}, amounts)
	require.Equal(t, []bool{true, false, true, true}, delayed)
	var paid []string
	for _, r := range w.service.got(http.MethodPost) {
		paid = append(paid, r.header.Get("Paygate-Amount"))
		w.verified(before, r)
		w.verified(after, r)
	}
	require.Equal(t, []string{"2500", "3000", "2500"}, paid)
}

func TestReplicasPublishAndUseTheSameKeysWheneverTheyStarted(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	both := []*program{begin(t, w.environ(), "serve"), begin(t, w.environ(), "serve")} // at the same time, on an empty database
	first, second := w.serving(both[0]), w.serving(both[1])
	require.Len(t, first.keys(t).Keys, 1)
	require.Equal(t, first.keys(t), second.keys(t))
	kid := first.keys(t).Keys[0].KeyID

	third := w.opens("PAYGATE_SIGNING_ALG=ES256")
	require.Len(t, third.keys(t).Keys, 2)
	for _, r := range []*replica{first, second} {
		require.Eventually(t, func() bool { return len(r.keys(t).Keys) == 2 }, soon, 50*time.Millisecond, "it comes to see the other's key")
		require.Equal(t, third.keys(t), r.keys(t))
	}
	c := third.citizen()
	c.apply("Ann")
	third.pays("success")
	c.comesBack()
	post := w.service.got(http.MethodPost)[0]
	require.Equal(t, kid, kidOf(t, post), "the new key is published before it signs")
	w.verified(first, post)
}

// verified holds what the service received against the keys of a replica.
func (w *town) verified(r *replica, got received) {
	w.t.Helper()
	for _, check := range signature.VerifyRequest(got.captured(), r.keys(w.t), w.common.url, time.Now()) {
		require.True(w.t, check.Good, check.Detail)
	}
}

// kidOf is the id of the key that signed.
func kidOf(t *testing.T, got received) string {
	t.Helper()
	token, err := jose.ParseSignedCompact(got.header.Get("Paygate-Assertion"), []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	require.NoError(t, err)
	return token.Signatures[0].Header.KeyID
}

func TestTheRateOfPaymentsHoldsOverAllReplicas(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	const perSecond = 1
	settings := []string{"PAYGATE_PAY_RATE=1000", "PAYGATE_PAY_RATE_TOTAL=" + itoa(perSecond)}
	replicas := []*replica{w.opens(settings...), w.opens(settings...)}
	began := time.Now()
	var mutex sync.Mutex
	answers := map[int][]page{}
	var all sync.WaitGroup
	for n := range 40 {
		r := replicas[n%2]
		all.Go(func() {
			p, err := r.citizen().tries(http.MethodPost, "/licences/apply", url.Values{"name": {itoa(n)}})
			if err != nil {
				t.Error(err)
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			answers[p.status] = append(answers[p.status], p)
		})
	}
	all.Wait()
	took := time.Since(began)
	sent, busy := answers[http.StatusSeeOther], answers[http.StatusServiceUnavailable]
	require.Equal(t, 40, len(sent)+len(busy), answers)
	require.NotEmpty(t, sent)
	require.LessOrEqual(t, len(w.common.payments()), int(took.Seconds()*perSecond)+1)
	require.Len(t, w.common.payments(), len(sent))
	for _, p := range busy {
		require.Contains(t, p.text, "Many people are paying at the moment")
		require.NotEmpty(t, p.header.Get("Retry-After"))
	}
	require.NotEmpty(t, busy)
}

func TestTheMopupCommandWorksByItselfOnPostgreSQL(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	a := w.opens("PAYGATE_MOPUP_MIN_AGE=0s")
	c := a.citizen()
	c.apply("Ann")
	a.pays("success")
	a.program.kill() // nobody serves

	mopup := begin(t, w.environ("PAYGATE_MOPUP_MIN_AGE=0s"), "mopup")
	require.Zero(t, mopup.ends(), mopup.said())
	require.Regexp(t, `(?m)^visited +1\nreleased +1\ncaptured +0\nreturned +0\nabandoned +0\nwaiting +0\nstuck +0\nfailed +0$`, mopup.stdout.String())
	require.Len(t, w.service.got(http.MethodPost), 1)
	require.Equal(t, "mopup", w.service.got(http.MethodPost)[0].header.Get("Paygate-Via"))
	require.Equal(t, "success", a.payments()[0].Status)

	// What is stuck is told each time, until somebody has settled it.
	b := w.opens("PAYGATE_MOPUP_MIN_AGE=0s")
	w.service.answersBy(breaksOff)
	b.citizen().apply("Ben")
	b.pays("success")
	for _, counted := range []string{"1", "0"} {
		mopup = begin(t, w.environ("PAYGATE_MOPUP_MIN_AGE=0s"), "mopup")
		require.Equal(t, 3, mopup.ends(), mopup.said())
		require.Regexp(t, `(?m)^stuck +`+counted+`$`, mopup.stdout.String())
		require.Contains(t, mopup.said(), "wait for a person")
	}

	require.Equal(t, 2, begin(t, w.environ("PAYGATE_SERVICE_NAME="), "mopup").ends(), "it needs settings")
}

func TestTwoMopupsAtOnceShareTheWork(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	a := w.opens("PAYGATE_MOPUP_MIN_AGE=0s")
	const citizens = 30
	for range citizens {
		a.citizen().apply("Ann")
	}
	for _, p := range a.payments()[:citizens/2] { // the others go on paying: there is nothing to be done for them but ask
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
	both := []*program{begin(t, w.environ(), "mopup"), begin(t, w.environ(), "mopup")}
	<-stands.came // each at its first journey
	<-stands.came
	close(stands.goOn)
	visited := 0
	for _, p := range both {
		require.Zero(t, p.ends(), p.said())
		visited += p.counted("visited")
	}
	require.Equal(t, citizens, visited)
	require.Equal(t, citizens, asked()-before, "Pay was asked about each once")
	require.Equal(t, citizens/2, both[0].counted("released")+both[1].counted("released"))
	require.Len(t, w.service.got(http.MethodPost), citizens/2)

	next := begin(t, w.environ(), "mopup")
	require.Zero(t, next.ends(), next.said())
	require.Equal(t, citizens/2, next.counted("waiting"), "the next one visits all that is still open")
}

// counted is one of the counts that a mop-up printed.
func (p *program) counted(word string) int {
	p.t.Helper()
	found := regexp.MustCompile(`(?m)^` + word + ` +([0-9]+)$`).FindStringSubmatch(p.stdout.String())
	require.Len(p.t, found, 2, p.stdout.String())
	n, err := strconv.Atoi(found[1])
	require.NoError(p.t, err)
	return n
}

func TestABackupOfPostgreSQLIsTheDatabasesBusiness(t *testing.T) {
	t.Parallel()
	w := newTown(t, confirms)
	a := w.opens()
	p := a.ann().do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusNotFound, p.status)
	require.Contains(t, p.text, "pg_dump")
	backup := begin(t, []string{"PAYGATE_STAFF_URL=" + a.staff.URL, "PAYGATE_STAFF_TOKEN=" + annsToken}, "backup", t.TempDir()+"/copy.db")
	require.Equal(t, 1, backup.ends())
	require.Contains(t, backup.said(), "use pg_dump")
}
