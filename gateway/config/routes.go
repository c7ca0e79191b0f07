package config

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/reading"
	"paygate/journey"
)

var routeNamePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// routeNames are the routes to read. Two names whose variables could be read two ways, apply and apply-when, are a fault.
func (c *checker) routeNames(name, value string) []string {
	names := c.list(name, c.required(name, value))
	for i, route := range names {
		if !routeNamePattern.MatchString(route) {
			c.fault(name, "%q is no name; use a-z, 0-9 and hyphens between them", route)
		}
		if slices.Contains(names[:i], route) {
			c.fault(name, "%q is there twice", route)
		}
	}
	for _, a := range names {
		for _, b := range names {
			if readTwoWays(a, b) {
				c.fault(name, "the settings of %q could be taken for those of %q; rename one", b, a)
			}
		}
	}
	return names
}

// readTwoWays tells whether the second name is the first with the name of a setting, or the beginning of one, behind it.
func readTwoWays(a, b string) bool {
	rest, longer := strings.CutPrefix(routePrefix(b), routePrefix(a))
	return longer && rest != "" && slices.ContainsFunc(namesOf(&routeVariables{}, ""), func(variable string) bool {
		return strings.HasPrefix(variable+"_", rest)
	})
}

// routeChecker checks one route; it knows the names of the route's variables.
type routeChecker struct {
	*checker
	prefix string
}

func (c routeChecker) name(variable string) string { return c.prefix + variable }

// route converts one route. common are the terms that all routes share.
func (c *checker) route(name string, v routeVariables, common journey.Terms, mode string) gateway.Route {
	rc := routeChecker{c, routePrefix(name)}
	r := gateway.Route{
		Name:          name,
		Setting:       rc.prefix,
		Match:         rc.pattern("MATCH", c.required(rc.name("MATCH"), v.Match)),
		Aliases:       rc.patterns("ALIASES", v.Aliases),
		Allow:         rc.patterns("ALLOW", v.Allow),
		When:          rc.when(v.When),
		GetQuery:      rc.getQuery(v.GetQuery),
		PassQuery:     c.list(rc.name("PASS_QUERY"), v.PassQuery),
		Mode:          gateway.Mode(c.word(rc.name("MODE"), v.Mode, "on", "closed", "free", "shadow")),
		Description:   rc.description("DESCRIPTION", c.required(rc.name("DESCRIPTION"), v.Description)),
		DescriptionCY: rc.description("DESCRIPTION_CY", v.DescriptionCY),
		Reference:     rc.template("REFERENCE", v.Reference),
		Metadata:      rc.metadata(v.Metadata),
		Prefill:       rc.prefill(v.Prefill),
		CardExempt:    c.list(rc.name("CARD_EXEMPT"), v.CardExempt),
	}
	r.Terms = rc.terms(v, common)
	r.Terms.Route = name
	r.Terms.Kind = gateway.KindOf(r.Match.Method())
	r.Terms.Accept, r.Terms.Acceptance = rc.acceptance(v, r.Terms.Kind)
	r.Terms.ReturnGrace = rc.returnGrace(v.ReturnGrace, r.Terms.Kind)
	r.Strict = c.word(rc.name("STRICT"), v.Strict, "on", "off") == "on"
	rc.pricing(&r, v)
	rc.crossCheck(r, v)
	return r
}

func (c routeChecker) terms(v routeVariables, t journey.Terms) journey.Terms {
	t.Capture = c.word(c.name("CAPTURE"), v.Capture, journey.CaptureOnAccept, journey.CaptureImmediate)
	t.Release = c.word(c.name("RELEASE"), v.Release, journey.ReleaseConfirmed, journey.ReleaseOnReturn)
	t.ResubmitFor = c.duration(c.name("RESUBMIT_FOR"), v.ResubmitFor)
	t.OnRefused = c.word(c.name("ON_REFUSED"), v.OnRefused, journey.OnRefusedReturn, journey.OnRefusedStaff)
	t.RefusedPage = c.word(c.name("REFUSED_PAGE"), v.RefusedPage, "on", "off") == "on"
	t.Repeat = c.word(c.name("REPEAT"), v.Repeat, journey.RepeatNever, journey.RepeatSafe)
	t.RetryFor = c.duration(c.name("RETRY_FOR"), v.RetryFor)
	t.PassFor = c.duration(c.name("PASS_FOR"), v.PassFor)
	return t
}

