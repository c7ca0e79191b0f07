package gateway

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"paygate/gateway/cookie"
)

// overrides are the headers, by fold, by which a client would tell the service another address or method than the one
// that was judged.
var overrides = []string{
	"x-original-url", "x-original-uri", "x-original-path", "x-rewrite-url", "x-forwarded-uri", "x-forwarded-path", "x-forwarded-prefix",
	"x-http-method-override", "x-http-method", "x-method-override", "x-http-destinationurl", "x-script-name", "script-name", "path-info", "proxy",
}

// forwarded are the headers, by fold, by which only a trusted proxy may say who asks; and so are all x-forwarded-*.
var forwarded = []string{"forwarded", "x-real-ip", "x-client-ip", "true-client-ip"}

// hopByHop are the headers that never travel: they belong to one connection (RFC 9110 section 7.6.1), or ask for something
// that Paygate answers itself.
var hopByHop = []string{
	"connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
	"upgrade", "expect", "http2-settings",
}

// fold is how careless servers see a header's name: CGI makes one of - and _ and more.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, name)
}

// isOurs tells whether a name is, for some reader, one of the headers that only Paygate sets: its fold is "paygate", or
// begins with "paygate-".
func isOurs(name string) bool {
	const own = "paygate"
	return len(name) >= len(own) && strings.EqualFold(name[:len(own)], own) && (len(name) == len(own) || !isAlphanumeric(name[len(own)]))
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// wellNamed tells whether a name has nothing but letters, digits and hyphens: others are read in different ways.
func wellNamed(name string) bool {
	for i := range len(name) {
		if name[i] != '-' && !isAlphanumeric(name[i]) {
			return false
		}
	}
	return name != ""
}

// cleanRequest removes, on every route, what a client must not say to the service: our headers in any spelling, names
// that are read in different ways, overrides, and, but from a trusted proxy, who asks.
func cleanRequest(header http.Header, trusted bool) {
	for name := range header {
		if !wellNamed(name) || isOurs(name) || isOneOf(overrides, name) || !trusted && saysWhoAsks(name) {
			delete(header, name)
		}
	}
}

// isOneOf tells whether a well-named header is in a list of folds: the fold of such a name is its lower case.
func isOneOf(folds []string, name string) bool {
	return slices.ContainsFunc(folds, func(f string) bool { return len(f) == len(name) && strings.EqualFold(f, name) })
}

// saysWhoAsks tells whether a well-named header says who asks.
func saysWhoAsks(name string) bool {
	const all = "x-forwarded-"
	return len(name) >= len(all) && strings.EqualFold(name[:len(all)], all) || isOneOf(forwarded, name)
}

// namesEndToEnd tells whether the Connection header names anything but what belongs to a connection: a proxy drops what is
// named there, and a paid form would arrive without its type.
func namesEndToEnd(header http.Header) bool {
	for _, line := range header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.ToLower(strings.TrimSpace(option))
			if option != "" && option != "close" && !slices.Contains(hopByHop, option) {
				return true
			}
		}
	}
	return false
}

// stripCookies cuts our own cookie out.
func stripCookies(header http.Header) {
	lines := header["Cookie"]
	if !slices.ContainsFunc(lines, func(line string) bool { return line == "" || cookie.Strip(line) != line }) {
		return
	}
	var kept []string
	for _, line := range lines {
		if line = cookie.Strip(line); line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(header, "Cookie")
		return
	}
	header["Cookie"] = kept
}

// serviceCookies is the Cookie header as the service sees it.
func serviceCookies(header http.Header) string {
	cleaned := http.Header{"Cookie": header["Cookie"]}
	stripCookies(cleaned)
	return strings.Join(cleaned["Cookie"], "; ")
}

// kept are the headers that a held request keeps; whatever else would change a delivery hours later, such as Range or
// If-None-Match, stays behind.
var kept = []string{
	"Content-Type", "Content-Language", "Accept", "Accept-Language", "User-Agent", "Referer", "Origin", "Cookie", "Authorization",
}

// heldHeader is what a held request keeps of its header.
func heldHeader(header http.Header, further []string) http.Header {
	held := http.Header{}
	for _, name := range append(slices.Clone(kept), further...) {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if values := header[name]; len(values) > 0 && !isOurs(name) && !slices.Contains(overrides, fold(name)) && !slices.Contains(hopByHop, fold(name)) {
			held[name] = slices.Clone(values)
		}
	}
	return held
}

// isConditional tells the headers that go with a single fetch.
func isConditional(name string) bool {
	return name == "Range" || strings.HasPrefix(name, "If-") && wellNamed(name)
}

// makePrivate keeps caches in front from giving a paid answer to others.
func makePrivate(header http.Header) {
	directives := []string{"private"}
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.TrimSpace(directive)
			name, _, _ := strings.Cut(strings.ToLower(directive), "=")
			if directive != "" && name != "public" && name != "s-maxage" && name != "private" {
				directives = append(directives, directive)
			}
		}
	}
	header.Set("Cache-Control", strings.Join(directives, ", "))
}

// ownHeader marks what Paygate's own code answers, so that people can tell it from the service's.
func ownHeader(header http.Header) {
	header.Set("Paygate-Answer", "yes")
	header.Set("Cache-Control", "no-store")
}

// isPrefetch tells requests that no person made yet; they must start nothing.
func isPrefetch(header http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz", "X-Purpose", "X-Sec-Purpose"} { // the last is Turbo's
		if strings.Contains(strings.ToLower(header.Get(name)), "prefetch") {
			return true
		}
	}
	return header.Get("HX-Preloaded") == "true" // htmx
}
