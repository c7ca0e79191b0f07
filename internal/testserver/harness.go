package testserver

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
	"os"
	"path/filepath"
	"paygate/gateway/config"
	"paygate/gateway/signature"
	"paygate/internal/app"
	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// house is the whole of Paygate, assembled as main does, between a service and a simulated Pay.
type Harness struct {
	T           testing.TB
	Service     *Service
	Pay         *paysim.Simulator
	PayURL      string
	URL         string
	Host        string // what browsers call it, where that is not its address
	Parts       *app.App
	RawClient   *httptest.Server
	Staff       *httptest.Server
	Store       string
	Log         *LogBuffer
	Now         func() time.Time
	over        []string                    // the settings it was first opened with
	PayDefaults func(store string) []string // in the place of the usual settings; may be nil
}

// Service is the legacy service of a test: it notes what it received, and answers as told.
type Service struct {
	Mu       sync.Mutex
	Received []Received
	Answer   http.HandlerFunc
	Server   *httptest.Server
}

type Received struct {
	Method, Target, Host string
	Header               http.Header
	Body                 []byte
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.Mu.Lock()
	s.Received = append(s.Received, Received{r.Method, r.RequestURI, r.Host, r.Header.Clone(), body})
	answer := s.Answer
	s.Mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer(w, r)
}

// AnswersBy changes how the service answers from now on.
func (s *Service) AnswersBy(answer http.HandlerFunc) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Answer = answer
}

// Got lists what was received with a method.
func (s *Service) Got(method string) []Received {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	var found []Received
	for _, r := range s.Received {
		if r.Method == method {
			found = append(found, r)
		}
	}
	return found
}

// Plain is a page that says hello, whatever it is asked.
func Plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<p>the service's own page</p>")
}

// Confirms answers a POST by a redirect to a confirmation page, as such services do.
func Confirms(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		Plain(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received"})
	w.Header().Set("Location", "confirmation/RVM-0001")
	w.WriteHeader(http.StatusSeeOther)
}

// logBook keeps the log of a test.
type LogBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Secret32 is a secret that is not one of those that somebody typed.
func Secret32(seed byte) string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = seed + byte(i*37)
	}
	return base64.RawURLEncoding.EncodeToString(key)
}

// newHouse assembles a house with these settings over the usual ones.
func New(t testing.TB, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	return NewWithPay(t, paysim.Options{PostLimit: -1}, answer, over...)
}

// newHouseAtPay is a house whose GOV.UK Pay behaves in another way.
func NewWithPay(t testing.TB, atPay paysim.Options, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	h := Build(t, atPay, answer)
	h.Start(over...)
	return h
}

// newHouseInTime is a house that goes by the clock of its GOV.UK Pay, which can be moved.
func NewOnPayClock(t testing.TB, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	h := Build(t, PayDefaults, answer)
	h.Now = h.Pay.Now
	h.Start(over...)
	return h
}

// AnnHasPaid is a house and a citizen who applied there, paid at Pay, and has not come back yet.
func AnnHasPaid(t testing.TB, answer http.HandlerFunc, over ...string) (*Harness, *Citizen) {
	t.Helper()
	h := New(t, answer, over...)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("success")
	return h, c
}

// Build makes the service and the simulated Pay.
func Build(t testing.TB, atPay paysim.Options, answer http.HandlerFunc) *Harness {
	t.Helper()
	h := &Harness{T: t, Service: &Service{Answer: answer}, Log: &LogBuffer{},
		Now: func() time.Time { return time.Now().UTC() }}
	h.Service.Server = &httptest.Server{Listener: QuietListener(t), Config: &http.Server{Handler: h.Service}}
	h.Service.Server.Start()
	t.Cleanup(h.Service.Server.Close)
	h.Pay = paysim.New(atPay)
	t.Cleanup(h.Pay.Close)
	payServer := httptest.NewServer(h.Pay)
	t.Cleanup(payServer.Close)
	h.PayURL = payServer.URL
	h.Pay.SetPublicURL(payServer.URL)
	return h
}

