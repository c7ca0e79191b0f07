package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostileNames are headers by which a client would speak for Paygate, for a proxy, or for another request.
func hostileNames() []string {
	names := []string{
		"Paygate-Status", "PAYGATE-STATUS", "paygate-status", "pAyGaTe-sTaTuS", "Paygate", "Paygate-", "Paygate--Status", "Paygate-Assertion",
		"Paygate-Payment-Id", "Paygate-Anything", "paygate_assertion", "PAYGATE_PAYMENT_ID", "Paygate-Status_", "Paygate_-Status",
		"X-Original-URL", "X_Original_URL", "x-original-uri", "X-Original-Path", "X-Rewrite-URL", "X.Rewrite.Url", "X-Forwarded-Uri", "X-Forwarded-Path",
		"X-Forwarded-Prefix", "X-HTTP-Method-Override", "X_HTTP_METHOD_OVERRIDE", "X-HTTP-Method", "X-Method-Override", "X-HTTP-DestinationURL", "X-Script-Name",
		"Script-Name", "SCRIPT_NAME", "PATH_INFO", "Path-Info", "Proxy", "X-Forwarded-Script-Name",
		"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Real-IP", "X-Client-IP",
		"True-Client-IP", "X_Forwarded_For", "X-Custom_Header", "X.Y", "_", "REMOTE_USER", "Content_Length", "Content_Type", "Transfer_Encoding", "Host_",
		"TE", "Trailer", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "HTTP2-Settings", "Upgrade",
	}
	for _, mark := range "!#$%&'*+.^_`|~" {
		names = append(names, "Paygate"+string(mark)+"Status", "Paygate-Status"+string(mark), "X"+string(mark)+"Original-Url")
	}
	return names
}

// ours are the headers of a request whose names are, for some reader, Paygate's.
func (r wireRequest) ours() []string {
	fold := regexp.MustCompile(`[^a-z0-9]`)
	return slices.DeleteFunc(slices.Clone(r.header), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return !strings.HasPrefix(fold.ReplaceAllString(strings.ToLower(name), "-"), "paygate")
	})
}

func TestNoClientSpeaksForPaygateOrForAProxy(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for _, name := range hostileNames() {
		t.Run(name, func(t *testing.T) {
			for _, lines := range []string{name + ": evil\r\n", name + ":evil\r\n" + name + ": evil\r\n", name + ": none\r\n evil\r\n"} {
				got := d.speak("POST /free HTTP/1.1\r\nHost: apply.example\r\n" + lines + "Content-Length: 2\r\n\r\nok")
				require.Len(t, got.answers, 1)
				require.Equal(t, http.StatusOK, got.answers[0].status)
				received := d.service.take()
				require.Len(t, received, 1)
				require.Equal(t, []string{"Paygate-Status: none"}, received[0].ours())
				require.NotContains(t, strings.Join(received[0].header, "\n"), "evil")
				require.Equal(t, "ok", string(received[0].body))
			}
		})
	}
}

func TestWhatIsNamedInConnectionTakesNothingOfOursAway(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for _, options := range []string{
		"Paygate-Status", "paygate-status, close", "close, Paygate-Status", "X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto", "Host", "Content-Length",
		"keep-alive,Paygate-Status,,", "Paygate-Status\r\nConnection: X-Forwarded-For", "\tPaygate-Status\t", "Transfer-Encoding",
	} {
		got := d.speak("POST /free HTTP/1.1\r\nHost: apply.example\r\nConnection: " + options + "\r\nContent-Length: 2\r\n\r\nok")
		require.Len(t, got.answers, 1, options)
		received := d.service.take()
		require.Len(t, received, 1, options)
		require.Equal(t, []string{"none"}, received[0].values("Paygate-Status"), options)
		require.Equal(t, []string{"127.0.0.1"}, received[0].values("X-Forwarded-For"), options)
		require.Equal(t, []string{publicHost}, received[0].values("X-Forwarded-Host"), options)
		require.Equal(t, []string{publicHost}, received[0].values("Host"), options)
		require.Equal(t, "ok", string(received[0].body), options)
	}
	for _, options := range []string{"Content-Type", "close, content-type", "Cookie", "Paygate-Status", "X-Anything", "keep-alive, Content-Length"} {
		answer := d.isNotFree(t, strings.Replace(formTo(http.MethodPost, "/licences/apply"), "\r\n\r\n", "\r\nConnection: "+options+"\r\n\r\n", 1))
		require.Equal(t, http.StatusBadRequest, answer.status, options)
	}
	for _, options := range []string{"keep-alive", "close", "Keep-Alive, TE", "Upgrade, HTTP2-Settings", ""} {
		answer := d.isNotFree(t, strings.Replace(formTo(http.MethodPost, "/licences/apply"), "\r\n\r\n", "\r\nConnection: "+options+"\r\n\r\n", 1))
		require.Equal(t, http.StatusSeeOther, answer.status, options)
	}
}

