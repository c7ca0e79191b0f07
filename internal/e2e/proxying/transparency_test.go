package proxying

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestOddHarmlessTargetsPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_METHODS=PROPFIND")
	lines := testserver.ReadLines(t, "testdata/raw/harmless.txt")
	require.Greater(t, len(lines), 60)
	lines = append(lines, "GET /"+strings.Repeat("long/", 6000), "GET /?"+strings.Repeat("long=1&", 4000),
		"POST /"+strings.Repeat("%20", 10000))
	for _, line := range lines {
		t.Run(line[:min(80, len(line))], func(t *testing.T) {
			answer := d.MustPass(t, line, []string{"Content-Length: 0"}, "")
			require.Equal(t, http.StatusOK, answer.Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

func TestRequestHeadersPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, lines := range map[string][]string{
		"none":         {},
		"empty values": {"X-Empty:", "X-Empty: ", "Accept:"},
		"repeated": {
			"X-Twice: a", "X-Once: b", "X-Twice: a", "X-Twice: c, d", "Accept: text/html",
			"Accept: */*",
		},
		"in small": {"accept-language: cy", "x-lower: A", "ETAG: x"},
		"odd cookies": {`Cookie: a="b c"; d=%00; e={"x":[1,2]}; f=` + "\xc3\xbc\xe9" +
			`; g; =h; i=j=k;; $Version=1;  l = m `, "Cookie: n=o"},
		"not ASCII": {"X-Name: J\xc3\xbcrgen", "X-Latin: caf\xe9", "User-Agent: \xff"},
		"long":      {"X-Long: " + strings.Repeat("x", 30<<10)},
		"many":      strings.Split(strings.Repeat("X-Many: 1\n", 500)+"X-Many: 2", "\n"),
		"caches": {
			"If-None-Match: W/\"a\", \"b\"", "If-Modified-Since: Tue, 24 Nov 2026 10:00:00 GMT",
			"Cache-Control: no-cache", "Pragma: no-cache", "Range: bytes=0-99,200-", "If-Range: \"a\"",
		},
		"conditions":    {"If-Match: *", "If-Unmodified-Since: yesterday"},
		"authorization": {"Authorization: Basic QTpi", "WWW-Authenticate: x"},
		"browsers": {
			"Accept-Encoding: gzip, br, zstd", "Sec-Fetch-Mode: navigate", "Sec-CH-UA: \"x\";v=\"1\"",
			"DNT: 1", "Upgrade-Insecure-Requests: 1", "Origin: null", "Referer: http://apply.example/a?b=c#d",
		},
		"odd types": {
			"Content-Type: text/html; charset=\"utf-8\"; x", "Content-Encoding: x", "Content-MD5: y",
			"Content-Disposition: z", "MIME-Version: 1.0",
		},
		"SOAP":            {"SOAPAction: \"urn:x\"", "Content-Type: text/xml"},
		"punctuation":     {"X-P: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "X-Tab: a\tb", "X-Colon: : :"},
		"near ours":       {"Paygateway: x", "Pay-Gate: y", "X-Paygate-Status: z"},
		"no user agent":   {"Accept: */*"},
		"a date":          {"Date: Tue, 24 Nov 2026 10:00:00 GMT", "Via: 1.1 proxy", "Max-Forwards: 10", "From: a@b"},
		"idempotency key": {"Idempotency-Key: \"x\"", "X-Request-Id: y", "Traceparent: 00-1-2-3"},
	} {
		t.Run(name, func(t *testing.T) {
			d.MustPass(t, "GET /page", lines, "")
			d.MustPass(t, "POST /page", append(slices.Clone(lines), "Content-Length: 2"), "ok")
			d.MustPass(t, "DELETE /page", lines, "")
		})
	}
	d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\nCookie: a=1; paygate=x; b=\"2\"\r\nCookie: " +
		"paygate=y\r\nCookie: c=%00\r\n\r\n")
	require.Equal(t, []string{`a=1; b="2"`, "c=%00"}, d.Service.Take()[0].Values("Cookie"), "our own cookie is cut out")
}

func TestRequestBodiesPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write(testserver.BytesOfAllKinds(10_000))
	require.NoError(t, zip.Close())
	multi, parts := testserver.MultipartForm(map[string]string{"name": "Ann", "card": "4444333322221111"},
		testserver.BytesOfAllKinds(100_000))
	for name, c := range map[string]struct {
		kind []string
		body []byte
	}{
		"none":     {nil, nil},
		"one byte": {nil, []byte{0}},
		"binary": {
			[]string{"Content-Type: application/octet-stream"},
			testserver.BytesOfAllKinds(300_000),
		},
		"a form": {
			[]string{"Content-Type: application/x-www-form-urlencoded"},
			[]byte("a=1;b=2&c=%zz&&=&d=100%&licence=4444333322221111"),
		},
		"an uploaded file":           {[]string{"Content-Type: " + multi}, parts},
		"broken multipart":           {[]string{"Content-Type: multipart/form-data"}, []byte("--x\r\nnonsense")},
		"JSON":                       {[]string{"Content-Type: application/json"}, []byte("{\"a\":1,\"a\":2} \n")},
		"gzip":                       {[]string{"Content-Encoding: gzip", "Content-Type: text/plain"}, zipped.Bytes()},
		"what looks like a request":  {nil, []byte(testserver.Smuggled)},
		"what looks like chunks":     {nil, []byte("5\r\nhello\r\n0\r\n\r\n")},
		"line ends and nothing else": {nil, []byte("\r\n\n\r\r\n\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET"} {
				length := fmt.Sprintf("Content-Length: %d", len(c.body))
				d.Service.MustReceive(t, string(c.body),
					func() { d.Upload(t, method, append(slices.Clone(c.kind), length), string(c.body)) })
				d.Service.MustReceive(t, string(c.body), func() {
					d.Upload(t, method, append(slices.Clone(c.kind), "Transfer-Encoding: chunked"), inChunks(c.body))
				})
				d.Service.MustReceive(t, string(c.body), func() {
					d.Upload(t, method, append(slices.Clone(c.kind), "Expect: 100-continue", length), string(c.body))
				})
			}
		})
	}
}

// inChunks cuts a body up as HTTP/1.1 may.
func inChunks(body []byte) string {
	var out strings.Builder
	for size := 1; len(body) > 0; size = size*3 + 1 {
		n := min(size, len(body))
		fmt.Fprintf(&out, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return out.String() + "0\r\n\r\n"
}

func TestResponsesPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	binary := string(testserver.BytesOfAllKinds(200_000))
	for name, c := range map[string]struct {
		answer string
		body   string
	}{
		"a page": {"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nServer: " +
			"Apache/1.3\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"in chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: x/y\r\n\r\n" +
			inChunks([]byte(binary)), binary},
		"until the end":  {"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nConnection: close\r\n\r\n" + binary, binary},
		"of HTTP/1.0":    {"HTTP/1.0 200 OK\r\nContent-Type: x/y\r\nConnection: close\r\n\r\nold", "old"},
		"without a type": {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "<html>"},
		"an empty type":  {"HTTP/1.1 200 OK\r\nContent-Type:\r\nContent-Length: 6\r\n\r\n<html>", "<html>"},
		"nothing":        {"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", ""},
		"not modified": {"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nCache-Control: max-age=60, " +
			"public\r\n\r\n", ""},
		"a part": {"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nAccept-Ranges: " +
			"bytes\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"many cookies": {"HTTP/1.1 200 OK\r\nSet-Cookie: a=\"1 2\"; Path=/\r\nSet-Cookie: b=\xe9; " +
			"Expires=nonsense\r\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n", ""},
		"repeated headers": {
			"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic " +
				"realm=\"x\"\r\nWWW-Authenticate: Digest y\r\nX-Empty:\r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n",
			"",
		},
		"a redirect elsewhere": {"HTTP/1.1 302 Found\r\nLocation: https://other.example/a b?c=%zz\r\nContent-Length: " +
			"0\r\n\r\n", ""},
		"a relative redirect": {"HTTP/1.1 303 See Other\r\nLocation: ../a;b?c\r\nRefresh: 5\r\nContent-Length: " +
			"0\r\n\r\n", ""},
		"unknown status": {"HTTP/1.1 299 Fine\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"a teapot":       {"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"a high status":  {"HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"an error": {
			"HTTP/1.1 500 Internal Server Error\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\nno",
			"no",
		},
		"gzip": {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: " +
			"Accept-Encoding\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00\x00", "\x1f\x8b\x00\x00"},
		"security headers": {"HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src 'self'; script-src " +
			"'none'\r\nStrict-Transport-Security: max-age=1\r\nX-Frame-Options: DENY\r\nContent-Length: 0\r\n\r\n", ""},
		"asks for payment": {"HTTP/1.1 402 Payment Required\r\nContent-Length: 2\r\n\r\nno", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			d.Service.SetAnswer(c.answer)
			got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\nConnection: close\r\n\r\n")
			d.Service.Take()
			require.Len(t, got.Answers, 1)
			head, _, _ := strings.Cut(c.answer, "\r\n\r\n")
			lines := strings.Split(head, "\r\n")
			require.Equal(t, strings.Fields(lines[0])[1], fmt.Sprint(got.Answers[0].Status))
			hop := []string{"Connection", "Transfer-Encoding", "Content-Length"}
			want := testserver.HeaderOf(lines[1:], hop)
			for _, name := range hop {
				got.Answers[0].Header.Del(name)
			}
			if want["Date"] == nil {
				got.Answers[0].Header.Del("Date")
			}
			require.Equal(t, http.Header(want), got.Answers[0].Header)
			require.True(t, c.body == got.Answers[0].Body)
		})
	}
	d.Service.SetAnswer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nContent-Type: application/pdf\r\n\r\n")
	got := d.Send("HEAD /page HTTP/1.1\r\nHost: apply.example\r\nConnection: close\r\n\r\n")
	require.Equal(t, "1234", got.Answers[0].Header.Get("Content-Length"))
	require.Empty(t, got.Answers[0].Body)
}

func TestEarlyHintsPassAndTrailersDoNot(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	d.Service.SetAnswer("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nPaygate-Answer: " +
		"evil\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: " +
		"1\r\nPaygate-Status: evil\r\n\r\n")
	got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
	require.Len(t, got.Answers, 2)
	require.Equal(t, 103, got.Answers[0].Status)
	require.Equal(t, http.Header{"Link": {"</a.css>; rel=preload"}}, got.Answers[0].Header)
	require.Equal(t, "ok", got.Answers[1].Body)
	require.Empty(t, got.Answers[1].Header["Trailer"])

	got = d.Send(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	require.Len(t, got.Answers, 2)
	require.Equal(t, http.Header{"Link": {"</a.css>; rel=preload"}}, got.Answers[0].Header,
		"the last answer ends the connection, not the first")
	require.Equal(t, "close", got.Answers[1].Header.Get("Connection"))
}

func TestServerSentEventsAreStreamed(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer service.Close()
	d := testserver.StartRawFor(t, service.URL)
	conn := d.Dial(t)
	_, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: apply.example\r\nAccept: text/event-stream\r\n\r\n")
	require.NoError(t, err)
	go func() { next <- "data: 0\n\n" }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	for i := range 3 {
		if i > 0 {
			next <- fmt.Sprintf("data: %d\n\n", i)
		}
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("data: %d\n", i), line, "before the next one is sent")
		_, err = in.ReadString('\n')
		require.NoError(t, err)
	}
	close(next)
	_, err = in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestWebSocketIsTunnelled(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
			"Upgrade\r\nSec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			r.Header.Get("Sec-WebSocket-Protocol"), r.Header.Get("Sec-WebSocket-Key"))
		_, _ = io.Copy(conn, buffered)
	}))
	defer service.Close()
	d := testserver.StartRawFor(t, service.URL)
	conn := d.Dial(t)
	_, err := io.WriteString(conn,
		"GET /socket?a;b HTTP/1.1\r\nHost: apply.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: key==\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	require.Equal(t, "chat", answer.Header.Get("Sec-WebSocket-Protocol"))
	require.Equal(t, "key==", answer.Header.Get("Sec-WebSocket-Accept"))
	sent := append(testserver.BytesOfAllKinds(10_000), testserver.Smuggled...)
	go func() { _, _ = conn.Write(sent) }()
	echoed := make([]byte, len(sent))
	_, err = io.ReadFull(in, echoed)
	require.NoError(t, err)
	require.Equal(t, sent, echoed)
	require.Empty(t, d.Pay.Payments())
}