func (c routeChecker) pricing(r *gateway.Route, v routeVariables) {
	switch {
	case v.Price == "" && v.Prices == "":
		c.fault(c.name("PRICE"), "is required, or PRICES with PRICE_FIELD")
	case v.Price != "" && v.Prices != "":
		c.fault(c.name("PRICE"), "there can be PRICE or PRICES, not both")
	case v.Price == "upstream":
		r.UpstreamPriced = true
	case v.Price != "":
		r.Price = c.price(c.name("PRICE"), v.Price)
	default:
		r.Prices = c.prices(c.name("PRICES"), v.Prices)
		r.PriceField = c.required(c.name("PRICE_FIELD"), v.PriceField)
	}
	if v.Prices == "" && v.PriceField != "" {
		c.fault(c.name("PRICE_FIELD"), "is of no use without PRICES")
	}
}

// crossCheck finds settings of a route that do not go together.
func (c routeChecker) crossCheck(r gateway.Route, v routeVariables) {
	pass := r.Terms.Kind == journey.KindPass
	if r.Terms.Release == journey.ReleaseOnReturn && r.Terms.Capture != journey.CaptureImmediate {
		c.fault(c.name("RELEASE"), "on-return needs CAPTURE=immediate")
	}
	if pass && r.Terms.Release == journey.ReleaseOnReturn {
		c.fault(c.name("RELEASE"), "on-return is for submissions; a pass is fetched once it is paid")
	}
	switch {
	case !pass && len(r.PassQuery) > 0:
		c.fault(c.name("PASS_QUERY"), "is for passes; MATCH is a submission")
	case slices.Contains(r.PassQuery, "*") && len(r.PassQuery) > 1:
		c.fault(c.name("PASS_QUERY"), "must be * for any query, or a list of names")
	case slices.Contains(r.PassQuery, "*") && r.UpstreamPriced:
		c.fault(c.name("PASS_QUERY"), "cannot be * where the service prices each query: one payment would open them all")
	case r.PriceField != "" && slices.Contains(r.PassQuery, r.PriceField):
		c.fault(c.name("PASS_QUERY"), "lists PRICE_FIELD, which does make a difference")
	}
	for _, name := range r.Match.Parameters() {
		if slices.Contains(r.PassQuery, name) {
			c.fault(c.name("PASS_QUERY"), "lists %s, which is in MATCH", name)
		}
	}
	if pass && v.GetQuery != "*" {
		c.fault(c.name("GET_QUERY"), "is for submissions; MATCH is a pass, which is for its whole query")
	}
	if pass && r.When != nil {
		c.fault(c.name("WHEN"), "is for submissions; a GET has no form")
	}
	for _, alias := range r.Aliases {
		if gateway.KindOf(alias.Method()) != r.Terms.Kind {
			c.fault(c.name("ALIASES"), "%s is not of the same kind as MATCH", alias)
		}
	}
	templates := []gateway.Template{r.Reference}
	for _, t := range r.Metadata {
		templates = append(templates, t)
	}
	for _, t := range templates {
		for _, name := range t.PathNames() {
			if !slices.Contains(r.Match.Names(), name) {
				c.fault(c.name("REFERENCE"), "{path:%s} is not in MATCH", name)
			}
		}
	}
}

func (c routeChecker) pattern(variable, value string) reading.Pattern {
	if value == "" {
		return reading.Pattern{}
	}
	p, err := reading.ParsePattern(value)
	if err != nil {
		c.fault(c.name(variable), "%v", err)
	}
	return p
}

func (c routeChecker) patterns(variable, value string) []reading.Pattern {
	var patterns []reading.Pattern
	for _, item := range c.list(c.name(variable), value) {
		patterns = append(patterns, c.pattern(variable, item))
	}
	return patterns
}

func (c routeChecker) when(value string) *gateway.Condition {
	if value == "" {
		return nil
	}
	text, isForm := strings.CutPrefix(value, "form:")
	field, wanted, found := strings.Cut(text, "=")
	if !isForm || field == "" {
		c.fault(c.name("WHEN"), "must be form:FIELD=VALUE, or form:FIELD for any value")
		return nil
	}
	return &gateway.Condition{Field: field, Value: wanted, AnyValue: !found}
}

