package gateway

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/reading"
)

// target is the address of a request as the client wrote it, before net/http made anything of it.
type target struct {
	path     string // begins with exactly one "/"
	query    string // without the "?"
	hasQuery bool   // a bare "?" is not the same as none
}

// at is the target with another path.
func (t target) at(path string) string {
	if t.hasQuery {
		return path + "?" + t.query
	}
	return path
}

var (
	errNotOrigin  = errors.New("the target does not start with one /")
	errCharacter  = errors.New("the target has a character that no URL may hold")
	errEscape     = errors.New("the path has a broken % escape")
	errHost       = errors.New("the request has no host")
	errForeignURL = errors.New("the target is a URL of another host")
)

// parseTarget reads the raw target, and refuses what no browser sends and no two servers read alike, whatever the route.
// It goes by RequestURI alone: URL.Path is empty for "http:licences/apply", and has lost how things were escaped.
// "OPTIONS *" does not come this far: net/http answers it.
func parseTarget(r *http.Request, publicHost string) (target, error) {
	raw := r.RequestURI
	if r.Host == "" && r.ProtoAtLeast(1, 1) {
		return target{}, errHost
	}
	if !strings.HasPrefix(raw, "/") {
		var err error
		if raw, err = withoutOrigin(r, publicHost); err != nil {
			return target{}, err
		}
	}
	if strings.IndexFunc(raw, isForbidden) >= 0 {
		return target{}, errCharacter
	}
	if strings.HasPrefix(raw, "//") {
		return target{}, errNotOrigin
	}
	var t target
	t.path, t.query, t.hasQuery = strings.Cut(raw, "?")
	if _, err := url.PathUnescape(t.path); err != nil {
		return target{}, errEscape
	}
	return t, nil
}

// originForm is the target of a request that was judged before, as path and query.
func originForm(r *http.Request) (string, bool) {
	t, err := parseTarget(r, r.Host)
	return t.at(t.path), err == nil
}

// isForbidden names controls, space, everything beyond ASCII, and "#" and "\", which some parsers cut at or turn round.
func isForbidden(r rune) bool { return r <= ' ' || r >= 0x7F || r == '#' || r == '\\' }

