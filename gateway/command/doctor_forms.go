package command

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/reading"
	"paygate/journey"
)

// step is a request that a page can lead to: a form, or a link.
type step struct {
	page   string // that offers it
	method string
	to     *url.URL
	form   *html.Node // nil: it is a link
	button *html.Node // that sends the form; nil where it is none
}

// checkForms compares the forms and links of the pages with the pay routes. If Paygate would refuse one near a pay
// path, it prints the setting that declares it.
func checkForms(e examined) []finding {
	var steps []step
	for _, p := range e.service.read {
		steps = append(steps, stepsOf(p, e.settings)...)
	}
	needed := declarations{settings: e.settings}
	for _, s := range steps {
		needed.look(s)
	}
	return slices.Concat(needed.findings(), checkButtons(steps, e.settings), checkWhereFormsLead(steps, e.settings))
}

// stepsOf returns the forms and links of a page that stay at the service.
func stepsOf(p page, s config.Settings) []step {
	kind, _, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
	document, err := html.Parse(bytes.NewReader(p.body))
	base, baseErr := url.Parse(s.Origins.Main().String() + p.target)
	if kind != "text/html" || err != nil || baseErr != nil {
		return nil
	}
	var steps []step
	add := func(method, address string, form, button *html.Node) {
		to, err := base.Parse(strings.TrimSpace(address))
		if err == nil && (to.Host == base.Host || to.Host == s.Upstream.Host) {
			steps = append(steps, step{p.target, strings.ToUpper(method), to, form, button})
		}
	}
	for n := range document.Descendants() {
		switch {
		case n.DataAtom == atom.Base && attribute(n, "href") != "":
			if to, err := base.Parse(attribute(n, "href")); err == nil {
				base = to
			}
		case n.DataAtom == atom.A && attribute(n, "href") != "":
			add(http.MethodGet, attribute(n, "href"), nil, nil)
		case n.DataAtom == atom.Form:
			method, action := orElse(attribute(n, "method"), http.MethodGet), orElse(attribute(n, "action"), p.target)
			add(method, action, n, nil)
			for _, button := range buttonsOf(n) {
				add(orElse(attribute(button, "formmethod"), method), orElse(attribute(button, "formaction"), action), n, button)
			}
		}
	}
	return steps
}

// buttonsOf returns the buttons of a form that have a name or send the form elsewhere.
func buttonsOf(form *html.Node) []*html.Node {
	var buttons []*html.Node
	for n := range form.Descendants() {
		kind := strings.ToLower(attribute(n, "type"))
		sends := n.DataAtom == atom.Button && (kind == "" || kind == "submit") || n.DataAtom == atom.Input && (kind == "submit" || kind == "image")
		if sends && (attribute(n, "name") != "" || attribute(n, "formaction") != "" || attribute(n, "formmethod") != "") {
			buttons = append(buttons, n)
		}
	}
	return buttons
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// declarations are the patterns that routes lack.
type declarations struct {
	settings config.Settings
	lacking  []lacking
	unnamed  []step // refused, and no setting frees them
}

// lacking is a pattern that a setting of a route lacks.
type lacking struct {
	setting string
	already []reading.Pattern
	pattern reading.Pattern
	page    string
}

// look finds the setting that declares a step, if Paygate would refuse the step.
func (d *declarations) look(s step) {
	target := s.to.EscapedPath()
	if s.to.RawQuery != "" {
		target += "?" + s.to.RawQuery
	}
	tried := gateway.Tried{Method: s.method, Target: target}
	if judgeOf(d.settings, d.settings.Routes).Fate(tried) != gateway.FateRefused {
		return
	}
	pattern, err := reading.ParsePattern(s.method + " " + withoutNumbers(s.to.EscapedPath()))
	for _, r := range d.settings.Routes {
		if err != nil || strings.Contains(pattern.String(), ",") {
			break
		}
		allowed, aliased := r, r
		allowed.Allow = append(slices.Clone(r.Allow), pattern)
		aliased.Aliases = append(slices.Clone(r.Aliases), pattern)
		isAllowed := d.fateWith(allowed, tried) == gateway.FateForwarded
		isAliased := gateway.KindOf(s.method) == r.Terms.Kind && d.fateWith(aliased, tried) == gateway.FateHeld
		switch {
		case isAllowed && !(isAliased && isSpelled(pattern, r.Match)):
			d.add(lacking{r.Setting + "ALLOW", r.Allow, pattern, s.page})
			return
		case isAliased:
			d.add(lacking{r.Setting + "ALIASES", r.Aliases, pattern, s.page})
			return
		}
	}
	d.unnamed = append(d.unnamed, s)
}

// isSpelled reports whether a pattern looks like another way to write the pay path, and not like a page near it: it has
// as many segments, or ends in the pay path.
func isSpelled(p, match reading.Pattern) bool {
	path, pay := strings.ToLower(p.Path()), strings.ToLower(match.Path())
	return strings.Count(path, "/") == strings.Count(pay, "/") || strings.HasSuffix(path, pay)
}

// fateWith returns the fate of a request if one route had other settings.
func (d *declarations) fateWith(changed gateway.Route, tried gateway.Tried) gateway.Fate {
	routes := slices.Clone(d.settings.Routes)
	routes[slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == changed.Name })] = changed
	return judgeOf(d.settings, routes).Fate(tried)
}

