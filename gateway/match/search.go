package match

import (
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/form"
)

// search is one request while it is compared with rules.
type search struct {
	base       Decision // to forward it
	method     string
	path       string // without path parameters
	parameters string // of the query, and those that the path may contain
	paths      *Paths
	isAllowed  bool // ALLOW lists the address
}

func (s *search) isExact(w *rule) bool { return w.pattern.IsAt(s.path, s.base.Target.Query) }

// isNear reports whether some server may take the target for the rule's, although it is not exactly that.
func (s *search) isNear(w *rule) bool {
	return w.level >= canonical && w.pattern.MatchesCanonical(s.paths) && s.couldFit(w)
}

// isStrict is like isNear for handlers and scripts.
func (s *search) isStrict(w *rule) bool {
	return w.level >= strict && !s.isAllowed && w.pattern.MatchesStrict(s.paths) && s.couldFit(w)
}

func (s *search) couldFit(w *rule) bool {
	return w.pattern.Fits(s.parameters) != form.Unmet && !s.isExact(w)
}

// decide weighs an exact match against all other rules that the target may be read as.
func (s *search) decide(rules []*rule) Decision {
	exactly := filter(rules, func(w *rule) bool {
		return s.isExact(w) && (w.level > exact || w.pattern.Serves(s.method))
	})
	near := filter(rules, s.isNear)
	switch {
	case len(exactly) > 0:
		return s.decideExact(exactly, rivals{near, filter(rules, s.isStrict)})
	case !s.paths.Complete():
		return s.base.refuse(nil, http.StatusBadRequest, ErrTooMany)
	case len(near) > 0:
		return s.decideNear(near)
	}
	if i := slices.IndexFunc(rules, s.isStrict); i >= 0 {
		return s.refuse(rules[i], http.StatusBadRequest, ErrHandler)
	}
	return s.base
}

// refuse refuses a target that is too near to a rule's, and notes which decoders lead from one to the other.
func (s *search) refuse(w *rule, status int, reason *Reason) Decision {
	d := s.base.refuse(w.route, status, reason)
	switch reason {
	case ErrAmbiguous:
		d.Decoders = s.paths.set.Decoders(s.paths.canonical(w.pattern))
	case ErrHandler:
		d.Decoders = s.paths.set.Decoders(s.paths.strictly(w.pattern))
	}
	return d
}

// rivals are the other rules that a target may be read as although it is exactly that of one.
type rivals struct{ near, strict []*rule }

// of returns the rule that prevails over the best of the exact ones, and why. Either it is more specific: if there is a
// route /licences/apply, /licences/APPLY and /licences/apply.json are not licences with these names. Or it is another
// route's, and a wildcard's value may lead to it.
func (r rivals) of(best *rule, path string) (*rule, *Reason) {
	isNarrower := func(w *rule) bool { return w.pattern.Narrower(best.pattern) }
	isRival := func(w *rule) bool { return isNarrower(w) || w.isReachedThrough(best, path) }
	if i := slices.IndexFunc(r.near, isRival); i >= 0 {
		return r.near[i], ErrAmbiguous
	}
	if i := slices.IndexFunc(r.strict, isNarrower); i >= 0 {
		return r.strict[i], ErrHandler
	}
	return nil, nil
}

// isReachedThrough reports whether a path that is exactly another route's pattern, with wildcards, may be read as
// this one by more than a final slash.
func (w *rule) isReachedThrough(best *rule, path string) bool {
	return w.route != best.route && len(best.pattern.Names()) > 0 &&
		!w.pattern.Matches(path+"/") && !w.pattern.Matches(strings.TrimSuffix(path, "/"))
}

// decideExact takes the most specific of the exact rules, unless another prevails. If all routes of the most specific
// pattern have a condition on the form, it goes on to the less specific patterns: a request that does not meet the
// conditions may still be theirs.
func (s *search) decideExact(exactly []*rule, others rivals) Decision {
	served := filter(exactly, func(w *rule) bool { return w.pattern.Serves(s.method) })
	if len(served) == 0 {
		return s.refuse(exactly[0], http.StatusMethodNotAllowed, ErrPayMethod)
	}
	best := narrowest(served)
	if rival, reason := others.of(best, s.path); rival != nil {
		return s.refuse(rival, http.StatusBadRequest, reason)
	}
	d := s.pay(best, served)
	for _, w := range exactly {
		if !slices.Contains(d.Routes, w.route) && !w.pattern.Serves(s.method) {
			d.others = append(d.others, w.pattern.Method())
			d.besideCharged = d.besideCharged || !w.route.Free
		}
	}
	isWider := func(w *rule) bool { return !w.pattern.Equal(best.pattern) }
	wider := filter(served, isWider)
	isOther := func(w *rule) bool { return w.route != best.route && w.level > exact }
	if len(best.pattern.conditions) > 0 && slices.ContainsFunc(wider, isOther) {
		d.contested = []Pattern{best.pattern}
	}
	isUnconditional := func(r *Route) bool { return r.When == nil }
	if len(wider) > 0 && !slices.ContainsFunc(d.Routes, isUnconditional) {
		next := s.decideExact(wider, rivals{filter(others.near, isWider), filter(others.strict, isWider)})
		d.next = &next
	}
	return d
}

// pay returns the decision for the routes that have the best of the exact patterns.
func (s *search) pay(best *rule, served []*rule) Decision {
	d := s.base
	d.Action, d.Path, d.Route = Pay, s.path, best.route
	d.Captured, _ = best.pattern.Match(s.path)
	for _, w := range served {
		if w.pattern.Equal(best.pattern) && !slices.Contains(d.Routes, w.route) {
			d.Routes = append(d.Routes, w.route)
		}
	}
	return d
}

func narrowest(rules []*rule) *rule {
	best := rules[0]
	for _, w := range rules[1:] {
		if w.pattern.Narrower(best.pattern) {
			best = w
		}
	}
	return best
}

// decideNear refuses the request, or redirects a GET to the pattern's own spelling if there is exactly one.
func (s *search) decideNear(near []*rule) Decision {
	spelling, isOne := s.onlySpelling(near)
	if s.method != http.MethodGet || !isOne || spelling == s.base.Target.Path {
		return s.refuse(near[0], http.StatusBadRequest, ErrAmbiguous)
	}
	d := s.base
	d.Action, d.Path = Redirect, spelling
	return d
}

func (s *search) onlySpelling(near []*rule) (spelling string, isOne bool) {
	for _, w := range near {
		if w.pattern.Fits(s.base.Target.Query) != form.Met {
			continue
		}
		for _, path := range s.paths.spellings(w.pattern) {
			if path == "" || spelling != "" && path != spelling {
				return "", false
			}
			spelling = path
		}
	}
	return spelling, spelling != ""
}

func filter(rules []*rule, isWanted func(*rule) bool) []*rule {
	var found []*rule
	for _, w := range rules {
		if isWanted(w) {
			found = append(found, w)
		}
	}
	return found
}
