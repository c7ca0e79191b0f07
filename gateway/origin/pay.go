package origin

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

// PayAccepts reports whether GOV.UK Pay accepts a return_url with this host name (FACTS, Corrections, 2.1).
func PayAccepts(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	labels := strings.Split(name, ".")
	if len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !labelPattern.MatchString(l) }) {
		return false
	}
	top := labels[len(labels)-1]
	return len(labels) == 1 || slices.Contains(localDomains, top) || isTopLevel(top)
}

// isTopLevel reports whether the Internet has this top-level domain. The list of public suffixes has a rule for each,
// and none for others.
func isTopLevel(domain string) bool {
	_, known := publicsuffix.PublicSuffix("name." + domain)
	return known
}
