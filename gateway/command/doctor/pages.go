package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"paygate/gateway/csp"
	"paygate/gateway/dial"
)

// checkPages reads the pages with the forms that lead to a pay route.
func (e *examination) checkPages(ctx context.Context) {
	for _, r := range e.submissions() {
		if r.Match.Address(nil) == "" && len(e.Pages) == 0 {
			e.report(note, "page "+r.Name, "not read: the address has wildcards; -page PATH names a page with its form")
		}
	}
	for _, target := range e.formPages() {
		p, err := e.get(ctx, target)
		if err != nil {
			e.report(warning, "page "+target, "cannot be read: %s", dial.Reason(err, readTimeout))
			continue
		}
		e.checkPage(p)
	}
}

// checkPage reports what on a page would keep citizens from paying.
func (e *examination) checkPage(p page) {
	about := "page " + p.target
	if p.status != http.StatusOK || p.document == nil {
		e.report(note, about, "GET answers with status %d and without a form; if the form is on another page, "+
			"or after a log-in, name a page with -page PATH, or check its Content-Security-Policy by hand", p.status)
		return
	}
	blocking := e.lackingOrigins(metaPolicies(p.document))
	bypassing := e.bypassesPaygate(p.document)
	if blocking != "" {
		e.report(wrong, about, "its <meta> Content-Security-Policy keeps the form from leading to GOV.UK Pay, "+
			"and Paygate does not change pages: add %s to its form-action", blocking)
	}
	if bypassing {
		e.report(warning, about, "leads to %s, the service's own origin, which bypasses Paygate; use paths, or %s",
			e.Settings.Upstream, e.Settings.Origins.Main())
	}
	if blocking != "" || bypassing {
		return
	}
	added := e.lackingOrigins(p.header.Values("Content-Security-Policy"))
	switch {
	case !hasForm(p.document):
		e.report(note, about, "has no form; if that is on another page, or after a log-in, name it with -page PATH")
	case added != "":
		e.report(fine, about, "its Content-Security-Policy has a form-action, to which Paygate adds %s", added)
	default:
		e.report(fine, about, "its form may lead to GOV.UK Pay")
	}
}

// lackingOrigins returns the origins of GOV.UK Pay that the policies do not let a form lead to.
func (e *examination) lackingOrigins(policies []string) string {
	all := strings.Join(policies, ",")
	return strings.Join(csp.Lacking(all, e.Settings.Origins.Main(), e.Settings.PayCardOrigins), " ")
}

// metaPolicies returns the policies in a page's head, the only ones in a page that browsers obey.
func metaPolicies(document *html.Node) []string {
	var policies []string
	for n := range document.Descendants() {
		if n.DataAtom == atom.Meta && n.Parent.DataAtom == atom.Head &&
			strings.EqualFold(attribute(n, "http-equiv"), "Content-Security-Policy") {
			policies = append(policies, attribute(n, "content"))
		}
	}
	return policies
}

// bypassesPaygate reports whether a form, or the base of all relative addresses, names the service's own origin.
func (e *examination) bypassesPaygate(document *html.Node) bool {
	for n := range document.Descendants() {
		names := []string{"action", "formaction"}
		if n.DataAtom == atom.Base {
			names = []string{"href"}
		}
		for _, name := range names {
			to, err := url.Parse(strings.TrimSpace(attribute(n, name)))
			if err == nil && to.Host != "" && strings.EqualFold(to.Host, e.Settings.Upstream.Host) &&
				e.Settings.Origins.Find(to.Host) == nil {
				return true
			}
		}
	}
	return false
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
