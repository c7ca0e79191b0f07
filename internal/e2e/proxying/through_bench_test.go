package proxying

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPassThrough compares free traffic through the real program with the same traffic through other proxies: one
// service, one client, in turns. It prints the table of docs/how-to/sizing.md.
//
// It measures the processor time, user and system, of the process of each proxy. Client and service run in the test's
// process and do not count.
func BenchmarkPassThrough(b *testing.B) {
	service := httptest.NewServer(http.HandlerFunc(sized))
	b.Cleanup(service.Close)
	all := startProxies(b, service.URL)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	b.Cleanup(client.CloseIdleConnections)
	results := newTable(all)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, size := range []int{1 << 10, 100 << 10} {
			name := fmt.Sprintf("%s %d KiB", method, size>>10)
			total := spent{seconds: make([]float64, len(all))}
			b.Run(name, func(b *testing.B) { total.add(load{client, method, size}.measure(b, all)) })
			results.add(name, "%.0f µs", total.microseconds())
		}
	}
	results.add("resident memory", "%.0f MB", each(all, func(p *proxy) float64 { return p.megabytes(b) }))
	fmt.Println(results)
}

const (
	connections      = 32   // from the client to a proxy
	requestsPerRound = 1024 // to one proxy before the next one's turn
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

// measure sends b.N requests through each proxy, in rounds that each begin with another one.
func (l load) measure(b *testing.B, all []*proxy) spent {
	before := each(all, func(p *proxy) float64 {
		l.send(b, p, connections)
		return p.seconds(b)
	})
	b.ResetTimer()
	for left, round := b.N, 0; left > 0; left, round = left-requestsPerRound, round+1 {
		for i := range all {
			l.send(b, all[(round+i)%len(all)], min(left, requestsPerRound))
		}
	}
	b.StopTimer()
	s := spent{float64(b.N), each(all, func(p *proxy) float64 { return p.seconds(b) })}
	for i, p := range all {
		s.seconds[i] -= before[i]
		b.ReportMetric(s.microseconds()[i], p.name+"-cpu-µs/op")
	}
	return s
}

// spent is the processor time that each proxy has spent on some requests.
type spent struct {
	requests float64
	seconds  []float64
}

// add adds another run: the benchmark begins with a short one, and -count repeats it.
func (s *spent) add(more spent) {
	s.requests += more.requests
	for i := range s.seconds {
		s.seconds[i] += more.seconds[i]
	}
}

// microseconds returns the time of one request.
func (s *spent) microseconds() []float64 {
	var times []float64
	for _, seconds := range s.seconds {
		times = append(times, seconds/s.requests*1e6)
	}
	return times
}

// each asks each proxy.
func each(all []*proxy, ask func(*proxy) float64) []float64 {
	var answers []float64
	for _, p := range all {
		answers = append(answers, ask(p))
	}
	return answers
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
	require.Zero(b, failed.Load(), through.name)
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
