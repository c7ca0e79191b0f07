package proxying

import (
	"net/http"
	"net/textproto"
	"slices"
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
				got := d.Send("POST /free HTTP/1.1\r\nHost: apply.example.org\r\n" + lines +
					"Content-Length: 2\r\n\r\nok")
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
		got := d.Send("POST /free HTTP/1.1\r\nHost: apply.example.org\r\nConnection: " + options +
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
		d.MustHold(t,
			strings.Replace(testserver.FormRequest(http.MethodPost, "/licences/apply"), "\r\n\r\n",
				"\r\nConnection: "+options+"\r\n\r\n", 1))
	}
}

// hostileLines returns a line for each hostile header.
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
	answer := d.MustHold(t, "POST /licences/apply HTTP/1.1\r\nHost: apply.example.org\r\n"+hostileLines()+
		"X-Forwarded-For: evil\r\nX-Kept: kept\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nIdempotency-Key: "+
		"key\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Cookie: a=1; paygate=evil; __Host-paygate=evil; b=%00 \"2\"\r\nContent-Length: 8\r\n\r\nname=Ann")
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	back := d.ReturnFromPay(hostileLines() + "X-Forwarded-For: evil\r\nCookie: " + answer.Ticket())
	require.Len(t, back.Answers, 1)
	received := d.Service.Take()
	require.Len(t, received, 1)
	requirePaidHeaders(t, received[0], "return")
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

func TestHostileHeadersAreRemovedFromAPass(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	answer := d.MustHold(t, "GET /register/2026 HTTP/1.1\r\nHost: apply.example.org\r\n"+hostileLines()+"\r\n")
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + answer.Ticket() + "\r\n"
	d.Send("GET /_pay/return HTTP/1.1\r\nHost: apply.example.org\r\n" + ticket + "\r\n")
	for _, target := range []string{"/register/2026", "/register/2026", "/register/2026;jsessionid=1"} {
		d.Send("GET " + target + " HTTP/1.1\r\nHost: apply.example.org\r\nConnection: Upgrade\r\n" + hostileLines() +
			ticket + "\r\n")
	}
	received := d.Service.Take()
	require.NotEmpty(t, received)
	for _, r := range received {
		require.Equal(t, "GET /register/2026 HTTP/1.1", r.Line)
		requirePaidHeaders(t, r, "pass")
		require.Empty(t, r.Values("Upgrade"))
	}
}

// paidHeaders are the names of the Paygate headers of a paid request.
var paidHeaders = []string{
	"Paygate-Amount", "Paygate-Assertion", "Paygate-Attempt", "Paygate-Currency", "Paygate-Journey", "Paygate-Mode",
	"Paygate-Paid-At", "Paygate-Payment-Id", "Paygate-Reference", "Paygate-Route", "Paygate-Status",
	"Paygate-Submission", "Paygate-Total", "Paygate-Via",
}

// requirePaidHeaders requires that a request has each header of a paid request once, and no value of the client's.
func requirePaidHeaders(t *testing.T, r testserver.RawRequest, via string) {
	t.Helper()
	var names []string
	for _, line := range r.PaygateHeaders() {
		name, _, _ := strings.Cut(line, ": ")
		names = append(names, name)
	}
	slices.Sort(names)
	require.Equal(t, paidHeaders, names)
	require.Equal(t, []string{"success"}, r.Values("Paygate-Status"))
	require.Equal(t, []string{via}, r.Values("Paygate-Via"))
	require.NotContains(t, strings.Join(r.Header, "\n"), "evil")
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
	got := d.Send("GET /free HTTP/1.1\r\nHost: apply.example.org\r\n\r\n").Answers[0]
	require.Equal(t, []string{"sid=1"}, got.Header["Set-Cookie"])
	for name, values := range got.Header {
		require.NotContains(t, strings.ToLower(textproto.CanonicalMIMEHeaderKey(name)), "paygate", "%v", values)
		require.NotContains(t, values, "evil")
	}
}
