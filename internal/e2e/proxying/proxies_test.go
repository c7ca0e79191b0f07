package proxying

import (
	"net"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// saysWhoAsks are the headers by which a proxy passes on who asks.
const saysWhoAsks = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-Host: " +
	"licences.example.gov.uk\r\nX-Forwarded-Proto: https\r\n" +
	"X-Forwarded-Port: 443\r\nX-Forwarded-Server: front\r\nForwarded: for=203.0.113.7;proto=https\r\nX-Real-IP: " +
	"203.0.113.7\r\n"

func TestUntrustedProxyHeadersAreReplaced(t *testing.T) {
	t.Parallel()
	for name, over := range map[string][]string{
		"by default": nil, "others are": {"PAYGATE_TRUSTED_PROXIES=10.0.0.0/8,203.0.113.0/24,2001:db8::/32,::1/128"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testserver.StartRaw(t, over...)
			d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
			ourWord := map[string]string{
				"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "apply.example",
				"X-Forwarded-Proto": "http",
			}
			require.Equal(t, ourWord, d.Service.Take()[0].ForwardedHeaders())
			d.Release(t, saysWhoAsks)
			require.Equal(t, ourWord, d.Service.Take()[0].ForwardedHeaders())
		})
	}
}

func TestTrustedProxyHeadersAreForwarded(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,203.0.113.0/24")
	d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
	require.Equal(t, map[string]string{
		"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 127.0.0.1", "X-Forwarded-Host": "licences.example.gov.uk",
		"X-Forwarded-Proto": "https",
		"X-Forwarded-Port":  "443", "X-Forwarded-Server": "front", "Forwarded": "for=203.0.113.7;proto=https",
		"X-Real-Ip": "203.0.113.7",
	}, d.Service.Take()[0].ForwardedHeaders())
	for list, wanted := range map[string]string{ // on a release as on free traffic
		"6.6.6.6, 203.0.113.7":                "6.6.6.6, 203.0.113.7, 127.0.0.1",
		"6.6.6.6\r\nX-Forwarded-For: 7.7.7.7": "6.6.6.6, 7.7.7.7, 127.0.0.1",
		"2001:db8::7":                         "2001:db8::7, 127.0.0.1",
		"198.51.100.1, nonsense":              "198.51.100.1, nonsense, 127.0.0.1",
		"":                                    "127.0.0.1",
	} {
		d.Release(t, "X-Forwarded-For: "+list+"\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a b\r\n")
		got := d.Service.Take()[0].ForwardedHeaders()
		require.Equal(t, wanted, got["X-Forwarded-For"], list)
		require.Equal(t, "http", got["X-Forwarded-Proto"], "no other word is believed")
		require.Equal(t, "apply.example", got["X-Forwarded-Host"])
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
		d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
		require.Equal(t, wanted, d.Service.Take()[0].ForwardedHeaders()["X-Forwarded-For"], networks)
	}
}
