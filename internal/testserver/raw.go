package testserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paygate/gateway/command"
	"paygate/gateway/command/probe"
	"paygate/internal/paysim"

	"github.com/stretchr/testify/require"
)

// The tests of this file and of framing_test.go write bytes to the door of the real program, as no HTTP client would
// let them, in front of a service that keeps the bytes it receives.

// rawService is a service that keeps each request as it stood on the wire.
type rawService struct {
	listener net.Listener
	mu       sync.Mutex
	requests []rawRequest
	open     map[net.Conn]bool
	answer   string // bytes, the same for every request
}

// rawRequest is one request on the wire.
type rawRequest struct {
	Line   string
	Header []string // lines, in their order
	Body   []byte   // chunks taken off
	method string
	Length int64
}

const PlainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nlegacy"

func newRawService(t testing.TB, answer string) *rawService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &rawService{listener: listener, answer: answer, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for conn := range s.open {
			_ = conn.Close()
		}
		s.mu.Unlock()
		all.Wait()
	})
	return s
}

func (s *rawService) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.open, conn)
		s.mu.Unlock()
	}()
	in := bufio.NewReader(conn)
	for {
		request, err := readRawRequest(in)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request)
		answer := s.answer
		s.mu.Unlock()
		if strings.Contains(request.Line, SentinelTarget) {
			answer = "HTTP/1.1 200 OK\r\nX-Last: yes\r\nContent-Length: 0\r\n\r\n"
		}
		if request.method == http.MethodHead {
			answer, _, _ = strings.Cut(answer, "\r\n\r\n")
			answer += "\r\n\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil || strings.Contains(answer, "Connection: close\r\n") {
			return
		}
	}
}

func readRawRequest(in *bufio.Reader) (rawRequest, error) {
	var raw bytes.Buffer
	wire := &oneByteReader{Reader: in}
	request, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(wire, &raw), 16))
	if err != nil {
		return rawRequest{}, err
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	wire.atOnce = request.ContentLength >= 0
	body, err := io.ReadAll(request.Body)
	line, rest, _ := strings.Cut(head, "\r\n")
	return rawRequest{line, strings.Split(rest, "\r\n"), body, request.Method, request.ContentLength}, err
}

// byteByByte keeps a parser from reading beyond what it needs.
type oneByteReader struct {
	io.Reader
	atOnce bool // the parser knows how much it needs
}

func (r *oneByteReader) Read(p []byte) (int, error) {
	if r.atOnce {
		return r.Reader.Read(p)
	}
	return r.Reader.Read(p[:min(1, len(p))])
}

// Take lists what was received since the last time, but for our own afterthought.
func (s *rawService) Take() []rawRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken []rawRequest
	for _, r := range s.requests {
		if !strings.Contains(r.Line, SentinelTarget) {
			taken = append(taken, r)
		}
	}
	s.requests = nil
	return taken
}

// Values are those of a header, by its exact name, as they stood.
func (r rawRequest) Values(name string) []string {
	var found []string
	for _, line := range r.Header {
		if before, value, _ := strings.Cut(line, ": "); before == name {
			found = append(found, value)
		}
	}
	return found
}

// door is the program as it is run, with its public address.
type RawClient struct {
	t       testing.TB
	Address string
	Service *rawService
	Pay     *paysim.Simulator
	Log     *LogBuffer
}

const PublicHost = "apply.example"

// openDoor runs the program in front of a rawService.
func StartRaw(t testing.TB, over ...string) *RawClient {
	t.Helper()
	service := newRawService(t, PlainAnswer)
	d := StartRawFor(t, "http://"+service.listener.Addr().String(), over...)
	d.Service = service
	return d
}

