// Package match decides which pay route a request is for. [Classifier.Classify] goes by the method, the target and the
// headers; if the decision depends on the form too, the caller reads the form and asks again ([Decision.NeedsForm],
// [Decision.WithForm]).
//
// A route has patterns. A request concerns a route if its path matches a pattern at one of three levels: exactly, as
// a server may read it (canonical, package canon), or as a handler or script of the service may read it (strict).
// Only an exact match is held; the others are refused, because the service might take them for the pay route, or not.
package match

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"paygate/gateway/headers"
	"paygate/gateway/origin"
)

// Options configure a Classifier.
type Options struct {
	Origins       origin.List // an absolute target may name one of them
	Prefix        string      // of Paygate's own addresses
	Methods       []string    // allowed besides the standard ones
	RefuseActions bool        // refuse calls of Next.js Server Actions anywhere but on pay routes
	Routes        []Route
}

// Classifier classifies requests. It is safe for concurrent use.
type Classifier struct {
	Options
	rules       []*rule
	gets        []*rule // that a safe method (GET, HEAD) can reach
	submissions []*rule // that no safe method serves, and that are not free
	allowed     []Pattern
	reserved    []*rule // where the service hears from Paygate
}

// New returns a Classifier. It keeps pointers to the routes, which must not be changed afterwards.
func New(o Options) *Classifier {
	c := &Classifier{Options: o}
	for i := range o.Routes {
		route := &o.Routes[i]
		for _, p := range route.Patterns() {
			w := &rule{p, route, route.level()}
			c.rules = append(c.rules, w)
			if !w.isSubmission() {
				c.gets = append(c.gets, w)
			} else if w.level > exact {
				c.submissions = append(c.submissions, w)
			}
		}
		c.allowed = append(c.allowed, route.Allow...)
		if route.Tell.Method() != "" {
			c.reserved = append(c.reserved, &rule{route.Tell, route, strict})
		}
	}
	return c
}

// Classify reports what to do with a request, by its method, target and headers. Safe methods are compared with the
// routes for GET only: the empty form at the address of a pay route costs nothing, in any spelling.
func (c *Classifier) Classify(r *http.Request) Decision {
	if status := MethodStatus(r.Method, c.Methods); status != 0 {
		return Decision{Action: Refuse, Status: status, Reason: errMethod}
	}
	t, err := ParseTarget(r, c.Origins)
	switch {
	case err != nil:
		return Decision{Action: Refuse, Status: http.StatusBadRequest, Reason: err}
	case t.Path == c.Prefix || strings.HasPrefix(t.Path, c.Prefix+"/"):
		return Decision{Action: Own, Target: t, Path: t.Path}
	}
	paths := sync.OnceValue(func() *Paths { return Interpret(t.Path) })
	if route := c.reservedFor(t, paths); route != nil {
		return Decision{Target: t}.refuse(route, http.StatusNotFound, ErrReserved)
	}
	if !IsUnsafe(r.Method) {
		return c.classifySafe(r, t, paths)
	}
	d := c.find(r, t, paths, c.rules)
	if d.Action == Forward {
		return d.forward()
	}
	return d
}

// refusesAction reports whether a request calls a Next.js Server Action and is refused unless it is for a pay route.
// The header Next-Action names the code by an id, and reaches it at any address of the service.
func (c *Classifier) refusesAction(r *http.Request) bool {
	return c.RefuseActions && len(r.Header["Next-Action"]) > 0
}

// find compares a request with the rules that its method can reach.
func (c *Classifier) find(r *http.Request, t Target, paths func() *Paths, rules []*rule) Decision {
	base := Decision{Target: t, Path: t.Path, refusesAction: c.refusesAction(r)}
	if len(rules) == 0 {
		return base
	}
	s := &search{
		base: base, method: r.Method, path: WithoutParameters(t.Path), parameters: t.parameters(),
		paths: paths(), isAllowed: c.isAllowed(r.Method, t),
	}
	d := s.decide(rules)
	if d.Action == Forward || d.Action == Pay {
		d.unmet = s.unmetPatterns(rules)
	}
	if (d.Action == Pay || len(d.unmet) > 0) && headers.NamesEndToEnd(r.Header) {
		return base.refuse(nil, http.StatusBadRequest, errConnection)
	}
	return d
}

func (c *Classifier) isAllowed(method string, t Target) bool {
	return slices.ContainsFunc(c.allowed, func(p Pattern) bool { return p.Serves(method) && p.IsAt(t.Path, t.Query) })
}
