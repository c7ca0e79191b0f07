package gateway

import (
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/cookie"
	"paygate/gateway/headers"
)

// namesEndToEnd tells whether the Connection header names anything but what belongs to a connection: a proxy drops what is
// named there, and a paid form would arrive without its type.
func namesEndToEnd(header http.Header) bool {
	for _, line := range header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.ToLower(strings.TrimSpace(option))
			if option != "" && option != "close" && !headers.IsHopByHop(option) {
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

// cacheOnly are the headers that speak to one kind of cache.
var cacheOnly = []string{"Surrogate-Control", "Edge-Control", "X-Accel-Expires"}

// makePrivate keeps caches in front from giving a paid answer to others. Many of them have a header of their own that they obey
// before Cache-Control.
func makePrivate(header http.Header) {
	for name := range header {
		if strings.HasSuffix(name, "Cdn-Cache-Control") || slices.Contains(cacheOnly, name) {
			delete(header, name)
		}
	}
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
