package proxy

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
)

// balanced are clients with trusted proxies in 10.0.0.0/8.
func balanced(live bool, origins origin.List) Clients {
	return Clients{Live: live, Origins: origins, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
}

func from(peer string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

var licences = origin.List{
	{Scheme: "https", Host: "licences.example.gov.uk"},
	{Scheme: "http", Host: "www.example.org"},
}

func TestClientsBelieveTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	request := func(peer string) *http.Request {
		return from(peer, "X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.0.0.2", "X-Forwarded-Proto", "https",
			"X-Forwarded-Host", "www.example.org")
	}
	clients := balanced(false, licences)
	require.Equal(t, Client{"203.0.113.7", "www.example.org", "https", true}, clients.Of(request("10.0.0.1:5")))
	require.Equal(t, Client{"198.51.100.1", "example.com", "https", false}, clients.Of(request("198.51.100.1:5")))
	for peer, believed := range map[string]bool{
		"[::ffff:10.0.0.1]:5": true, "[::ffff:11.0.0.1]:5": false, "[::10.0.0.1]:5": false, "[fe80::1%eth0]:5": false,
		"[64:ff9b::10.0.0.1]:5": false, "10.0.0.1": true, "@": false, "": false,
	} {
		require.Equal(t, believed, clients.Of(request(peer)).Trusted, peer)
	}
	clients.Trusted = []netip.Prefix{netip.MustParsePrefix("fe80::/10")}
	require.True(t, clients.Of(request("[fe80::1%eth0]:5")).Trusted, "whatever the zone")
	clients.Trusted = nil
	require.Equal(t, "10.0.0.1", clients.Of(request("10.0.0.1:5")).Address, "no proxy is trusted by default")
}

func TestForwardedForMayHavePorts(t *testing.T) {
	t.Parallel()
	for list, address := range map[string]string{
		"203.0.113.7:51234": "203.0.113.7", "[2001:db8::7]:443": "2001:db8::7", "[2001:db8::7]": "2001:db8::7",
		"6.6.6.6, 203.0.113.7:1,10.0.0.2:5": "203.0.113.7",
		"203.0.113.7:99999":                 "10.0.0.1",
		"203.0.113.7:":                      "10.0.0.1", "10.0.0.2:5": "10.0.0.2", "unknown": "10.0.0.1",
	} {
		require.Equal(t, address, balanced(false, licences).Of(from("10.0.0.1:5", "X-Forwarded-For", list)).Address,
			list)
	}
}

func TestClientProtoIsPublicUnlessATrustedProxySaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header     []string
		test, live string
	}{
		{nil, "https", "https"},
		{[]string{"X-Forwarded-Proto", "http"}, "http", "https"},
		{[]string{"X-Forwarded-Proto", "HTTP"}, "http", "https"},
		{[]string{"X-Forwarded-Proto", "https,http"}, "https", "https"},
		{[]string{"X-Forwarded-Proto", "http, https"}, "http", "https"},
		{[]string{"X-Forwarded-Proto", "https", "X-Forwarded-Proto", "http"}, "https", "https"},
		{[]string{"X-Forwarded-Proto", "ws"}, "https", "https"},
		{[]string{"X-Forwarded-Proto", "ftp", "X-Forwarded-Ssl", "on"}, "https", "https"},
		{[]string{"X-Forwarded-Ssl", "off"}, "https", "https"},
		{[]string{"Forwarded", `for=1.2.3.4;proto=http;host=x, for=10.0.0.1;proto=https`}, "http", "https"},
		{[]string{"Forwarded", `for="[::1]:5"; Proto="http"`}, "http", "https"},
		{[]string{"Forwarded", "for=1.2.3.4"}, "https", "https"},
	} {
		header := append([]string{"X-Forwarded-Host", "licences.example.gov.uk"}, c.header...)
		require.Equal(t, c.test, balanced(false, licences).Of(from("10.0.0.1:5", header...)).Proto, c.header)
		require.Equal(t, c.live, balanced(true, licences).Of(from("10.0.0.1:5", header...)).Proto, c.header)
		require.Equal(t, "https", balanced(false, licences).Of(from("198.51.100.1:5", header...)).Proto,
			"not a proxy of ours: %v", c.header)
	}
	for _, name := range []string{"X-Forwarded-Ssl", "Front-End-Https"} {
		require.Equal(t, "https",
			balanced(false, licences).Of(from("10.0.0.1:5", name, "on", "X-Forwarded-Host",
				"www.example.org")).Proto, name)
	}
	require.Equal(t, "http", balanced(false,
		licences).Of(from("10.0.0.1:5", "X-Forwarded-Host", "www.example.org")).Proto)
}

func TestClientHostIsTheFirstThatATrustedProxyNames(t *testing.T) {
	t.Parallel()
	for said, host := range map[string]string{
		"licences.example.gov.uk": "licences.example.gov.uk", "www.example.org, proxy.internal": "www.example.org",
		"":    "example.com",
		"a b": "example.com", "x/y": "example.com", "u@x": "example.com", ", www.example.org": "example.com",
	} {
		require.Equal(t, host, balanced(false, licences).Of(from("10.0.0.1:5", "X-Forwarded-Host", said)).Host, said)
		require.Equal(t, "example.com",
			balanced(false, licences).Of(from("198.51.100.1:5", "X-Forwarded-Host", said)).Host, said)
	}
}
