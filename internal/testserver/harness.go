package testserver

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/paysim"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
)

// Harness is Paygate, assembled as in the program, between a test service and a simulated GOV.UK Pay.
type Harness struct {
	T         testing.TB
	Service   *Service
	Pay       *paysim.Simulator
	PayURL    string
	URL       string
	Host      string // what browsers call it, where that is not its address
	App       *app.App
	Public    *httptest.Server
	Staff     *httptest.Server
	Store     string
	Log       *LogBuffer
	Now       func() time.Time
	overrides []string                    // the settings it was first opened with
	Settings  func(store string) []string // in the place of the usual settings; may be nil
}

// New starts a harness. Each setting replaces one of the defaults.
func New(t testing.TB, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	return NewWithPay(t, paysim.Options{PostLimit: -1}, answer, over...)
}

// NewWithPay starts a harness with another simulated Pay.
func NewWithPay(t testing.TB, atPay paysim.Options, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	h := Build(t, atPay, answer)
	h.Start(over...)
	return h
}

// NewOnPayClock starts a harness that takes the time from its simulated Pay, which can advance it.
func NewOnPayClock(t testing.TB, answer http.HandlerFunc, over ...string) *Harness {
	t.Helper()
	h := Build(t, UnlimitedPay, answer)
	h.Now = h.Pay.Now
	h.Start(over...)
	return h
}

// NewWithPayment starts a harness, and returns it with a citizen who has applied and paid, and has not returned yet.
func NewWithPayment(t testing.TB, answer http.HandlerFunc, over ...string) (*Harness, *Citizen) {
	t.Helper()
	h := New(t, answer, over...)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	return h, c
}

// Build starts the service and the simulated Pay. Start starts Paygate.
func Build(t testing.TB, atPay paysim.Options, answer http.HandlerFunc) *Harness {
	t.Helper()
	h := &Harness{
		T: t, Service: &Service{Answer: answer}, Log: &LogBuffer{},
		Now: func() time.Time { return time.Now().UTC() },
	}
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

// StartReplicas starts the first harness, and as many more on the same store as its kind allows, all in this process.
func StartReplicas(t *testing.T, kind StoreKind, first *Harness, over ...string) []*Harness {
	t.Helper()
	over = append(over, "PAYGATE_STORE="+kind.Setting(t), "PAYGATE_PAY_RATE_TOTAL=1000", "PAYGATE_SIGNING_ALG=ES256")
	first.Start(over...)
	all := []*Harness{first}
	for len(all) < kind.Processes {
		other := &Harness{
			T: t, Service: all[0].Service, Pay: all[0].Pay, PayURL: all[0].PayURL, Log: all[0].Log,
			Now: all[0].Now,
		}
		other.Start(over...)
		all = append(all, other)
	}
	return all
}

// Start starts Paygate on an empty store.
func (h *Harness) Start(over ...string) {
	h.T.Helper()
	listener := QuietListener(h.T)
	h.URL = "http://" + listener.Addr().String()
	h.Store, h.overrides = filepath.Join(h.T.TempDir(), "paygate.db"), over
	h.Open(listener, over...)
	h.T.Cleanup(h.Close)
}

// Open assembles Paygate on its store, and serves the public listener on the given one.
func (h *Harness) Open(listener net.Listener, over ...string) {
	h.T.Helper()
	settings, err := config.Load(append(h.Environ(h.Store), over...))
	require.NoError(h.T, err)
	log := slog.New(slog.NewJSONHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.App, err = app.Assemble(context.Background(), settings, log, h.Now)
	require.NoError(h.T, err)
	h.Public = &httptest.Server{Listener: listener, Config: &http.Server{Handler: h.App.Public}}
	h.Public.Start()
	h.Staff = httptest.NewServer(h.App.Staff)
}

// Close stops Paygate. The service and the simulated Pay go on.
func (h *Harness) Close() {
	h.Public.Close()
	h.Staff.Close()
	require.NoError(h.T, h.App.Close())
}

// Restart stops Paygate, and starts it at the same address and on the same store with these settings.
func (h *Harness) Restart(over ...string) {
	h.T.Helper()
	h.Close()
	h.Open(h.ListenAgain(), over...)
}

// RestartUnchanged restarts Paygate with the settings of Start.
func (h *Harness) RestartUnchanged() {
	h.T.Helper()
	h.Restart(h.overrides...)
}

// ListenAgain listens on the public address that Paygate had before Close.
func (h *Harness) ListenAgain() (listener net.Listener) {
	h.T.Helper()
	address := h.Public.Listener.Addr().String()
	require.Eventually(h.T, func() bool { // another test binary may have the port for a moment
		var err error
		listener, err = net.Listen("tcp", address)
		return err == nil
	}, LongTimeout, 10*time.Millisecond, address)
	return listener
}

// WithStore opens the store of a Paygate that is closed.
func (h *Harness) WithStore(do func(*boltstore.Store)) {
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

// Logger returns a logger that writes to the log of the harness.
func (h *Harness) Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(h.Log, nil)) }
