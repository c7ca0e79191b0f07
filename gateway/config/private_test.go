package config_test

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
)

func TestExposedReportsPublicAddresses(t *testing.T) {
	t.Parallel()
	for address, exposed := range map[string]bool{
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "10.0.0.5": false, "172.31.0.1": false,
		"192.168.1.1": false, "169.254.1.1": false,
		"fe80::1": false, "fd12::1": false, "100.64.0.9": false, "::ffff:10.0.0.5": false, "0.0.0.0": false,
		"172.32.0.1": true, "203.0.113.9": true, "2001:db8::1": true, "::ffff:203.0.113.9": true,
		"100.128.0.1": true, "8.8.8.8": true,
	} {
		ip := netip.MustParseAddr(address)
		lookUp := func(context.Context, string, string) ([]netip.Addr, error) { return []netip.Addr{ip}, nil }
		for _, host := range []string{"legacy.internal", netip.AddrPortFrom(ip, 8080).String()} {
			said, err := config.Exposed(t.Context(), &url.URL{Scheme: "https", Host: host}, lookUp)
			require.NoError(t, err)
			require.Equal(t, exposed, said != "", "%s at %s", host, address)
		}
	}
}

func TestExposedReportsOneOfSeveralAddresses(t *testing.T) {
	t.Parallel()
	lookUp := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		require.Equal(t, "legacy.internal", host)
		return []netip.Addr{
			netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("203.0.113.9"),
			netip.MustParseAddr("::ffff:203.0.113.9"),
		}, nil
	}
	said, err := config.Exposed(t.Context(), &url.URL{Scheme: "http", Host: "legacy.internal:8080"}, lookUp)
	require.NoError(t, err)
	require.Contains(t, said, "(203.0.113.9)")
	require.Contains(t, said, "unencrypted")
	fails := func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	_, err = config.Exposed(t.Context(), &url.URL{Scheme: "http", Host: "legacy.internal"}, fails)
	require.Error(t, err)
}
