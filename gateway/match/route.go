package match

import (
	"net/http"
	"slices"

	"paygate/gateway/form"
)

// Route is a pay route as far as matching is concerned.
type Route struct {
	Name    string
	Match   Pattern
	Aliases []Pattern // lead the service to the same code, and are treated alike
	Allow   []Pattern // near the pay path, but other code: forwarded
	Tell    Pattern   // where the service hears from Paygate: no request from outside gets near it; zero: nowhere
	When    *form.Condition
	// GetQuery lists the parameters that a GET of a submission's path may carry. If it is empty, it may carry any.
	GetQuery []string
	Free     bool // takes no payments at the moment
	Strict   bool // what a handler or script may take for the path counts too
}

// IsAt reports whether an address is exactly that of one of the route's patterns.
func (r *Route) IsAt(path, query string) bool {
	return slices.ContainsFunc(r.Patterns(), func(p Pattern) bool { return p.IsAt(path, query) })
}

// Patterns returns the patterns of the requests that cost money.
func (r *Route) Patterns() []Pattern { return append([]Pattern{r.Match}, r.Aliases...) }

// level says how much a request must resemble a pattern to concern its route.
type level int

const (
	exact     level = iota // a route that is free: its other spellings are free too
	canonical              // some server may take the path for the pattern's
	strict                 // some handler or script may
)

func (r *Route) level() level {
	switch {
	case r.Free:
		return exact
	case r.Strict:
		return strict
	default:
		return canonical
	}
}

// rule is one pattern of a route.
type rule struct {
	pattern Pattern
	route   *Route
	level   level
}

// isFor reports whether the path may be the rule's, at its level.
func (w *rule) isFor(paths *Paths, isAllowed bool) bool {
	return w.level >= canonical && w.pattern.MatchesCanonical(paths) ||
		w.level >= strict && !isAllowed && w.pattern.MatchesStrict(paths)
}

// runsOnGet reports whether GET_QUERY says that the pay code runs on GET too. Then what comes after the path may be
// its form as well: CherryPy takes /licences/renew/pay for /licences/renew?action=pay.
func (w *rule) runsOnGet() bool { return len(w.route.GetQuery) > 0 }

// isSubmission reports whether no safe method serves the rule.
func (w *rule) isSubmission() bool { return w.pattern.Method() != http.MethodGet }
