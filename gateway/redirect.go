package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/journey"
)

// redirectTarget returns where a reply redirects to, resolved against the address of the held request.
func redirectTarget(reply journey.Reply, j journey.Journey) (string, bool) {
	location := locationOf(reply)
	if location == "" {
		return "", false
	}
	base, err := url.Parse(j.Fingerprint.Target())
	if err != nil {
		return location, true
	}
	target, err := base.Parse(location)
	if err != nil || target.Host == "" && strings.HasPrefix(target.Path, "//") { // "/.//x" would become a host
		return location, true
	}
	return target.String(), true
}

// locationOf returns where a reply redirects to, or the empty string. In answer to a form that htmx sent, services may
// use a header that browsers do not know.
func locationOf(reply journey.Reply) string {
	switch {
	case reply.Status == http.StatusNotModified:
		return ""
	case reply.Status >= 300 && reply.Status <= 399:
		return reply.Header.Get("Location")
	case reply.Status < 300 && len(reply.Body) == 0:
		return reply.Header.Get("Hx-Redirect")
	default:
		return ""
	}
}

// lacksCookies reports whether the browser did not send some of the cookies with these names. On the way back from
// Pay, browsers hold back SameSite=Strict cookies through the whole chain of redirects. A page of ours then starts a
// new, same-site navigation.
func lacksCookies(r *http.Request, names []string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "cross-site" {
		return false
	}
	sent := map[string]bool{}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			sent[strings.TrimSpace(name)] = true
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return !sent[name] })
}
