package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/paysim"
	"paygate/journey"
)

// house is the whole of Paygate, assembled as main does, between a service and a simulated Pay.
type house struct {
	t       testing.TB
	service *service
	pay     *paysim.Simulator
	payURL  string
	url     string
	host    string // what browsers call it, where that is not its address
	parts   *app.App
	door    *httptest.Server
	staff   *httptest.Server
	store   string
	log     *logBook
	now     func() time.Time
	over    []string                    // the settings it was first opened with
	usual   func(store string) []string // in the place of the usual settings; may be nil
}

// service is the legacy service of a test: it notes what it received, and answers as told.
type service struct {
	mu       sync.Mutex
	received []received
	answer   http.HandlerFunc
	server   *httptest.Server
}

type received struct {
	method, target, host string
	header               http.Header
	body                 []byte
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.received = append(s.received, received{r.Method, r.RequestURI, r.Host, r.Header.Clone(), body})
	answer := s.answer
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer(w, r)
}

// answersBy changes how the service answers from now on.
func (s *service) answersBy(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// got lists what was received with a method.
func (s *service) got(method string) []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []received
	for _, r := range s.received {
		if r.method == method {
			found = append(found, r)
		}
	}
	return found
}

// plain is a page that says hello, whatever it is asked.
func plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<p>the service's own page</p>")
}

// confirms answers a POST by a redirect to a confirmation page, as such services do.
func confirms(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		plain(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received"})
	w.Header().Set("Location", "confirmation/RVM-0001")
	w.WriteHeader(http.StatusSeeOther)
}

// logBook keeps the log of a test.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// secret32 is a secret that is not one of those that somebody typed.
func secret32(seed byte) string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = seed + byte(i*37)
	}
	return base64.RawURLEncoding.EncodeToString(key)
}

// newHouse assembles a house with these settings over the usual ones.
func newHouse(t testing.TB, answer http.HandlerFunc, over ...string) *house {
	t.Helper()
	return newHouseAtPay(t, paysim.Options{PostLimit: -1}, answer, over...)
}

// newHouseAtPay is a house whose GOV.UK Pay behaves in another way.
func newHouseAtPay(t testing.TB, atPay paysim.Options, answer http.HandlerFunc, over ...string) *house {
	t.Helper()
	h := build(t, atPay, answer)
	h.moveIn(over...)
	return h
}

// newHouseInTime is a house that goes by the clock of its GOV.UK Pay, which can be moved.
func newHouseInTime(t testing.TB, answer http.HandlerFunc, over ...string) *house {
	t.Helper()
	h := build(t, usual, answer)
	h.now = h.pay.Now
	h.moveIn(over...)
	return h
}

// annHasPaid is a house and a citizen who applied there, paid at Pay, and has not come back yet.
func annHasPaid(t testing.TB, answer http.HandlerFunc, over ...string) (*house, *citizen) {
	t.Helper()
	h := newHouse(t, answer, over...)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	return h, c
}

// build makes the service and the simulated Pay.
func build(t testing.TB, atPay paysim.Options, answer http.HandlerFunc) *house {
	t.Helper()
	h := &house{t: t, service: &service{answer: answer}, log: &logBook{}, now: func() time.Time { return time.Now().UTC() }}
	h.service.server = &httptest.Server{Listener: quietListener(t), Config: &http.Server{Handler: h.service}}
	h.service.server.Start()
	t.Cleanup(h.service.server.Close)
	h.pay = paysim.New(atPay)
	t.Cleanup(h.pay.Close)
	payServer := httptest.NewServer(h.pay)
	t.Cleanup(payServer.Close)
	h.payURL = payServer.URL
	h.pay.SetPublicURL(payServer.URL)
	return h
}

// moveIn opens the gateway for the first time.
func (h *house) moveIn(over ...string) {
	h.t.Helper()
	listener := quietListener(h.t)
	h.url = "http://" + listener.Addr().String()
	h.store, h.over = filepath.Join(h.t.TempDir(), "paygate.db"), over
	h.open(listener, over...)
	h.t.Cleanup(h.close)
}