// moveIn opens the gateway for the first time.
func (h *Harness) Start(over ...string) {
	h.T.Helper()
	listener := QuietListener(h.T)
	h.URL = "http://" + listener.Addr().String()
	h.Store, h.over = filepath.Join(h.T.TempDir(), "paygate.db"), over
	h.Open(listener, over...)
	h.T.Cleanup(h.Close)
}

// Open assembles the gateway and lets it listen.
func (h *Harness) Open(listener net.Listener, over ...string) {
	h.T.Helper()
	settings, err := config.Load(append(h.Environ(h.Store), over...))
	require.NoError(h.T, err)
	log := slog.New(slog.NewJSONHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.Parts, err = app.Assemble(context.Background(), settings, log, h.Now)
	require.NoError(h.T, err)
	h.RawClient = &httptest.Server{Listener: listener, Config: &http.Server{Handler: h.Parts.Public}}
	h.RawClient.Start()
	h.Staff = httptest.NewServer(h.Parts.Staff)
}

func (h *Harness) Close() {
	h.RawClient.Close()
	h.Staff.Close()
	require.NoError(h.T, h.Parts.Close())
}

// Restart ends the gateway and begins it again on the same store, with other settings if need be.
func (h *Harness) Restart(over ...string) {
	h.T.Helper()
	address := h.RawClient.Listener.Addr().String()
	h.Close()
	listener, err := net.Listen("tcp", address)
	require.NoError(h.T, err)
	h.Open(listener, over...)
}

// Reopens is a restart with the same settings.
func (h *Harness) Reopens() {
	h.T.Helper()
	h.Restart(h.over...)
}

// The tokens of two members of staff.
const (
	AnnsToken = "staff-token-of-ann-7d1c"
	BobsToken = "staff-token-of-bob-90ae"
)

func (h *Harness) Environ(store string) []string {
	if h.PayDefaults != nil {
		return h.PayDefaults(store)
	}
	return []string{
		"PAYGATE_UPSTREAM=" + h.Service.Server.URL, "PAYGATE_PUBLIC_URL=" + h.URL, "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=" + h.PayURL, "PAYGATE_PAY_CARD_ORIGINS=" + h.PayURL,
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey", "PAYGATE_PAY_RATE=1000",
		"PAYGATE_STAFF_TOKENS=ann:" + AnnsToken + ",bob:" + BobsToken,
		"PAYGATE_SECRETS=" + Secret32(1),
		"PAYGATE_STORE=bbolt:" + store, "PAYGATE_SERVICE_NAME=Fishing licences",
		"PAYGATE_SERVICE_NAME_CY=Trwyddedau pysgota",
		"PAYGATE_CONTACT=Telephone 0300", "PAYGATE_PAY_TIMEOUT=5s", "PAYGATE_UPSTREAM_TIMEOUT=10s",
		"PAYGATE_ROUTES=licence,priced,register,immediate",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY=Trwydded bysgota", "PAYGATE_ROUTE_LICENCE_PREFILL=email=email",
		"PAYGATE_ROUTE_PRICED_MATCH=POST /licences/priced", "PAYGATE_ROUTE_PRICED_PRICES=1-day=6.00,8-day=13.50",
		"PAYGATE_ROUTE_PRICED_PRICE_FIELD=licence", "PAYGATE_ROUTE_PRICED_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_PRICED_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_PRICED_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_PRICED_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /register/{year}", "PAYGATE_ROUTE_REGISTER_PRICE=6",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION=Register",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /fines/pay", "PAYGATE_ROUTE_IMMEDIATE_PRICE=30",
		"PAYGATE_ROUTE_IMMEDIATE_DESCRIPTION=Fine",
		"PAYGATE_ROUTE_IMMEDIATE_CAPTURE=immediate",
		"PAYGATE_ROUTE_IMMEDIATE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_IMMEDIATE_ACCEPT_LOCATION=/fines/confirmation",
		"PAYGATE_ROUTE_IMMEDIATE_ACCEPT_TEXT=*",
	}
}

// Citizen is a browser that follows no redirects by itself.
type Citizen struct {
	H      *Harness
	Client *http.Client
}

func (h *Harness) Citizen() *Citizen {
	jar, err := cookiejar.New(nil)
	require.NoError(h.T, err)
	return &Citizen{h, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer, read whole.
type Page struct {
	Status int
	Header http.Header
	Text   string
}

func (p Page) To() string { return p.Header.Get("Location") }

func (c *Citizen) Do(method, target string, body io.Reader, header ...string) Page {
	c.H.T.Helper()
	if strings.HasPrefix(target, "/") {
		target = c.H.URL + target
	}
	r, err := http.NewRequest(method, target, body)
	require.NoError(c.H.T, err)
	r.Host = cmp.Or(c.H.Host, r.Host)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	require.NoError(c.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.H.T, err)
	return Page{answer.StatusCode, answer.Header, string(text)}
}

func (c *Citizen) Get(target string, header ...string) Page {
	c.H.T.Helper()
	return c.Do(http.MethodGet, target, nil, header...)
}

func (c *Citizen) Post(target string, form url.Values, header ...string) Page {
	c.H.T.Helper()
	return c.Do(http.MethodPost, target, strings.NewReader(form.Encode()),
		append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

// Apply submits the form of the plain pay route, and expects to be sent to Pay.
func (c *Citizen) Apply(name string) Page {
	c.H.T.Helper()
	p := c.Post("/licences/apply", url.Values{"name": {name}, "email": {"ann@example.org"}})
	require.Equal(c.H.T, http.StatusSeeOther, p.Status, p.Text)
	require.True(c.H.T, strings.HasPrefix(p.To(), c.H.PayURL+"/secure/"), p.To())
	return p
}

// ComesBack is the return from Pay, redirects followed to the end.
func (c *Citizen) ComesBack() Page {
	c.H.T.Helper()
	return c.Follow(c.Get("/_pay/return"))
}

// ComesBackWithin is the return from Pay by a browser that may leave before it is answered.
func (c *Citizen) ComesBackWithin(ctx context.Context) { ComeBackTo(ctx, c.Client, c.H.URL, c.H.Host) }

// ComeBackTo returns from Pay, and follows redirects. The gate may have another name than its address.
func ComeBackTo(ctx context.Context, client *http.Client, gate, name string) {
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

func (c *Citizen) Follow(p Page) Page {
	c.H.T.Helper()
	for range 5 {
		if p.Status != http.StatusSeeOther {
			return p
		}
		p = c.Get(p.To())
	}
	c.H.T.Fatal("redirected again and again")
	return p
}

// Looks is the citizen reading the status page.
func (c *Citizen) Looks() Page {
	c.H.T.Helper()
	return c.Get("/_pay/status")
}

// Status is what the status address says, newest first.
func (c *Citizen) Status() []struct{ ID, State, Reference string } {
	c.H.T.Helper()
	var answer struct {
		Journeys []struct{ ID, State, Reference string }
	}
	require.NoError(c.H.T, json.Unmarshal([]byte(c.Get("/_pay/status", "Accept", "application/json").Text), &answer))
	return answer.Journeys
}

// Payments lists what Pay has.
func (h *Harness) Payments() []paysim.PaymentView { return h.Pay.Payments() }

// Pays lets the citizen of the newest payment end it at Pay.
func (h *Harness) Pays(outcome string) {
	h.T.Helper()
	all := h.Payments()
	require.NotEmpty(h.T, all)
	require.NoError(h.T, h.Pay.Pay(all[len(all)-1].ID, outcome))
}

// State is that of the browser's newest journey.
func (c *Citizen) State() journey.State {
	c.H.T.Helper()
	all := c.Status()
	require.NotEmpty(c.H.T, all)
	return journey.State(all[0].State)
}

// MultipartForm is a form with an uploaded file.
func MultipartForm(fields map[string]string, file []byte) (contentType string, body []byte) {
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

// BytesOfAllKinds is binary content with everything in it that could go wrong on the way.
func BytesOfAllKinds(n int) []byte {
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i*i + i>>3)
	}
	return append(content, "\r\n--\x00\xff\r\n"...)
}

func Itoa(n int) string { return strconv.Itoa(n) }

// OnlyReader hides how long its content is, so that it is sent in chunks.
type OnlyReader struct{ io.Reader }

// Keys are those that the gateway publishes.
func (h *Harness) Keys(t testing.TB) (set jose.JSONWebKeySet) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(h.Citizen().Get("/_pay/keys").Text), &set))
	return set
}

// Restart opens the service again at the address it had.
func (s *Service) Restart(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.Server.Listener.Addr().String())
	require.NoError(t, err)
	s.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.Server.Start()
	t.Cleanup(s.Server.Close)
}

func (h *Harness) Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(h.Log, nil)) }

