//go:build linux

package servers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"paygate/gateway/command/probe"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestNoSpellingRunsARealServersPayCodeUnpaid(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			targets := realTargets(t, a)
			took := 0
			for _, target := range targets {
				exchange(t, server.address, thenClose(testserver.FormRequest(http.MethodPost, target)))
				took += min(1, len(server.takeTrace(t)))
			}
			t.Logf("sent directly, %d of %d spellings ran the pay code", took, len(targets))
			require.Greater(t, took, a.minimum, "otherwise this test proves nothing")

			d := testserver.StartRawFor(t, "http://"+server.address, a.settings...)
			for _, target := range targets {
				exchange(t, d.Address, thenClose(testserver.FormRequest(http.MethodPost, target)))
				require.Empty(t, server.takeTrace(t), "unpaid, by %s", target)
			}
			for _, method := range []string{
				"PUT", "PATCH", "DELETE", "post", "Post", "FOO", "PROPFIND", "OPTIONS",
				"TRACE",
			} {
				exchange(t, d.Address, thenClose(testserver.FormRequest(method, "/licences/apply")))
				require.Empty(t, server.takeTrace(t), "unpaid, by %s", method)
			}
			for _, raw := range oddRequests() {
				exchange(t, d.Address, raw)
				require.Empty(t, server.takeTrace(t), "unpaid, by %.300q", raw)
			}
			require.Contains(t, exchange(t, d.Address,
				thenClose("GET /page HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")),
				"HTTP/1.1 ", "free traffic passes")
			payOnce(t, d, server)
		})
	}
}

// TestNoFormThatPHPReadsAsPaidPassesUnpaid tries a button of a form and a page of a front controller.
func TestNoFormThatPHPReadsAsPaidPassesUnpaid(t *testing.T) {
	t.Parallel()
	server := arrangements()[0].open(t)
	for name, c := range map[string]struct{ field, value, setting string }{
		"a button": {"action", "pay", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay"},
		"a page":   {"page", "apply", "PAYGATE_ROUTE_LICENCE_MATCH=POST /buttons.php?page=apply"},
	} {
		forms, took := paidForms(c.field, c.value), 0
		for _, raw := range forms {
			exchange(t, server.address, thenClose(raw))
			took += min(1, len(server.takeTrace(t)))
		}
		t.Logf("%s: sent directly, %d of %d forms ran the pay code", name, took, len(forms))
		require.Greater(t, took, 35, "otherwise this test proves nothing")
		d := testserver.StartRawFor(t, "http://"+server.address, "PAYGATE_ROUTES=licence",
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /buttons.php", c.setting)
		for _, raw := range forms {
			exchange(t, d.Address, thenClose(raw))
			require.Empty(t, server.takeTrace(t), "unpaid, by %.300q", raw)
		}
		require.Contains(t, exchange(t, d.Address,
			thenClose(testserver.Request("POST /buttons.php", testserver.FormType, c.field+"=save"))), "saved",
			"a free form passes")
	}
}

func TestNoRealServerTakesAClientHeaderForPaygates(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			took := 0
			request := func(name string) string {
				return thenClose("POST /status HTTP/1.1\r\nHost: apply.example.org\r\n" + name +
					": success\r\nContent-Length: 0\r\n\r\n")
			}
			names := slices.DeleteFunc(testserver.HostileHeaderNames(),
				func(name string) bool { return !strings.HasPrefix(strings.ToLower(name), "paygate") })
			for _, name := range names {
				took += strings.Count(exchange(t, server.address, request(name)), "status=success")
			}
			t.Logf("sent directly, %d of %d names were taken for Paygate's", took, len(names))
			require.Positive(t, took, "otherwise this test proves nothing")
			d := testserver.StartRawFor(t, "http://"+server.address)
			for _, name := range names {
				require.Contains(t, exchange(t, d.Address, request(name)), "status=none", name)
			}
		})
	}
}

// realTargets returns odd spellings of the pay path and those of the arrangement, without the path itself.
func realTargets(t *testing.T, a arrangement) []string {
	targets := testserver.GeneratedSpellings("licences", "apply")
	for _, s := range testserver.KnownSpellings(probe.KindPath) {
		targets = append(targets, s.Target)
	}
	targets = append(targets, a.direct...)
	return slices.DeleteFunc(targets, func(target string) bool { return target == "/licences/apply" })
}

// oddRequests returns requests that run the pay code of a server that interprets headers or framing differently.
func oddRequests() []string {
	var odd []string
	for _, lines := range []string{
		"X-Original-URL: /licences/apply", "X-Rewrite-URL: /licences/apply", "SCRIPT_NAME: /free", "Script-Name: /free",
		"PATH_INFO: /licences/apply", "X-Forwarded-Prefix: /free",
		"X_HTTP_METHOD_OVERRIDE: POST", "Transfer_Encoding: chunked", "Content_Length: 0",
	} {
		for _, target := range []string{"/free", "/free/licences/apply", "/"} {
			odd = append(odd, "POST "+target+" HTTP/1.1\r\nHost: apply.example.org\r\nConnection: close\r\n"+lines+
				"\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(testserver.Smuggled))
	for _, lines := range []string{
		length, length + "Transfer-Encoding: chunked\r\n", length + "Transfer-Encoding: identity\r\n",
		length + "Transfer-Encoding : chunked\r\n", length + "Transfer-Encoding:\x0bchunked\r\n",
		length + "Content-Length: 0\r\n", length + "Expect: 100-continue\r\n",
		length + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
		length + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n",
		length + "Connection: Content-Length\r\n", length + "Connection: Transfer-Encoding\r\n",
		"Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n",
	} {
		for _, line := range []string{"GET /free", "POST /free", "OPTIONS /free", "HEAD /free"} {
			odd = append(odd,
				line+" HTTP/1.1\r\nHost: apply.example.org\r\n"+lines+"\r\n"+"0\r\n\r\n"+testserver.Smuggled+
					testserver.Sentinel,
				line+" HTTP/1.1\r\nHost: apply.example.org\r\n"+lines+"\r\n"+testserver.Smuggled+testserver.Sentinel)
		}
	}
	return odd
}

// thenClose adds a request to close the connection after the response.
func thenClose(raw string) string {
	return strings.Replace(raw, "\r\nHost:", "\r\nConnection: close\r\nHost:", 1)
}

// exchange writes bytes and reads until the server closes the connection. The deadline only ends a test that hangs.
func exchange(t *testing.T, address, raw string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(testserver.LongTimeout)))
	_, _ = io.WriteString(conn, raw)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}
