package pay

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// localDomains are the top-level domains that GOV.UK Pay accepts besides those of the Internet.
var localDomains = []string{"localhost", "localdomain", "internal", "local"}

var labelPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// AcceptsHost reports whether GOV.UK Pay accepts a return_url with this host name, written in ASCII (FACTS,
// Corrections, 2.1).
func AcceptsHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), "."), ".")
	if len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !labelPattern.MatchString(l) }) {
		return false
	}
	top := labels[len(labels)-1]
	return len(labels) == 1 || slices.Contains(localDomains, top) || isTopLevel(top)
}

// isTopLevel reports whether the Internet has this top-level domain. The list of public suffixes has a rule for each,
// one for .onion, which is not of the Internet, and none for others.
func isTopLevel(domain string) bool {
	_, known := publicsuffix.PublicSuffix("name." + domain)
	return known && domain != "onion"
}
