package delivery_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/cookie"
	"paygate/gateway/delivery"
	"paygate/gateway/origin"
	"paygate/gateway/signature"
	"paygate/journey"
)

var t0 = time.Date(2026, 11, 22, 10, 41, 7, 0, time.UTC)

// wire is a service at the level of bytes: it records what each connection sent, and answers as told.
type wire struct {
	url    *url.URL
	mu     sync.Mutex
	conns  int
	bodies [][]byte
}

// newWire starts a service that reads up to limit bytes of a request (all of it when negative), then lets answer speak.
func newWire(t *testing.T, limit int, answer func(net.Conn)) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{url: &url.URL{Scheme: "http", Host: listener.Addr().String()}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.serve(conn, limit, answer)
		}
	}()
	return w
}

func (w *wire) serve(conn net.Conn, limit int, answer func(net.Conn)) {
	defer conn.Close()
	var got []byte
	if limit >= 0 {
		got = make([]byte, limit)
		n, _ := io.ReadFull(conn, got)
		got = got[:n]
	} else {
		var received bytes.Buffer
		request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &received)))
		if err == nil {
			_, _ = io.Copy(io.Discard, request.Body)
		}
		got = received.Bytes()
	}
	w.mu.Lock()
	w.conns++
	w.bodies = append(w.bodies, got)
	w.mu.Unlock()
	answer(conn)
}

func (w *wire) got() (conns int, first string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.bodies) > 0 {
		first = string(w.bodies[0])
	}
	return w.conns, first
}

func answers(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

const accepted = "HTTP/1.1 303 See Other\r\nLocation: done\r\nContent-Length: 0\r\n\r\n"

func deliverer(t *testing.T, service *url.URL, change func(*delivery.Options)) *delivery.Deliverer {
	t.Helper()
	key, err := signature.Generate(signature.ES256, t0)
	require.NoError(t, err)
	o := delivery.Options{
		Upstream: service, Origins: origin.List{{Scheme: "https", Host: "licences.example.gov.uk"}},
		Timeout: 10 * time.Second, ReplyMaxBytes: 1 << 20, StripSetCookie: cookie.StripSet,
		Signer: func() signature.Signer {
			return signature.Signer{
				Keys: signature.Keys{key}, Issuer: "https://licences.example.gov.uk",
				Audience: "https://licences.example.gov.uk",
				Now:      func() time.Time { return t0 },
			}
		},
	}
	if change != nil {
		change(&o)
	}
	return delivery.New(o)
}

// paidForm returns a paid and claimed form.
func paidForm() journey.Delivery {
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-1",
		Capture:    journey.CaptureOnAccept,
		Accept:     journey.Statuses{{From: 200, To: 299}, {From: 302, To: 303}},
		Acceptance: &journey.Acceptance{Texts: []string{journey.Any}, Locations: []string{"/licences/done"}},
	}
	j := journey.Journey{
		ID: "01JDM4Q0V3Q7J2S3", State: journey.StateReleasing, Terms: terms, PaidWith: "pay1", PaidAt: t0,
		Submission: 1, Attempt: 1,
		Payments: []journey.Payment{{ID: "pay1", Status: "capturable", Money: 2500, Total: 2500}},
	}
	return journey.Delivery{
		Journey: j, Via: "return",
		Request: journey.HeldRequest{
			Method: "POST", Path: "/licences/apply", Query: "a=1;b=2&x=100%", Host: "licences.example.gov.uk",
			ForwardedFor: "192.0.2.1", ForwardedHost: "licences.example.gov.uk", ForwardedProto: "https",
			Header: http.Header{"Content-Type": {"text/plain"}, "Cookie": {"a=1; b=two words; c"}},
			Body:   []byte("\x00\xffbody\r\n"),
		},
	}
}