// open assembles the gateway and lets it listen.
func (h *house) open(listener net.Listener, over ...string) {
	h.t.Helper()
	settings, err := config.Load(append(h.environ(h.store), over...))
	require.NoError(h.t, err)
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.parts, err = app.Assemble(context.Background(), settings, log, h.now)
	require.NoError(h.t, err)
	h.door = &httptest.Server{Listener: listener, Config: &http.Server{Handler: h.parts.Public}}
	h.door.Start()
	h.staff = httptest.NewServer(h.parts.Staff)
}

func (h *house) close() {
	h.door.Close()
	h.staff.Close()
	require.NoError(h.t, h.parts.Close())
}

// restart ends the gateway and begins it again on the same store, with other settings if need be.
func (h *house) restart(over ...string) {
	h.t.Helper()
	address := h.door.Listener.Addr().String()
	h.close()
	listener, err := net.Listen("tcp", address)
	require.NoError(h.t, err)
	h.open(listener, over...)
}

// reopens is a restart with the same settings.
func (h *house) reopens() {
	h.t.Helper()
	h.restart(h.over...)
}

// The tokens of two members of staff.
const (
	annsToken = "staff-token-of-ann-7d1c"
	bobsToken = "staff-token-of-bob-90ae"
)

func (h *house) environ(store string) []string {
	if h.usual != nil {
		return h.usual(store)
	}
	return []string{
		"PAYGATE_UPSTREAM=" + h.service.server.URL, "PAYGATE_PUBLIC_URL=" + h.url, "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=" + h.payURL, "PAYGATE_PAY_CARD_ORIGINS=" + h.payURL,
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey", "PAYGATE_PAY_RATE=1000", "PAYGATE_STAFF_TOKENS=ann:" + annsToken + ",bob:" + bobsToken,
		"PAYGATE_SECRETS=" + secret32(1),
		"PAYGATE_STORE=bbolt:" + store, "PAYGATE_SERVICE_NAME=Fishing licences", "PAYGATE_SERVICE_NAME_CY=Trwyddedau pysgota",
		"PAYGATE_CONTACT=Telephone 0300", "PAYGATE_PAY_TIMEOUT=5s", "PAYGATE_UPSTREAM_TIMEOUT=10s",
		"PAYGATE_ROUTES=licence,priced,register,immediate",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25", "PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation", "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY=Trwydded bysgota", "PAYGATE_ROUTE_LICENCE_PREFILL=email=email",
		"PAYGATE_ROUTE_PRICED_MATCH=POST /licences/priced", "PAYGATE_ROUTE_PRICED_PRICES=1-day=6.00,8-day=13.50",
		"PAYGATE_ROUTE_PRICED_PRICE_FIELD=licence", "PAYGATE_ROUTE_PRICED_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_PRICED_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_PRICED_ACCEPT_LOCATION=/licences/confirmation", "PAYGATE_ROUTE_PRICED_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /register/{year}", "PAYGATE_ROUTE_REGISTER_PRICE=6", "PAYGATE_ROUTE_REGISTER_DESCRIPTION=Register",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /fines/pay", "PAYGATE_ROUTE_IMMEDIATE_PRICE=30", "PAYGATE_ROUTE_IMMEDIATE_DESCRIPTION=Fine",
		"PAYGATE_ROUTE_IMMEDIATE_CAPTURE=immediate",
		"PAYGATE_ROUTE_IMMEDIATE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_IMMEDIATE_ACCEPT_LOCATION=/fines/confirmation", "PAYGATE_ROUTE_IMMEDIATE_ACCEPT_TEXT=*",
	}
}

// citizen is a browser that follows no redirects by itself.
type citizen struct {
	h      *house
	client *http.Client
}