func (d *declarations) add(l lacking) {
	if !slices.ContainsFunc(d.lacking, func(o lacking) bool { return o.setting == l.setting && o.pattern.Equal(l.pattern) }) {
		d.lacking = append(d.lacking, l)
	}
}

var number = regexp.MustCompile(`/[0-9]+(/|$)`)

// withoutNumbers replaces each segment that is a number by a wildcard: the number of one application does not belong in
// a setting.
func withoutNumbers(path string) string {
	for _, name := range []string{"{id}", "{id2}", "{id3}"} {
		at := number.FindStringIndex(path)
		if at == nil {
			break
		}
		end := at[0] + 1 + strings.IndexFunc(path[at[0]+1:]+"/", func(r rune) bool { return r < '0' || r > '9' })
		path = path[:at[0]+1] + name + path[end:]
	}
	return path
}

// findings returns one line for each setting that lacks something.
func (d *declarations) findings() []finding {
	var findings []finding
	var seen []string
	for _, l := range d.lacking {
		if slices.Contains(seen, l.setting) {
			continue
		}
		seen = append(seen, l.setting)
		texts, pages := []string{}, []string{}
		for _, p := range l.already {
			texts = append(texts, p.String())
		}
		for _, o := range d.lacking {
			if o.setting == l.setting {
				texts, pages = append(texts, o.pattern.String()), append(pages, o.page)
			}
		}
		what := "other code"
		if strings.HasSuffix(l.setting, "ALIASES") {
			what = "the pay code"
		}
		findings = append(findings, found(warning, "forms", "Paygate would refuse a form or link on %s; if it leads to %s, set\n%s=%s", list(pages), what, l.setting, strings.Join(texts, ",")))
	}
	for _, s := range d.unnamed {
		findings = append(findings, found(warning, "forms", "%s leads to %s %s, which Paygate refuses, and no setting of a route declares it", s.page, s.method, s.to.EscapedPath()))
	}
	return findings
}

// checkButtons compares the buttons that send a form to a pay route with its WHEN.
func checkButtons(steps []step, s config.Settings) []finding {
	var findings []finding
	for _, r := range s.Routes {
		var names, written []string
		var page string
		for _, step := range steps {
			if step.button != nil && step.method == r.Match.Method() && r.Match.Matches(step.to.EscapedPath()) && attribute(step.button, "name") != "" {
				names = append(names, attribute(step.button, "name"))
				written = append(written, attribute(step.button, "name")+"="+attribute(step.button, "value"))
				page = step.page
			}
		}
		switch {
		case r.Terms.Kind == journey.KindPass, len(names) == 0:
		case r.When == nil && len(written) > 1:
			findings = append(findings, found(warning, "forms", "%s has several buttons (%s), and all of them cost money; if only one should, set WHEN to that button, such as\n%sWHEN=form:%s", page, list(written), r.Setting, written[0]))
		case r.When != nil && !slices.Contains(names, r.When.Field):
			findings = append(findings, found(note, "forms", "%s has the buttons %s, but none is called %s, which WHEN names", page, list(written), r.When.Field))
		}
	}
	return findings
}

// afterwards matches the usual names of the hidden field that says where the service redirects after it has accepted a
// form.
var afterwards = regexp.MustCompile(`(?i)^_?(?:next|continue|success_?url|(?:redirect|return)(?:_?(?:to|ur[li]))?)$`)

// checkWhereFormsLead finds where the forms of pay routes say that the service redirects.
func checkWhereFormsLead(steps []step, s config.Settings) []finding {
	var findings []finding
	for _, r := range s.Routes {
		var places []string
		var page string
		for _, step := range steps {
			if step.form != nil && step.button == nil && step.method == r.Match.Method() && r.Match.Matches(step.to.EscapedPath()) {
				places, page = append(places, placesIn(step.form)...), step.page
			}
		}
		known := knownLocations(r)
		places = slices.DeleteFunc(places, func(place string) bool { return slices.Contains(known, place) })
		if len(places) > 0 && r.Terms.Kind == journey.KindSubmission {
			findings = append(findings, found(note, "forms", "a hidden field on %s names %s; if the service redirects there when it accepts the form, set\n%sACCEPT_LOCATION=%s",
				page, list(places), r.Setting, strings.Join(append(known, places...), ",")))
		}
	}
	return findings
}

// placesIn returns the paths in those hidden fields of a form.
func placesIn(form *html.Node) []string {
	var places []string
	for n := range form.Descendants() {
		value := attribute(n, "value")
		isPath := strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") && !strings.ContainsAny(value, ",\r\n")
		if n.DataAtom == atom.Input && attribute(n, "type") == "hidden" && afterwards.MatchString(attribute(n, "name")) && isPath {
			places = append(places, value)
		}
	}
	return places
}

func knownLocations(r gateway.Route) []string {
	if r.Terms.Acceptance == nil || r.Terms.Acceptance.AnyLocation() {
		return nil
	}
	return slices.Clone(r.Terms.Acceptance.Locations)
}