// withoutOrigin is the target of a request in absolute form (RFC 9112 section 3.2.2) less its scheme and authority.
// net/http replaces the Host of such a request by the authority and drops the header, so the authority is held against
// the names we know ourselves by: the public one, and the address the connection was made to.
func withoutOrigin(r *http.Request, publicHost string) (string, error) {
	scheme, rest, found := strings.Cut(r.RequestURI, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", errNotOrigin
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	known := publicHost != "" && strings.EqualFold(authority, publicHost) || local != nil && authority == local.String()
	if !known || !strings.EqualFold(authority, r.Host) {
		return "", errForeignURL
	}
	if !strings.HasPrefix(rest[end:], "/") { // "http://host" and "http://host?query" ask for the root
		return "/" + rest[end:], nil
	}
	return rest[end:], nil
}

// verdict is what is to become of a request, judged by its method and target.
type verdict int

const (
	targetFree      verdict = iota // nothing takes it for a pay route: forwarded as it came
	targetRefused                  // answered with ruling.status, never forwarded
	targetOwn                      // under our own prefix
	targetPlainPath                // some reading is a pay route: the browser is sent to the plain spelling
	targetPay                      // exactly a pay route
)

// ruling is a verdict with what it rests on.
type ruling struct {
	verdict verdict
	target  target

	// Of targetRefused: 400 for what is not plain, 405 and 501 for methods; why, for the log, without any part of the target.
	status int
	reason error

	// Of targetPay: the routes whose pattern this is, in the order of the settings. There is more than one only where
	// their conditions on the form tell them apart; route is the first. Of targetRefused: the route that is near, if any.
	route  *Route
	routes []*Route

	// Of targetPay: the ruling where none of the routes' conditions on the form holds; nil where the request is free then.
	otherwise *ruling

	// Of targetFree and targetPay: patterns that the target is of but for the conditions on its query, which other parts of the
	// request may meet.
	elsewhere []reading.Pattern

	path     string            // of targetPay: what the service is asked for, without path parameters; of targetPlainPath: the plain spelling
	query    string            // raw
	captured map[string]string // of targetPay: what the wildcards of route stand for
}

// isFree tells of targetPay that the request costs nothing just now, whatever its form says.
func (r ruling) isFree() bool {
	return r.otherwise == nil && !slices.ContainsFunc(r.routes, func(route *Route) bool { return route.Mode != ModeFree })
}

// kind is the ruling's name in the metrics.
func (r ruling) kind() string {
	switch r.verdict {
	case targetOwn:
		return "own"
	case targetPay:
		return "pay"
	case targetRefused, targetPlainPath:
		return "refused"
	default:
		return "pass_through"
	}
}

var (
	errMethod      = errors.New("the method is not let through")
	errPayMethod   = errors.New("the method is not one of the pay route's")
	errAmbiguous   = errors.New("the target may be read as a pay route's, but is not exactly it")
	errConnection  = errors.New("the Connection header names a header that is meant for the service")
	errHandler     = errors.New("the target may lead a handler to the pay route's code, but is not exactly it")
	errManyReading = errors.New("the target has too many readings to judge")
)

// judge rules on requests. It is never changed once made; safe for concurrent use.
type judge struct {
	prefix     string
	methods    []string // let through besides the standard ones
	publicHost string   // a target in absolute form may name it; set by newJudge's caller, may be empty
	watched    []*watched
	askedFor   []*watched // those of them that a method can do harm to that only asks
	allowed    []reading.Pattern
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

// newJudge makes the judge of the routes' patterns. It keeps pointers into routes.
func newJudge(routes []Route, prefix string, methods []string) *judge {
	j := &judge{prefix: prefix, methods: methods}
	for i := range routes {
		route := &routes[i]
		for _, p := range append([]reading.Pattern{route.Match}, route.Aliases...) {
			w := &watched{p, route, reachOf(route)}
			j.watched = append(j.watched, w)
			if p.Method() == http.MethodGet {
				j.askedFor = append(j.askedFor, w)
			}
		}
		j.allowed = append(j.allowed, route.Allow...)
	}
	return j
}

func reachOf(route *Route) reach {
	switch {
	case route.Mode == ModeFree:
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
	t, err := parseTarget(r, j.publicHost)
	if err != nil {
		return ruling{verdict: targetRefused, status: http.StatusBadRequest, reason: err}
	}
	if t.path == j.prefix || strings.HasPrefix(t.path, j.prefix+"/") {
		return ruling{verdict: targetOwn, target: t, path: t.path, query: t.query}
	}
	relevant := j.relevant(r.Method)
	if len(relevant) == 0 {
		return free(t)
	}
	read := reading.Of(t.path)
	result := j.find(r.Method, t, relevant, read)
	if result.verdict == targetPay && namesEndToEnd(r.Header) {
		return ruling{verdict: targetRefused, target: t, status: http.StatusBadRequest, reason: errConnection}
	}
	if result.verdict == targetFree || result.verdict == targetPay {
		result.elsewhere = j.elsewhere(r.Method, t, relevant, read)
	}
	return result
}

// find weighs the plain reading of a target against all the others.
func (j *judge) find(method string, t target, relevant []*watched, read *reading.Readings) ruling {
	path := withoutParameters(t.path)
	exact := those(relevant, func(w *watched) bool { return w.isExactly(path, t.query) })
	near := those(relevant, func(w *watched) bool {
		return w.reach >= reachNarrow && read.Have(w.pattern) && w.pattern.Fits(t.query) != reading.Unmet && !w.isExactly(path, t.query)
	})
	switch {
	case j.isOtherCode(method, t, exact, near):
		return free(t)
	case len(exact) > 0:
		return decideExact(method, t, path, exact, near)
	case !read.Complete():
		return ruling{verdict: targetRefused, target: t, status: http.StatusBadRequest, reason: errManyReading}
	case len(near) > 0:
		return decideNear(method, t, read, near)
	case j.isAllowed(method, t):
		return free(t)
	}
	if i := slices.IndexFunc(relevant, func(w *watched) bool { return w.hasWidely(read) && w.pattern.Fits(t.query) != reading.Unmet }); i >= 0 {
		return relevant[i].refused(t, http.StatusBadRequest, errHandler)
	}
	return free(t)
}

// hasWidely tells whether some handler or script may make the pattern's path of a reading, where that counts.
func (w *watched) hasWidely(read *reading.Readings) bool {
	return w.reach >= reachWide && read.HaveWidely(w.pattern)
}

// refused is the ruling on a target that is too near to the pattern.
func (w *watched) refused(t target, status int, reason error) ruling {
	return ruling{verdict: targetRefused, target: t, status: status, reason: reason, route: w.route}
}

func free(t target) ruling { return ruling{target: t, path: t.path, query: t.query} }

// relevant are the patterns that a request of the method can do harm to.
func (j *judge) relevant(method string) []*watched {
	if unsafeMethod(method) {
		return j.watched
	}
	return j.askedFor
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

// withoutParameters drops the path parameters of the last segment, which servlet containers write into the addresses of
// forms (;jsessionid=…). Parameters anywhere else, or with escapes in them, are not plain and stay.
func withoutParameters(path string) string {
	before, parameters, _ := strings.Cut(path, ";")
	if strings.ContainsAny(parameters, "/%") {
		return path
	}
	return before
}

func (w *watched) isExactly(path, query string) bool {
	return w.pattern.Matches(path) && w.pattern.Fits(query) == reading.Met
}

func (j *judge) isAllowed(method string, t target) bool {
	return slices.ContainsFunc(j.allowed, func(p reading.Pattern) bool {
		return p.Matches(t.path) && p.Method() == method && p.Fits(t.query) == reading.Met
	})
}

// isOtherCode tells whether the settings name the target as other code that stands under a wildcard of another method's route.
func (j *judge) isOtherCode(method string, t target, exact, near []*watched) bool {
	served := slices.ContainsFunc(exact, func(w *watched) bool { return w.serves(method) })
	return len(exact) > 0 && len(near) == 0 && !served && j.isAllowed(method, t)
}

// decideExact takes the most specific of the patterns that the target exactly is, unless it may also be read as one that
// is more specific still: /licences/APPLY is not the licence called APPLY where there is a route /licences/apply.
func decideExact(method string, t target, path string, exact, near []*watched) ruling {
	served := those(exact, func(w *watched) bool { return w.serves(method) })
	if len(served) == 0 {
		if !slices.ContainsFunc(exact, func(w *watched) bool { return w.reach > reachExact }) {
			return free(t)
		}
		return exact[0].refused(t, http.StatusMethodNotAllowed, errPayMethod)
	}
	best := served[0]
	for _, w := range served[1:] {
		if w.pattern.Narrower(best.pattern) {
			best = w
		}
	}
	if i := slices.IndexFunc(near, func(w *watched) bool { return w.pattern.Narrower(best.pattern) }); i >= 0 {
		return near[i].refused(t, http.StatusBadRequest, errAmbiguous)
	}
	hit := ruling{verdict: targetPay, target: t, route: best.route, path: path, query: t.query}
	hit.captured, _ = best.pattern.Match(path)
	for _, w := range served {
		if w.pattern.Equal(best.pattern) && !slices.Contains(hit.routes, w.route) {
			hit.routes = append(hit.routes, w.route)
		}
	}
	hit.otherwise = decideOtherwise(method, t, path, best.pattern, hit.routes, served, near)
	return hit
}

// decideOtherwise goes on to the patterns that are less specific, where all routes of the most specific one have a
// condition on the form: a request that is not theirs may still be another's.
func decideOtherwise(method string, t target, path string, best reading.Pattern, routes []*Route, served, near []*watched) *ruling {
	if slices.ContainsFunc(routes, func(r *Route) bool { return r.When == nil }) {
		return nil
	}
	isOther := func(w *watched) bool { return !w.pattern.Equal(best) }
	wider := those(served, isOther)
	if len(wider) == 0 {
		return nil
	}
	next := decideExact(method, t, path, wider, those(near, isOther))
	return &next
}

// serves tells whether the pattern answers the method: HEAD goes with GET (RFC 9110 section 9.3.2).
func (w *watched) serves(method string) bool {
	return w.pattern.Method() == method || w.pattern.Method() == http.MethodGet && method == http.MethodHead
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

// redirectToPlainPath sends a browser to the plain spelling of a pay route, with its query as it was.
func redirectToPlainPath(w http.ResponseWriter, _ *http.Request, to ruling) {
	ownHeader(w.Header())
	w.Header().Set("Location", to.target.at(to.path))
	w.WriteHeader(http.StatusPermanentRedirect)
}

// endsConnection tells whether a request was framed in a way that others may read differently: nothing else shall come on
// its connection. net/http does not look at Transfer-Encoding in HTTP/1.0, so there no framing is sure.
func endsConnection(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 || !r.ProtoAtLeast(1, 1)
}