// getQuery are the parameters of GET_QUERY; none where it allows any.
func (c routeChecker) getQuery(value string) []string {
	if value == "*" {
		return nil
	}
	names := c.list(c.name("GET_QUERY"), value)
	if slices.Contains(names, "*") {
		c.fault(c.name("GET_QUERY"), "must be * for any parameter, or a list of names")
	}
	return names
}

// returnGrace is 0 where nothing is delivered early.
func (c routeChecker) returnGrace(value string, kind journey.Kind) time.Duration {
	pass := kind == journey.KindPass
	switch {
	case pass && value != "":
		c.fault(c.name("RETURN_GRACE"), "is for submissions; MATCH is a pass, which only its citizen fetches")
		return 0
	case pass, value == "off":
		return 0
	case value == "":
		return 5 * time.Minute
	}
	grace, err := time.ParseDuration(value)
	if err != nil || grace <= 0 {
		c.fault(c.name("RETURN_GRACE"), "must be a duration above zero, such as 5m, or off")
	}
	return grace
}

func (c routeChecker) description(variable, value string) string {
	if strings.ContainsAny(value, `<>|"\`) {
		c.fault(c.name(variable), `GOV.UK Pay refuses the characters < > | " \`)
	}
	return c.text(c.name(variable), value, 255)
}

func (c routeChecker) template(variable, value string) gateway.Template {
	t, err := gateway.ParseTemplate(value)
	if err != nil {
		c.fault(c.name(variable), "%v", err)
	}
	return t
}

// metadata is held to Pay's limits: 15 pairs, keys of 1 to 30 characters that differ in more than case (FACTS 2.1).
func (c routeChecker) metadata(value string) map[string]gateway.Template {
	metadata, lower := map[string]gateway.Template{}, map[string]bool{}
	name := c.name("METADATA")
	for _, item := range c.list(name, value) {
		key, text, found := strings.Cut(item, "=")
		switch {
		case !found || key == "":
			c.fault(name, "must be key=value,key=value")
		case len([]rune(key)) > 30:
			c.fault(name, "the key %q is longer than 30 characters", key)
		case lower[strings.ToLower(key)]:
			c.fault(name, "the key %q is there twice", key)
		case !strings.Contains(text, "{") && len([]rune(text)) > 100:
			c.fault(name, "the value of %q is longer than 100 characters", key)
		}
		lower[strings.ToLower(key)] = true
		metadata[key] = c.template("METADATA", text)
	}
	if len(metadata) > 15 {
		c.fault(name, "has more than 15 pairs")
	}
	return metadata
}

func (c routeChecker) prefill(value string) gateway.PrefillFields {
	var p gateway.PrefillFields
	fields := map[string]*string{
		"email": &p.Email, "cardholder_name": &p.CardholderName, "line1": &p.Line1, "line2": &p.Line2,
		"city": &p.City, "postcode": &p.Postcode, "country": &p.Country,
	}
	for _, item := range c.list(c.name("PREFILL"), value) {
		key, field, found := strings.Cut(item, "=")
		target, known := fields[key]
		if !found || !known {
			c.fault(c.name("PREFILL"), "%q must be email, cardholder_name, line1, line2, city, postcode or country, then = and the form's field", key)
			continue
		}
		*target = field
	}
	return p
}

// overlaps finds patterns of different routes that match the same request and neither is more specific, and routes
// that share a pattern without telling submissions apart by WHEN.
func (c *checker) overlaps(routes []gateway.Route) {
	for i, a := range routes {
		for _, b := range routes[i+1:] {
			for _, pa := range patternsOf(a) {
				for _, pb := range patternsOf(b) {
					if pa.Method() != "" && pa.Clashes(pb) && !toldApart(a, b) {
						c.fault(routePrefix(b.Name)+"MATCH", "%s overlaps with %s of route %s, and neither is more specific", pb, pa, a.Name)
					}
				}
			}
		}
	}
}

func patternsOf(r gateway.Route) []reading.Pattern {
	return append([]reading.Pattern{r.Match}, r.Aliases...)
}

func toldApart(a, b gateway.Route) bool {
	if a.When == nil || b.When == nil {
		return false
	}
	bothHaveValues := !a.When.AnyValue && !b.When.AnyValue
	return a.When.Field != b.When.Field || bothHaveValues && a.When.Value != b.When.Value
}