// hostileLines are all hostile headers, but those that net/http answers itself.
func hostileLines() string {
	var lines strings.Builder
	for _, name := range hostileNames() {
		lines.WriteString(name + ": evil\r\n")
	}
	return lines.String()
}

// paidOn is what the service of a released request is told, and nothing else.
var paidOn = []string{
	"Paygate-Amount", "Paygate-Assertion", "Paygate-Attempt", "Paygate-Currency", "Paygate-Journey", "Paygate-Mode", "Paygate-Paid-At", "Paygate-Payment-Id",
	"Paygate-Reference", "Paygate-Route", "Paygate-Status", "Paygate-Submission", "Paygate-Total", "Paygate-Via",
}

func (r wireRequest) requireOurs(t *testing.T, via string) {
	t.Helper()
	var names []string
	for _, line := range r.ours() {
		name, _, _ := strings.Cut(line, ": ")
		names = append(names, name)
	}
	slices.Sort(names)
	require.Equal(t, paidOn, names, "each once, and no other")
	require.Equal(t, []string{"success"}, r.values("Paygate-Status"))
	require.Equal(t, []string{via}, r.values("Paygate-Via"))
	require.NotContains(t, strings.Join(r.header, "\n"), "evil")
}

func TestHostileHeadersAreKeptNeitherAtHoldNorAtRelease(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	answer := d.isNotFree(t, "POST /licences/apply HTTP/1.1\r\nHost: apply.example\r\n"+hostileLines()+
		"X-Forwarded-For: evil\r\nX-Kept: kept\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nIdempotency-Key: key\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Cookie: a=1; paygate=evil; __Host-paygate=evil; b=%00 \"2\"\r\nContent-Length: 8\r\n\r\nname=Ann")
	require.Equal(t, http.StatusSeeOther, answer.status)
	require.NoError(t, d.pay.Pay(d.pay.Payments()[0].ID, "success"))
	back := d.comesBack(hostileLines() + "X-Forwarded-For: evil\r\nCookie: " + cookieOf(answer))
	require.Len(t, back.answers, 1)
	received := d.service.take()
	require.Len(t, received, 1)
	received[0].requireOurs(t, "return")
	require.Equal(t, "POST /licences/apply HTTP/1.1", received[0].line)
	require.Equal(t, "name=Ann", string(received[0].body))
	require.Equal(t, []string{"kept"}, received[0].values("X-Kept"))
	require.Equal(t, []string{`a=1; b=%00 "2"`}, received[0].values("Cookie"))
	require.Equal(t, []string{"127.0.0.1"}, received[0].values("X-Forwarded-For"))
	require.Equal(t, []string{"key"}, received[0].values("Idempotency-Key"))
	for _, name := range []string{"Range", "If-None-Match", "Transfer-Encoding", "X-Http-Method-Override"} {
		require.Empty(t, received[0].values(name), name)
	}
}

