package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/dial"
	"paygate/gateway/origin"
	"paygate/internal/testwire"
)

// recorder is a service that records the raw bytes of each request's head and body, and answers with fixed bytes.
type recorder struct {
	listener net.Listener
	received chan string
}

func newRecorder(t testing.TB, reply string) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	rec := &recorder{l, make(chan string, 64)}
	t.Cleanup(func() { _ = l.Close() })
	go rec.serve(reply)
	return rec
}

func (s *recorder) serve(reply string) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.answer(conn, reply)
	}
}

func (s *recorder) answer(conn net.Conn, reply string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var raw bytes.Buffer
		r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(oneByte{in}, &raw)))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		s.received <- raw.String()
		if reply == "" {
			return
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

// oneByte stops a parser from reading beyond the request.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }

func (s *recorder) url() *url.URL { return &url.URL{Scheme: "http", Host: s.listener.Addr().String()} }

func (s *recorder) next(t testing.TB) string {
	t.Helper()
	select {
	case raw := <-s.received:
		return raw
	case <-time.After(5 * time.Second):
		t.Fatal("the service saw no request")
		return ""
	}
}

func optionsFor(upstream *url.URL) Options {
	return Options{
		Upstream: upstream, Timeout: 10 * time.Second, WebSockets: true, CardOrigins: []string{"https://card.example"},
		Clients: Clients{Origins: origin.List{{Scheme: "https", Host: "apply.example"}}},
		Log:     slog.New(slog.DiscardHandler),
		OnError: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, dial.Cause(err), http.StatusBadGateway)
		},
	}
}

// handler passes every request through, and closes connections as the gateway does.
func handler(p *Proxy) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		p.Serve(w, requestFor(r))
	})
}

func requestFor(r *http.Request) Request {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	return Request{In: r, Path: path, Query: query, HasQuery: hasQuery}
}

// serve starts a proxy to a service, and returns its address.
func serve(t testing.TB, upstream *url.URL) string {
	t.Helper()
	return testwire.Serve(t, handler(New(optionsFor(upstream))))
}

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"

func TestServeKeepsOddTargets(t *testing.T) {
	service := newRecorder(t, okReply)
	proxy := serve(t, service.url())
	for _, target := range []string{
		"/", "/?", "/a?a=1;b=2", "/a?x=100%&y=%zz", "/a?", "/a%2Fb%2f", "/a//b", "/a/./b/../c", "/caf%C3%A9", "/a|b",
		"/a{b}", "/a\"b<c>^`", "/a;b=c/d",
		"/a[1]", "/%7Euser", "/a?q=a+b&q=%20", "/a?==&&", "/*", "/a:b@c!$&'()*+,=", "/a??b", "/%41%zz?"[:4], "/a%00b",
	} {
		testwire.Exchange(t, proxy, "GET "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
		require.Equal(t, "GET "+target+" HTTP/1.1", strings.SplitN(service.next(t), "\r\n", 2)[0])
	}
}

func TestServeKeepsMethodAndBody(t *testing.T) {
	service := newRecorder(t, okReply)
	proxy := serve(t, service.url())
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
		testwire.Exchange(t, proxy, method+" /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\na\x00\r\n\xff")
		raw := service.next(t)
		require.True(t, strings.HasPrefix(raw, method+" /x "))
		require.True(t, strings.HasSuffix(raw, "\r\n\r\na\x00\r\n\xff"))
	}
}

