package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoAsksIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	request := func(peer string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.0.0.2")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "licences.example.gov.uk")
		return r
	}
	require.Equal(t, client{address: "203.0.113.7", host: "licences.example.gov.uk", proto: "https", trusted: true}, clientOf(request("10.0.0.1:5"), trusted))
	require.Equal(t, client{address: "198.51.100.1", host: "example.com", proto: "http"}, clientOf(request("198.51.100.1:5"), trusted))
	require.Equal(t, client{address: "10.0.0.1", host: "example.com", proto: "http"}, clientOf(request("10.0.0.1:5"), nil), "nobody is trusted by default")
	for peer, believed := range map[string]bool{
		"[::ffff:10.0.0.1]:5": true, "[::ffff:11.0.0.1]:5": false, "[::10.0.0.1]:5": false, "[fe80::1%eth0]:5": false, "[64:ff9b::10.0.0.1]:5": false, "10.0.0.1": true, "@": false, "": false,
	} {
		require.Equal(t, believed, clientOf(request(peer), trusted).trusted, peer)
	}
	require.True(t, clientOf(request("[fe80::1%eth0]:5"), []netip.Prefix{netip.MustParsePrefix("fe80::/10")}).trusted, "whatever the zone")
}

func TestAProxysListMayHavePorts(t *testing.T) {
	t.Parallel()
	for list, address := range map[string]string{
		"203.0.113.7:51234": "203.0.113.7", "[2001:db8::7]:443": "2001:db8::7", "6.6.6.6, 203.0.113.7:1,10.0.0.2:5": "203.0.113.7",
		"203.0.113.7:99999": "10.0.0.1", "203.0.113.7:": "10.0.0.1", "10.0.0.2:5": "10.0.0.2", "unknown": "10.0.0.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "10.0.0.1:5"
		r.Header.Set("X-Forwarded-For", list)
		require.Equal(t, address, clientOf(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}).address, list)
	}
}
