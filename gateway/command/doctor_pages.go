package command

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"paygate/gateway/config"
	"paygate/gateway/cookie"
	"paygate/gateway/csp"
	"paygate/gateway/reading"
	"paygate/journey"
)

// addressOf is a pattern's path and query as it was written, wildcards included.
func addressOf(p reading.Pattern) string {
	_, address, _ := strings.Cut(p.String(), " ")
	return address
}

// checkPages reads the pages with the forms that lead to a pay route: those at the pay routes' own addresses, and those that
// were named.
func checkPages(ctx context.Context, e examined) []finding {
	var findings []finding
	targets := slices.Clone(e.pages)
	for _, r := range e.settings.Routes {
		if r.Terms.Kind != journey.KindSubmission {
			continue // a pass is reached by a link, which no form-action concerns
		}
		if target := r.Match.Address(nil); target != "" {
			targets = append(targets, target)
		} else if len(e.pages) == 0 {
			findings = append(findings, found(note, "page "+r.Name, "not looked at: the address has wildcards; -page PATH names a page with its form"))
		}
	}
	slices.Sort(targets)
	for _, target := range slices.Compact(targets) {
		p, err := e.service.get(ctx, target)
		if err != nil {
			findings = append(findings, found(warning, "page "+target, "cannot be looked at: %s", unanswered(err)))
			continue
		}
		findings = append(findings, judgePage(p, e.settings)...)
	}
	return findings
}

// judgePage says what of a page would keep its citizens from paying.
func judgePage(p page, s config.Settings) []finding {
	about := "page " + p.target
	kind, _, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
	if p.status != http.StatusOK || kind != "text/html" && kind != "application/xhtml+xml" {
		return []finding{found(note, about, "GET answers status %d, no page with a form; where that is elsewhere, or behind a log-in, name a page with -page PATH, or look at its Content-Security-Policy by hand", p.status)}
	}
	document, err := html.Parse(bytes.NewReader(p.body))
	if err != nil {
		return []finding{found(warning, about, "is no HTML that can be read")}
	}
	var findings []finding
	for _, policy := range metaPolicies(document) {
		if lacking := csp.Lacking(policy, s.Origins.Main(), s.PayCardOrigins); len(lacking) > 0 {
			findings = append(findings, found(wrong, about,
				"its <meta> Content-Security-Policy keeps the form from leading to GOV.UK Pay, and Paygate does not touch pages: add %s to its form-action", strings.Join(lacking, " ")))
		}
	}
	if round := roundPaygate(document, s); len(round) > 0 {
		findings = append(findings, found(warning, about, "leads to %s, the service's own origin, which bypasses Paygate; use paths, or %s", list(round), s.Origins.Main()))
	}
	if len(findings) > 0 {
		return findings
	}
	if !hasForm(document) {
		return []finding{found(note, about, "has no form; where that is elsewhere, or behind a log-in, name a page with -page PATH")}
	}
	for _, policy := range p.header.Values("Content-Security-Policy") {
		if lacking := csp.Lacking(policy, s.Origins.Main(), s.PayCardOrigins); len(lacking) > 0 {
			return []finding{found(fine, about, "its Content-Security-Policy has a form-action, to which Paygate adds %s", strings.Join(lacking, " "))}
		}
	}
	return []finding{found(fine, about, "its form may lead to GOV.UK Pay")}
}

// metaPolicies are the policies in a page's head, the only ones that browsers obey there.
func metaPolicies(document *html.Node) []string {
	var policies []string
	for n := range document.Descendants() {
		if n.DataAtom == atom.Meta && n.Parent.DataAtom == atom.Head && strings.EqualFold(attribute(n, "http-equiv"), "Content-Security-Policy") {
			policies = append(policies, attribute(n, "content"))
		}
	}
	return policies
}

// roundPaygate lists the origins of forms' absolute addresses, and of the one that all others start from, that are the service's own
// and not the public one.
func roundPaygate(document *html.Node, s config.Settings) []string {
	var origins []string
	for n := range document.Descendants() {
		names := []string{"action", "formaction"}
		if n.DataAtom == atom.Base {
			names = []string{"href"}
		}
		for _, name := range names {
			to, err := url.Parse(strings.TrimSpace(attribute(n, name)))
			if err == nil && to.Host != "" && strings.EqualFold(to.Host, s.Upstream.Host) && s.Origins.Find(to.Host) == nil {
				origins = append(origins, s.Upstream.String())
			}
		}
	}
	return origins
}

func hasForm(document *html.Node) bool {
	for n := range document.Descendants() {
		if n.DataAtom == atom.Form {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// checkCookies looks at the cookies of whatever was read of the service.
func checkCookies(e examined) []finding {
	var findings []finding
	var sound []string
	seen := map[string]bool{}
	for _, p := range e.service.read {
		for _, line := range p.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			if err != nil || seen[c.Name] {
				continue
			}
			seen[c.Name] = true
			if f := judgeCookie(c, line, e.settings.Origins.Main()); f.text != "" {
				findings = append(findings, f)
			} else {
				sound = append(sound, c.Name)
			}
		}
	}
	switch {
	case len(sound) > 0:
		findings = append(findings, found(fine, "cookies", "%s will be there when citizens come back from GOV.UK Pay", list(sound)))
	case len(findings) == 0:
		findings = append(findings, found(fine, "cookies", "the service sets none on what was looked at"))
	}
	return findings
}

// judgeCookie has no text when there is nothing to say.
func judgeCookie(c *http.Cookie, line string, public *url.URL) finding {
	about := "cookie " + c.Name
	domain := strings.TrimPrefix(strings.ToLower(c.Domain), ".")
	host := public.Hostname()
	secured := strings.HasPrefix(c.Name, "__Secure-") || strings.HasPrefix(c.Name, "__Host-")
	switch {
	case isOwnCookie(line):
		return found(warning, about, "has the name of Paygate's own cookie: it is removed, and never reaches a browser")
	case domain != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return found(warning, about, "is for %s, so browsers refuse it from %s", domain, host)
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return found(warning, about, "is SameSite=None without Secure: browsers refuse it")
	case secured && !c.Secure, strings.HasPrefix(c.Name, "__Host-") && (c.Path != "/" || c.Domain != ""):
		return found(warning, about, "does not keep what the beginning of its name promises: browsers refuse it")
	case c.Secure && public.Scheme == "http":
		return found(warning, about, "is Secure, and PAYGATE_PUBLIC_URL is http: browsers refuse it")
	case c.SameSite == http.SameSiteStrictMode:
		return found(fine, about, "is SameSite=Strict, so browsers keep it back on the way from GOV.UK Pay; Paygate then leads them on by a page of its own")
	default:
		return finding{}
	}
}

func isOwnCookie(line string) bool {
	header := http.Header{"Set-Cookie": {line}}
	cookie.StripSet(header)
	return len(header) == 0
}
