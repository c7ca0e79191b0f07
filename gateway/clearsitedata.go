package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// mostExpired bounds how many cookies one answer expires: names and paths are the browser's to choose.
const mostExpired = 200

// keepTicket keeps an answer of the service from clearing our cookie with its own: a citizen who is at GOV.UK Pay meanwhile
// could not come back. What the service wants cleared is cleared in another way.
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
	// First, so that a cookie that this answer sets stays.
	header["Set-Cookie"] = append(to.expiries(), header["Set-Cookie"]...)
}

// withoutCookies returns what is to be cleared besides cookies, and whether cookies are.
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

// expiries are the Set-Cookie lines that expire the browser's cookies: those of the host at every path that the browser may have
// them from, and those of its domains at the root, where such cookies are.
func (to recipient) expiries() []string {
	var lines []string
	for _, where := range to.scopes() {
		for _, name := range to.cookieNames() {
			if len(lines) == mostExpired {
				return lines
			}
			lines = append(lines, name+"=; Max-Age=0; "+where)
		}
	}
	return lines
}

// scopes are the attributes that cookies may have been set with, the likeliest first.
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

// prefixes are the paths of which a cookie is sent with the path (RFC 6265 section 5.1.4).
func prefixes(path string) []string {
	found := []string{"/"}
	for i := 1; i < len(path) && path[i] != ';'; i++ {
		if path[i] == '/' {
			found = append(found, path[:i], path[:i+1])
		}
	}
	if path = withoutParameters(path); len(path) > 1 && !strings.HasSuffix(path, "/") && !strings.Contains(path, ";") {
		found = append(found, path)
	}
	return found
}

// domains are those of which a cookie is sent to the host: itself, and its parents that a site can have.
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

// cookieNames are the names of the browser's cookies, ours aside.
func (to recipient) cookieNames() []string {
	var names []string
	for pair := range strings.SplitSeq(strings.Join(to.cookies, ";"), ";") {
		name, _, found := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); found && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