// ListenAgain opens the address that the gateway had.
func (h *Harness) ListenAgain() net.Listener {
	h.T.Helper()
	listener, err := net.Listen("tcp", h.RawClient.Listener.Addr().String())
	require.NoError(h.T, err)
	return listener
}

// DeliversEarly lets early delivery do what is due.
func (h *Harness) DeliversEarly() {
	h.T.Helper()
	require.NoError(h.T, h.Parts.DeliverEarly(h.T.Context()))
}

// InMinutes lets minutes go by, one at a time, with early delivery after each.
func (h *Harness) InMinutes(n int) {
	h.T.Helper()
	for range n {
		h.Pay.Advance(time.Minute)
		h.DeliversEarly()
	}
}

// Readings counts how often Pay was asked about a payment.
func (h *Harness) Readings() (n int) {
	for _, r := range h.Pay.Requests() {
		if r.Call == "get" {
			n++
		}
	}
	return n
}

// Forgetful is a service with a session that lives for so long after the form was shown, and which sends later forms to
// its log-in page.
func (h *Harness) Forgetful(lives time.Duration) http.HandlerFunc {
	begun := h.Now()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && h.Now().Sub(begun) > lives {
			http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
			return
		}
		Confirms(w, r)
	}
}

// FlowsFreely sees that what is free still comes and goes.
func (h *Harness) FlowsFreely(c *Citizen) {
	h.T.Helper()
	require.Contains(h.T, c.Get("/free").Text, "the service's own page")
	p := c.Post("/elsewhere", url.Values{"name": {"Ann"}})
	require.Contains(h.T, p.Text, "the service's own page")
}

