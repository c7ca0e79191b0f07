// Package testprocess runs the real program for tests: the binary, with its settings in the environment, between a
// service and a simulated GOV.UK Pay, both of them processes of their own.
package testprocess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

// Binary is the path of Paygate, built once for all tests.
var Binary string

// Main builds Paygate and runs the tests of a package. TestMain calls it.
func Main(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paygate-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Binary = filepath.Join(dir, "paygate")
	build := exec.Command("go", "build", "-o", Binary, "paygate")
	build.Dir = testenv.Root() // so that the versions in its go.mod count, whichever module the test is in
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building paygate: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// startupTimeout ends a test whose server never listens. On a busy machine a framework takes a while to start.
const startupTimeout = 2 * time.Minute

// Process is a program that runs until the test ends.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu     sync.Mutex
	output bytes.Buffer
}

// Write collects what the program prints.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// Printed returns what the program has printed.
func (p *Process) Printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// Start starts cmd and kills it when the test ends.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	cmd.WaitDelay = time.Second // a child of the program may keep its output open
	require.NoError(t, cmd.Start())
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.Stop)
	return p
}

// Stop kills the program, and returns once it has ended.
func (p *Process) Stop() {
	killGroup(p.cmd)
	<-p.ended
}

// WaitFor waits until ready reports true, and fails the test when the program ends first.
func (p *Process) WaitFor(t testing.TB, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(startupTimeout)
	for !ready() {
		select {
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", p.cmd.Path, p.Printed())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never gets ready:\n%s", p.cmd.Path, p.Printed())
		}
	}
}

// Listens reports whether a server listens at an address.
func Listens(network, address string) bool {
	conn, err := net.Dial(network, address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// The ports of servers are above those that package testserver uses, and below those that the system gives to outgoing
// connections, so that a port stays free until the server listens.
const firstPort, ports = 30100, 2600

// lastPort begins anywhere, so that test binaries that run side by side rarely meet.
var lastPort atomic.Int64

func init() { lastPort.Store(rand.Int64N(ports)) }

// FreeAddress returns a loopback address for a server.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 200 {
		address := "127.0.0.1:" + strconv.FormatInt(firstPort+lastPort.Add(1)%ports, 10)
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// SimulatedPay is a GOV.UK Pay that runs as "paygate simulator".
type SimulatedPay struct {
	T   testing.TB
	URL string
}

// StartPay starts a simulated Pay.
func StartPay(t testing.TB) *SimulatedPay {
	t.Helper()
	address := FreeAddress(t)
	simulator := Start(t, exec.Command(Binary, "simulator", "-listen", address))
	simulator.WaitFor(t, func() bool { return Listens("tcp", address) })
	return &SimulatedPay{t, "http://" + address}
}

// Payment is a payment at the simulated Pay.
type Payment struct {
	ID        string
	Reference string
	Amount    int64
	Refunded  int64
	Status    string
	Captured  bool
}

// Payments returns all payments, oldest first.
func (p *SimulatedPay) Payments() (all []Payment) {
	p.T.Helper()
	answer, err := http.Get(p.URL + "/control/payments")
	require.NoError(p.T, err)
	defer answer.Body.Close()
	require.NoError(p.T, json.NewDecoder(answer.Body).Decode(&all))
	return all
}

// Gateway is a running Paygate.
type Gateway struct {
	T       testing.TB
	URL     string
	environ []string
	Process *Process
}

const staffToken = "staff-token-of-ann-7d1c"

// StartGateway starts Paygate in front of a service. Later settings win.
func StartGateway(t testing.TB, pay *SimulatedPay, upstream string, settings ...string) *Gateway {
	t.Helper()
	public, staff := FreeAddress(t), FreeAddress(t)
	environ := append([]string{
		"PAYGATE_UPSTREAM=" + upstream, "PAYGATE_PUBLIC_URL=http://" + public, "PAYGATE_LISTEN=" + public,
		"PAYGATE_STAFF_LISTEN=" + staff, "PAYGATE_STAFF_TOKENS=ann:" + staffToken,
		"PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=" + pay.URL, "PAYGATE_PAY_CARD_ORIGINS=" + pay.URL,
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"PAYGATE_STORE=bbolt:" + filepath.Join(t.TempDir(), "paygate.db"), "PAYGATE_SERVICE_NAME=Fishing licences",
		"PAYGATE_MOPUP_MIN_AGE=0s",
	}, settings...)
	cmd := exec.Command(Binary, "serve")
	cmd.Env = environ
	p := Start(t, cmd)
	p.WaitFor(t, func() bool { return strings.Contains(p.Printed(), `"msg":"serving"`) })
	return &Gateway{t, "http://" + public, environ, p}
}

// Command runs another command with the settings of the gateway, and returns what it prints.
func (g *Gateway) Command(args ...string) string {
	g.T.Helper()
	cmd := exec.Command(Binary, args...)
	cmd.Env = g.environ
	out, err := cmd.Output()
	require.NoError(g.T, err, "paygate %s", strings.Join(args, " "))
	return string(out)
}

// PayNewest pays the newest payment away from the pages of Pay, as the app of a bank does.
func (p *SimulatedPay) PayNewest() {
	p.T.Helper()
	all := p.Payments()
	answer, err := http.Post(p.URL+"/control/payments/"+all[len(all)-1].ID+"/pay", "application/json",
		strings.NewReader(`{"outcome":"success"}`))
	require.NoError(p.T, err)
	_ = answer.Body.Close()
	require.Equal(p.T, http.StatusOK, answer.StatusCode)
}
