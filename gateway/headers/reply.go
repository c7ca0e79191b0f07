package headers

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"paygate/gateway/origin"
)

// CleanReply prepares the header of an answer for a citizen: it removes headers that only Paygate may set, and turns
// addresses at the service's own origin, or at host, which is what the service sees as Host, into public ones.
func CleanReply(header http.Header, upstream *url.URL, host string, public *url.URL) {
	for name := range header {
		if IsOurs(name) {
			delete(header, name)
		}
	}
	for _, name := range []string{"Location", "Content-Location", "Hx-Redirect"} {
		for i, value := range header[name] {
			header[name][i] = atPublic(value, upstream, host, public)
		}
	}
	for i, value := range header["Refresh"] {
		if found := refreshPattern.FindStringSubmatch(value); found != nil {
			header["Refresh"][i] = found[1] + atPublic(found[2], upstream, host, public) + found[3]
		}
	}
}

// atPublic turns an address of the service into the same address at the public origin. Others are unchanged.
func atPublic(address string, upstream *url.URL, host string, public *url.URL) string {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || !slices.Contains([]string{"", "http", "https"}, target.Scheme) {
		return address
	}
	isOwn := host != "" && origin.SameHost(target.Host, host) ||
		(target.Scheme == "" || target.Scheme == upstream.Scheme) && origin.SameHost(target.Host, upstream.Host)
	if !isOwn {
		return address
	}
	_, after, _ := strings.Cut(address, "//")
	rest := ""
	if end := strings.IndexAny(after, "/?#"); end >= 0 {
		rest = after[end:]
	}
	return public.Scheme + "://" + public.Host + rest
}

// refreshPattern finds the address in a Refresh header as the HTML standard does: "url=" and quotes may be missing.
var refreshPattern = regexp.MustCompile(`(?i)^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?['"]?)([^'"]*)(.*)$`)

// cacheOnly are headers for one kind of cache.
var cacheOnly = []string{"Surrogate-Control", "Edge-Control", "X-Accel-Expires"}

// MakePrivate stops caches between us and the browser from giving a paid answer to others. Many of them obey a
// header of their own before Cache-Control.
func MakePrivate(header http.Header) {
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
