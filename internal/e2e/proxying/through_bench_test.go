package proxying

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paygate/internal/testserver"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// BenchmarkPassThrough compares free traffic through the real program with the same traffic through
// httputil.ReverseProxy: one service, one client, in turns.
//
// It measures the processor time, user and system, and the allocations of the process of each proxy. Client and service
// run in the test's process and do not count. Paygate has ten pay routes to match.
func BenchmarkPassThrough(b *testing.B) {
	service := httptest.NewServer(http.HandlerFunc(sized))
	b.Cleanup(service.Close)
	bare := startProxy(b, nil, "paygate/internal/bareproxy", service.URL)
	paygate := startProxy(b, tenRoutes(b, service.URL), "paygate", "serve")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	b.Cleanup(client.CloseIdleConnections)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, size := range []int{1 << 10, 100 << 10} {
			b.Run(fmt.Sprintf("%s/%dKiB", method, size>>10), func(b *testing.B) {
				l := load{client, method, size}
				l.send(b, bare, connections)
				l.send(b, paygate, connections)
				bareBefore, paygateBefore := bare.spent(b), paygate.spent(b)
				b.ResetTimer()
				for left := b.N; left > 0; left -= requestsPerRound {
					l.send(b, bare, min(left, requestsPerRound))
					l.send(b, paygate, min(left, requestsPerRound))
				}
				b.StopTimer()
				ofBare, ofPaygate := bare.spent(b).since(bareBefore), paygate.spent(b).since(paygateBefore)
				ofBare.report(b, "bare")
				ofPaygate.report(b, "paygate")
				if ofBare.seconds > 0 {
					b.ReportMetric(ofPaygate.seconds/ofBare.seconds, "cpu-ratio")
				}
			})
		}
	}
}

const (
	connections      = 32   // from the client to a proxy
	requestsPerRound = 1024 // to one proxy before the next round
)

// sized answers a GET with as many bytes as its query says, and other methods with one word.
func sized(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method != http.MethodGet {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "received")
		return
	}
	size, _ := strconv.Atoi(r.URL.RawQuery)
	w.Header().Set("Content-Length", strconv.Itoa(size))
	_, _ = w.Write(someBytes[:size])
}

var someBytes = bytes.Repeat([]byte("0123456789abcdef"), 100<<10/16)

// load describes the requests to send.
type load struct {
	client *http.Client
	method string
	size   int
}

// send sends requests through a proxy from several connections, and reads the responses.
func (l load) send(b *testing.B, through *proxy, requests int) {
	b.Helper()
	var sent, failed atomic.Int64
	var workers sync.WaitGroup
	for range min(connections, requests) {
		workers.Go(func() {
			for sent.Add(1) <= int64(requests) {
				if err := l.sendOne(through.url); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	workers.Wait()
	require.Zero(b, failed.Load())
}

// sendOne sends a request as a browser does.
func (l load) sendOne(to string) error {
	target, body := to+"/licences/list?"+strconv.Itoa(l.size), io.Reader(nil)
	if l.method != http.MethodGet {
		body = bytes.NewReader(someBytes[:l.size])
	}
	r, err := http.NewRequest(l.method, target, body)
	if err != nil {
		return err
	}
	r.Header = http.Header{
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Language": {"en-GB,en;q=0.5"}, "Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Referer":                   {to + "/licences"},
		"Cookie":                    {"JSESSIONID=0123456789ABCDEF0123456789ABCDEF; seen_cookie_message=yes"},
		"Upgrade-Insecure-Requests": {"1"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"},
		"Sec-Fetch-Site": {"same-origin"},
	}
	if body != nil {
		r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if l.method == http.MethodGet && n != int64(l.size) || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d with %d bytes: %w", answer.StatusCode, n, err)
	}
	return err
}

// tenRoutes returns the settings for ten pay routes.
func tenRoutes(b *testing.B, service string) []string {
	environ := []string{
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_UPSTREAM=" + service,
		"PAYGATE_PUBLIC_URL=http://127.0.0.1",
		"PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=http://127.0.0.1:1",
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=" + testserver.Secret32(1), "PAYGATE_STORE=bbolt:" + filepath.Join(b.TempDir(), "paygate.db"),
		"PAYGATE_SERVICE_NAME=Fishing licences",
	}
	var names []string
	for i, match := range []string{
		"POST /licences/apply", "POST /licences/{id}/renew", "POST /licences/{id}/replace", "POST /permits/apply",
		"PUT /permits/{id}",
		"POST /fines/pay", "POST /index.php?page=apply", "GET /register/{year}", "GET /certificates/{id}",
		"GET /maps/{sheet}/{edition}",
	} {
		name := fmt.Sprint("r", i)
		names = append(names, name)
		variable := "PAYGATE_ROUTE_" + strings.ToUpper(name)
		environ = append(environ, variable+"_MATCH="+match, variable+"_PRICE=25", variable+"_DESCRIPTION=Licence",
			variable+"_ACCEPT=2xx", variable+"_ACCEPT_TEXT=*")
	}
	return append(environ, "PAYGATE_ROUTES="+strings.Join(names, ","))
}

// proxy is a reverse proxy in its own process.
type proxy struct{ url, metrics string }

// startProxy builds and starts the program of a package, and waits until it serves.
func startProxy(b *testing.B, environ []string, program string, args ...string) *proxy {
	b.Helper()
	p := testserver.StartBinary(b, testserver.BuildBinary(b, program), environ, args...)
	p.WaitForLog(testserver.Serving)
	public, staff := testserver.Addresses(b, p.Logged())
	return &proxy{"http://" + public, "http://" + staff + "/metrics"}
}

// spent is what a process has used.
type spent struct{ seconds, allocations, bytes float64 }

// spent reads the metrics of the proxy.
func (p *proxy) spent(b *testing.B) spent {
	b.Helper()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(p.metrics)
	require.NoError(b, err)
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	require.NoError(b, err)
	counter := func(name string) float64 { return families[name].GetMetric()[0].GetCounter().GetValue() }
	return spent{
		counter("process_cpu_seconds_total"), counter("go_memstats_mallocs_total"),
		counter("go_memstats_alloc_bytes_total"),
	}
}

func (s spent) since(before spent) spent {
	return spent{s.seconds - before.seconds, s.allocations - before.allocations, s.bytes - before.bytes}
}

func (s spent) report(b *testing.B, who string) {
	n := float64(b.N)
	b.ReportMetric(s.seconds/n*1e6, who+"-cpu-µs/op")
	b.ReportMetric(s.allocations/n, who+"-allocs/op")
	b.ReportMetric(s.bytes/n/1024, who+"-KiB/op")
}