func TestDeliverSendsWhatWasHeld(t *testing.T) {
	t.Parallel()
	w := newWire(t, -1, answers(accepted))
	d := paidForm()
	d.Cookie = `b=new; d="q"`
	d.Request.Header["Paygate-Status"] = []string{"forged"}
	d.Request.Header["paygate_status"] = []string{"forged"}
	d.Request.Header["Idempotency-Key"] = []string{"x"}
	d.Request.Header["X-Forwarded-For"] = []string{"6.6.6.6"}
	result := deliverer(t, w.url, nil).Deliver(t.Context(), d)
	require.Equal(t, journey.VerdictAccepted, result.Verdict, result.Detail)

	_, got := w.got()
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	require.Equal(t, "\x00\xffbody\r\n", body)
	lines := strings.Split(head, "\r\n")
	require.Equal(t, "POST /licences/apply?a=1;b=2&x=100% HTTP/1.1", lines[0])
	for _, line := range []string{
		"Host: licences.example.gov.uk", "Content-Length: 8", "Content-Type: text/plain",
		`Cookie: a=1; b=new; c; d="q"`,
		"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: licences.example.gov.uk", "X-Forwarded-Proto: https",
		"Paygate-Status: success", "Paygate-Amount: 2500", "Paygate-Via: return",
		"Paygate-Paid-At: 2026-11-22T10:41:07Z",
	} {
		require.Contains(t, lines, line)
	}
	require.Contains(t, lines, "Idempotency-Key: x")
	for _, name := range []string{"forged", "6.6.6.6", "User-Agent", "Accept-Encoding", "Transfer-Encoding"} {
		require.NotContains(t, head, name)
	}
}

// net/http repeats a request with such a key when a reused connection breaks.
func TestDeliverSendsOnceWithAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		for _, body := range []string{"", "name=Ann"} {
			w := newWire(t, -1, func(net.Conn) {}) // and the connection ends without an answer
			deliver := deliverer(t, w.url, nil)
			d := paidForm()
			d.Request.Header[name], d.Request.Body = []string{"x"}, []byte(body)
			require.Equal(t, journey.VerdictUnknown, deliver.Deliver(t.Context(), d).Verdict)
			conns, got := w.got()
			require.Equal(t, 1, conns, name)
			require.Contains(t, got, name+": x\r\n")
		}
	}
}

func TestDeliverReportsAVerdictForEachAnswer(t *testing.T) {
	t.Parallel()
	for answer, verdict := range map[string]journey.Verdict{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok": journey.VerdictAccepted,
		accepted: journey.VerdictAccepted,
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n":      journey.VerdictUnknown,
		"HTTP/1.1 308 Permanent\r\nLocation: /licences/apply/\r\nContent-Length: 0\r\n\r\n": journey.VerdictRefused,
		"HTTP/1.1 422 Unprocessable\r\nContent-Length: 0\r\n\r\n":                           journey.VerdictRefused,
		"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n":  journey.VerdictRefused,
		"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n":                                journey.VerdictNotSent,
		"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n":                                 journey.VerdictUnknown,
		"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n":                                    journey.VerdictUnknown,
		"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n":                                    journey.VerdictUnknown,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n":     journey.VerdictUnknown,
		"HTTP/1.1 042 Less\r\nContent-Length: 0\r\n\r\n":                                    journey.VerdictUnknown,
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":    journey.VerdictAccepted,
		"":                              journey.VerdictUnknown,
		"nonsense":                      journey.VerdictUnknown,
		"HTTP/1.1 200 OK\r\nContent-Le": journey.VerdictUnknown,
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut": journey.VerdictAccepted,
	} {
		w := newWire(t, -1, answers(answer))
		result := deliverer(t, w.url, nil).Deliver(t.Context(), paidForm())
		require.Equal(t, verdict, result.Verdict, "%q: %s", answer, result.Detail)
		conns, _ := w.got()
		require.Equal(t, 1, conns, "sent once: %q", answer)
		require.Equal(t, strings.HasSuffix(answer, "cut"), result.Reply != nil && result.Reply.Broken, "%q", answer)
		require.NotContains(t, result.Detail, "a=1")
	}
}

func TestDeliverSendsOnceWhenTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 10, 100, 300, 600} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			w := newWire(t, limit, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }) // a reset
			d := paidForm()
			d.Request.Body = bytes.Repeat([]byte("x"), 1<<20)
			d.Request.Header.Set("Idempotency-Key", "again")
			result := deliverer(t, w.url, nil).Deliver(t.Context(), d)
			if limit == 0 { // reset before or after the first byte went: each has its own name
				require.Contains(t, []journey.Verdict{journey.VerdictUnknown, journey.VerdictNotSent}, result.Verdict)
			} else {
				require.Equal(t, journey.VerdictUnknown, result.Verdict)
			}
			conns, _ := w.got()
			require.Equal(t, 1, conns)
		})
	}
}

