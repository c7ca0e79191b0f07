// Package csp reads and widens the form-action of a Content-Security-Policy, which browsers apply to the redirect
// after a form post as well.
package csp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// AllowForms adds origins to the form-action of a page's Content-Security-Policy. If it lacked Pay's card pages, the
// citizen could not pay (FACTS trap 6).
func AllowForms(header http.Header, origins []string) {
	for i, line := range header["Content-Security-Policy"] {
		policies := strings.Split(line, ",")
		for p, policy := range policies {
			directives := strings.Split(policy, ";")
			for d, directive := range directives {
				directives[d] = widen(directive, origins)
			}
			policies[p] = strings.Join(directives, ";")
		}
		header["Content-Security-Policy"][i] = strings.Join(policies, ",")
	}
}

// widen adds origins to a directive if it is form-action.
func widen(directive string, origins []string) string {
	words := strings.Fields(directive)
	if len(words) == 0 || !strings.EqualFold(words[0], "form-action") {
		return directive
	}
	words = slices.DeleteFunc(words, func(w string) bool { return strings.EqualFold(w, "'none'") })
	for _, origin := range origins {
		if !slices.Contains(words, origin) {
			words = append(words, origin)
		}
	}
	blank := directive[:len(directive)-len(strings.TrimLeft(directive, " "))]
	return blank + strings.Join(words, " ")
}

// Lacking returns the origins that a policy, from a header or a <meta> element, does not let a form lead to. page is
// the origin of the page that has the policy.
func Lacking(policy string, page *url.URL, origins []string) []string {
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
			break // only the first of two equal directives counts
		}
	}
	return lacking
}

// allowsOrigin reports whether one of the sources matches an origin (CSP level 3, section 6.7.2). The path of a
// source does not count, because it is a redirect that leads the form to the origin.
func allowsOrigin(sources []string, page *url.URL, origin string) bool {
	to, err := url.Parse(origin)
	return err == nil && slices.ContainsFunc(sources, func(source string) bool {
		return matchesOrigin(strings.ToLower(source), page, to)
	})
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

// matchesScheme accepts https where a source says http, as browsers do.
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
