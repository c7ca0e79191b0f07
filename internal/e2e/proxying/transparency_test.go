package proxying

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestOddHarmlessTargetsPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_METHODS=PROPFIND")
	lines := harmlessLines(t)
	require.Greater(t, len(lines), 60)
	lines = append(lines, "GET /"+strings.Repeat("long/", 6000), "GET /?"+strings.Repeat("long=1&", 4000),
		"POST /"+strings.Repeat("%20", 10000))
	for _, line := range lines {
		t.Run(line[:min(80, len(line))], func(t *testing.T) {
			answer := mustPass(t, d, line, []string{"Content-Length: 0"}, "")
			require.Equal(t, http.StatusOK, answer.Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

// harmlessLines returns the request lines of testdata/raw/harmless.txt.
func harmlessLines(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/raw/harmless.txt")
	require.NoError(t, err)
	return slices.DeleteFunc(strings.Split(string(content), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#")
	})
}

// ownHeaders are those that Paygate adds to each request, and those of its own connection to the service.
var ownHeaders = []string{
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Paygate-Status", "Connection", "Content-Length",
	"Transfer-Encoding", "X-Request-Id",
}

// mustPass sends a free request and requires that the service receives exactly that.
func mustPass(
	t *testing.T, d *testserver.RawClient, line string, header []string, body string,
) testserver.RawResponse {
	t.Helper()
	header = append([]string{"Host: " + testserver.PublicHost}, header...)
	got := d.Send(line + " HTTP/1.1\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" + body)
	require.NotEmpty(t, got.Answers, line)
	received := d.Service.Take()
	require.Len(t, received, 1, line)
	require.Equal(t, line+" HTTP/1.1", received[0].Line)
	require.Equal(t, headerOf(header, append(ownHeaders, "Expect")), headerOf(received[0].Header, ownHeaders), line)
	require.Equal(t, []string{"none"}, received[0].Values("Paygate-Status"), line)
	return got.Answers[len(got.Answers)-1]
}

// headerOf parses header lines, except those to skip.
func headerOf(lines, skip []string) http.Header {
	header := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(skip, name) {
			header[name] = append(header[name], strings.TrimSpace(value))
		}
	}
	return header
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
		"lower case": {"accept-language: cy", "x-lower: A", "ETAG: x"},
		"odd cookies": {`Cookie: a="b c"; d=%00; e={"x":[1,2]}; f=` + "\xc3\xbc\xe9" +
			`; g; =h; i=j=k;; $Version=1;  l = m `, "Cookie: n=o"},
		"not ASCII": {"X-Name: J\xc3\xbcrgen", "X-Latin: caf\xe9", "User-Agent: \xff"},
		"long":      {"X-Long: " + strings.Repeat("x", 30<<10)},
		"many":      strings.Split(strings.Repeat("X-Many: 1\n", 500)+"X-Many: 2", "\n"),
		"caching": {
			"If-None-Match: W/\"a\", \"b\"", "If-Modified-Since: Tue, 24 Nov 2026 10:00:00 GMT",
			"Cache-Control: no-cache", "Pragma: no-cache", "Range: bytes=0-99,200-", "If-Range: \"a\"",
		},
		"preconditions": {"If-Match: *", "If-Unmodified-Since: yesterday"},
		"authorization": {"Authorization: Basic QTpi", "WWW-Authenticate: x"},
		"browser headers": {
			"Accept-Encoding: gzip, br, zstd", "Sec-Fetch-Mode: navigate", "Sec-CH-UA: \"x\";v=\"1\"",
			"DNT: 1", "Upgrade-Insecure-Requests: 1", "Origin: null", "Referer: http://apply.example.org/a?b=c#d",
		},
		"odd content headers": {
			"Content-Type: text/html; charset=\"utf-8\"; x", "Content-Encoding: x", "Content-MD5: y",
			"Content-Disposition: z", "MIME-Version: 1.0",
		},
		"SOAP":                 {"SOAPAction: \"urn:x\"", "Content-Type: text/xml"},
		"punctuation":          {"X-P: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "X-Tab: a\tb", "X-Colon: : :"},
		"similar to Paygate's": {"Paygateway: x", "Pay-Gate: y", "X-Paygate-Status: z"},
		"no user agent":        {"Accept: */*"},
		"date and proxies": {
			"Date: Tue, 24 Nov 2026 10:00:00 GMT", "Via: 1.1 proxy", "Max-Forwards: 10",
			"From: a@b",
		},
		"idempotency key": {"Idempotency-Key: \"x\"", "X-Request-Id: y", "Traceparent: 00-1-2-3"},
	} {
		t.Run(name, func(t *testing.T) {
			mustPass(t, d, "GET /page", lines, "")
			mustPass(t, d, "POST /page", append(slices.Clone(lines), "Content-Length: 2"), "ok")
			mustPass(t, d, "DELETE /page", lines, "")
		})
	}
	d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\nCookie: a=1; paygate=x; b=\"2\"\r\nCookie: " +
		"paygate=y\r\nCookie: c=%00\r\n\r\n")
	require.Equal(t, []string{`a=1; b="2"`, "c=%00"}, d.Service.Take()[0].Values("Cookie"),
		"only Paygate's own cookie is removed")
}

func TestRequestBodiesPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write(testserver.BinaryContent(10_000))
	require.NoError(t, zip.Close())
	multi, parts := testserver.MultipartForm(map[string]string{"name": "Ann", "card": "4444333322221111"},
		testserver.BinaryContent(100_000))
	for name, c := range map[string]struct {
		kind []string
		body []byte
	}{
		"none":     {nil, nil},
		"one byte": {nil, []byte{0}},
		"binary": {
			[]string{"Content-Type: application/octet-stream"},
			testserver.BinaryContent(300_000),
		},
		"a form": {
			[]string{"Content-Type: application/x-www-form-urlencoded"},
			[]byte("a=1;b=2&c=%zz&&=&d=100%&licence=4444333322221111"),
		},
		"an uploaded file": {[]string{"Content-Type: " + multi}, parts},
		"broken multipart": {[]string{"Content-Type: multipart/form-data"}, []byte("--x\r\nnonsense")},
		"JSON":             {[]string{"Content-Type: application/json"}, []byte("{\"a\":1,\"a\":2} \n")},
		"gzip":             {[]string{"Content-Encoding: gzip", "Content-Type: text/plain"}, zipped.Bytes()},
		"like a request":   {nil, []byte(testserver.Smuggled)},
		"like chunks":      {nil, []byte("5\r\nhello\r\n0\r\n\r\n")},
		"only line ends":   {nil, []byte("\r\n\n\r\r\n\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET"} {
				length := fmt.Sprintf("Content-Length: %d", len(c.body))
				mustUpload(t, d, method, append(slices.Clone(c.kind), length), string(c.body), c.body)
				chunked := append(slices.Clone(c.kind), "Transfer-Encoding: chunked")
				mustUpload(t, d, method, chunked, inChunks(c.body), c.body)
				expecting := append(slices.Clone(c.kind), "Expect: 100-continue", length)
				mustUpload(t, d, method, expecting, string(c.body), c.body)
			}
		})
	}
}

// mustUpload sends a request and requires that the service receives one with this body.
func mustUpload(t *testing.T, d *testserver.RawClient, method string, header []string, sent string, body []byte) {
	t.Helper()
	got := d.Send(method + " /upload?a=1;b HTTP/1.1\r\nHost: apply.example.org\r\n" + strings.Join(header, "\r\n") +
		"\r\n\r\n" + sent)
	require.NotEmpty(t, got.Answers)
	require.Equal(t, http.StatusOK, got.Answers[len(got.Answers)-1].Status)
	received := d.Service.Take()
	require.Len(t, received, 1)
	require.True(t, bytes.Equal(body, received[0].Body), "%d bytes sent, %d received", len(body), len(received[0].Body))
}

// inChunks encodes a body in chunks of growing sizes.
func inChunks(body []byte) string {
	var out strings.Builder
	for size := 1; len(body) > 0; size = size*3 + 1 {
		n := min(size, len(body))
		fmt.Fprintf(&out, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return out.String() + "0\r\n\r\n"
}
