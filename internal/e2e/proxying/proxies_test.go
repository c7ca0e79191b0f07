package proxying

import (
	"net"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// proxyHeaders are the headers in which a proxy forwards the address of its client.
const proxyHeaders = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n" +
	"X-Forwarded-Host: licences.example.gov.uk\r\nX-Forwarded-Proto: https\r\n" +
	"X-Forwarded-Port: 443\r\nX-Forwarded-Server: front\r\n" +
	"Forwarded: for=203.0.113.7;proto=https\r\nX-Real-IP: 203.0.113.7\r\n"

// forwarded sends a free request with these headers, and returns what the service is told about the client.
func forwarded(d *testserver.RawClient, header string) map[string]string {
	d.Send("GET /free HTTP/1.1\r\nHost: apply.example.org\r\n" + header + "\r\n")
	return forwardedHeaders(d.Service.Take()[0])
}

// forwardedOnRelease holds a request with these headers, pays for it, and returns what the service is told.
func forwardedOnRelease(t *testing.T, d *testserver.RawClient, header string) map[string]string {
	t.Helper()
	before := len(d.Pay.Payments())
	held := d.MustHold(t, testserver.Request("POST /licences/apply", testserver.FormType+header, "name=Ann"))
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[before].ID, "success"))
	d.ReturnFromPay("Cookie: " + held.Ticket())
	return forwardedHeaders(d.Service.Take()[0])
}

// forwardedHeaders returns the headers of a request that describe the client.
func forwardedHeaders(r testserver.RawRequest) map[string]string {
	found := map[string]string{}
	for _, line := range r.Header {
		name, value, _ := strings.Cut(line, ": ")
		if folded := strings.ToLower(name); strings.HasPrefix(folded, "x-forwarded") || folded == "forwarded" ||
			folded == "x-real-ip" {
			found[name] = value
		}
	}
	return found
}

func TestUntrustedProxyHeadersAreReplaced(t *testing.T) {
	t.Parallel()
	for name, over := range map[string][]string{
		"by default":         nil,
		"others are trusted": {"PAYGATE_TRUSTED_PROXIES=10.0.0.0/8,203.0.113.0/24,2001:db8::/32,::1/128"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testserver.StartRaw(t, over...)
			own := map[string]string{
				"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "apply.example.org", "X-Forwarded-Proto": "http",
			}
			require.Equal(t, own, forwarded(d, proxyHeaders))
			require.Equal(t, own, forwardedOnRelease(t, d, proxyHeaders))
		})
	}
}

func TestTrustedProxyHeadersAreForwarded(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,203.0.113.0/24")
	require.Equal(t, map[string]string{
		"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 127.0.0.1", "X-Forwarded-Host": "licences.example.gov.uk",
		"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-Server": "front",
		"Forwarded": "for=203.0.113.7;proto=https", "X-Real-Ip": "203.0.113.7",
	}, forwarded(d, proxyHeaders))
	for list, wanted := range map[string]string{ // on a release as on free traffic
		"6.6.6.6, 203.0.113.7":                "6.6.6.6, 203.0.113.7, 127.0.0.1",
		"6.6.6.6\r\nX-Forwarded-For: 7.7.7.7": "6.6.6.6, 7.7.7.7, 127.0.0.1",
		"2001:db8::7":                         "2001:db8::7, 127.0.0.1",
		"198.51.100.1, nonsense":              "198.51.100.1, nonsense, 127.0.0.1",
		"":                                    "127.0.0.1",
	} {
		got := forwardedOnRelease(t, d,
			"X-Forwarded-For: "+list+"\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a b\r\n")
		require.Equal(t, wanted, got["X-Forwarded-For"], list)
		require.Equal(t, "http", got["X-Forwarded-Proto"], "an unknown scheme is ignored")
		require.Equal(t, "apply.example.org", got["X-Forwarded-Host"])
	}
}

func TestTrustedProxyCanHaveAnIPv6Address(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	require.NoError(t, listener.Close())
	for networks, wanted := range map[string]string{
		"::1/128":             "6.6.6.6, 203.0.113.7, ::1",
		"127.0.0.0/8,::2/128": "::1",
	} {
		d := testserver.StartRaw(t, "PAYGATE_LISTEN=[::1]:0", "PAYGATE_TRUSTED_PROXIES="+networks)
		require.Equal(t, wanted, forwarded(d, proxyHeaders)["X-Forwarded-For"], networks)
	}
}
