package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// verdict is what a request target comes to.
type verdict int

const (
	targetFree      verdict = iota // no reading is a pay route: forwarded as it is
	targetPay                      // a pay route, to the letter
	targetOwn                      // one of our own addresses
	targetPlainPath                // a pay route in another spelling, which a GET may correct
	targetRefused
)

// ruling is a verdict with its grounds.
type ruling struct {
	verdict  verdict
	status   int    // of a refusal
	reason   string // of a refusal, for the log
	route    *Route
	path     string // the plain path, for a pay route
	query    string // raw
	captured map[string]string
}

// kind is the ruling's word in the metrics.
func (r ruling) kind() string {
	switch r.verdict {
	case targetPay:
		return "pay"
	case targetOwn:
		return "own"
	case targetRefused, targetPlainPath:
		return "refused"
	default:
		return "pass_through"
	}
}

// judge rules on request targets. What it lets through unpaid, no reading of which is a pay route; so it never guesses:
// where spellings differ, it refuses. It never looks at the host, the address or anything else that a client chooses.
type judge struct {
	candidates []candidate // the more specific first
	allow      []Pattern
	prefix     string
	methods    []string
}

func newJudge(routes []Route, prefix string, methods []string) *judge {
	standard := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	j := &judge{prefix: prefix, methods: append(standard, methods...), candidates: candidatesOf(routes)}
	for _, r := range routes {
		j.allow = append(j.allow, r.Allow...)
	}
	return j
}

func refusedAs(status int, reason string) ruling {
	return ruling{verdict: targetRefused, status: status, reason: reason}
}

// rule judges a request by its raw target.
func (j *judge) rule(r *http.Request) ruling {
	if !slices.Contains(j.methods, r.Method) {
		return refusedAs(http.StatusMethodNotAllowed, "method")
	}
	target, ok := originForm(r)
	if !ok {
		return refusedAs(http.StatusBadRequest, "target")
	}
	path, query, _ := strings.Cut(target, "?")
	if _, err := url.PathUnescape(path); err != nil {
		return refusedAs(http.StatusBadRequest, "escape")
	}
	if path == j.prefix || strings.HasPrefix(path, j.prefix+"/") {
		return ruling{verdict: targetOwn, path: path, query: query}
	}
	if hit, ok := j.exact(r.Method, path, query); ok {
		return hit
	}
	if j.allowed(r.Method, path) {
		return ruling{verdict: targetFree}
	}
	return j.near(r.Method, path, query)
}

// originForm is the target as path and query. An absolute target is judged by its path when its authority is the Host
// (RFC 9112 section 3.2.2). Refused is what no browser sends and no two parsers read alike.
func originForm(r *http.Request) (string, bool) {
	target := r.RequestURI
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && strings.EqualFold(target[:len(scheme)], scheme) {
			authority, rest, _ := strings.Cut(target[len(scheme):], "/")
			if !strings.EqualFold(authority, r.Host) {
				return "", false
			}
			target = "/" + rest
		}
	}
	bad := strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' || c == '\\' })
	return target, strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !bad && r.Host != ""
}

// candidate is a pattern with its route.
type candidate struct {
	route   *Route
	pattern Pattern
}

// candidatesOf sorts all patterns of the routes, the more specific first.
func candidatesOf(routes []Route) []candidate {
	var all []candidate
	for i := range routes {
		for _, p := range append([]Pattern{routes[i].Match}, routes[i].Aliases...) {
			at := slices.IndexFunc(all, func(c candidate) bool { return p.moreSpecific(c.pattern) })
			if at < 0 {
				at = len(all)
			}
			all = slices.Insert(all, at, candidate{&routes[i], p})
		}
	}
	return all
}

// exact finds the route whose path this is, to the letter or with path parameters on it, which servlet containers put
// into forms.
func (j *judge) exact(method, path, query string) (ruling, bool) {
	plain := dropParameters(path)
	ruled := ruling{}
	for _, c := range j.candidates {
		captured, onPath := c.pattern.match(plain)
		if !onPath {
			continue
		}
		switch asks := c.pattern.asksFor(query); {
		case asks == saysNo:
			continue
		case asks == saysMaybe && c.gates(method):
			return refusedAs(http.StatusBadRequest, "query"), true
		case c.serves(method):
			return ruling{verdict: targetPay, route: c.route, path: plain, query: query, captured: captured}, true
		case c.gates(method) && ruled.verdict == targetFree:
			ruled = refusedAs(http.StatusMethodNotAllowed, "method on a pay path")
		}
	}
	return ruled, ruled.verdict == targetRefused
}

