package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/journey"
)

// redirectTarget is where a redirecting reply leads, resolved against the held request's address.
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
	if err != nil || target.Host == "" &&
		strings.HasPrefix(target.Path, "//") { // "/.//x" made short would be another host's
		return location, true
	}
	return target.String(), true
}

// locationOf is where a reply leads; empty where it leads nowhere. To a form that htmx sent, services may say it in a
// header that browsers do not know, and show nothing.
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

// staysBehind tells whether SameSite=Strict cookies, some of those with these names, stayed behind: coming from Pay,
// browsers keep them back through the whole chain of redirects. Then a page of our own starts a new, same-site
// navigation.
func staysBehind(r *http.Request, names []string) bool {
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