func StartRawFor(t testing.TB, service string, over ...string) *RawClient {
	t.Helper()
	d := &RawClient{t: t, Log: &LogBuffer{}, Pay: paysim.New(paysim.Options{PostLimit: -1})}
	payServer := httptest.NewServer(d.Pay)
	d.Pay.SetPublicURL(payServer.URL)
	h := &Harness{
		Service: &legacyService{Server: &httptest.Server{URL: service}}, PayURL: payServer.URL,
		URL: "http://" + PublicHost,
	}
	environ := append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")),
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_LOG_LEVEL=debug")
	if slices.Contains(over, "PAYGATE_ROUTES=licence") {
		environ = slices.DeleteFunc(environ, func(v string) bool {
			return strings.HasPrefix(v, "PAYGATE_ROUTE_") && !strings.HasPrefix(v, "PAYGATE_ROUTE_LICENCE_")
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	said := &ServingLine{Book: d.Log, Address: make(chan string, 1)}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(environ, over...), Stdout: io.Discard, Stderr: said, Version: "test",
		}, []string{"serve"})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		payServer.Close()
		d.Pay.Close()
	})
	select {
	case d.Address = <-said.Address:
	case status := <-ended:
		ended <- status
		t.Fatalf("the program ended: %s", d.Log)
	}
	return d
}

// legacyService is the service of house_test.go.
type legacyService = Service

// ServingLine finds the public address in the log.
type ServingLine struct {
	Book    *LogBuffer
	Address chan string
}

var announced = regexp.MustCompile(`"msg":"serving","public":"([^"]*)"`)

func (a *ServingLine) Write(p []byte) (int, error) {
	if found := announced.FindSubmatch(p); found != nil {
		a.Address <- string(found[1])
	}
	return a.Book.Write(p)
}

// afterthought is sent behind each request, so that it is seen whether anything else was left on the connection.
const (
	SentinelTarget = "/afterthought"
	Sentinel       = "GET " + SentinelTarget + " HTTP/1.1\r\nHost: " + PublicHost +
		"\r\nConnection: close\r\n\r\n"
)

// spoken is what came back for some bytes.
type Exchange struct {
	Answers []RawResponse // without that to the afterthought
	Closed  bool          // the door closed the connection before the afterthought
}

// ComesBack returns from Pay with these header lines, and goes on to where the answer leads.
func (d *RawClient) ReturnFromPay(lines string) Exchange {
	d.t.Helper()
	back := d.Send("GET /_pay/return?x=" + Sensitive + " HTTP/1.1\r\nHost: apply.example\r\n" + lines + "\r\n\r\n")
	if len(back.Answers) != 1 || back.Answers[0].Status != http.StatusSeeOther {
		return back
	}
	return d.Send("GET " + back.Answers[0].Header.Get("Location") + " HTTP/1.1\r\nHost: apply.example\r\n" + lines +
		"\r\n\r\n")
}

type RawResponse struct {
	Status int
	Header http.Header
	Body   string
}

// Send writes bytes to the door and reads until it closes. Once there has been an answer, the afterthought follows.
func (d *RawClient) Send(raw string) Exchange {
	d.t.Helper()
	conn, err := net.Dial("tcp", d.Address)
	require.NoError(d.t, err)
	defer conn.Close()
	require.NoError(d.t, conn.SetDeadline(time.Now().Add(LongTimeout)))
	go func() { _, _ = io.WriteString(conn, raw) }() // a refused request may not be read to its end
	in := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	var result Exchange
	for asked := false; ; {
		answer, err := ReadRawResponse(in, method)
		switch {
		case err != nil:
			var late net.Error
			require.False(d.t, errors.As(err, &late) && late.Timeout(), "no answer to %.200q", raw)
			result.Closed = true
			return result
		case answer.Header.Get("X-Last") != "":
			return result
		}
		result.Answers = append(result.Answers, answer)
		if answer.Status >= http.StatusOK && answer.Header.Get("Connection") != "close" && !asked {
			asked, method = true, http.MethodGet
			_, _ = io.WriteString(conn, Sentinel)
		}
	}
}

func ReadRawResponse(in *bufio.Reader, method string) (RawResponse, error) {
	answer, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return RawResponse{}, err
	}
	body, err := io.ReadAll(answer.Body)
	if answer.Close {
		answer.Header.Set("Connection", "close")
	}
	return RawResponse{answer.StatusCode, answer.Header, string(body)}, err
}

// ForwardedHeaders is what the service of a request learns about who asked.
func (r rawRequest) ForwardedHeaders() map[string]string {
	said := map[string]string{}
	for _, line := range r.Header {
		name, value, _ := strings.Cut(line, ": ")
		if folded := strings.ToLower(name); strings.HasPrefix(folded, "x-forwarded") || folded == "forwarded" ||
			folded == "x-real-ip" {
			said[name] = value
		}
	}
	return said
}

