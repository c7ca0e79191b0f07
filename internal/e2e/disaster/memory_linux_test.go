package disaster

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

// TestHundredLargeUploadsStayWithinMemoryLimit lets a hundred citizens upload 10 MiB each to the real program at the
// same time, some of them slowly, and then has all of it delivered at the same time.
func TestHundredLargeUploadsStayWithinMemoryLimit(t *testing.T) {
	t.Parallel()
	const (
		uploads = 100
		slow    = 25
		maxPeak = 300 << 20
	)
	p := newMemoryTest(t)
	progress := newProgress(slow)
	citizens := make([]*uploader, uploads)
	var quick, all sync.WaitGroup
	for i := range citizens {
		c := p.newUploader(uint64(i))
		citizens[i] = c
		if i < slow {
			c.paced = progress.lines[i]
			all.Go(c.upload)
			continue
		}
		quick.Add(1)
		all.Go(func() { defer quick.Done(); c.upload(); progress.tick() })
	}
	quick.Wait()
	t.Logf("after the quick uploads: %s", p.memory())
	progress.end()
	all.Wait()
	for i, c := range citizens {
		require.NoError(t, c.err, "upload %d", i)
		require.Equal(t, http.StatusSeeOther, c.status, "upload %d", i)
	}
	t.Logf("after %d uploads: %s", uploads, p.memory())
	require.Less(t, p.peak(), int64(maxPeak), p.memory())

	for _, payment := range p.pay.Payments() {
		require.NoError(t, p.pay.Pay(payment.ID, "success"))
	}
	for _, c := range citizens {
		all.Go(c.returnFromPay)
	}
	all.Wait()
	t.Logf("after %d deliveries: %s", uploads, p.memory())
	for i, c := range citizens {
		require.Equal(t, 1, p.service.times(c.digest), "upload %d, byte for byte and once", i)
	}
	require.Less(t, p.peak(), int64(maxPeak), p.memory())
}

// memoryTest is the real program between a service and a simulated Pay that need little memory.
type memoryTest struct {
	*testserver.Program
	url     string
	pay     *paysim.Simulator
	service *digestService
}

// digestService is a service that records only digests.
type digestService struct {
	mu       sync.Mutex
	received map[string]int
}

func (d *digestService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	digest := sha256.New()
	if _, err := io.Copy(digest, r.Body); err != nil || r.Method != http.MethodPost {
		testserver.Plain(w, r)
		return
	}
	d.mu.Lock()
	d.received[hex.EncodeToString(digest.Sum(nil))]++
	d.mu.Unlock()
	testserver.Confirm(w, r)
}

func (d *digestService) times(digest string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.received[digest]
}

// publicHost is the host of the program in PAYGATE_PUBLIC_URL.
const publicHost = "paygate.example.org"

// newMemoryTest builds the program as it ships, and starts it.
func newMemoryTest(t *testing.T) *memoryTest {
	t.Helper()
	c := &memoryTest{service: &digestService{received: map[string]int{}}}
	legacy := httptest.NewServer(c.service)
	t.Cleanup(legacy.Close)
	c.pay = paysim.New(testserver.UnlimitedPay)
	t.Cleanup(c.pay.Close)
	payServer := httptest.NewServer(c.pay)
	t.Cleanup(payServer.Close)
	c.pay.SetPublicURL(payServer.URL)
	folder := t.TempDir()
	h := &testserver.Harness{
		Service: &testserver.Service{Server: legacy}, URL: "http://" + publicHost,
		PayURL: payServer.URL,
	}
	c.Program = testserver.StartBinary(t, testserver.BuildBinary(t, "paygate"),
		append(h.Environ(filepath.Join(folder, "paygate.db")),
			"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PAY_TIMEOUT=45s"), "serve")
	c.WaitForLog(`"msg":"serving"`)
	public, _ := testserver.Addresses(t, c.Logged())
	c.url = "http://" + public
	return c
}

// memory returns what the system reports of the program's memory.
func (p *memoryTest) memory() string {
	p.T.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	require.NoError(p.T, err)
	var lines []string
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		if strings.HasPrefix(scanner.Text(), "VmHWM") || strings.HasPrefix(scanner.Text(), "VmRSS") ||
			strings.HasPrefix(scanner.Text(), "Rss") {
			lines = append(lines, strings.Join(strings.Fields(scanner.Text()), " "))
		}
	}
	return strings.Join(lines, ", ")
}

// peak returns the peak memory of the program in bytes.
func (p *memoryTest) peak() int64 {
	p.T.Helper()
	_, rest, found := strings.Cut(p.memory(), "VmHWM: ")
	require.True(p.T, found)
	number, _, _ := strings.Cut(rest, " ")
	kilobytes, err := strconv.ParseInt(number, 10, 64)
	require.NoError(p.T, err)
	return kilobytes << 10
}
