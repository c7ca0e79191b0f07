package storage

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey/export"
)

// clusterHost is the host under which browsers know all replicas.
const clusterHost = "licences.example.org"

// cluster is replicas of the real program on one database, between a service and a simulated Pay.
type cluster struct {
	t        testing.TB
	service  *testserver.Service
	pay      *paysim.Simulator
	atPay    *interceptor
	common   *testserver.Harness // what all replicas have in common
	database string
}

func newCluster(t testing.TB, answer http.HandlerFunc) *cluster {
	t.Helper()
	return newClusterOn(t, testpg.Start(t).Database(t), answer)
}

func newClusterOn(t testing.TB, database string, answer http.HandlerFunc) *cluster {
	t.Helper()
	w := &cluster{t: t, service: &testserver.Service{Answer: answer}, database: database}
	w.service.Server = httptest.NewServer(w.service)
	t.Cleanup(w.service.Server.Close)
	w.pay = paysim.New(testserver.UnlimitedPay)
	t.Cleanup(w.pay.Close)
	w.atPay = &interceptor{next: w.pay}
	payServer := httptest.NewServer(w.atPay)
	t.Cleanup(payServer.Close)
	w.pay.SetPublicURL(payServer.URL)
	w.common = &testserver.Harness{
		T: t, Service: w.service, Pay: w.pay, PayURL: payServer.URL,
		URL: "http://" + clusterHost,
	}
	return w
}

// interceptor calls a function before each request to Pay.
type interceptor struct {
	mu     sync.Mutex
	before http.HandlerFunc
	next   http.Handler
}

func (i *interceptor) set(before http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.before = before
}

func (i *interceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	before := i.before
	i.mu.Unlock()
	if before != nil {
		before(w, r)
	}
	i.next.ServeHTTP(w, r)
}

// environ returns the settings of a replica. The given ones win.
func (w *cluster) environ(over ...string) []string {
	return append(append(w.common.Environ("unused"), "PAYGATE_STORE="+w.database,
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PAY_RATE_TOTAL=1000"), over...)
}

// start starts a replica and waits until it serves.
func (w *cluster) start(over ...string) *replica {
	w.t.Helper()
	return w.serving(testserver.StartProgram(w.t, w.environ(over...), "serve"))
}

// startWithReadmeSettings does the same with the settings of README.md.
func (w *cluster) startWithReadmeSettings() *replica {
	w.t.Helper()
	return w.serving(testserver.StartProgram(w.t,
		append(w.common.Environ(""), "PAYGATE_STORE="+w.database, "PAYGATE_LISTEN=127.0.0.1:0",
			"PAYGATE_STAFF_LISTEN=127.0.0.1:0"), "serve"))
}

// serving waits until a replica that was started serves.
func (w *cluster) serving(p *testserver.Program) *replica {
	w.t.Helper()
	return w.logs(p, testserver.Serving)
}

// logs waits until a replica logs a line that says where it listens.
func (w *cluster) logs(p *testserver.Program, line string) *replica {
	w.t.Helper()
	p.WaitForLog(line)
	public, staff := testserver.Addresses(w.t, p.Logged())
	return &replica{Harness: &testserver.Harness{
		T: w.t, Service: w.service, Pay: w.pay, PayURL: w.common.PayURL, URL: "http://" + public, Host: clusterHost,
		Staff: &httptest.Server{URL: "http://" + staff},
	}, Program: p}
}

// expireClaims ends the claims of all replicas.
func (w *cluster) expireClaims() int {
	w.t.Helper()
	return testserver.ExpireClaims(w.t, w.database)
}

// replica is one process of a cluster. Its harness has no App.
type replica struct {
	*testserver.Harness
	Program *testserver.Program
}

func (r *replica) readyStatus() int {
	p, _ := r.Citizen().Try(http.MethodGet, r.Staff.URL+"/readyz", nil)
	return p.Status
}

// list returns the journeys that the staff listener finds.
func (r *replica) list(query string) []export.Record {
	r.T.Helper()
	var list struct{ Journeys []export.Record }
	p := r.Ann().Do(http.MethodGet, "/journeys?limit=500&"+query, nil)
	require.Equal(r.T, http.StatusOK, p.Status, p.Text)
	require.NoError(r.T, json.Unmarshal([]byte(p.Text), &list))
	return list.Journeys
}

// tryForm sends a form, and returns an error instead of ending the test.
func tryForm(c *testserver.Citizen, target string, form url.Values, header ...string) (testserver.Page, error) {
	return c.Try(http.MethodPost, target, strings.NewReader(form.Encode()),
		append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}
