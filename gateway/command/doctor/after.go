package doctor

import (
	"context"
	"net/http"
	"time"

	"paygate/gateway/dial"
	"paygate/gateway/origin"
)

// checkTell asks whether the service knows the addresses at which it hears of refunds. It sends no event.
func checkTell(ctx context.Context, e *examination) {
	for _, r := range e.Settings.Routes {
		about, path := "messages "+r.Name, r.Terms.Tell
		if path == "" {
			e.report(note, about, "the service hears nothing of refunds or of money that went back; %sTELL tells it",
				r.Setting)
			continue
		}
		switch p, err := e.get(ctx, path); {
		case err != nil:
			e.report(warning, about, "%sTELL: %s does not answer: %s", r.Setting, path, dial.Reason(err, readTimeout))
		case p.status == http.StatusNotFound:
			e.report(note, about, "%sTELL: the service says 404 to GET %s; if it says so to POST too, it hears nothing",
				r.Setting, path)
		default:
			e.report(fine, about, "the service answers at %s", path)
		}
	}
}

// checkGrace compares how long the service's cookies last with the time after which a paid form is delivered if its
// citizen does not come back.
func checkGrace(e *examination) {
	shortest := shortestCookie(e.read)
	for _, r := range e.submissions() {
		about, grace := "delivery "+r.Name, r.Terms.ReturnGrace
		switch {
		case grace == 0:
			e.report(note, about, "%sRETURN_GRACE=off: if a citizen pays and does not come back, a sweep delivers the "+
				"form after %s; the service's session has to last as long", r.Setting,
				time.Duration(e.Settings.MopupMinAge))
		case shortest != nil && time.Duration(shortest.MaxAge)*time.Second < grace:
			e.report(warning, about,
				"the cookie %s ends before %sRETURN_GRACE (%s): a form whose citizen does not come "+
					"back is delivered when it no longer counts", shortest.Name, r.Setting, grace)
		default:
			e.report(fine, about,
				"%s after the money is there, if the citizen does not come back; the service's session "+
					"has to last longer", grace)
		}
	}
}

// shortestCookie returns the cookie with the shortest life, in seconds, among those of the pages that were read; nil if
// none has a life of its own.
func shortestCookie(read []page) (shortest *http.Cookie) {
	for _, p := range read {
		for _, c := range (&http.Response{Header: p.header}).Cookies() {
			if c.MaxAge > 0 && (shortest == nil || c.MaxAge < shortest.MaxAge) {
				shortest = c
			}
		}
	}
	return shortest
}

// checkRedirects reports pages that lead citizens to another scheme at the same host, although the service was told
// which one they use.
func checkRedirects(e *examination) {
	main := e.Settings.Origins.Main()
	for _, p := range e.read {
		to, err := (&http.Response{Header: p.header}).Location()
		if err != nil || !origin.SameHost(to.Host, main.Host) {
			continue
		}
		switch {
		case to.Scheme != main.Scheme:
			e.report(warning, "redirects", "%s leads citizens to %s, and PAYGATE_PUBLIC_URL is %s",
				p.target, to.Scheme+"://"+to.Host, main)
		case to.RequestURI() == p.target && p.header.Get("Set-Cookie") == "":
			e.report(wrong, "redirects",
				"%s leads to itself, although Paygate says X-Forwarded-Proto: %s; the service "+
					"must trust that header", p.target, main.Scheme)
		}
	}
}
