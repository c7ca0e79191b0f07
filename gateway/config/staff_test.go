package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenIDConnectNeedsAllItsSettings(t *testing.T) {
	t.Parallel()
	all := map[string]string{
		"PAYGATE_STAFF_OIDC_ISSUER": "https://login.example.gov.uk/", "PAYGATE_STAFF_OIDC_CLIENT_ID": "paygate",
		"PAYGATE_STAFF_OIDC_CLIENT_SECRET": "topsecret", "PAYGATE_STAFF_PUBLIC_URL": "https://staff.example.gov.uk",
		"PAYGATE_STAFF_ROLES": "*@example.gov.uk=view,group:cn=finance=refund",
	}
	s, faults := load(t, all)
	require.Empty(t, faults)
	require.Equal(t, "https://login.example.gov.uk/", s.OIDC().Issuer, "byte for byte")
	require.Equal(t, "groups", s.OIDC().GroupsClaim)
	require.NotContains(t, s.Describe(), "topsecret")
	require.NotContains(t, strings.Join(s.Warnings, " "), "STAFF")
	for name := range all {
		if name == "PAYGATE_STAFF_ROLES" {
			continue
		}
		over := map[string]string{}
		for other, value := range all {
			over[other] = value
		}
		over[name] = "(unset)"
		_, faults := load(t, over)
		require.Contains(t, faults.Error(), name, "without %s", name)
	}
	all["PAYGATE_STAFF_ROLES"] = "(unset)"
	s, faults = load(t, all)
	require.Empty(t, faults)
	require.Contains(t, strings.Join(s.Warnings, " "), "PAYGATE_STAFF_ROLES is not set")
}

func TestASigningInProxyNeedsItsNetwork(t *testing.T) {
	t.Parallel()
	over := map[string]string{
		"PAYGATE_STAFF_PROXY_HEADER": "X-Forwarded-Email", "PAYGATE_STAFF_ROLES": "*@example.gov.uk=view",
	}
	_, faults := load(t, over)
	require.Contains(t, faults.Error(), "PAYGATE_STAFF_PROXIES: is needed with PAYGATE_STAFF_PROXY_HEADER")
	for networks, warning := range map[string]string{
		"10.0.3.7/32": "", "10.1.0.0/16": "", "127.0.0.1/32": "any program on this machine", "::1/128": "any program",
		"10.0.0.0/8": "any machine in that range", "192.168.0.0/16": "any machine", "fc00::/7": "any machine",
		"128.0.0.0/1": "any machine", "10.0.3.7/32,127.0.0.0/8": "any program",
	} {
		over["PAYGATE_STAFF_PROXIES"] = networks
		s, faults := load(t, over)
		require.Empty(t, faults)
		text := strings.Join(s.Warnings, " ")
		if warning == "" {
			require.NotContains(t, text, "PAYGATE_STAFF_PROXIES", networks)
		} else {
			require.Contains(t, text, warning, networks)
		}
	}
}
