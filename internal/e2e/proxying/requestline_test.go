package proxying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestNoHostOrClientHeaderOpensAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, host := range []string{
		"evil.example", "localhost", "127.0.0.1", "[::1]", "apply.example.org:99999", "service.internal",
		"evil.example\r\nX-Forwarded-Host: apply.example.org",
		"apply.example.org.", "apply.example.org..", "apply.example.org.evil.example", "xapply.example.org",
	} {
		answer := d.MustBlock(t, "POST /licences/apply HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Equal(t, http.StatusMisdirectedRequest, answer.Status, host)
	}
	for _, lines := range []string{
		"Host: APPLY.EXAMPLE.ORG", "Host: apply.example.org:80",
		"Host: apply.example.org\r\nUser-Agent: kube-probe/1.30",
		"Host: apply.example.org\r\nUser-Agent: ELB-HealthChecker/2.0",
		"Host: apply.example.org\r\nUser-Agent: GoogleHC/1.0",
		"Host: apply.example.org\r\nX-Forwarded-For: 127.0.0.1", "Host: apply.example.org\r\nX-Real-IP: 10.0.0.1",
		"Host: apply.example.org\r\nForwarded: for=127.0.0.1;proto=https",
		"Host: apply.example.org\r\nX-Custom-IP-Authorization: 127.0.0.1",
		"Host: apply.example.org\r\nX-Middleware-Subrequest: middleware",
		"Host: apply.example.org\r\nAuthorization: Basic YWRtaW46YWRtaW4=",
		"Host: apply.example.org\r\nReferer: http://apply.example.org/_pay/return",
		"Host: apply.example.org\r\nCookie: paygate=x; __Host-paygate=x",
		"Host: apply.example.org\r\nSec-Purpose: prefetch",
	} {
		answer := d.MustBlock(t,
			"POST /licences/apply HTTP/1.1\r\n"+lines+
				"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann")
		require.Contains(t, []int{http.StatusSeeOther, http.StatusServiceUnavailable}, answer.Status, lines)
	}
	for _, lines := range []string{
		"X: y", "Host:", "Host: ", "Host: a\r\nHost: a", "Host: apply.example.org\r\nHost: evil.example", "Host: a b",
		"Host: a\x00b", "Host: a/b c", "Host: <x>", "Host: a\x7f", "Host : apply.example.org",
		" Host: apply.example.org", "Host\t: apply.example.org",
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
		"CONNECT apply.example.org:443 HTTP/1.1", "CONNECT /licences/apply HTTP/1.1", "CONNECT licences/apply HTTP/1.1",
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
		d.MustBlock(t, line+"\r\nHost: apply.example.org\r\nConnection: close\r\n"+
			"Content-Length: 0\r\n\r\n")
	}
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0", "HTTP/1.9"} {
		d.MustHold(t,
			"POST /licences/apply "+version+"\r\nHost: apply.example.org\r\nConnection: close\r\n"+
				"Content-Length: 0\r\n\r\n")
	}
	answer := d.Send("OPTIONS * HTTP/1.1\r\nHost: apply.example.org\r\n\r\n").Answers[0]
	require.Equal(t, http.StatusOK, answer.Status)
	require.Empty(t, d.Service.Take(), "Paygate answers it itself")
}

func TestMethodOverrideHeaderIsIgnored(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for method, sent := range map[string]string{"GET": "GET", "HEAD": "GET", "OPTIONS": "OPTIONS"} {
		received := d.MustReach(t,
			method+" /licences/apply HTTP/1.1\r\nHost: apply.example.org\r\nX-HTTP-Method-Override: "+
				"POST\r\nX-HTTP-Method: POST\r\nX-Method-Override: POST\r\n\r\n")
		require.Equal(t, sent+" /licences/apply HTTP/1.1", received.Line)
		require.NotContains(t, strings.Join(received.Header, "\n"), "POST")
	}
	require.Empty(t, d.Pay.Payments())
}

func TestAbsoluteTargetIsClassifiedByPathAndSentAsPath(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for origin, status := range map[string]int{
		"http://apply.example.org": http.StatusSeeOther, "HTTP://apply.example.org": http.StatusSeeOther,
		"http://Apply.Example.Org:80": http.StatusSeeOther,
		"http://apply.example.org.":   http.StatusMisdirectedRequest,
		"http://" + d.Address:         http.StatusMisdirectedRequest,
	} {
		host, _ := url.Parse(origin)
		answer := d.MustBlock(t,
			"POST "+origin+"/licences/apply HTTP/1.1\r\nHost: "+host.Host+"\r\nContent-Length: 0\r\n\r\n")
		require.Equal(t, status, answer.Status, origin)
		for rest, target := range map[string]string{"/free?a=1;b": "/free?a=1;b", "": "/", "?x": "/?x"} {
			received := d.MustReach(t, "GET "+origin+rest+" HTTP/1.1\r\nHost: evil.example\r\n\r\n")
			require.Equal(t, "GET "+target+" HTTP/1.1", received.Line)
			require.Equal(t, []string{host.Host}, received.Values("Host"),
				"the target names the host (RFC 9112 section 3.2.2)")
		}
	}
}
