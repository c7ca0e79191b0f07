package proxying

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestHostileHeadersAreRemoved(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, name := range testserver.HostileHeaderNames() {
		t.Run(name, func(t *testing.T) {
			for _, lines := range []string{
				name + ": evil\r\n", name + ":evil\r\n" + name + ": evil\r\n",
				name + ": none\r\n evil\r\n",
			} {
				got := d.Send("POST /free HTTP/1.1\r\nHost: apply.example\r\n" + lines + "Content-Length: 2\r\n\r\nok")
				require.Len(t, got.Answers, 1)
				require.Equal(t, http.StatusOK, got.Answers[0].Status)
				received := d.Service.Take()
				require.Len(t, received, 1)
				require.Equal(t, []string{"Paygate-Status: none"}, received[0].PaygateHeaders())
				require.NotContains(t, strings.Join(received[0].Header, "\n"), "evil")
				require.Equal(t, "ok", string(received[0].Body))
			}
		})
	}
}

func TestConnectionOptionsCannotRemovePaygateHeaders(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, options := range []string{
		"Paygate-Status", "paygate-status, close", "close, Paygate-Status",
		"X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto", "Host", "Content-Length",
		"keep-alive,Paygate-Status,,", "Paygate-Status\r\nConnection: X-Forwarded-For", "\tPaygate-Status\t",
		"Transfer-Encoding",
	} {
		got := d.Send("POST /free HTTP/1.1\r\nHost: apply.example\r\nConnection: " + options +
			"\r\nContent-Length: 2\r\n\r\nok")
		require.Len(t, got.Answers, 1, options)
		received := d.Service.Take()
		require.Len(t, received, 1, options)
		require.Equal(t, []string{"none"}, received[0].Values("Paygate-Status"), options)
		require.Equal(t, []string{"127.0.0.1"}, received[0].Values("X-Forwarded-For"), options)
		require.Equal(t, []string{testserver.PublicHost}, received[0].Values("X-Forwarded-Host"), options)
		require.Equal(t, []string{testserver.PublicHost}, received[0].Values("Host"), options)
		require.Equal(t, "ok", string(received[0].Body), options)
	}
	for _, options := range []string{
		"Content-Type", "close, content-type", "Cookie", "Paygate-Status", "X-Anything",
		"keep-alive, Content-Length",
	} {
		answer := d.MustBlock(t,
			strings.Replace(testserver.FormRequest(http.MethodPost, "/licences/apply"), "\r\n\r\n",
				"\r\nConnection: "+options+"\r\n\r\n", 1))
		require.Equal(t, http.StatusBadRequest, answer.Status, options)
	}
	for _, options := range []string{"keep-alive", "close", "Keep-Alive, TE", "Upgrade, HTTP2-Settings", ""} {
		answer := d.MustBlock(t,
			strings.Replace(testserver.FormRequest(http.MethodPost, "/licences/apply"), "\r\n\r\n",
				"\r\nConnection: "+options+"\r\n\r\n", 1))
		require.Equal(t, http.StatusSeeOther, answer.Status, options)
	}
}

// hostileLines are all hostile headers, but those that net/http answers itself.
func hostileLines() string {
	var lines strings.Builder
	for _, name := range testserver.HostileHeaderNames() {
		lines.WriteString(name + ": evil\r\n")
	}
	return lines.String()
}

func TestHostileHeadersAreRemovedAtHoldAndRelease(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	answer := d.MustBlock(t, "POST /licences/apply HTTP/1.1\r\nHost: apply.example\r\n"+hostileLines()+
		"X-Forwarded-For: evil\r\nX-Kept: kept\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nIdempotency-Key: "+
		"key\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Cookie: a=1; paygate=evil; __Host-paygate=evil; b=%00 \"2\"\r\nContent-Length: 8\r\n\r\nname=Ann")
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	back := d.ReturnFromPay(hostileLines() + "X-Forwarded-For: evil\r\nCookie: " + testserver.CookieOf(answer))
	require.Len(t, back.Answers, 1)
	received := d.Service.Take()
	require.Len(t, received, 1)
	received[0].RequirePaidHeaders(t, "return")
	require.Equal(t, "POST /licences/apply HTTP/1.1", received[0].Line)
	require.Equal(t, "name=Ann", string(received[0].Body))
	require.Equal(t, []string{"kept"}, received[0].Values("X-Kept"))
	require.Equal(t, []string{`a=1; b=%00 "2"`}, received[0].Values("Cookie"))
	require.Equal(t, []string{"127.0.0.1"}, received[0].Values("X-Forwarded-For"))
	require.Equal(t, []string{"key"}, received[0].Values("Idempotency-Key"))
	for _, name := range []string{"Range", "If-None-Match", "Transfer-Encoding", "X-Http-Method-Override"} {
		require.Empty(t, received[0].Values(name), name)
	}
}