func (h *house) citizen() *citizen {
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	return &citizen{h, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer, read whole.
type page struct {
	status int
	header http.Header
	text   string
}

func (p page) to() string { return p.header.Get("Location") }

func (c *citizen) do(method, target string, body io.Reader, header ...string) page {
	c.h.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = c.h.url + target
	}
	r, err := http.NewRequest(method, target, body)
	require.NoError(c.h.t, err)
	r.Host = cmp.Or(c.h.host, r.Host)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.client.Do(r)
	require.NoError(c.h.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.h.t, err)
	return page{answer.StatusCode, answer.Header, string(text)}
}

func (c *citizen) get(target string, header ...string) page {
	c.h.t.Helper()
	return c.do(http.MethodGet, target, nil, header...)
}

func (c *citizen) post(target string, form url.Values, header ...string) page {
	c.h.t.Helper()
	return c.do(http.MethodPost, target, strings.NewReader(form.Encode()), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

// apply submits the form of the plain pay route, and expects to be sent to Pay.
func (c *citizen) apply(name string) page {
	c.h.t.Helper()
	p := c.post("/licences/apply", url.Values{"name": {name}, "email": {"ann@example.org"}})
	require.Equal(c.h.t, http.StatusSeeOther, p.status, p.text)
	require.True(c.h.t, strings.HasPrefix(p.to(), c.h.payURL+"/secure/"), p.to())
	return p
}

// comesBack is the return from Pay, redirects followed to the end.
func (c *citizen) comesBack() page {
	c.h.t.Helper()
	return c.follow(c.get("/_pay/return"))
}

// comesBackWithin is the return from Pay by a browser that may leave before it is answered.
func (c *citizen) comesBackWithin(ctx context.Context) { comeBackTo(ctx, c.client, c.h.url, c.h.host) }

// comeBackTo returns from Pay, and follows redirects. The gate may have another name than its address.
func comeBackTo(ctx context.Context, client *http.Client, gate, name string) {
	for target := "/_pay/return"; strings.HasPrefix(target, "/"); {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, gate+target, nil)
		if err != nil {
			return
		}
		r.Host = cmp.Or(name, r.Host)
		answer, err := client.Do(r)
		if err != nil {
			return
		}
		_ = answer.Body.Close()
		target = answer.Header.Get("Location")
	}
}

func (c *citizen) follow(p page) page {
	c.h.t.Helper()
	for range 5 {
		if p.status != http.StatusSeeOther {
			return p
		}
		p = c.get(p.to())
	}
	c.h.t.Fatal("redirected again and again")
	return p
}

// looks is the citizen reading the status page.
func (c *citizen) looks() page {
	c.h.t.Helper()
	return c.get("/_pay/status")
}

// status is what the status address says, newest first.
func (c *citizen) status() []struct{ ID, State, Reference string } {
	c.h.t.Helper()
	var answer struct {
		Journeys []struct{ ID, State, Reference string }
	}
	require.NoError(c.h.t, json.Unmarshal([]byte(c.get("/_pay/status", "Accept", "application/json").text), &answer))
	return answer.Journeys
}

// payments lists what Pay has.
func (h *house) payments() []paysim.PaymentView { return h.pay.Payments() }

// pays lets the citizen of the newest payment end it at Pay.
func (h *house) pays(outcome string) {
	h.t.Helper()
	all := h.payments()
	require.NotEmpty(h.t, all)
	require.NoError(h.t, h.pay.Pay(all[len(all)-1].ID, outcome))
}

// state is that of the browser's newest journey.
func (c *citizen) state() journey.State {
	c.h.t.Helper()
	all := c.status()
	require.NotEmpty(c.h.t, all)
	return journey.State(all[0].State)
}

// multipartForm is a form with an uploaded file.
func multipartForm(fields map[string]string, file []byte) (contentType string, body []byte) {
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for name, value := range fields {
		_ = form.WriteField(name, value)
	}
	part, _ := form.CreateFormFile("photo", "photo.jpg")
	_, _ = part.Write(file)
	_ = form.Close()
	return form.FormDataContentType(), out.Bytes()
}

// bytesOfAllKinds is binary content with everything in it that could go wrong on the way.
func bytesOfAllKinds(n int) []byte {
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i*i + i>>3)
	}
	return append(content, "\r\n--\x00\xff\r\n"...)
}

func itoa(n int) string { return strconv.Itoa(n) }

// onlyReader hides how long its content is, so that it is sent in chunks.
type onlyReader struct{ io.Reader }

// keys are those that the gateway publishes.
func (h *house) keys(t testing.TB) (set jose.JSONWebKeySet) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(h.citizen().get("/_pay/keys").text), &set))
	return set
}

// restart opens the service again at the address it had.
func (s *service) restart(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.server.Listener.Addr().String())
	require.NoError(t, err)
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.server.Start()
	t.Cleanup(s.server.Close)
}

func (h *house) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(h.log, nil)) }

// listenAgain opens the address that the gateway had.
func (h *house) listenAgain() net.Listener {
	h.t.Helper()
	listener, err := net.Listen("tcp", h.door.Listener.Addr().String())
	require.NoError(h.t, err)
	return listener
}