// Release holds a request with these headers, pays for it and brings it to the service.
func (d *RawClient) Release(t *testing.T, header string) {
	t.Helper()
	before := len(d.Pay.Payments())
	held := d.MustBlock(t, Request("POST /licences/apply", FormType+header, "name=Ann"))
	require.Equal(t, http.StatusSeeOther, held.Status)
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[before].ID, "success"))
	d.ReturnFromPay("Cookie: " + CookieOf(held))
}

// MustRefuse is isNotFree for what a page of ours answers, behind which the connection goes on.
func (d *RawClient) MustRefuse(t *testing.T, raw string) RawResponse {
	t.Helper()
	got := d.Send(raw)
	require.Empty(t, d.Service.Take())
	require.Len(t, got.Answers, 1)
	require.Equal(t, "yes", got.Answers[0].Header.Get("Paygate-Answer"))
	return got.Answers[0]
}

// MustPassForms requires that each form reaches the service as it is.
func (d *RawClient) MustPassForms(t *testing.T, header string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		got := d.Send(Request("POST /licences/apply", header, body))
		require.Len(t, got.Answers, 1, body)
		require.Equal(t, http.StatusOK, got.Answers[0].Status, body)
		received := d.Service.Take()
		require.Len(t, received, 1, body)
		require.Equal(t, body, string(received[0].Body))
	}
}

// KnownSpellings are the table's, of one pay path, that are refused or held whatever the settings.
func KnownSpellings(kinds ...probe.Kind) []probe.Spelling {
	address := probe.Address{Method: http.MethodPost, Path: "/licences/apply", Host: PublicHost, Form: "name=Ann"}
	return slices.DeleteFunc(probe.Spellings(address, kinds...), func(s probe.Spelling) bool { return s.Setting != "" })
}

