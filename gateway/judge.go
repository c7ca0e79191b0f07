package gateway

import (
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/headers"
	"paygate/gateway/origin"
	"paygate/gateway/reading"
)

// judge rules on requests. It is never changed once made; safe for concurrent use.
type judge struct {
	prefix    string
	methods   []string    // let through besides the standard ones
	origins   origin.List // a target in absolute form may name one
	noActions bool        // calls of Next.js Server Actions are refused off the pay routes
	watched   []*watched
	askedFor  []*watched // those of them that a method can do harm to that only asks
	submitted []*watched // those that no such method serves, but for routes that are free just now
	allowed   []reading.Pattern
}

// watched is one pattern of a pay route, and how far spellings of it are looked for.
type watched struct {
	pattern reading.Pattern
	route   *Route
	reach   reach
}

type reach int

const (
	reachExact  reach = iota // a route that is free just now: other spellings of it cost nothing either
	reachNarrow              // whatever a server may take for the same path
	reachWide                // and whatever a handler or script may
)

// newJudge makes the judge of a Gateway with these options. It keeps pointers into the routes.
func newJudge(o Options) *judge {
	j := &judge{origins: o.Origins, prefix: o.Prefix, methods: o.Methods, noActions: o.RefuseActions}
	for i := range o.Routes {
		route := &o.Routes[i]
		for _, p := range append([]reading.Pattern{route.Match}, route.Aliases...) {
			w := &watched{p, route, reachOf(route)}
			j.watched = append(j.watched, w)
			if p.Method() == http.MethodGet {
				j.askedFor = append(j.askedFor, w)
			} else if w.reach > reachExact {
				j.submitted = append(j.submitted, w)
			}
		}
		j.allowed = append(j.allowed, route.Allow...)
	}
	return j
}

func reachOf(route *Route) reach {
	switch {
	case route.Mode.TakesNothing():
		return reachExact
	case route.Strict:
		return reachWide
	default:
		return reachNarrow
	}
}

// rule judges a request by its method and target alone. A method that only asks is held against the routes that are
// asked for (GET): the empty form at the address of a pay route costs nothing, however its address is spelled.
func (j *judge) rule(r *http.Request) ruling {
	if status := methodStatus(r.Method, j.methods); status != 0 {
		return ruling{verdict: targetRefused, status: status, reason: errMethod}
	}
	t, err := parseTarget(r, j.origins)
	if err != nil {
		return ruling{verdict: targetRefused, status: http.StatusBadRequest, reason: err}
	}
	if t.path == j.prefix || strings.HasPrefix(t.path, j.prefix+"/") {
		return ruling{verdict: targetOwn, target: t, path: t.path, query: t.query}
	}
	if unsafeMethod(r.Method) {
		return j.find(r, t, j.watched).withoutAction(j.refusesAction(r))
	}
	at := j.atSubmission(r, t)
	if refused, found := j.ruleSafe(r, t, at); found {
		return refused
	}
	result := j.find(r, t, j.askedFor)
	result.withoutForm = len(at) > 0
	return result
}

// find judges a request on the patterns that its method can do harm to.
func (j *judge) find(r *http.Request, t target, relevant []*watched) ruling {
	if len(relevant) == 0 {
		return free(t)
	}
	read := reading.Of(t.path)
	result := j.weigh(r.Method, t, relevant, read)
	if result.verdict == targetFree || result.verdict == targetPay {
		result.elsewhere = j.elsewhere(r.Method, t, relevant, read)
	}
	isJudgedByForm := result.verdict == targetPay || len(result.elsewhere) > 0
	if isJudgedByForm && headers.NamesEndToEnd(r.Header) {
		return ruling{verdict: targetRefused, target: t, status: http.StatusBadRequest, reason: errConnection}
	}
	return result
}

// weigh holds the plain reading of a target against all the others.
func (j *judge) weigh(method string, t target, relevant []*watched, read *reading.Readings) ruling {
	path, parameters := withoutParameters(t.path), t.parameters()
	exact := those(relevant, func(w *watched) bool {
		return w.isExactly(path, t.query) && (w.reach > reachExact || w.pattern.Serves(method))
	})
	near := those(relevant, func(w *watched) bool {
		return w.reach >= reachNarrow && read.Have(w.pattern) && w.pattern.Fits(parameters) != reading.Unmet && !w.isExactly(path, t.query)
	})
	isAllowed := j.isAllowed(method, t)
	isWide := func(w *watched) bool {
		return !isAllowed && w.hasWidely(read) && w.pattern.Fits(parameters) != reading.Unmet
	}
	switch {
	case len(exact) > 0:
		wide := those(relevant, func(w *watched) bool { return !w.isExactly(path, t.query) && isWide(w) })
		return decideExact(method, t, path, exact, rivals{near, wide})
	case !read.Complete():
		return ruling{verdict: targetRefused, target: t, status: http.StatusBadRequest, reason: errManyReading}
	case len(near) > 0:
		return decideNear(method, t, read, near)
	}
	if i := slices.IndexFunc(relevant, isWide); i >= 0 {
		return relevant[i].refused(t, http.StatusBadRequest, errHandler)
	}
	return free(t)
}

