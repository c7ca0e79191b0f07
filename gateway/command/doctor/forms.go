package doctor

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"paygate/gateway"
)

// checkForms compares the forms and links of the pages with the pay routes. If Paygate would refuse one near a pay
// path, it prints the setting that declares it.
func (e *examination) checkForms() {
	var steps []step
	for _, p := range e.read {
		if p.document != nil {
			steps = append(steps, e.stepsOf(p)...)
		}
	}
	e.checkDeclared(steps)
	for _, r := range e.submissions() {
		e.checkButtons(r, steps)
		e.checkRedirectFields(r, steps)
	}
}

// step is a request that a page can lead to: a form, or a link.
type step struct {
	page   string // that offers it
	method string
	to     *url.URL
	form   *html.Node // nil: it is a link
	button *html.Node // that sends the form; nil: not sent by a button
}

// leadsTo reports whether a step is a form for a route.
func (s step) leadsTo(r gateway.Route) bool {
	return s.form != nil && s.method == r.Match.Method() && r.Match.Matches(s.to.EscapedPath())
}

// stepsOf returns the forms and links of a page that stay at the service.
func (e *examination) stepsOf(p page) []step {
	base, err := url.Parse(e.Settings.Origins.Main().String() + p.target)
	if err != nil {
		return nil
	}
	var steps []step
	add := func(method, address string, form, button *html.Node) {
		to, err := base.Parse(strings.TrimSpace(address))
		if err == nil && (to.Host == base.Host || to.Host == e.Settings.Upstream.Host) {
			steps = append(steps, step{p.target, strings.ToUpper(method), to, form, button})
		}
	}
	for n := range p.document.Descendants() {
		href := attribute(n, "href")
		switch {
		case n.DataAtom == atom.Base && href != "":
			if to, err := base.Parse(href); err == nil {
				base = to
			}
		case n.DataAtom == atom.A && href != "":
			add(http.MethodGet, href, nil, nil)
		case n.DataAtom == atom.Form:
			method := cmp.Or(attribute(n, "method"), http.MethodGet)
			action := cmp.Or(attribute(n, "action"), p.target)
			add(method, action, n, nil)
			for _, b := range buttonsOf(n) {
				add(cmp.Or(attribute(b, "formmethod"), method), cmp.Or(attribute(b, "formaction"), action), n, b)
			}
		}
	}
	return steps
}

// buttonsOf returns the buttons of a form that have a name or send the form to another address.
func buttonsOf(form *html.Node) []*html.Node {
	var buttons []*html.Node
	for n := range form.Descendants() {
		kind := strings.ToLower(attribute(n, "type"))
		sends := n.DataAtom == atom.Button && (kind == "" || kind == "submit") ||
			n.DataAtom == atom.Input && (kind == "submit" || kind == "image")
		differs := attribute(n, "name")+attribute(n, "formaction")+attribute(n, "formmethod") != ""
		if sends && differs {
			buttons = append(buttons, n)
		}
	}
	return buttons
}

// checkButtons compares the buttons that send a form to a route with its WHEN.
func (e *examination) checkButtons(r gateway.Route, steps []step) {
	var names, pairs []string
	var page string
	for _, s := range steps {
		if s.button == nil || !s.leadsTo(r) {
			continue
		}
		if name := attribute(s.button, "name"); name != "" {
			names, pairs, page = append(names, name), append(pairs, name+"="+attribute(s.button, "value")), s.page
		}
	}
	switch {
	case len(names) == 0:
	case r.When == nil && len(names) > 1:
		e.report(warning, "forms", "%s has several buttons (%s), and all of them cost money; "+
			"if only one should, set WHEN to that button, such as\n%sWHEN=form:%s",
			page, list(pairs), r.Setting, pairs[0])
	case r.When != nil && !slices.Contains(names, r.When.Field):
		e.report(note, "forms", "%s has the buttons %s, but none is called %s, which WHEN names",
			page, list(pairs), r.When.Field)
	}
}

// afterwards matches the usual names of the hidden field that says where the service redirects after it has accepted a
// form.
var afterwards = regexp.MustCompile(`(?i)^_?(?:next|continue|success_?url|(?:redirect|return)(?:_?(?:to|ur[li]))?)$`)

// localPath matches a path at the same host that fits into a list in a setting.
var localPath = regexp.MustCompile(`^/(?:[^/,\r\n][^,\r\n]*)?$`)

// checkRedirectFields looks for hidden fields in the forms for a route that say where the service redirects.
func (e *examination) checkRedirectFields(r gateway.Route, steps []step) {
	var known, places []string
	var page string
	if rule := r.Terms.Acceptance; rule != nil && !rule.AnyLocation() {
		known = slices.Clone(rule.Locations)
	}
	for _, s := range steps {
		if s.button == nil && s.leadsTo(r) {
			places, page = append(places, redirectFields(s.form)...), s.page
		}
	}
	places = slices.DeleteFunc(places, func(place string) bool { return slices.Contains(known, place) })
	if len(places) > 0 {
		e.report(note, "forms", "a hidden field on %s names %s; "+
			"if the service redirects there when it accepts the form, set\n%sACCEPT_LOCATION=%s",
			page, list(places), r.Setting, strings.Join(append(known, places...), ","))
	}
}

// redirectFields returns the paths in those hidden fields of a form.
func redirectFields(form *html.Node) []string {
	var places []string
	for n := range form.Descendants() {
		value := attribute(n, "value")
		isHidden := n.DataAtom == atom.Input && attribute(n, "type") == "hidden"
		if isHidden && localPath.MatchString(value) && afterwards.MatchString(attribute(n, "name")) {
			places = append(places, value)
		}
	}
	return places
}