// ReadLines are a file's lines but for comments and empty ones.
func ReadLines(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	for in := bufio.NewScanner(file); in.Scan(); {
		if line := in.Text(); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// GeneratedSpellings puts a path of two segments together from what servers undo: something before it, something between the
// segments, something behind it, and its letters. Each of them comes with each of the others, but no three at once.
func GeneratedSpellings(first, second string) []string {
	before := []string{
		"", "/.", "/x/..", "/..", "/x/%2e%2e", "/x/..;", "/;a", "/(S(x))", "/%2e", "/x%2f..", "/x%5c..", "/x//..",
		"/x/%252e%252e", "/index.php", "/x/.%2e",
	}
	between := []string{
		"/", "//", "/./", "/x/../", "/;/", ";a=b/", "%2f", "%252f", "%5c", "%c0%af", "%ef%bc%8f", "/x/..;/", "/%2e/",
		"/x%2f..%2f", "%20/", "./", "/(S(x))/",
	}
	behind := []string{
		"", "/", "//", "/.", "/x/..", ";a", ";a=b/", "%20", "%09", "%0a", "%00", "%00.html", ".", "%2e", "::$DATA",
		"%3f", "%3fx=1", "%23", "%3b", "%2f", "%5c",
		"%c2%a0", "%a0", "+", "/x", ".json", ".php", ".1",
	}
	letters := []func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
		func(s string) string { return "%" + HexOf(s[0]) + s[1:] },
		func(s string) string { return "%25" + HexOf(s[0]) + s[1:] },
		func(s string) string { return s[:1] + "%01" + s[1:] },
	}
	var made []string
	for b, start := range before {
		for m, middle := range between {
			for e, end := range behind {
				for l, write := range letters {
					if odd := min(b, 1) + min(m, 1) + min(e, 1) + min(l, 1); odd == 1 || odd == 2 && (b+m+e+l)%2 == 0 {
						made = append(made, start+"/"+write(first)+middle+write(second)+end)
					}
				}
			}
		}
	}
	slices.Sort(made)
	return slices.Compact(made)
}

func HexOf(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// FormRequest is a submission as a browser writes it.
func FormRequest(method, target string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: " + PublicHost +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"
}

// MustBlock writes a request and expects it to be refused, redirected or held.
func (d *RawClient) MustBlock(t testing.TB, raw string) RawResponse {
	t.Helper()
	line, _, _ := strings.Cut(raw, "\r\n")
	got := d.Send(raw)
	require.Empty(t, d.Service.Take(), "%q reached the service", line)
	require.Len(t, got.Answers, 1, "%q: %v", line, got.Answers)
	answer := got.Answers[0]
	require.NotContains(t, answer.Body, "legacy", "%q", line)
	switch answer.Status {
	case http.StatusSeeOther, http.StatusPermanentRedirect, http.StatusPaymentRequired, http.StatusServiceUnavailable:
		require.Equal(t, "yes", answer.Header.Get("Paygate-Answer"), "%q", line)
	default:
		require.True(t, got.Closed, "%q: what was refused leaves nothing behind", line)
		require.GreaterOrEqual(t, answer.Status, 400, "%q", line)
	}
	return answer
}

// What is no pay route passes through Paygate as if it were not there.

// added are the headers that Paygate gives every request, and those that a connection of its own needs.
var added = []string{
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Paygate-Status", "Connection",
	"Content-Length", "Transfer-Encoding",
}

// HeaderOf is the header of some lines, by canonical name, less those of skip.
func HeaderOf(lines []string, skip []string) map[string][]string {
	header := map[string][]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(skip, name) {
			header[name] = append(header[name], strings.TrimSpace(value))
		}
	}
	return header
}

// MustPass writes a free request, and expects the service to receive just that.
func (d *RawClient) MustPass(t *testing.T, line string, header []string, body string) RawResponse {
	t.Helper()
	header = append([]string{"Host: " + PublicHost}, header...)
	raw := line + " HTTP/1.1\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" + body
	got := d.Send(raw)
	require.NotEmpty(t, got.Answers, line)
	received := d.Service.Take()
	require.Len(t, received, 1, line)
	require.Equal(t, line+" HTTP/1.1", received[0].Line)
	require.Equal(t, HeaderOf(header, append(added, "Expect")), HeaderOf(received[0].Header, added), line)
	require.Equal(t, []string{"none"}, received[0].Values("Paygate-Status"), line)
	return got.Answers[len(got.Answers)-1]
}

func (d *RawClient) Upload(t *testing.T, method string, lines []string, body string) {
	t.Helper()
	got := d.Send(method + " /upload?a=1;b HTTP/1.1\r\nHost: apply.example\r\n" + strings.Join(lines, "\r\n") +
		"\r\n\r\n" + body)
	require.NotEmpty(t, got.Answers)
	require.Equal(t, http.StatusOK, got.Answers[len(got.Answers)-1].Status)
}

// MustReceive expects one request with this body.
func (s *rawService) MustReceive(t *testing.T, body string, send func()) {
	t.Helper()
	send()
	received := s.Take()
	require.Len(t, received, 1)
	require.True(t, body == string(received[0].Body), "%d bytes sent, %d received", len(body), len(received[0].Body))
}

func (s *rawService) SetAnswer(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (d *RawClient) Dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", d.Address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return conn
}

// HostileHeaderNames are headers by which a client would speak for Paygate, for a proxy, or for another request.
func HostileHeaderNames() []string {
	names := []string{
		"Paygate-Status", "PAYGATE-STATUS", "paygate-status", "pAyGaTe-sTaTuS", "Paygate", "Paygate-",
		"Paygate--Status", "Paygate-Assertion",
		"Paygate-Payment-Id", "Paygate-Anything", "paygate_assertion", "PAYGATE_PAYMENT_ID", "Paygate-Status_",
		"Paygate_-Status",
		"X-Original-URL", "X_Original_URL", "x-original-uri", "X-Original-Path", "X-Rewrite-URL", "X.Rewrite.Url",
		"X-Forwarded-Uri", "X-Forwarded-Path",
		"X-Forwarded-Prefix", "X-HTTP-Method-Override", "X_HTTP_METHOD_OVERRIDE", "X-HTTP-Method", "X-Method-Override",
		"X-HTTP-DestinationURL", "X-Script-Name",
		"Script-Name", "SCRIPT_NAME", "PATH_INFO", "Path-Info", "Proxy", "X-Forwarded-Script-Name",
		"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
		"X-Forwarded-Ssl", "X-Real-IP", "X-Client-IP",
		"True-Client-IP", "X_Forwarded_For", "X-Custom_Header", "X.Y", "_", "REMOTE_USER", "Content_Length",
		"Content_Type", "Transfer_Encoding", "Host_",
		"TE", "Trailer", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "HTTP2-Settings", "Upgrade",
	}
	for _, mark := range "!#$%&'*+.^_`|~" {
		names = append(names, "Paygate"+string(mark)+"Status", "Paygate-Status"+string(mark),
			"X"+string(mark)+"Original-Url")
	}
	return names
}

// PaygateHeaders are the headers of a request whose names are, for some reader, Paygate's.
func (r rawRequest) PaygateHeaders() []string {
	fold := regexp.MustCompile(`[^a-z0-9]`)
	return slices.DeleteFunc(slices.Clone(r.Header), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return !strings.HasPrefix(fold.ReplaceAllString(strings.ToLower(name), "-"), "paygate")
	})
}

