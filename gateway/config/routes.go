package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/journey"
)

func parseRouteNames(text string) (routeNames, error) {
	return parseNames[routeSettings](text, routePrefix, func(string) error { return nil })
}

// wellNamed returns the names of a faulty list whose routes can be checked all the same.
func wellNamed(text string) (names routeNames) {
	for name := range strings.SplitSeq(text, ",") {
		longer, err := parseRouteNames(strings.Join(append(slices.Clone(names), name), ","))
		if err == nil {
			names = longer
		}
	}
	return names
}

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// parseNames rejects two names whose settings in T could be taken for each other's, such as apply and apply-when.
func parseNames[T any](text string, prefixOf func(string) string, check func(string) error) ([]string, error) {
	var names []string
	return parseEach(text, func(name string) (string, error) {
		switch {
		case !namePattern.MatchString(name):
			return "", fmt.Errorf("%q is not a name; use a-z, 0-9 and hyphens between them", name)
		case slices.Contains(names, name):
			return "", fmt.Errorf("%q appears twice", name)
		}
		if err := check(name); err != nil {
			return "", err
		}
		var errs []error
		for _, other := range names {
			errs = append(errs, tellApart[T](prefixOf, other, name), tellApart[T](prefixOf, name, other))
		}
		names = append(names, name)
		return name, errors.Join(errs...)
	})
}

// tellApart returns an error if the longer name is the shorter one followed by the name of a setting in T or its
// beginning.
func tellApart[T any](prefixOf func(string) string, shorter, longer string) error {
	rest, isLonger := strings.CutPrefix(prefixOf(longer), prefixOf(shorter))
	for _, d := range declarations[T]("") {
		if isLonger && strings.HasPrefix(d.name+"_", rest) {
			return fmt.Errorf("the settings of %q could be taken for those of %q; rename one", longer, shorter)
		}
	}
	return nil
}

// routeChecker checks the settings of a route. Its methods name them without their prefix.
type routeChecker struct {
	*checker
	prefix string
}

func (c routeChecker) fault(variable, format string, values ...any) {
	c.checker.fault(c.prefix+variable, format, values...)
}

func (c routeChecker) sound(variables ...string) bool {
	return !slices.ContainsFunc(variables, func(v string) bool { return c.faulty[c.prefix+v] })
}

// text returns the text of a setting.
func (c routeChecker) text(variable string) string { return c.environment[c.prefix+variable] }

// kind returns the kind of the route, even if the path in MATCH is wrong.
func (c routeChecker) kind() journey.Kind {
	method, _, _ := strings.Cut(c.text("MATCH"), " ")
	return gateway.KindOf(method)
}

// route reads and checks the settings of a route. common are the terms that all routes share.
func (c *checker) route(name string, common journey.Terms, accounts []Account) gateway.Route {
	rc := routeChecker{c, routePrefix(name)}
	var v routeSettings
	read(c, &v, rc.prefix)
	r := gateway.Route{
		Route: match.Route{
			Name: name, Match: v.Match, Aliases: v.Aliases, Allow: v.Allow, When: v.When, GetQuery: v.GetQuery,
			Strict: v.Strict, Tell: match.Pattern(v.Tell),
		},
		Setting: rc.prefix, Mode: v.Mode, PassQuery: v.PassQuery,
		Price: v.Price.pence, UpstreamPriced: v.Price.upstream, Prices: v.Prices, PriceField: v.PriceField,
		Description: v.Description, DescriptionCY: v.DescriptionCY,
		Noun: v.Noun, NounCY: v.NounCY, Reference: v.Reference, Metadata: v.Metadata,
		Prefill: v.Prefill, EmailField: string(v.NotifyEmail), CardExempt: v.CardExempt, Find: v.Find,
		Terms: v.terms(name, rc.kind(), common),
	}
	rc.checkKind(r.Terms.Kind)
	rc.checkAccount(v.Account, accounts)
	rc.checkAcceptance(v, r.Terms.Kind)
	rc.checkPrice()
	rc.checkRelease(r.Terms)
	rc.checkPassQuery(r)
	rc.checkAliases(r)
	rc.checkTemplates(r)
	rc.checkTell(v)
	return r
}

// terms adds the terms of a route to those that all routes share.
func (v routeSettings) terms(route string, kind journey.Kind, t journey.Terms) journey.Terms {
	t.Route, t.Kind, t.Account, t.Share = route, kind, v.Account, v.Share
	t.Capture, t.Release = v.Capture, v.Release
	t.Tell, t.TellOn = match.Pattern(v.Tell).Path(), v.TellOn
	t.Accept, t.Acceptance = v.acceptance(kind)
	t.Repeat, t.OnRefused, t.RefusedPage = v.Repeat, v.OnRefused, v.RefusedPage
	t.ResubmitFor, t.RetryFor, t.PassFor = v.ResubmitFor, v.RetryFor, v.PassFor
	if kind == journey.KindSubmission {
		t.ReturnGrace = 5 * time.Minute
		if v.ReturnGrace != nil {
			t.ReturnGrace = time.Duration(*v.ReturnGrace)
		}
	}
	return t
}