func TestServeSendsContentLengthZero(t *testing.T) {
	service := newRecorder(t, okReply)
	proxy := serve(t, service.url())
	for _, method := range []string{"POST", "PUT", "PATCH"} {
		testwire.Exchange(t, proxy, method+" /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
		raw := service.next(t)
		require.Contains(t, raw, "Content-Length: 0\r\n", method)
		require.NotContains(t, raw, "Transfer-Encoding", method)
	}
}

func TestServeDropsHeadersThatMustNotTravel(t *testing.T) {
	service := newRecorder(t, okReply)
	proxy := serve(t, service.url())
	testwire.Exchange(t, proxy, strings.Join([]string{
		"POST /x HTTP/1.1", "Host: apply.example", "Paygate-Status: success", "paygate-journey: x",
		"PAYGATE_STATUS: success", "Paygate.Status: success",
		"X_Custom: 1", "X.Custom: 1", "X-Original-URL: /licences/apply", "X-Rewrite-Url: /x",
		"X-HTTP-Method-Override: PUT", "Script-Name: /x", "Proxy: x",
		"Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil", "X-Forwarded-Proto: https",
		"X-Forwarded-Port: 1", "X-Real-Ip: 1.2.3.4",
		"True-Client-Ip: 1.2.3.4", "TE: trailers", "Trailer: Paygate-Status", "Expect: 100-continue", "Upgrade: h2c",
		"HTTP2-Settings: AAAA",
		"Connection: Upgrade, HTTP2-Settings, Paygate-Status, X-Forwarded-For, X-Gone", "Keep-Alive: 1", "X-Gone: 1",
		"X-Kept: 1",
		"Transfer-Encoding: chunked", "", "1", "a", "0", "Paygate-Status: success", "", "",
	}, "\r\n"))
	raw := service.next(t)
	require.Contains(t, raw, "Paygate-Status: none\r\n")
	require.Contains(t, raw, "X-Forwarded-For: 127.0.0.1\r\n")
	require.Contains(t, raw, "X-Forwarded-Host: apply.example\r\n")
	require.Contains(t, raw, "X-Forwarded-Proto: https\r\n")
	require.Contains(t, raw, "X-Kept: 1\r\n")
	require.Equal(t, 1, strings.Count(strings.ToLower(raw), "paygate"), raw)
	for _, name := range []string{
		"custom", "original", "rewrite", "override", "script-name", "proxy:",
		"forwarded-port", "\nforwarded", "real-ip", "true-client", "\nte:", "trailer", "expect", "upgrade", "http2",
		"keep-alive", "x-gone", "user-agent", "accept-encoding",
	} {
		require.NotContains(t, strings.ToLower(raw), name)
	}
}

func TestServeUpgradesWebSockets(t *testing.T) {
	service := newRecorder(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	proxy := serve(t, service.url())
	answer := testwire.Exchange(t, proxy,
		"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n"+
			"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
	require.True(t, strings.HasPrefix(answer, "HTTP/1.1 101 "), answer)
	require.Contains(t, service.next(t), "Upgrade: websocket\r\n")
}

func TestServeSendsNoRequestTwice(t *testing.T) {
	for _, head := range []string{
		"POST /x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: 1\r\nContent-Length: 0\r\n\r\n",
		"DELETE /x HTTP/1.1\r\nHost: h\r\nX-Idempotency-Key: 1\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: 1\r\nContent-Length: 1\r\n\r\na",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		changed := make(chan struct{}, 8)
		go func() { // keeps a connection after a GET, and breaks it on whatever comes next
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					in := bufio.NewReader(conn)
					for {
						r, err := http.ReadRequest(in)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, r.Body)
						if r.Method != http.MethodGet {
							changed <- struct{}{}
							return
						}
						_, _ = io.WriteString(conn, okReply)
					}
				}()
			}
		}()
		server := httptest.NewServer(handler(New(optionsFor(&url.URL{Scheme: "http", Host: l.Addr().String()}))))
		proxy := server.Listener.Addr().String()
		testwire.Exchange(t, proxy, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		testwire.Exchange(t, proxy, head)
		server.Close()
		require.Len(t, changed, 1, head)
	}
}

func TestClosedIdleConnectionDoesNotFailAPost(t *testing.T) {
	answered := make(chan net.Conn, 64)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() { // an Apache whose KeepAliveTimeout ends at the worst moment: each connection serves one request
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err == nil {
					_, _ = io.Copy(io.Discard, r.Body)
					_, _ = io.WriteString(conn, okReply)
				}
				answered <- conn
				b := make([]byte, 1)
				_, _ = conn.Read(b) // the next request has begun to arrive
				_ = conn.Close()
			}()
		}
	}()
	proxy := serve(t, &url.URL{Scheme: "http", Host: l.Addr().String()})
	testwire.Exchange(t, proxy, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	answer := testwire.Exchange(t, proxy, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
	require.Contains(t, answer, " 200 ")
}

func TestServeCleansAnswers(t *testing.T) {
	service := newRecorder(t, "")
	_ = service
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := "http://" + r.Header.Get("X-Upstream")
		w.Header().Set("Paygate-Status", "success")
		w.Header()["Paygate_Status"] = []string{"success"}
		w.Header().Set("Location", own+"/next?x=1")
		w.Header().Set("Refresh", "5; url="+own+"/next")
		w.Header().Add("Set-Cookie", "sid=1; Path=/")
		w.Header().Add("Set-Cookie", "__Host-paygate=stolen; Path=/")
		w.Header().Set("Trailer", "Paygate-Late")
		w.Header().Add("Content-Security-Policy",
			"default-src 'self'; form-action 'self' ; img-src *, form-action 'none'")
		w.Header()["Content-Type"] = nil
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "<html>")
		w.Header().Set("Paygate-Late", "x")
	}))
	defer upstream.Close()
	to, _ := url.Parse(upstream.URL)
	proxy := serve(t, to)
	conn, err := net.Dial("tcp", proxy)
	require.NoError(t, err)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn,
		"POST / HTTP/1.1\r\nHost: h\r\nX-Upstream: %s\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", to.Host)
	in := bufio.NewReader(conn)
	early := testwire.ReadHead(t, in)
	require.NotContains(t, strings.ToLower(early), "paygate", "early hints")
	head := testwire.ReadHead(t, in)
	t.Log(head)
	require.Contains(t, head, "Location: https://apply.example/next?x=1\r\n")
	require.Contains(t, head, "Refresh: 5; url=https://apply.example/next\r\n")
	require.Contains(t, head, "form-action 'self' https://card.example")
	require.Contains(t, head, "form-action https://card.example")
	require.NotContains(t, strings.ToLower(head), "paygate")
	require.NotContains(t, head, "Content-Type", "the service sent none")
}

func TestServeAnswersNothingToAHalfClosedConnection(t *testing.T) {
	reached, done := make(chan struct{}), make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(reached)
		<-done
	}))
	defer upstream.Close()
	defer close(done)
	to, _ := url.Parse(upstream.URL)
	conn, err := net.Dial("tcp", serve(t, to))
	require.NoError(t, err)
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
	answer, _ := io.ReadAll(conn)
	require.NotContains(t, string(answer), " 200 ")
}

func TestServeStreamsEvents(t *testing.T) {
	next := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		for i := range 3 {
			<-next
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer upstream.Close()
	to, _ := url.Parse(upstream.URL)
	answer, err := http.Get("http://" + serve(t, to) + "/")
	require.NoError(t, err)
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	for i := range 3 {
		next <- struct{}{}
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("data: %d\n", i), line)
		_, _ = in.ReadString('\n')
	}
}

func TestServePassesRanges(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Unix(0, 0), strings.NewReader("0123456789"))
	}))
	defer upstream.Close()
	to, _ := url.Parse(upstream.URL)
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+serve(t, to)+"/", nil)
	r.Header.Set("Range", "bytes=2-4")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	require.Equal(t, http.StatusPartialContent, answer.StatusCode)
	require.Equal(t, "234", string(body))
}
