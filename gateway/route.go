package gateway

import (
	"errors"
	"slices"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/gateway/pages"
	"paygate/journey"
)

// Route is one pay route as the settings describe it.
type Route struct {
	match.Route        // New sets Free from Mode
	Setting     string // how the names of its settings begin, such as "PAYGATE_ROUTE_LICENCE_"
	Mode        modes.Mode
	// Message says to citizens why the route is closed; either language may be empty.
	Message, MessageCY string
	// PassQuery are the query parameters that make no difference to a pass; "*" is all of them.
	PassQuery []string

	// Exactly one of the three sets the price.
	Price          int64            // pence; 0 if another sets it
	Prices         map[string]int64 // pence by the value of PriceField
	PriceField     string
	UpstreamPriced bool

	Description   string
	DescriptionCY string // empty: the English one
	Noun, NounCY  string // what the citizen sends, for the pages; may be empty
	Reference     form.Template
	Metadata      map[string]form.Template
	Prefill       PrefillFields
	EmailField    string   // the form field with the citizen's e-mail address; empty: they are not written to
	CardExempt    []string // form fields that are not searched for card numbers
	Find          []string // form fields by whose values staff find a journey

	// Terms are copied into each journey, which adds its own amount, choice, reference, description, language and
	// metadata.
	Terms journey.Terms
}

// PrefillFields names the form fields that prefill Pay's card page; empty ones prefill nothing.
type PrefillFields struct {
	Email, CardholderName, Line1, Line2, City, Postcode, Country string
}

// KindOf returns the kind of a route with this method: a route that changes something is a submission.
func KindOf(method string) journey.Kind {
	if method == "GET" {
		return journey.KindPass
	}
	return journey.KindSubmission
}

// decidingNames returns the parameters that decide whether a request is for a pay route and how much it costs.
func decidingNames(routes []Route) []string {
	var names []string
	for _, r := range routes {
		if r.PriceField != "" {
			names = append(names, r.PriceField)
		}
		if r.When != nil {
			names = append(names, r.When.Field)
		}
		for _, p := range r.Patterns() {
			names = append(names, p.Parameters()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// description returns what the citizen pays for, in their language.
func (r *Route) description(language string) string {
	if language == "cy" && r.DescriptionCY != "" {
		return r.DescriptionCY
	}
	return r.Description
}

// routes are the pay routes, in the order of the settings.
type routes []Route

// of returns the route of a decision.
func (rs routes) of(r *match.Route) *Route {
	return &rs[slices.IndexFunc(rs, func(route Route) bool { return route.Name == r.Name })]
}

// settings returns what the settings say that the routes do.
func (o Options) settings() *modes.Set {
	set := &modes.Set{}
	for _, r := range o.Routes {
		setting := modes.Setting{Route: r.Name, Mode: r.Mode}
		set.States = append(set.States, modes.State{Setting: setting, Now: r.Mode})
	}
	return set
}

// withModes returns the routes with the modes of a set.
func withModes(all []Route, set *modes.Set) []Route {
	all = slices.Clone(all)
	for i, r := range all {
		state := set.Of(r.Name)
		all[i].Mode, all[i].Message, all[i].MessageCY = state.Now, state.Change.Message, state.Change.MessageCY
	}
	return all
}

// refusal returns the answer if no journey may start on the route with this name. A route that is no longer in the
// settings is closed.
func (rs routes) refusal(route string) (a answer, refused bool) {
	i := slices.IndexFunc(rs, func(r Route) bool { return r.Name == route })
	switch {
	case i < 0:
		return closed, true
	case rs[i].Mode == modes.Unknown:
		return notStarted(journey.Journey{}, errModesUnknown), true
	case rs[i].Mode == modes.Closed:
		a = closed
		a.view = pages.View{Message: rs[i].Message, MessageCY: rs[i].MessageCY}
		return a, true
	default:
		return a, false
	}
}

var errModesUnknown = errors.New("the store does not say whether the route takes payments")

// newClassifier returns the classifier of the routes, which are free in these modes.
func newClassifier(o Options, free ...modes.Mode) *match.Classifier {
	routes := make([]match.Route, len(o.Routes))
	for i, r := range o.Routes {
		routes[i] = r.Route
		routes[i].Free = slices.Contains(free, r.Mode)
	}
	return match.New(match.Options{
		Origins: o.Origins, Prefix: o.Prefix, Methods: o.Methods, RefuseActions: o.RefuseActions, Routes: routes,
	})
}