// Metric is the value that a line of /metrics has, empty where there is no such line.
func (h *Harness) Metric(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(Adviser{h, ""}.Do(http.MethodGet, "/metrics", nil).Text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Soon is for what happens by itself: a limit, nothing waits for it.
const Soon = 2 * time.Minute

// Eager are settings under which a sweep waits for nobody.
var Eager = []string{"PAYGATE_MOPUP_EVERY=10ms", "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_ROUTE_LICENCE_RETRY_FOR=1ms",
	"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms"}

func (c *Citizen) Becomes(state journey.State) {
	c.H.T.Helper()
	require.Eventually(c.H.T, func() bool { return c.State() == state }, Soon, 5*time.Millisecond, "it stays %s",
		c.State())
}

const WebhookSecret = "webhook_test_secret"

// Sweeps runs a sweep by hand and gives its counts as text.
func (h *Harness) Sweeps() string {
	h.T.Helper()
	p := h.Ann().Do(http.MethodPost, "/mopup", nil)
	require.Equal(h.T, http.StatusOK, p.Status, p.Text)
	return p.Text
}

func (c *Citizen) BecomesBySweeps(state journey.State) {
	c.H.T.Helper()
	require.Eventually(c.H.T, func() bool { c.H.Sweeps(); return c.State() == state }, Soon, 1)
}

// Verify checks a received request with the published keys.
func (h *Harness) Verify(t *testing.T, got Received) []signature.Check {
	t.Helper()
	return signature.VerifyRequest(got.Captured(), h.Keys(t), h.URL, time.Now())
}

// Captured is the request as it stood on the wire.
func (got Received) Captured() []byte {
	var captured bytes.Buffer
	captured.WriteString(got.Method + " " + got.Target + " HTTP/1.1\r\nHost: " + got.Host + "\r\n")
	header := got.Header.Clone()
	header.Set("Content-Length", "")
	header.Del("Content-Length")
	_ = header.Write(&captured)
	captured.WriteString("Content-Length: " + Itoa(len(got.Body)) + "\r\n\r\n")
	captured.Write(got.Body)
	return captured.Bytes()
}

// RequireVerified holds releases against the keys that are published now.
func (h *Harness) RequireVerified(t *testing.T, good bool, releases ...Received) {
	t.Helper()
	for _, r := range releases {
		bad := slices.ContainsFunc(h.Verify(t, r), func(c signature.Check) bool { return !c.Good })
		require.Equal(t, good, !bad)
	}
}

// InTheStore opens the store of a gateway that is closed.
func (h *Harness) InTheStore(do func(*boltstore.Store)) {
	h.T.Helper()
	settings, err := config.Load(h.Environ(h.Store))
	require.NoError(h.T, err)
	sealer, err := seal.New(settings.Secrets)
	require.NoError(h.T, err)
	store, err := boltstore.Open(h.Store, boltstore.Options{Sealer: sealer, Now: h.Now, Log: h.Logger()})
	require.NoError(h.T, err)
	do(store)
	require.NoError(h.T, store.Close())
}

// LastAtPay is "held" when the newest payment is open and the service has nothing.
func (h *Harness) LastAtPay() string {
	if len(h.Service.Got(http.MethodPost)) > 0 {
		return "sent"
	}
	return "held"
}

// Replicas opens the house, and beside it as many gateways as may share a store of the kind, in this process.
func Replicas(t *testing.T, kind StoreKind, first *Harness, over ...string) []*Harness {
	t.Helper()
	over = append(over, "PAYGATE_STORE="+kind.Setting(t), "PAYGATE_PAY_RATE_TOTAL=1000", "PAYGATE_SIGNING_ALG=ES256")
	first.Start(over...)
	all := []*Harness{first}
	for len(all) < kind.Processes {
		other := &Harness{T: t, Service: all[0].Service, Pay: all[0].Pay, PayURL: all[0].PayURL, Log: all[0].Log,
			Now: all[0].Now}
		other.Start(over...)
		all = append(all, other)
	}
	return all
}

// ReadmeBlocks are the blocks of README that stand between a heading and the next.
func ReadmeBlocks(t testing.TB, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ := strings.Cut(after, "\n## ")
	var blocks []string
	for i, part := range strings.Split(section, "```") {
		if i%2 == 1 {
			blocks = append(blocks, strings.TrimPrefix(part, "\n"))
		}
	}
	return blocks
}

var SettingLine = regexp.MustCompile(`(?m)^PAYGATE_.*$`)

// ReadmeSettings are the settings that README tells people to set.
func ReadmeSettings(t testing.TB) []string {
	t.Helper()
	return SettingLine.FindAllString(ReadmeBlocks(t, "Settings to go live")[0], -1)
}

// ByREADME lets a house have the settings of README: with the addresses and secrets of the test, and with nothing else
// that changes what happens.
func ByREADME(h *Harness) *Harness {
	settings := ReadmeSettings(h.T)
	h.PayDefaults = func(store string) []string {
		return Instead(slices.Clone(settings), []string{
			"PAYGATE_UPSTREAM=" + h.Service.Server.URL, "PAYGATE_PUBLIC_URL=" + h.URL,
			"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
			"PAYGATE_SECRETS=" + Secret32(1), "PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=" + h.PayURL,
			"PAYGATE_PAY_CARD_ORIGINS=" + h.PayURL,
			"PAYGATE_STORE=bbolt:" + store, "PAYGATE_STAFF_TOKENS=ann:" + AnnsToken,
		})
	}
	return h
}

// PaysWithoutName is a citizen who has paid for a form in which the name is missing.
func (h *Harness) PaysWithoutName() *Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {""}}).Status)
	h.Pays("success")
	return c
}
