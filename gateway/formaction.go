package gateway

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// LackingFormAction lists those of the origins that a Content-Security-Policy, as a header or a <meta> element has it, does not
// let a form lead to. page is the origin of the page that the policy comes with.
func LackingFormAction(policy string, page *url.URL, origins []string) []string {
	var lacking []string
	for one := range strings.SplitSeq(policy, ",") {
		for directive := range strings.SplitSeq(one, ";") {
			words := strings.Fields(directive)
			if len(words) == 0 || !strings.EqualFold(words[0], "form-action") {
				continue
			}
			for _, origin := range origins {
				if !slices.Contains(lacking, origin) && !allowsOrigin(words[1:], page, origin) {
					lacking = append(lacking, origin)
				}
			}
			break // a directive that stands twice counts once
		}
	}
	return lacking
}

// allowsOrigin tells whether one of the sources matches an origin (CSP level 3, section 6.7.2). The path of a source does not
// count: the form is led to the origin by a redirect.
func allowsOrigin(sources []string, page *url.URL, origin string) bool {
	to, err := url.Parse(origin)
	return err == nil && slices.ContainsFunc(sources, func(source string) bool { return matchesOrigin(strings.ToLower(source), page, to) })
}

func matchesOrigin(source string, page, to *url.URL) bool {
	switch {
	case source == "*":
		return true
	case source == "'self'":
		return matchesOrigin(page.Scheme+"://"+page.Host, page, to)
	case strings.HasSuffix(source, ":"):
		return matchesScheme(strings.TrimSuffix(source, ":"), to)
	}
	scheme, rest, found := strings.Cut(source, "://")
	if !found {
		scheme, rest = page.Scheme, source
	}
	host, _, _ := strings.Cut(rest, "/")
	name, port, _ := strings.Cut(host, ":")
	return matchesScheme(scheme, to) && matchesName(name, to.Hostname()) && matchesPort(port, to)
}

// matchesScheme lets https stand where http is allowed, as browsers do.
func matchesScheme(scheme string, to *url.URL) bool {
	return scheme == to.Scheme || scheme == "http" && to.Scheme == "https"
}

func matchesName(name, host string) bool {
	if suffix, wild := strings.CutPrefix(name, "*"); wild {
		return strings.HasSuffix(host, suffix)
	}
	return name == host
}

func matchesPort(port string, to *url.URL) bool {
	standard := map[string]string{"http": "80", "https": "443"}[to.Scheme]
	return port == "*" || cmp.Or(port, standard) == cmp.Or(to.Port(), standard)
}
