package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxExpired limits how many cookies one answer expires, because the browser chooses the names and paths.
const maxExpired = 200

// maxPath is the longest path that browsers keep for a cookie (RFC 6265bis section 5.6).
const maxPath = 1024

// keepTicket stops an answer of the service from clearing our cookie together with its own, because a citizen who is at
// GOV.UK Pay could not come back. It expires the service's own cookies instead.
func keepTicket(header http.Header, browser expiry) {
	lines := header["Clear-Site-Data"]
	if len(lines) == 0 {
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
	header["Set-Cookie"] = append(browser.lines(), header["Set-Cookie"]...)
}

// withoutCookies returns what is to be cleared besides cookies, and reports whether cookies are to be cleared.
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

// expiry says where the cookies of a browser may have been set.
type expiry struct {
	origin  *url.URL
	path    string // of the request
	cookies string // the browser's cookies, except ours
}

// lines returns the Set-Cookie lines that expire the browser's cookies: those of the host at every path that they
// may have been set for, and those of its domains at the root, where such cookies usually are.
func (e expiry) lines() []string {
	var lines []string
	names := e.names()
	for _, where := range e.scopes() {
		for _, name := range names {
			if len(lines) == maxExpired {
				return lines
			}
			lines = append(lines, name+"=; Max-Age=0; "+where)
		}
	}
	return lines
}

// scopes returns the attributes with which cookies may have been set, the likeliest first.
func (e expiry) scopes() []string {
	secure := ""
	if e.origin.Scheme == "https" {
		secure = "; Secure" // some names require it
	}
	var scopes []string
	for _, path := range prefixes(e.path) {
		scopes = append(scopes, "Path="+path+secure)
	}
	for i, domain := range domains(e.origin) {
		scopes = slices.Insert(scopes, 1+i, "Path=/; Domain="+domain+secure)
	}
	return scopes
}

// prefixes returns the cookie paths that match a path (RFC 6265 section 5.1.4).
func prefixes(path string) []string {
	found := []string{"/"}
	for i := 1; i < min(len(path), maxPath) && path[i] != ';'; i++ {
		if path[i] == '/' {
			found = append(found, path[:i], path[:i+1])
		}
	}
	whole, parameters, _ := strings.Cut(path, ";") // servlet containers write ;jsessionid=… after the last segment
	isPath := len(whole) > 1 && len(whole) <= maxPath && !strings.HasSuffix(whole, "/")
	if isPath && !strings.ContainsAny(parameters, "/%") {
		found = append(found, whole)
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

// names returns the names of the cookies.
func (e expiry) names() []string {
	var names []string
	for pair := range strings.SplitSeq(e.cookies, ";") {
		name, _, found := strings.Cut(pair, "=")
		if len(names) == maxExpired {
			break
		}
		if name = strings.TrimSpace(name); found && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
