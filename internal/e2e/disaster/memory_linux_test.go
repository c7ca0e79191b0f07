package disaster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHundredLargeUploadsStayWithinMemoryLimit runs the real program between a service and a simulated Pay, lets a
// hundred citizens upload 10 MiB each at the same time, some of them slowly, and has all of it delivered at the same
// time as well.
func TestHundredLargeUploadsStayWithinMemoryLimit(t *testing.T) {
	t.Parallel()
	const (
		uploads  = 100
		slow     = 25
		mostPeak = 300 << 20
	)
	p := newCrowded(t)
	progress := newProgress(slow)
	citizens := make([]*uploader, uploads)
	var quick, all sync.WaitGroup
	for i := range citizens {
		c := p.uploader(uint64(i))
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
	require.Less(t, p.peak(), int64(mostPeak), p.memory())

	for _, payment := range p.pay.Payments() {
		require.NoError(t, p.pay.Pay(payment.ID, "success"))
	}
	for _, c := range citizens {
		all.Go(c.comeBack)
	}
	all.Wait()
	t.Logf("after %d deliveries: %s", uploads, p.memory())
	for i, c := range citizens {
		require.Equal(t, 1, p.service.times(c.digest), "upload %d, byte for byte and once", i)
	}
	require.Less(t, p.peak(), int64(mostPeak), p.memory())
}

// crowded is the real program, with few things around it that take memory.
type crowded struct {
	*testserver.Program
	url     string
	pay     *paysim.Simulator
	service *digester
}

// digester is a service that keeps of what it receives the digests alone.
type digester struct {
	mu       sync.Mutex
	received map[string]int
}

func (d *digester) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

func (d *digester) times(digest string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.received[digest]
}

// crowdedHost is what the citizens' browsers call the program.
const crowdedHost = "paygate.example"

// newCrowded builds the program as it is shipped, and starts it.
func newCrowded(t *testing.T) *crowded {
	t.Helper()
	c := &crowded{service: &digester{received: map[string]int{}}}
	legacy := httptest.NewServer(c.service)
	t.Cleanup(legacy.Close)
	c.pay = paysim.New(paysim.Options{PostLimit: -1})
	t.Cleanup(c.pay.Close)
	payServer := httptest.NewServer(c.pay)
	t.Cleanup(payServer.Close)
	c.pay.SetPublicURL(payServer.URL)
	folder := t.TempDir()
	h := &testserver.Harness{Service: &testserver.Service{Server: legacy}, URL: "http://" + crowdedHost,
		PayURL: payServer.URL}
	c.Program = testserver.StartBinary(t, testserver.BuildBinary(t, "paygate"),
		append(h.Environ(filepath.Join(folder, "paygate.db")),
			"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PAY_TIMEOUT=1m"), "serve")
	c.WaitForLog(`"msg":"serving"`)
	c.url = "http://" + testserver.ServingAt.FindStringSubmatch(c.Logged())[1]
	return c
}

// memory is what the system says of the program's memory.
func (p *crowded) memory() string {
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

// peak is the most memory that the program has ever had, in bytes.
func (p *crowded) peak() int64 {
	p.T.Helper()
	_, rest, found := strings.Cut(p.memory(), "VmHWM: ")
	require.True(p.T, found)
	number, _, _ := strings.Cut(rest, " ")
	kilobytes, err := strconv.ParseInt(number, 10, 64)
	require.NoError(p.T, err)
	return kilobytes << 10
}

// progress lets slow bodies go on by a byte for each quick one that is done, and to their end at last.
type progress struct {
	lines []chan struct{}
}

func newProgress(n int) *progress {
	p := &progress{lines: make([]chan struct{}, n)}
	for i := range p.lines {
		p.lines[i] = make(chan struct{}, 1000)
	}
	return p
}

func (p *progress) tick() {
	for _, line := range p.lines {
		line <- struct{}{}
	}
}

func (p *progress) end() {
	for _, line := range p.lines {
		close(line)
	}
}

// pacedReader gives one byte at each tick from the middle on.
type pacedReader struct {
	io.Reader
	left  int // until the middle
	ticks chan struct{}
}

func (r *pacedReader) Read(p []byte) (int, error) {
	if r.left > 0 {
		n, err := r.Reader.Read(p[:min(len(p), r.left)])
		r.left -= n
		return n, err
	}
	if _, more := <-r.ticks; more {
		p = p[:1]
	}
	return r.Reader.Read(p)
}

// uploader is a citizen with a large file.
type uploader struct {
	p      *crowded
	client *http.Client
	seed   uint64
	paced  chan struct{} // nil: as quick as can be
	digest string
	status int
	err    error
}

func (p *crowded) uploader(seed uint64) *uploader {
	jar, err := cookiejar.New(nil)
	require.NoError(p.T, err)
	transport := &http.Transport{}
	p.T.Cleanup(transport.CloseIdleConnections)
	return &uploader{p: p, seed: seed, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

const uploadBytes = 10 << 20

// body is 10 MiB of one of the kinds that browsers send: mostly forms with a file, and some with a very long text.
func (u *uploader) body() (contentType string, body io.Reader) {
	switch u.seed % 10 {
	case 7:
		return "application/x-www-form-urlencoded", u.padded("name=Ann&notes=", "&more=%F0%9F%90%89")
	case 8:
		return "application/json", u.padded(`{"name":"Ann","more":{"notes":"`, `"}}`)
	case 9:
		return "multipart/form-data; boundary=b",
			u.padded("--b\r\nContent-Disposition: form-data; name=\"notes\"\r\n\r\n", "\r\n--b--\r\n")
	}
	var before bytes.Buffer
	form := multipart.NewWriter(&before)
	_ = form.WriteField("name", "Ann")
	_, _ = form.CreateFormFile("photo", "photo.jpg")
	after := "\r\n--" + form.Boundary() + "--\r\n"
	file := io.LimitReader(u.random(), int64(uploadBytes-before.Len()-len(after)))
	return form.FormDataContentType(), io.MultiReader(&before, file, strings.NewReader(after))
}

func (u *uploader) random() io.Reader {
	var seed [32]byte
	seed[0] = byte(u.seed)
	return rand.NewChaCha8(seed)
}

// padded has letters in its middle.
func (u *uploader) padded(before, after string) io.Reader {
	middle := io.LimitReader(letters{u.random()}, int64(uploadBytes-len(before)-len(after)))
	return io.MultiReader(strings.NewReader(before), middle, strings.NewReader(after))
}

// letters makes letters of whatever comes.
type letters struct{ io.Reader }

func (l letters) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i := range n {
		p[i] = 'a' + p[i]%26
	}
	return n, err
}

func (u *uploader) upload() {
	contentType, body := u.body()
	digest := sha256.New()
	body = io.TeeReader(body, digest)
	if u.paced != nil {
		body = &pacedReader{body, uploadBytes / 2, u.paced}
	}
	r, err := http.NewRequestWithContext(u.p.T.Context(), http.MethodPost, u.p.url+"/licences/apply", body)
	if err != nil {
		u.err = err
		return
	}
	r.Host, r.ContentLength = crowdedHost, uploadBytes
	r.Header.Set("Content-Type", contentType)
	answer, err := u.client.Do(r)
	if err != nil {
		u.err = err
		return
	}
	u.err = answer.Body.Close()
	u.status, u.digest = answer.StatusCode, hex.EncodeToString(digest.Sum(nil))
}

// comeBack returns from Pay, and again as long as the page says that it is not done yet.
func (u *uploader) comeBack() {
	ctx, cancel := context.WithTimeout(u.p.T.Context(), testserver.LongTimeout)
	defer cancel()
	for ctx.Err() == nil && u.p.service.times(u.digest) == 0 {
		testserver.FollowReturn(ctx, u.client, u.p.url, crowdedHost)
	}
}
