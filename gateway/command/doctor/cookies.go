package doctor

import (
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/cookie"
)

// checkCookies reports whether browsers will send the service's cookies when citizens come back.
func (e *examination) checkCookies() {
	var sound []string
	known := map[string]bool{}
	for _, p := range e.read {
		for _, line := range p.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			if err != nil || known[c.Name] {
				continue
			}
			known[c.Name] = true
			if grade, text := examineCookie(c, line, e.Settings.Origins.Main()); text != "" {
				e.report(grade, "cookie "+c.Name, "%s", text)
			} else {
				sound = append(sound, c.Name)
			}
		}
	}
	switch {
	case len(sound) > 0:
		e.report(fine, "cookies", "browsers will send %s when citizens come back from GOV.UK Pay", list(sound))
	case len(known) == 0:
		e.report(fine, "cookies", "the service sets none on the pages that were read")
	}
}

// examineCookie returns what to report about a cookie. The text is empty if there is nothing.
func examineCookie(c *http.Cookie, line string, public *url.URL) (grade, string) {
	domain := strings.TrimPrefix(strings.ToLower(c.Domain), ".")
	host := public.Hostname()
	isHostOnly := strings.HasPrefix(c.Name, "__Host-")
	mustBeSecure := isHostOnly || strings.HasPrefix(c.Name, "__Secure-")
	switch {
	case isOwnCookie(line):
		return warning, "has the name of Paygate's own cookie, so Paygate removes it"
	case domain != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return warning, "is for " + domain + ", so browsers refuse it from " + host
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return warning, "is SameSite=None without Secure: browsers refuse it"
	case mustBeSecure && !c.Secure, isHostOnly && (c.Path != "/" || c.Domain != ""):
		return warning, "lacks the attributes that the prefix of its name requires: browsers refuse it"
	case c.Secure && public.Scheme == "http":
		return warning, "is Secure, and PAYGATE_PUBLIC_URL is http: browsers refuse it"
	case c.SameSite == http.SameSiteStrictMode:
		return fine, "is SameSite=Strict, so browsers do not send it on the way from GOV.UK Pay; " +
			"Paygate shows a page first, after which they do"
	default:
		return "", ""
	}
}

func isOwnCookie(line string) bool {
	header := http.Header{"Set-Cookie": {line}}
	cookie.StripSet(header)
	return len(header) == 0
}