// paidOn is what the service of a released request is told, and nothing else.
var paidOn = []string{
	"Paygate-Amount", "Paygate-Assertion", "Paygate-Attempt", "Paygate-Currency", "Paygate-Journey", "Paygate-Mode",
	"Paygate-Paid-At", "Paygate-Payment-Id",
	"Paygate-Reference", "Paygate-Route", "Paygate-Status", "Paygate-Submission", "Paygate-Total", "Paygate-Via",
}

func (r rawRequest) RequirePaidHeaders(t *testing.T, via string) {
	t.Helper()
	var names []string
	for _, line := range r.PaygateHeaders() {
		name, _, _ := strings.Cut(line, ": ")
		names = append(names, name)
	}
	slices.Sort(names)
	require.Equal(t, paidOn, names, "each once, and no other")
	require.Equal(t, []string{"success"}, r.Values("Paygate-Status"))
	require.Equal(t, []string{via}, r.Values("Paygate-Via"))
	require.NotContains(t, strings.Join(r.Header, "\n"), "evil")
}

// CookieOf is the ticket that an answer gives.
func CookieOf(answer RawResponse) string {
	value, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	return value
}

const FormType = "Content-Type: application/x-www-form-urlencoded\r\n"

// Request is a request with a body, as it stands on the wire.
func Request(line, header, body string) string {
	return fmt.Sprintf("%s HTTP/1.1\r\nHost: apply.example\r\n%sContent-Length: %d\r\n\r\n%s", line, header, len(body),
		body)
}

// WhenPayButton are the settings of a route whose page has several buttons.
const WhenPayButton = "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay"

// Smuggled is a request for the pay route that stands where a body, or nothing, should be.
const Smuggled = "POST /licences/apply HTTP/1.1\r\nHost: apply.example\r\nContent-Type: " +
	"application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"

// Sensitive is in everything that a log must not have: queries, bodies, cookies, headers, names and addresses.
const Sensitive = "s3cr3t"

// The tests of this file put Paygate in front of the web servers that services really run on, as Debian packs them.
// What a server makes of an odd address is then not our guess but its own.

// RealServer is a web server with the code that costs money at /licences/apply. Whenever that code is run by a request
// that changes something, it leaves a line in the trace.
type RealServer struct {
	Address string
	Trace   string
}

// PayOnce goes the honest way, to see that the pay code runs then.
func (d *RawClient) PayOnce(t *testing.T, server *RealServer) {
	t.Helper()
	before := len(d.Pay.Payments())
	held := d.Send(strings.Replace(FormRequest(http.MethodPost, "/licences/apply"), "name=Ann", "name=Eve", 1)).Answers[0]
	require.Equal(t, http.StatusSeeOther, held.Status)
	payments := d.Pay.Payments()
	require.Len(t, payments, before+1)
	require.NoError(t, d.Pay.Pay(payments[before].ID, "success"))
	d.ReturnFromPay("Connection: close\r\nCookie: " + CookieOf(held))
	require.Equal(t, []string{"POST /licences/apply success"}, server.TakeTrace(t))
}

// Ran are the lines of the trace since the last time.
func (s *RealServer) TakeTrace(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(s.Trace)
	require.NoError(t, err)
	if len(content) == 0 {
		return nil
	}
	require.NoError(t, os.Truncate(s.Trace, 0))
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}
