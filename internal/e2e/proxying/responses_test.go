package proxying

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestResponsesPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	binary := string(testserver.BinaryContent(200_000))
	for name, c := range map[string]struct {
		answer string
		body   string
	}{
		"a page": {"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nServer: " +
			"Apache/1.3\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"in chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: x/y\r\n\r\n" +
			inChunks([]byte(binary)), binary},
		"until close":    {"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nConnection: close\r\n\r\n" + binary, binary},
		"HTTP/1.0":       {"HTTP/1.0 200 OK\r\nContent-Type: x/y\r\nConnection: close\r\n\r\nold", "old"},
		"without a type": {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "<html>"},
		"an empty type":  {"HTTP/1.1 200 OK\r\nContent-Type:\r\nContent-Length: 6\r\n\r\n<html>", "<html>"},
		"no content":     {"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", ""},
		"not modified": {"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nCache-Control: max-age=60, " +
			"public\r\n\r\n", ""},
		"partial content": {"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nAccept-Ranges: " +
			"bytes\r\nContent-Length: 2\r\n\r\nok", "ok"},
		"many cookies": {"HTTP/1.1 200 OK\r\nSet-Cookie: a=\"1 2\"; Path=/\r\nSet-Cookie: b=\xe9; " +
			"Expires=nonsense\r\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n", ""},
		"repeated headers": {
			"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic " +
				"realm=\"x\"\r\nWWW-Authenticate: Digest y\r\nX-Empty:\r\nX-Latin: caf\xe9\r\n" +
				"Content-Length: 0\r\n\r\n",
			"",
		},
		"a redirect to another host": {"HTTP/1.1 302 Found\r\nLocation: https://other.example/a " +
			"b?c=%zz\r\nContent-Length: " +
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
		"payment required": {"HTTP/1.1 402 Payment Required\r\nContent-Length: 2\r\n\r\nno", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			d.Service.SetAnswer(c.answer)
			got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\nConnection: close\r\n\r\n")
			d.Service.Take()
			require.Len(t, got.Answers, 1)
			head, _, _ := strings.Cut(c.answer, "\r\n\r\n")
			lines := strings.Split(head, "\r\n")
			require.Equal(t, strings.Fields(lines[0])[1], fmt.Sprint(got.Answers[0].Status))
			hop := []string{"Connection", "Transfer-Encoding", "Content-Length"}
			want := headerOf(lines[1:], hop)
			for _, name := range hop {
				got.Answers[0].Header.Del(name)
			}
			if want["Date"] == nil {
				got.Answers[0].Header.Del("Date")
			}
			require.Equal(t, want, got.Answers[0].Header)
			require.True(t, c.body == got.Answers[0].Body)
		})
	}
	d.Service.SetAnswer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nContent-Type: application/pdf\r\n\r\n")
	got := d.Send("HEAD /page HTTP/1.1\r\nHost: apply.example.org\r\nConnection: close\r\n\r\n")
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
	got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
	require.Len(t, got.Answers, 2)
	require.Equal(t, 103, got.Answers[0].Status)
	require.Equal(t, http.Header{"Link": {"</a.css>; rel=preload"}}, got.Answers[0].Header)
	require.Equal(t, "ok", got.Answers[1].Body)
	require.Empty(t, got.Answers[1].Header["Trailer"])

	got = d.Send(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	require.Len(t, got.Answers, 2)
	require.Equal(t, http.Header{"Link": {"</a.css>; rel=preload"}}, got.Answers[0].Header,
		"only the final response closes the connection")
	require.Equal(t, "close", got.Answers[1].Header.Get("Connection"))
}