// TestAReleaseSaysWhoAskedAsFreeTrafficDoes: behind a trusted proxy too, a service cannot tell the two apart.
func TestAReleaseSaysWhoAskedAsFreeTrafficDoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,10.0.0.0/8", "PAYGATE_PUBLIC_URL=http://licences.example")
	c := h.citizen()
	asked := []string{"X-Forwarded-For", "192.0.2.7, 10.1.1.1", "X-Forwarded-Host", "licences.example", "X-Forwarded-Proto", "https"}
	c.post("/free", url.Values{}, asked...)
	require.Equal(t, http.StatusSeeOther, c.post("/licences/apply", url.Values{}, asked...).status)
	h.pays("success")
	c.comesBack()
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, posts[0].host, posts[1].host)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		require.Equal(t, posts[0].header[name], posts[1].header[name], name)
	}
}

func TestHostileHeadersDoNotTravelWithAPass(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	answer := d.isNotFree(t, "GET /register/2026 HTTP/1.1\r\nHost: apply.example\r\n"+hostileLines()+"\r\n")
	require.Equal(t, http.StatusSeeOther, answer.status)
	require.NoError(t, d.pay.Pay(d.pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + cookieOf(answer) + "\r\n"
	d.speak("GET /_pay/return HTTP/1.1\r\nHost: apply.example\r\n" + ticket + "\r\n")
	for _, target := range []string{"/register/2026", "/register/2026", "/register/2026;jsessionid=1"} {
		d.speak("GET " + target + " HTTP/1.1\r\nHost: apply.example\r\nConnection: Upgrade\r\n" + hostileLines() + ticket + "\r\n")
	}
	received := d.service.take()
	require.NotEmpty(t, received)
	for _, r := range received {
		require.Equal(t, "GET /register/2026 HTTP/1.1", r.line)
		r.requireOurs(t, "pass")
		require.Empty(t, r.values("Upgrade"))
	}
}

// cookieOf is the ticket that an answer gives.
func cookieOf(answer heard) string {
	value, _, _ := strings.Cut(answer.header.Get("Set-Cookie"), ";")
	return value
}

func TestNeitherHostNorWhoAsksOpensAPayRoute(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for _, host := range []string{
		"evil.example", "localhost", "127.0.0.1", "[::1]", "apply.example:99999", "service.internal", "evil.example\r\nX-Forwarded-Host: apply.example",
		"apply.example.", "apply.example..", "apply.example.evil.example", "xapply.example",
	} {
		answer := d.isNotFree(t, "POST /licences/apply HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Equal(t, http.StatusMisdirectedRequest, answer.status, host)
	}
	for _, lines := range []string{
		"Host: APPLY.EXAMPLE", "Host: apply.example:80",
		"Host: apply.example\r\nUser-Agent: kube-probe/1.30", "Host: apply.example\r\nUser-Agent: ELB-HealthChecker/2.0", "Host: apply.example\r\nUser-Agent: GoogleHC/1.0",
		"Host: apply.example\r\nX-Forwarded-For: 127.0.0.1", "Host: apply.example\r\nX-Real-IP: 10.0.0.1", "Host: apply.example\r\nForwarded: for=127.0.0.1;proto=https",
		"Host: apply.example\r\nX-Custom-IP-Authorization: 127.0.0.1", "Host: apply.example\r\nX-Middleware-Subrequest: middleware", "Host: apply.example\r\nAuthorization: Basic YWRtaW46YWRtaW4=",
		"Host: apply.example\r\nReferer: http://apply.example/_pay/return", "Host: apply.example\r\nCookie: paygate=x; __Host-paygate=x", "Host: apply.example\r\nSec-Purpose: prefetch",
	} {
		answer := d.isNotFree(t, "POST /licences/apply HTTP/1.1\r\n"+lines+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Contains(t, []int{http.StatusSeeOther, http.StatusServiceUnavailable}, answer.status, lines)
	}
	for _, lines := range []string{
		"X: y", "Host:", "Host: ", "Host: a\r\nHost: a", "Host: apply.example\r\nHost: evil.example", "Host: a b", "Host: a\x00b", "Host: a/b c", "Host: <x>", "Host: a\x7f", "Host : apply.example",
		" Host: apply.example", "Host\t: apply.example",
	} {
		got := d.speak("POST /free HTTP/1.1\r\n" + lines + "\r\nContent-Length: 2\r\n\r\nok")
		require.Len(t, got.answers, 1, "%q", lines)
		require.Equal(t, http.StatusBadRequest, got.answers[0].status, "%q", lines)
		require.True(t, got.closed)
		require.Empty(t, d.service.take(), "%q", lines)
	}
}

func TestNoMethodOpensAPayRoute(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_METHODS=PROPFIND,LOCK")
	for _, method := range []string{
		"post", "Post", "pOST", "PUT", "PATCH", "DELETE", "PROPFIND", "LOCK", "UNLOCK", "MOVE", "TRACE", "TRACK", "CONNECT", "PRI", "DEBUG", "FOO", "GET1", "get", "Get", "head",
		"LINK", "QUERY", "SEARCH", "POST!", "P-OST", "ARBITRARYLONGMETHODTHATNOBODYKNOWS",
	} {
		for _, target := range []string{"/licences/apply", "/licences//apply", "/licences/apply/"} {
			answer := d.isNotFree(t, formTo(method, target))
			require.Contains(t, []int{400, 405, 501}, answer.status, method)
		}
		if !strings.EqualFold(method, "GET") && method != "head" {
			d.isNotFree(t, formTo(method, "/register/2026"))
		}
	}
	for _, line := range []string{
		"CONNECT apply.example:443 HTTP/1.1", "CONNECT /licences/apply HTTP/1.1", "CONNECT licences/apply HTTP/1.1", "CONNECT 127.0.0.1:80 HTTP/1.1", "PRI * HTTP/2.0", "PRI * HTTP/1.1", "PRI /licences/apply HTTP/1.1",
		"TRACE / HTTP/1.1", "TRACE * HTTP/1.1", "POST * HTTP/1.1", "GET * HTTP/1.1", "FOO /free HTTP/1.1", "post /free HTTP/1.1", "HEAD /register/2026 HTTP/1.1", "OPTIONS /register/2026 HTTP/1.1",
		"PO ST /licences/apply HTTP/1.1", " POST /licences/apply HTTP/1.1", "POST\t/licences/apply\tHTTP/1.1", "POST /licences/apply  HTTP/1.1", "POST  /licences/apply HTTP/1.1",
		"POST /licences/apply HTTP/1.1 ", "POST /licences/apply HTTP/3.0", "POST /licences/apply HTTP/2.0", "POST /licences/apply HTTP/0.9", "POST /licences/apply http/1.1", "POST /licences/apply HTTP/1.10",
		"POST /licences/apply HTTP/11", "POST /licences/apply", "POST /licences/apply HTTP/1,1", "POST /licences/apply SIP/1.1", "POST /licences/apply\x0bHTTP/1.1", "POST /licences/apply\xc2\xa0HTTP/1.1",
		"POST /licences/apply\rHTTP/1.1", "PO\x00ST /licences/apply HTTP/1.1", "GET /free POST /licences/apply HTTP/1.1", "GET /free\tHTTP/1.1",
	} {
		d.isNotFree(t, line+"\r\nHost: apply.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0", "HTTP/1.9"} {
		answer := d.isNotFree(t, "POST /licences/apply "+version+"\r\nHost: apply.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		require.Equal(t, http.StatusSeeOther, answer.status, version)
	}
	answer := d.speak("OPTIONS * HTTP/1.1\r\nHost: apply.example\r\n\r\n").answers[0]
	require.Equal(t, http.StatusOK, answer.status)
	require.Empty(t, d.service.take(), "answered by the door itself")
}

func TestAGetThatSaysItIsAPostIsAGet(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for method, sent := range map[string]string{"GET": "GET", "HEAD": "GET", "OPTIONS": "OPTIONS"} {
		d.speak(method + " /licences/apply HTTP/1.1\r\nHost: apply.example\r\nX-HTTP-Method-Override: POST\r\nX-HTTP-Method: POST\r\nX-Method-Override: POST\r\n\r\n")
		received := d.service.take()
		require.Len(t, received, 1)
		require.Equal(t, sent+" /licences/apply HTTP/1.1", received[0].line)
		require.NotContains(t, strings.Join(received[0].header, "\n"), "POST")
	}
	require.Empty(t, d.pay.Payments())
}

func TestAnAbsoluteTargetIsJudgedByItsPathAndSentWithout(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for origin, status := range map[string]int{
		"http://apply.example": http.StatusSeeOther, "HTTP://apply.example": http.StatusSeeOther, "http://Apply.Example:80": http.StatusSeeOther,
		"http://apply.example.": http.StatusMisdirectedRequest,
		"http://" + d.address:   http.StatusMisdirectedRequest,
	} {
		host, _ := url.Parse(origin)
		answer := d.isNotFree(t, "POST "+origin+"/licences/apply HTTP/1.1\r\nHost: "+host.Host+"\r\nContent-Length: 0\r\n\r\n")
		require.Equal(t, status, answer.status, origin)
		for rest, target := range map[string]string{"/free?a=1;b": "/free?a=1;b", "": "/", "?x": "/?x"} {
			d.speak("GET " + origin + rest + " HTTP/1.1\r\nHost: evil.example\r\n\r\n")
			received := d.service.take()
			require.Len(t, received, 1)
			require.Equal(t, "GET "+target+" HTTP/1.1", received[0].line)
			require.Equal(t, []string{host.Host}, received[0].values("Host"), "the target names the host (RFC 9112 section 3.2.2)")
		}
	}
}

func TestAnAnswerOfTheServiceCannotSpeakForPaygate(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	var lines strings.Builder
	for _, name := range []string{"Paygate-Answer", "paygate-status", "PAYGATE_STATUS", "Paygate.Price", "Paygate-Price"} {
		lines.WriteString(name + ": evil\r\n")
	}
	d.service.setAnswer(strings.Replace(plainAnswer, "\r\n", "\r\n"+lines.String()+"Set-Cookie: paygate=evil\r\nSet-Cookie: __Host-paygate=evil; Path=/\r\nSet-Cookie: sid=1\r\n", 1))
	got := d.speak("GET /free HTTP/1.1\r\nHost: apply.example\r\n\r\n").answers[0]
	require.Equal(t, []string{"sid=1"}, got.header["Set-Cookie"])
	for name, values := range got.header {
		require.NotContains(t, strings.ToLower(textproto.CanonicalMIMEHeaderKey(name)), "paygate", "%v", values)
		require.NotContains(t, values, "evil")
	}
}

func TestAReleaseCarriesTheHeadersThatFreeTrafficCarries(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	said := []string{
		"Content-Encoding", "gzip", "If-Match", `"v1"`, "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", "X-CSRF-Token", "token", "Idempotency-Key", "key",
		"X-Requested-With", "Form", "Content-Range", "bytes 0-4/5", "Sec-Fetch-Site", "same-origin", "Soapaction", "x", "Upgrade-Insecure-Requests", "1",
	}
	c.post("/free", url.Values{"a": {"b"}}, said...)
	require.Equal(t, http.StatusSeeOther, c.post("/licences/apply", url.Values{"a": {"b"}}, said...).status)
	h.pays("success")
	c.comesBack()
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	for name, values := range posts[0].header {
		if !strings.HasPrefix(name, "Paygate-") && name != "Accept-Encoding" {
			require.Equal(t, values, posts[1].header[name], name)
		}
	}
}

func TestAFormInACodingIsNotFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "action=pay&name=Ann")
	require.NoError(t, z.Close())
	for _, coding := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "identity, gzip"} {
		h.citizen().do(http.MethodPost, "/licences/apply", bytes.NewReader(packed.Bytes()),
			"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", coding)
	}
	require.Empty(t, h.service.got(http.MethodPost))
}
