package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/journey"
)

// shadow passes through requests that cost nothing. A route in shadow mode takes no payments and refuses nothing, but
// shadow counts and logs what Paygate would have done, so that an operator sees before going live which requests of
// real citizens are near the pay path.
type shadow struct {
	*forwarder
	classifier *match.Classifier // treats routes in shadow mode as if they took payments; nil if there are none
	routes     routes
	noted      func(route, what string) // may be nil
}

// shadowClassifier returns a classifier that treats the routes in shadow mode as if they took payments, or nil if there
// are none.
func shadowClassifier(o Options) *match.Classifier {
	if !slices.ContainsFunc(o.Routes, func(r Route) bool { return r.Mode == modes.Shadow }) {
		return nil
	}
	return newClassifier(o, modes.Free)
}

// passShadowed passes a request through, and logs what Paygate would have done with it.
func (s *shadow) passShadowed(w http.ResponseWriter, r *http.Request) {
	if s.classifier == nil {
		s.forward(w, r)
		return
	}
	would := s.classifier.Classify(r)
	if would.Action != match.Pay || !s.dependsOnForm(would) {
		s.noteShadow(r, would, nil)
		s.forward(w, r)
		return
	}
	read := &copied{ReadCloser: r.Body}
	r.Body = read
	defer func() { s.noteShadow(r, would, read) }()
	s.forward(w, r)
}

// passFree passes a request through on a route that is free at the moment.
func (s *shadow) passFree(w http.ResponseWriter, r *http.Request, hit match.Decision) {
	route := s.routes.of(hit.Route)
	w, r = formless(w, r, hit)
	s.log.InfoContext(r.Context(), "pay route is free", "route", route.Name, "mode", route.Mode)
	s.passShadowed(w, r)
}

// dependsOnForm reports whether the form decides what happens to a request on a pay route.
func (s *shadow) dependsOnForm(would match.Decision) bool {
	for _, r := range would.Routes {
		if route := s.routes.of(r); route.Terms.Kind == journey.KindSubmission &&
			(route.When != nil || route.PriceField != "") {
			return true
		}
	}
	return false
}

// noteShadow counts and logs what Paygate would have done with a request. body is the part of its body that was read
// when it passed, or nil.
func (s *shadow) noteShadow(r *http.Request, would match.Decision, body *copied) {
	would, what, rule := s.outcome(r, would, body)
	name, remedy := s.shadowed(would)
	inShadow := func(r Route) bool { return r.Name == name && r.Mode == modes.Shadow }
	if what == "" || !slices.ContainsFunc(s.routes, inShadow) {
		return
	}
	s.log.InfoContext(r.Context(), "shadow",
		"route", name, "what", what, "rule", rule, "declare", remedy, "method", s.methodName(r))
	if s.noted != nil {
		s.noted(name, what)
	}
}

// shadowed returns the route that a decision is about, and the setting that would declare a refused request. A path
// with too many interpretations concerns all routes, so shadowed returns the first one in shadow mode.
func (s *shadow) shadowed(would match.Decision) (name, declare string) {
	switch {
	case would.Action == match.Refuse && would.Route != nil:
		return would.Route.Name, match.Remedy(would.Reason, s.routes.of(would.Route).Setting)
	case would.Route != nil:
		return would.Route.Name, ""
	}
	for _, route := range s.routes {
		if route.Mode == modes.Shadow {
			return route.Name, ""
		}
	}
	return "", ""
}

// outcome returns what Paygate would do with a request, and by which rule. what is empty if the request is free.
func (s *shadow) outcome(
	r *http.Request, d match.Decision, body *copied,
) (would match.Decision, what, rule string) {
	var submission form.Submission
	if d.Action == match.Pay {
		submission = form.NewSubmission(d.Target.Query, r.Header, body.form(r.Header))
		d = d.WithForm(submission)
	}
	switch {
	case d.Action == match.Refuse:
		return d, "refused", match.RuleOf(d.Reason)
	case d.Action == match.Redirect:
		return d, "refused", match.RuleOf(match.ErrAmbiguous)
	case d.Action != match.Pay:
		return d, "", ""
	case len(d.Concerned) > 1:
		return d, "refused", "several conditions"
	}
	d.Route = d.Concerned[0]
	route := s.routes.of(d.Route)
	amount, _, priceErr := asked{Submission: submission, route: route}.price()
	switch {
	case priceErr != nil:
		return d, "refused", "choice of price"
	case route.UpstreamPriced:
		return d, "priced", "MATCH"
	case amount == 0: // the choice costs nothing
		return d, "", ""
	case route.When != nil:
		return d, "held", "WHEN"
	default:
		return d, "held", "MATCH"
	}
}

// maxCopied is how many bytes of a body are copied while it passes. For a larger body the outcome is unclear.
const maxCopied = 256 << 10

// copied copies what is read of a body, up to maxCopied.
type copied struct {
	io.ReadCloser
	text bytes.Buffer
	cut  bool
}

// Read reads, and copies what it read.
func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	fits := min(n, maxCopied-c.text.Len())
	c.cut = c.cut || fits < n
	c.text.Write(p[:fits])
	return n, err
}

// form reads the form from the copy of a body; nil is an empty body.
func (c *copied) form(header http.Header) form.Form {
	if c == nil {
		return form.Form{}
	}
	read, err := form.Read(header, &c.text)
	if err != nil || c.cut {
		read.Ambiguity = errors.Join(read.Ambiguity, err, match.ErrUnclear)
	}
	return read
}