func TestDeliverReportsNotSentOnlyIfNothingWasWritten(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	require.NoError(t, listener.Close())
	result := deliverer(t, closed, nil).Deliver(t.Context(), paidForm())
	require.Equal(t, journey.VerdictNotSent, result.Verdict)

	untrusted := httptest.NewTLSServer(http.NotFoundHandler()) // with a certificate that we do not trust
	untrusted.Config.ErrorLog = nil
	t.Cleanup(untrusted.Close)
	address, _ := url.Parse(untrusted.URL)
	result = deliverer(t, address, nil).Deliver(t.Context(), paidForm())
	require.Equal(t, journey.VerdictNotSent, result.Verdict, result.Detail)

	unpaid := paidForm()
	unpaid.Journey.Payments[0].Status = "failed"
	w := newWire(t, -1, answers(accepted))
	result = deliverer(t, w.url, nil).Deliver(t.Context(), unpaid)
	require.Equal(t, journey.VerdictNotSent, result.Verdict, "nothing unpaid is signed")
	conns, _ := w.got()
	require.Zero(t, conns)
}

func TestDeliverVerifiesTheCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(server.Close)
	address, _ := url.Parse(server.URL)
	d := deliverer(t, address, trusting(server))
	result := d.Deliver(t.Context(), paidForm())
	require.Equal(t, journey.VerdictAccepted, result.Verdict, result.Detail)
	require.Equal(t, "ok", string(result.Reply.Body))

	broken := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(broken.Close)
	address, _ = url.Parse(broken.URL)
	d = deliverer(t, address, trusting(broken))
	require.Equal(t, journey.VerdictUnknown, d.Deliver(t.Context(), paidForm()).Verdict,
		"after the handshake, bytes went")
}

// trusting makes a deliverer trust the certificate of a server.
func trusting(server *httptest.Server) func(*delivery.Options) {
	return func(o *delivery.Options) { o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig }
}

func TestDeliverTimesOutAsUnknown(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	ctx, giveUp := context.WithCancel(t.Context())
	w := newWire(t, -1, func(net.Conn) {
		giveUp() // once the request is there
		<-release
	})
	result := deliverer(t, w.url, nil).Deliver(ctx, paidForm())
	require.Equal(t, journey.VerdictUnknown, result.Verdict)
	require.Contains(t, result.Detail, "in time")
}

func TestDeliverClassifiesRedirectsByTarget(t *testing.T) {
	t.Parallel()
	for location, verdict := range map[string]journey.Verdict{
		"/licences/done/7": journey.VerdictAccepted, "done": journey.VerdictAccepted,
		"https://licences.example.gov.uk/licences/done": journey.VerdictAccepted,
		"/login": journey.VerdictRefused, "https://login.example.gov.uk/licences/done": journey.VerdictRefused,
		"":                                   journey.VerdictRefused,
		"/licences/done\r\nLocation: /login": journey.VerdictRefused,
		"//evil.example/licences/done":       journey.VerdictRefused,
		"/licences/done/../../login":         journey.VerdictRefused,
	} {
		w := newWire(t, -1, answers("HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n"))
		d := paidForm()
		require.Equal(t, verdict, deliverer(t, w.url, nil).Deliver(t.Context(), d).Verdict, location)
	}
}

func TestDeliverCleansRepliesAndStreamsLargeOnes(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 3<<20)
	w := newWire(t, -1, func(conn net.Conn) {
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nPaygate-Status: forged\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"+
			"Set-Cookie: paygate=forged\r\nSet-Cookie: a=1\r\nContent-Length: %d\r\n\r\n%s", len(large), large)
	})
	result := deliverer(t, w.url, nil).Deliver(t.Context(), paidForm())
	require.Equal(t, journey.VerdictAccepted, result.Verdict)
	require.False(t, result.Reply.Whole())
	rest, err := io.ReadAll(result.Reply.Rest)
	require.NoError(t, err)
	require.NoError(t, result.Reply.Close())
	require.Equal(t, len(large), len(result.Reply.Body)+len(rest))
	require.Equal(t, []string{"a=1"}, result.Reply.Header["Set-Cookie"])
	for _, name := range []string{"Paygate-Status", "Connection", "X-Hop"} {
		require.Empty(t, result.Reply.Header[name], name)
	}
}