// hasWidely tells whether some handler or script may make the pattern's path of a reading, where that counts.
func (w *watched) hasWidely(read *reading.Readings) bool {
	return w.reach >= reachWide && read.HaveWidely(w.pattern)
}

// those are the ones of which it is true.
func those(all []*watched, isTrue func(*watched) bool) []*watched {
	var found []*watched
	for _, w := range all {
		if isTrue(w) {
			found = append(found, w)
		}
	}
	return found
}

func (w *watched) isExactly(path, query string) bool {
	return w.pattern.Matches(path) && w.pattern.Fits(query) == reading.Met
}

func (j *judge) isAllowed(method string, t target) bool {
	return slices.ContainsFunc(j.allowed, func(p reading.Pattern) bool {
		return p.Matches(t.path) && p.Serves(method) && p.Fits(t.query) == reading.Met
	})
}

// rivals are patterns that a target may be read as although it is exactly another's, plainly or widely.
type rivals struct{ near, wide []*watched }

// of says which of them stands against the best of the exact patterns, and why: one that is more specific still, for
// /licences/APPLY and /licences/apply.json are no licences of these names where there is a route /licences/apply; or another
// route's, which what stands for a wildcard may lead to.
func (r rivals) of(best *watched, path string) (*watched, error) {
	isNarrower := func(w *watched) bool { return w.pattern.Narrower(best.pattern) }
	if i := slices.IndexFunc(r.near, func(w *watched) bool { return isNarrower(w) || w.isLedToBy(best, path) }); i >= 0 {
		return r.near[i], errAmbiguous
	}
	if i := slices.IndexFunc(r.wide, isNarrower); i >= 0 {
		return r.wide[i], errHandler
	}
	return nil, nil
}

// isLedToBy tells whether a path that is exactly another route's pattern, with wildcards, reads as this one by more than a final
// slash.
func (w *watched) isLedToBy(best *watched, path string) bool {
	return w.route != best.route && len(best.pattern.Names()) > 0 &&
		!w.pattern.Matches(path+"/") && !w.pattern.Matches(strings.TrimSuffix(path, "/"))
}

// decideExact takes the most specific of the patterns that the target exactly is, unless another stands against it.
func decideExact(method string, t target, path string, exact []*watched, others rivals) ruling {
	served := those(exact, func(w *watched) bool { return w.pattern.Serves(method) })
	if len(served) == 0 {
		return exact[0].refused(t, http.StatusMethodNotAllowed, errPayMethod)
	}
	best := served[0]
	for _, w := range served[1:] {
		if w.pattern.Narrower(best.pattern) {
			best = w
		}
	}
	if rival, why := others.of(best, path); rival != nil {
		return rival.refused(t, http.StatusBadRequest, why)
	}
	hit := ruling{verdict: targetPay, target: t, route: best.route, path: path, query: t.query}
	hit.captured, _ = best.pattern.Match(path)
	for _, w := range served {
		if w.pattern.Equal(best.pattern) && !slices.Contains(hit.routes, w.route) {
			hit.routes = append(hit.routes, w.route)
		}
	}
	if len(best.pattern.Parameters()) > 0 && slices.ContainsFunc(served, func(w *watched) bool {
		return w.route != best.route && w.reach > reachExact && !w.pattern.Equal(best.pattern)
	}) {
		hit.contested = []reading.Pattern{best.pattern}
	}
	hit.otherwise = decideOtherwise(method, t, path, best.pattern, hit.routes, served, others)
	return hit
}

// decideOtherwise goes on to the patterns that are less specific, where all routes of the most specific one have a
// condition on the form: a request that is not theirs may still be another's.
func decideOtherwise(method string, t target, path string, best reading.Pattern, routes []*Route, served []*watched, others rivals) *ruling {
	if slices.ContainsFunc(routes, func(r *Route) bool { return r.When == nil }) {
		return nil
	}
	isOther := func(w *watched) bool { return !w.pattern.Equal(best) }
	wider := those(served, isOther)
	if len(wider) == 0 {
		return nil
	}
	next := decideExact(method, t, path, wider, rivals{those(others.near, isOther), those(others.wide, isOther)})
	return &next
}

// decideNear refuses, or sends a browser that only asks to the plain spelling, where there is exactly one.
func decideNear(method string, t target, read *reading.Readings, near []*watched) ruling {
	refused := near[0].refused(t, http.StatusBadRequest, errAmbiguous)
	if method != http.MethodGet {
		return refused
	}
	plain := ""
	for _, w := range near {
		if w.pattern.Fits(t.query) != reading.Met {
			continue
		}
		for _, path := range read.Plain(w.pattern) {
			if path == "" || plain != "" && path != plain {
				return refused
			}
			plain = path
		}
	}
	if plain == "" || plain == t.path {
		return refused
	}
	return ruling{verdict: targetPlainPath, target: t, path: plain, query: t.query}
}
