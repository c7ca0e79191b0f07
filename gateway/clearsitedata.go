package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// mostExpired limits how many cookies one answer expires, because the browser chooses the names and paths.
const mostExpired = 200

// longestPath is the longest path that browsers keep for a cookie (RFC 6265bis section 5.6).
const longestPath = 1024

// keepTicket stops an answer of the service from clearing our cookie together with its own: a citizen who is at GOV.UK
// Pay could not come back. It clears the service's own cookies in another way.
func keepTicket(header http.Header, to recipient) {
	lines := header["Clear-Site-Data"]
	if len(lines) == 0 || !to.ticket {
		return
	}
	cleared, cookies := withoutCookies(lines)
	if !cookies {
		return
	}
	delete(header, "Clear-Site-Data")
	if len(cleared) > 0 {
		header["Clear-Site-Data"] = []string{strings.Join(cleared, ", ")}
	}
	// These come first, so that they do not expire a cookie that this answer sets.
	header["Set-Cookie"] = append(to.expiries(), header["Set-Cookie"]...)
}

// withoutCookies returns what has to be cleared besides cookies, and reports whether cookies have to be.
func withoutCookies(lines []string) (cleared []string, cookies bool) {
	for item := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		switch item = strings.TrimSpace(item); {
		case item == "":
		case strings.EqualFold(item, `"cookies"`):
			cookies = true
		case item == `"*"`:
			cookies = true
			cleared = append(cleared, `"cache"`, `"storage"`, `"executionContexts"`)
		default:
			cleared = append(cleared, item)
		}
	}
	return cleared, cookies
}

// expiries returns the Set-Cookie lines that expire the browser's cookies: those of the host at every path that they
// may have been set for, and those of its domains at the root, where such cookies usually are.
func (to recipient) expiries() []string {
	var lines []string
	names := to.cookieNames()
	for _, where := range to.scopes() {
		for _, name := range names {
			if len(lines) == mostExpired {
				return lines
			}
			lines = append(lines, name+"=; Max-Age=0; "+where)
		}
	}
	return lines
}

// scopes returns the attributes that cookies may have been set with, the likeliest first.
func (to recipient) scopes() []string {
	secure := ""
	if to.origin.Scheme == "https" {
		secure = "; Secure" // some names ask for it
	}
	var scopes []string
	for _, path := range prefixes(to.path) {
		scopes = append(scopes, "Path="+path+secure)
	}
	for i, domain := range domains(to.origin) {
		scopes = slices.Insert(scopes, 1+i, "Path=/; Domain="+domain+secure)
	}
	return scopes
}

// prefixes returns the cookie paths that match a path (RFC 6265 section 5.1.4).
func prefixes(path string) []string {
	found := []string{"/"}
	for i := 1; i < min(len(path), longestPath) && path[i] != ';'; i++ {
		if path[i] == '/' {
			found = append(found, path[:i], path[:i+1])
		}
	}
	if path = withoutParameters(path); len(path) > 1 && len(path) <= longestPath && !strings.HasSuffix(path, "/") && !strings.Contains(path, ";") {
		found = append(found, path)
	}
	return found
}

// domains returns the cookie domains that match a host: the host itself and its parents, up to the registrable domain.
func domains(origin *url.URL) []string {
	host := origin.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return nil
	}
	found := []string{host}
	for host != site {
		_, host, _ = strings.Cut(host, ".")
		found = append(found, host)
	}
	return found
}

// cookieNames returns the names of the browser's cookies, except ours.
func (to recipient) cookieNames() []string {
	var names []string
	for pair := range strings.SplitSeq(strings.Join(to.cookies, ";"), ";") {
		name, _, found := strings.Cut(pair, "=")
		if len(names) == mostExpired {
			break
		}
		if name = strings.TrimSpace(name); found && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
