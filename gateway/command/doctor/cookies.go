package doctor

import (
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/cookie"
)

// checkCookies reports whether the cookies that the service set will be there when citizens come back.
func (e *examination) checkCookies() {
	var sound []string
	seen := map[string]bool{}
	for _, p := range e.read {
		for _, line := range p.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			if err != nil || seen[c.Name] {
				continue
			}
			seen[c.Name] = true
			if grade, text := examineCookie(c, line, e.Settings.Origins.Main()); text != "" {
				e.report(grade, "cookie "+c.Name, "%s", text)
			} else {
				sound = append(sound, c.Name)
			}
		}
	}
	switch {
	case len(sound) > 0:
		e.report(fine, "cookies", "%s will be there when citizens come back from GOV.UK Pay", list(sound))
	case len(seen) == 0:
		e.report(fine, "cookies", "the service sets none on what was looked at")
	}
}

// examineCookie returns no text if there is nothing to say.
func examineCookie(c *http.Cookie, line string, public *url.URL) (grade, string) {
	domain := strings.TrimPrefix(strings.ToLower(c.Domain), ".")
	host := public.Hostname()
	isHostOnly := strings.HasPrefix(c.Name, "__Host-")
	isPromised := isHostOnly || strings.HasPrefix(c.Name, "__Secure-")
	switch {
	case isOwnCookie(line):
		return warning, "has the name of Paygate's own cookie: it is removed, and never reaches a browser"
	case domain != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return warning, "is for " + domain + ", so browsers refuse it from " + host
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return warning, "is SameSite=None without Secure: browsers refuse it"
	case isPromised && !c.Secure, isHostOnly && (c.Path != "/" || c.Domain != ""):
		return warning, "does not keep what the beginning of its name promises: browsers refuse it"
	case c.Secure && public.Scheme == "http":
		return warning, "is Secure, and PAYGATE_PUBLIC_URL is http: browsers refuse it"
	case c.SameSite == http.SameSiteStrictMode:
		return fine, "is SameSite=Strict, so browsers keep it back on the way from GOV.UK Pay; " +
			"Paygate then leads them on by a page of its own"
	default:
		return "", ""
	}
}

func isOwnCookie(line string) bool {
	header := http.Header{"Set-Cookie": {line}}
	cookie.StripSet(header)
	return len(header) == 0
}