// TestReleaseForwardsTheClientAddressAsFreeTrafficDoes: behind a trusted proxy too, a service cannot tell the two apart.
func TestReleaseForwardsTheClientAddressAsFreeTrafficDoes(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,10.0.0.0/8",
		"PAYGATE_PUBLIC_URL=http://licences.example")
	c := h.Citizen()
	asked := []string{
		"X-Forwarded-For", "192.0.2.7, 10.1.1.1", "X-Forwarded-Host", "licences.example",
		"X-Forwarded-Proto", "https",
	}
	c.Post("/free", url.Values{}, asked...)
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{}, asked...).Status)
	h.Pays("success")
	c.ComesBack()
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, posts[0].Host, posts[1].Host)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		require.Equal(t, posts[0].Header[name], posts[1].Header[name], name)
	}
}

func TestHostileHeadersAreRemovedFromAPass(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	answer := d.MustBlock(t, "GET /register/2026 HTTP/1.1\r\nHost: apply.example\r\n"+hostileLines()+"\r\n")
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + testserver.CookieOf(answer) + "\r\n"
	d.Send("GET /_pay/return HTTP/1.1\r\nHost: apply.example\r\n" + ticket + "\r\n")
	for _, target := range []string{"/register/2026", "/register/2026", "/register/2026;jsessionid=1"} {
		d.Send("GET " + target + " HTTP/1.1\r\nHost: apply.example\r\nConnection: Upgrade\r\n" + hostileLines() +
			ticket + "\r\n")
	}
	received := d.Service.Take()
	require.NotEmpty(t, received)
	for _, r := range received {
		require.Equal(t, "GET /register/2026 HTTP/1.1", r.Line)
		r.RequirePaidHeaders(t, "pass")
		require.Empty(t, r.Values("Upgrade"))
	}
}

func TestNoHostOrClientHeaderOpensAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, host := range []string{
		"evil.example", "localhost", "127.0.0.1", "[::1]", "apply.example:99999", "service.internal",
		"evil.example\r\nX-Forwarded-Host: apply.example",
		"apply.example.", "apply.example..", "apply.example.evil.example", "xapply.example",
	} {
		answer := d.MustBlock(t, "POST /licences/apply HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Equal(t, http.StatusMisdirectedRequest, answer.Status, host)
	}
	for _, lines := range []string{
		"Host: APPLY.EXAMPLE", "Host: apply.example:80",
		"Host: apply.example\r\nUser-Agent: kube-probe/1.30",
		"Host: apply.example\r\nUser-Agent: ELB-HealthChecker/2.0", "Host: apply.example\r\nUser-Agent: GoogleHC/1.0",
		"Host: apply.example\r\nX-Forwarded-For: 127.0.0.1", "Host: apply.example\r\nX-Real-IP: 10.0.0.1",
		"Host: apply.example\r\nForwarded: for=127.0.0.1;proto=https",
		"Host: apply.example\r\nX-Custom-IP-Authorization: 127.0.0.1",
		"Host: apply.example\r\nX-Middleware-Subrequest: middleware",
		"Host: apply.example\r\nAuthorization: Basic YWRtaW46YWRtaW4=",
		"Host: apply.example\r\nReferer: http://apply.example/_pay/return",
		"Host: apply.example\r\nCookie: paygate=x; __Host-paygate=x", "Host: apply.example\r\nSec-Purpose: prefetch",
	} {
		answer := d.MustBlock(t,
			"POST /licences/apply HTTP/1.1\r\n"+lines+
				"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Contains(t, []int{http.StatusSeeOther, http.StatusServiceUnavailable}, answer.Status, lines)
	}
	for _, lines := range []string{
		"X: y", "Host:", "Host: ", "Host: a\r\nHost: a", "Host: apply.example\r\nHost: evil.example", "Host: a b",
		"Host: a\x00b", "Host: a/b c", "Host: <x>", "Host: a\x7f", "Host : apply.example",
		" Host: apply.example", "Host\t: apply.example",
	} {
		got := d.Send("POST /free HTTP/1.1\r\n" + lines + "\r\nContent-Length: 2\r\n\r\nok")
		require.Len(t, got.Answers, 1, "%q", lines)
		require.Equal(t, http.StatusBadRequest, got.Answers[0].Status, "%q", lines)
		require.True(t, got.Closed)
		require.Empty(t, d.Service.Take(), "%q", lines)
	}
}

func TestNoMethodOpensAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_METHODS=PROPFIND,LOCK")
	for _, method := range []string{
		"post", "Post", "pOST", "PUT", "PATCH", "DELETE", "PROPFIND", "LOCK", "UNLOCK", "MOVE", "TRACE", "TRACK",
		"CONNECT", "PRI", "DEBUG", "FOO", "GET1", "get", "Get", "head",
		"LINK", "QUERY", "SEARCH", "POST!", "P-OST", "ARBITRARYLONGMETHODTHATNOBODYKNOWS",
	} {
		for _, target := range []string{"/licences/apply", "/licences//apply", "/licences/apply/"} {
			answer := d.MustBlock(t, testserver.FormRequest(method, target))
			require.Contains(t, []int{400, 405, 501}, answer.Status, method)
		}
		if !strings.EqualFold(method, "GET") && method != "head" {
			d.MustBlock(t, testserver.FormRequest(method, "/register/2026"))
		}
	}
	for _, line := range []string{
		"CONNECT apply.example:443 HTTP/1.1", "CONNECT /licences/apply HTTP/1.1", "CONNECT licences/apply HTTP/1.1",
		"CONNECT 127.0.0.1:80 HTTP/1.1", "PRI * HTTP/2.0", "PRI * HTTP/1.1", "PRI /licences/apply HTTP/1.1",
		"TRACE / HTTP/1.1", "TRACE * HTTP/1.1", "POST * HTTP/1.1", "GET * HTTP/1.1", "FOO /free HTTP/1.1",
		"post /free HTTP/1.1", "HEAD /register/2026 HTTP/1.1", "OPTIONS /register/2026 HTTP/1.1",
		"PO ST /licences/apply HTTP/1.1", " POST /licences/apply HTTP/1.1", "POST\t/licences/apply\tHTTP/1.1",
		"POST /licences/apply  HTTP/1.1", "POST  /licences/apply HTTP/1.1",
		"POST /licences/apply HTTP/1.1 ", "POST /licences/apply HTTP/3.0", "POST /licences/apply HTTP/2.0",
		"POST /licences/apply HTTP/0.9", "POST /licences/apply http/1.1", "POST /licences/apply HTTP/1.10",
		"POST /licences/apply HTTP/11", "POST /licences/apply", "POST /licences/apply HTTP/1,1",
		"POST /licences/apply SIP/1.1", "POST /licences/apply\x0bHTTP/1.1", "POST /licences/apply\xc2\xa0HTTP/1.1",
		"POST /licences/apply\rHTTP/1.1", "PO\x00ST /licences/apply HTTP/1.1",
		"GET /free POST /licences/apply HTTP/1.1", "GET /free\tHTTP/1.1",
	} {
		d.MustBlock(t, line+"\r\nHost: apply.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0", "HTTP/1.9"} {
		answer := d.MustBlock(t,
			"POST /licences/apply "+version+"\r\nHost: apply.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		require.Equal(t, http.StatusSeeOther, answer.Status, version)
	}
	answer := d.Send("OPTIONS * HTTP/1.1\r\nHost: apply.example\r\n\r\n").Answers[0]
	require.Equal(t, http.StatusOK, answer.Status)
	require.Empty(t, d.Service.Take(), "answered by the door itself")
}

func TestMethodOverrideHeaderIsIgnored(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for method, sent := range map[string]string{"GET": "GET", "HEAD": "GET", "OPTIONS": "OPTIONS"} {
		d.Send(method + " /licences/apply HTTP/1.1\r\nHost: apply.example\r\nX-HTTP-Method-Override: " +
			"POST\r\nX-HTTP-Method: POST\r\nX-Method-Override: POST\r\n\r\n")
		received := d.Service.Take()
		require.Len(t, received, 1)
		require.Equal(t, sent+" /licences/apply HTTP/1.1", received[0].Line)
		require.NotContains(t, strings.Join(received[0].Header, "\n"), "POST")
	}
	require.Empty(t, d.Pay.Payments())
}

func TestAbsoluteTargetIsClassifiedByPathAndSentAsPath(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for origin, status := range map[string]int{
		"http://apply.example": http.StatusSeeOther, "HTTP://apply.example": http.StatusSeeOther,
		"http://Apply.Example:80": http.StatusSeeOther,
		"http://apply.example.":   http.StatusMisdirectedRequest,
		"http://" + d.Address:     http.StatusMisdirectedRequest,
	} {
		host, _ := url.Parse(origin)
		answer := d.MustBlock(t,
			"POST "+origin+"/licences/apply HTTP/1.1\r\nHost: "+host.Host+"\r\nContent-Length: 0\r\n\r\n")
		require.Equal(t, status, answer.Status, origin)
		for rest, target := range map[string]string{"/free?a=1;b": "/free?a=1;b", "": "/", "?x": "/?x"} {
			d.Send("GET " + origin + rest + " HTTP/1.1\r\nHost: evil.example\r\n\r\n")
			received := d.Service.Take()
			require.Len(t, received, 1)
			require.Equal(t, "GET "+target+" HTTP/1.1", received[0].Line)
			require.Equal(t, []string{host.Host}, received[0].Values("Host"),
				"the target names the host (RFC 9112 section 3.2.2)")
		}
	}
}

func TestServiceResponseCannotImpersonatePaygate(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	var lines strings.Builder
	for _, name := range []string{
		"Paygate-Answer", "paygate-status", "PAYGATE_STATUS", "Paygate.Price",
		"Paygate-Price",
	} {
		lines.WriteString(name + ": evil\r\n")
	}
	d.Service.SetAnswer(strings.Replace(testserver.PlainAnswer, "\r\n",
		"\r\n"+lines.String()+
			"Set-Cookie: paygate=evil\r\nSet-Cookie: __Host-paygate=evil; Path=/\r\nSet-Cookie: sid=1\r\n", 1))
	got := d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n\r\n").Answers[0]
	require.Equal(t, []string{"sid=1"}, got.Header["Set-Cookie"])
	for name, values := range got.Header {
		require.NotContains(t, strings.ToLower(textproto.CanonicalMIMEHeaderKey(name)), "paygate", "%v", values)
		require.NotContains(t, values, "evil")
	}
}

func TestReleaseCarriesTheHeadersOfFreeTraffic(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	said := []string{
		"Content-Encoding", "gzip", "If-Match", `"v1"`, "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT",
		"X-CSRF-Token", "token", "Idempotency-Key", "key",
		"X-Requested-With", "Form", "Content-Range", "bytes 0-4/5", "Sec-Fetch-Site", "same-origin", "Soapaction", "x",
		"Upgrade-Insecure-Requests", "1",
	}
	c.Post("/free", url.Values{"a": {"b"}}, said...)
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"a": {"b"}}, said...).Status)
	h.Pays("success")
	c.ComesBack()
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 2)
	for name, values := range posts[0].Header {
		if !strings.HasPrefix(name, "Paygate-") && name != "Accept-Encoding" {
			require.Equal(t, values, posts[1].Header[name], name)
		}
	}
}

func TestEncodedFormDoesNotPass(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "action=pay&name=Ann")
	require.NoError(t, z.Close())
	for _, coding := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "identity, gzip"} {
		h.Citizen().Do(http.MethodPost, "/licences/apply", bytes.NewReader(packed.Bytes()),
			"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", coding)
	}
	require.Empty(t, h.Service.Got(http.MethodPost))
}