// checkKind reports settings that are for the other kind of route, unless they have their default value.
func (c routeChecker) checkKind(kind journey.Kind) {
	for _, d := range declarations[routeSettings](c.prefix) {
		only, text := d.tag("only"), c.environment[d.name]
		if only != "" && only != string(kind) && text != "" && text != d.tag("default") && c.sound("MATCH") {
			plural := map[string]string{"pass": "passes", "submission": "submissions"}[only]
			c.checker.fault(d.name, "is for %s; MATCH is a %s", plural, kind)
		}
	}
}

func (c routeChecker) checkPrice() {
	price, prices, field := c.text("PRICE"), c.text("PRICES"), c.text("PRICE_FIELD")
	switch {
	case price == "" && prices == "":
		c.fault("PRICE", "is required, or PRICES with PRICE_FIELD")
	case price != "" && prices != "":
		c.fault("PRICE", "there can be PRICE or PRICES, not both")
	case prices != "" && strings.TrimSpace(field) == "":
		c.fault("PRICE_FIELD", "is required")
	}
	if prices == "" && field != "" {
		c.fault("PRICE_FIELD", "has no effect without PRICES")
	}
}

func (c routeChecker) checkRelease(t journey.Terms) {
	if t.Release != journey.ReleaseOnReturn {
		return
	}
	if t.Capture != journey.CaptureImmediate && c.sound("CAPTURE") {
		c.fault("RELEASE", "on-return needs CAPTURE=immediate")
	}
	if t.Kind == journey.KindPass {
		c.fault("RELEASE", "on-return is for submissions; a pass is fetched once it is paid")
	}
}

func (c routeChecker) checkPassQuery(r gateway.Route) {
	if r.Terms.Kind == journey.KindSubmission {
		return
	}
	switch all := slices.Contains(r.PassQuery, "*"); {
	case all && len(r.PassQuery) > 1:
		c.fault("PASS_QUERY", "must be * for any query, or a list of names")
	case all && r.UpstreamPriced:
		c.fault("PASS_QUERY", "cannot be * where the service prices each query: one payment would open them all")
	case r.PriceField != "" && slices.Contains(r.PassQuery, r.PriceField):
		c.fault("PASS_QUERY", "lists PRICE_FIELD, which does make a difference")
	}
	for _, name := range r.Match.Parameters() {
		if slices.Contains(r.PassQuery, name) {
			c.fault("PASS_QUERY", "lists %s, which is in MATCH", name)
		}
	}
}

func (c routeChecker) checkAliases(r gateway.Route) {
	for _, alias := range r.Aliases {
		if gateway.KindOf(alias.Method()) != r.Terms.Kind && c.sound("MATCH") {
			c.fault("ALIASES", "%s is not of the same kind as MATCH", alias)
		}
	}
}

// checkTemplates reports placeholders of path segments that MATCH does not name.
func (c routeChecker) checkTemplates(r gateway.Route) {
	check := func(variable string, t form.Template) {
		for _, name := range t.PathNames() {
			if !slices.Contains(r.Match.Names(), name) && c.sound("MATCH") {
				c.fault(variable, "{path:%s} is not in MATCH", name)
			}
		}
	}
	check("REFERENCE", r.Reference)
	for t := range maps.Values(r.Metadata) {
		check("METADATA", t)
	}
}

// compareRoutes reports patterns of different routes that match the same request if neither is more specific, and
// routes that share a pattern without telling submissions apart by WHEN.
func (c *checker) compareRoutes(routes []gateway.Route) {
	for i, a := range routes {
		for _, b := range routes[i+1:] {
			if c.sound(a.Setting+"WHEN", b.Setting+"WHEN") && !toldApart(a, b) {
				c.comparePatterns(a, b)
			}
		}
	}
}

func (c *checker) comparePatterns(a, b gateway.Route) {
	for _, pa := range a.Patterns() {
		for _, pb := range b.Patterns() {
			if pa.Method() != "" && pa.Clashes(pb) {
				c.fault(b.Setting+"MATCH", "%s overlaps with %s of route %s, and neither is more specific",
					pb, pa, a.Name)
			}
		}
	}
}

func toldApart(a, b gateway.Route) bool {
	if a.When == nil || b.When == nil {
		return false
	}
	bothHaveValues := !a.When.AnyValue && !b.When.AnyValue
	return a.When.Field != b.When.Field || bothHaveValues && a.When.Value != b.When.Value
}
