package config

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"paygate/gateway/signin"
)

// checkIssuer accepts the issuer of one organisation. Its text is compared with that in tokens byte for byte.
func checkIssuer(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil {
		return "", errors.New("must be the issuer's URL as it is in tokens, such as https://accounts.google.com")
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if slices.Contains([]string{"common", "organizations", "consumers"}, first) {
		return "", errors.New("is for accounts of any organisation; use that of your tenant: " +
			"https://login.microsoftonline.com/TENANT/v2.0")
	}
	return text, nil
}

var headerPattern = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func checkHeader(text string) (string, error) {
	if !headerPattern.MatchString(text) {
		return "", errors.New("must be the name of a header, such as X-Forwarded-Email")
	}
	return text, nil
}

// OIDC returns the issuer that signs staff in, or nil if none is set.
func (s Settings) OIDC() *signin.OIDC {
	if s.StaffOIDCIssuer == "" {
		return nil
	}
	return &signin.OIDC{
		Issuer: s.StaffOIDCIssuer, ClientID: s.StaffOIDCClientID, ClientSecret: s.StaffOIDCClientSecret,
		PublicURL: s.StaffPublicURL, TrustEmail: s.StaffOIDCTrustEmail, GroupsClaim: s.StaffOIDCGroupsClaim,
	}
}

// StaffCanSignIn reports whether there is any way to sign in.
func (s Settings) StaffCanSignIn() bool {
	return len(s.StaffTokens) > 0 || s.StaffOIDCIssuer != "" || s.StaffProxyHeader != ""
}

// compareSignIn reports ways to sign in that lack a setting, and settings that have no effect.
func (c *checker) compareSignIn(s Settings) {
	const issuer, proxyHeader = "PAYGATE_STAFF_OIDC_ISSUER", "PAYGATE_STAFF_PROXY_HEADER"
	needed := func(isMissing bool, name, by string) {
		if isMissing && c.sound(name, by) {
			c.fault(name, "is needed with %s", by)
		}
	}
	useless := func(isSet bool, name, without string) {
		if isSet && c.sound(name, without) {
			c.fault(name, "has no effect without %s", without)
		}
	}
	hasIssuer, hasHeader := s.StaffOIDCIssuer != "", s.StaffProxyHeader != ""
	needed(hasIssuer && s.StaffOIDCClientID == "", "PAYGATE_STAFF_OIDC_CLIENT_ID", issuer)
	needed(hasIssuer && s.StaffOIDCClientSecret == "", "PAYGATE_STAFF_OIDC_CLIENT_SECRET", issuer)
	needed(hasIssuer && s.StaffPublicURL == nil, "PAYGATE_STAFF_PUBLIC_URL", issuer)
	needed(hasHeader && len(s.StaffProxies) == 0, "PAYGATE_STAFF_PROXIES", proxyHeader)
	useless(!hasIssuer && s.StaffOIDCClientID != "", "PAYGATE_STAFF_OIDC_CLIENT_ID", issuer)
	useless(!hasIssuer && s.StaffOIDCClientSecret != "", "PAYGATE_STAFF_OIDC_CLIENT_SECRET", issuer)
	useless(!hasHeader && s.StaffProxyGroupsHeader != "", "PAYGATE_STAFF_PROXY_GROUPS_HEADER", proxyHeader)
	if !hasIssuer && !hasHeader && len(s.StaffRoles) > 0 && c.sound("PAYGATE_STAFF_ROLES", issuer, proxyHeader) {
		c.fault("PAYGATE_STAFF_ROLES", "has no effect without %s or %s: a token has its role in PAYGATE_STAFF_TOKENS",
			issuer, proxyHeader)
	}
}

// privateRanges are the networks that anything in an organisation may be in.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), sharedSpace,
}

// signInWarnings returns warnings about ways to sign in that let in too many people, or none.
func signInWarnings(s Settings) (found []string) {
	const whole = " can sign in as anyone: list the addresses of the proxies alone"
	for _, network := range s.StaffProxies {
		holds := func(private netip.Prefix) bool {
			return network.Bits() <= private.Bits() && network.Contains(private.Addr())
		}
		switch {
		case s.StaffProxyHeader == "":
		case network.Addr().IsLoopback():
			found = append(found, "PAYGATE_STAFF_PROXIES has "+network.String()+": any program on this machine"+whole)
		case slices.ContainsFunc(privateRanges, holds):
			found = append(found, "PAYGATE_STAFF_PROXIES has "+network.String()+": any machine in that range"+whole)
		}
	}
	if (s.StaffOIDCIssuer != "" || s.StaffProxyHeader != "") && len(s.StaffRoles) == 0 {
		found = append(found, "PAYGATE_STAFF_ROLES is not set: people who sign in have no role")
	}
	return found
}
