package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

func TestOnlyATrustedProxyNamesARequest(t *testing.T) {
	t.Parallel()
	clients := proxy.Clients{
		Origins: origin.List{&url.URL{Scheme: "https", Host: "a.example"}},
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	idOf := func(peer string, given ...string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer + ":1234"
		r.Header[requestIDHeader] = given
		identify(r, clients)
		require.Len(t, r.Header[requestIDHeader], 1)
		return r.Header.Get(requestIDHeader)
	}
	const given = "Root=1-67891233-abcdef012345678912345678"
	require.Equal(t, given, idOf("10.1.2.3", given))
	for _, given := range [][]string{
		nil, {""}, {"a", "b"}, {"a\nb"}, {`a"b`}, {"ann smith"}, {strings.Repeat("a", 129)}, {"é"},
	} {
		require.NotContains(t, given, idOf("10.1.2.3", given...))
	}
	require.NotEqual(t, "mine", idOf("192.0.2.1", "mine"), "from a client")
	require.NotEqual(t, idOf("192.0.2.1"), idOf("192.0.2.1"))
}

func TestTheLogHasTheNetworkOfAClient(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "::ffff:192.0.2.77": "192.0.2.0/24",
		"fe80::1%eth0": "fe80::/64", "": "", "ann": "",
	} {
		require.Equal(t, want, networkOf(address), address)
	}
}
