package main

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// saysWhoAsks are the headers by which a proxy passes on who asks.
const saysWhoAsks = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-Host: licences.example.gov.uk\r\nX-Forwarded-Proto: https\r\n" +
	"X-Forwarded-Port: 443\r\nX-Forwarded-Server: front\r\nForwarded: for=203.0.113.7;proto=https\r\nX-Real-IP: 203.0.113.7\r\n"

// whoAsked is what the service of a request learns about who asked.
func (r wireRequest) whoAsked() map[string]string {
	said := map[string]string{}
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		if folded := strings.ToLower(name); strings.HasPrefix(folded, "x-forwarded") || folded == "forwarded" || folded == "x-real-ip" {
			said[name] = value
		}
	}
	return said
}

func TestNobodyIsATrustedProxyByDefault(t *testing.T) {
	t.Parallel()
	for name, over := range map[string][]string{
		"by default": nil, "others are": {"PAYGATE_TRUSTED_PROXIES=10.0.0.0/8,203.0.113.0/24,2001:db8::/32,::1/128"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openDoor(t, over...)
			d.speak("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
			ourWord := map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "apply.example", "X-Forwarded-Proto": "http"}
			require.Equal(t, ourWord, d.service.take()[0].whoAsked())
			d.release(t, saysWhoAsks)
			require.Equal(t, ourWord, d.service.take()[0].whoAsked())
		})
	}
}

// release holds a request with these headers, pays for it and brings it to the service.
func (d *door) release(t *testing.T, header string) {
	t.Helper()
	before := len(d.pay.Payments())
	held := d.isNotFree(t, withForm("POST /licences/apply", formType+header, "name=Ann"))
	require.Equal(t, http.StatusSeeOther, held.status)
	require.NoError(t, d.pay.Pay(d.pay.Payments()[before].ID, "success"))
	d.comesBack("Cookie: " + cookieOf(held))
}

func TestATrustedProxySaysWhoAsks(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,203.0.113.0/24")
	d.speak("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
	require.Equal(t, map[string]string{
		"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 127.0.0.1", "X-Forwarded-Host": "licences.example.gov.uk", "X-Forwarded-Proto": "https",
		"X-Forwarded-Port": "443", "X-Forwarded-Server": "front", "Forwarded": "for=203.0.113.7;proto=https", "X-Real-Ip": "203.0.113.7",
	}, d.service.take()[0].whoAsked())
	for list, wanted := range map[string]string{ // on a release as on free traffic
		"6.6.6.6, 203.0.113.7":                "6.6.6.6, 203.0.113.7, 127.0.0.1",
		"6.6.6.6\r\nX-Forwarded-For: 7.7.7.7": "6.6.6.6, 7.7.7.7, 127.0.0.1",
		"2001:db8::7":                         "2001:db8::7, 127.0.0.1",
		"198.51.100.1, nonsense":              "198.51.100.1, nonsense, 127.0.0.1",
		"":                                    "127.0.0.1",
	} {
		d.release(t, "X-Forwarded-For: "+list+"\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a b\r\n")
		got := d.service.take()[0].whoAsked()
		require.Equal(t, wanted, got["X-Forwarded-For"], list)
		require.Equal(t, "http", got["X-Forwarded-Proto"], "no other word is believed")
		require.Equal(t, "apply.example", got["X-Forwarded-Host"])
	}
}

func TestAProxyMayHaveAnIPv6Address(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	require.NoError(t, listener.Close())
	for networks, wanted := range map[string]string{"::1/128": "6.6.6.6, 203.0.113.7, ::1", "127.0.0.0/8,::2/128": "::1"} {
		d := openDoor(t, "PAYGATE_LISTEN=[::1]:0", "PAYGATE_TRUSTED_PROXIES="+networks)
		d.speak("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + saysWhoAsks + "\r\n")
		require.Equal(t, wanted, d.service.take()[0].whoAsked()["X-Forwarded-For"], networks)
	}
}