// serves tells whether the method is the pattern's own. A HEAD asks for a pass as a GET does.
func (c candidate) serves(method string) bool {
	return method == c.pattern.method || method == http.MethodHead && c.pattern.method == http.MethodGet
}

// gates tells whether requests with this method may reach paid code: on a pass every one, since servers answer a POST to
// a file with the file; on a submission those that change something.
func (c candidate) gates(method string) bool {
	return c.pattern.method == http.MethodGet || unsafeMethod(method)
}

func unsafeMethod(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// allowed tells whether the operator has declared the path to be other code.
func (j *judge) allowed(method, path string) bool {
	for _, p := range j.allow {
		if _, ok := p.match(path); ok && (p.method == method || p.method == http.MethodGet && method == http.MethodHead) {
			return true
		}
	}
	return false
}

// near rules on a path that is no pay route to the letter, but may be one for somebody.
func (j *judge) near(method, path, query string) ruling {
	set, complete := readings(path)
	if !complete {
		return refusedAs(http.StatusBadRequest, "too many readings")
	}
	var wide []string
	for _, c := range j.candidates {
		if !c.gates(method) || c.pattern.asksFor(query) == saysNo {
			continue
		}
		for _, reading := range set {
			if c.pattern.matchFolded(reading) {
				return nearRuling(c, method, reading, query)
			}
		}
		if !c.route.Strict {
			continue
		}
		if wide == nil {
			wide = wideReadings(set)
		}
		for _, reading := range wide {
			if c.pattern.matchFolded(reading) {
				return refusedAs(http.StatusBadRequest, "wide reading of route "+c.route.Name+"; see ALLOW and STRICT")
			}
		}
		if slices.ContainsFunc(set, c.pattern.matchShort) {
			return refusedAs(http.StatusBadRequest, "short name of route "+c.route.Name)
		}
	}
	return ruling{verdict: targetFree}
}

// nearRuling sends a GET to the plain path, if that is clear, and refuses all else.
func nearRuling(c candidate, method, reading, query string) ruling {
	if _, plain := c.pattern.match(reading); plain && c.serves(method) {
		return ruling{verdict: targetPlainPath, route: c.route, path: reading, query: query}
	}
	return refusedAs(http.StatusBadRequest, "another spelling of route "+c.route.Name)
}

// answer says whether a query fulfils a pattern's conditions.
type queryAnswer int

const (
	saysNo queryAnswer = iota
	saysMaybe
	saysYes
)

// asksFor judges the query on every reading: names repeated or folded, either separator, escapes.
func (p Pattern) asksFor(query string) queryAnswer {
	result := saysYes
	for _, c := range p.query {
		result = min(result, c.in(query))
	}
	return result
}

func (c Condition) in(query string) queryAnswer {
	exact, possible, others := 0, 0, 0
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		if !readAs(decodeTwice(name), c.Field) {
			continue
		}
		others++
		if name == c.Field && value == c.Value {
			exact++
		}
		if strings.EqualFold(decodeTwice(value), c.Value) {
			possible++
		}
	}
	switch {
	case exact == 1 && others == 1 && !strings.Contains(query, ";"):
		return saysYes
	case possible > 0:
		return saysMaybe
	default:
		return saysNo
	}
}

func decodeTwice(text string) string {
	return decodeEscapes(decodeEscapes(strings.ReplaceAll(text, "+", " ")))
}

// redirectToPlainPath answers a GET of a pay route in another spelling.
func redirectToPlainPath(w http.ResponseWriter, _ *http.Request, r ruling) {
	location := r.path
	if r.query != "" {
		location += "?" + r.query
	}
	ownHeader(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// endsConnection tells whether a request was framed in a way that others may read differently: nothing else shall come on
// its connection.
func endsConnection(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || len(r.Header["Transfer-Encoding"]) > 0 || len(r.Trailer) > 0
}
