package match

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/form"
)

// Pattern is one address of the service, as it is written in the settings: "METHOD /path?name=value&…".
//
// The path is exact, a final "/" included. "{name}" matches one segment of one or more of A-Za-z0-9._~- (but not "."
// or ".."), "{name...}" at the end matches the rest of the path, which may be empty. If the method is GET a wildcard
// also matches what else browsers write in the names of files ([isBrowserName]). What follows "?" are conditions on
// the query. The zero Pattern matches nothing. A Pattern is immutable.
type Pattern struct {
	method     string
	segments   []segment // what is after each "/"
	conditions []form.Parameter
	text       string

	canonical []segment         // the segments without a final slash
	strict    [][]strictSegment // what MatchesStrict compares with
}

// ParsePattern parses a pattern. Its errors are for the author of the setting.
func ParsePattern(text string) (Pattern, error) {
	method, address, found := strings.Cut(text, " ")
	if !found {
		return Pattern{}, errors.New(`must be a method, a space and a path, as in "POST /licences/apply"`)
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) {
		return Pattern{}, fmt.Errorf("the method %q is not one of GET, POST, PUT, PATCH and DELETE", method)
	}
	path, query, conditional := strings.Cut(address, "?")
	p := Pattern{method: method, text: text}
	var err error
	if p.segments, err = parseSegments(path, method == http.MethodGet); err != nil {
		return Pattern{}, err
	}
	if conditional {
		if p.conditions, err = form.ParseParameters(query); err != nil {
			return Pattern{}, err
		}
	}
	p.canonical = withoutFinalSlash(p.segments)
	p.strict = strictVariants(p.canonical)
	return p, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Path returns the pattern's path as it was written.
func (p Pattern) Path() string {
	_, address, _ := strings.Cut(p.text, " ")
	path, _, _ := strings.Cut(address, "?")
	return path
}

// Address returns the pattern's path with values for its wildcards, and the conditions on the query. It is empty if
// the values do not make a path of the pattern.
func (p Pattern) Address(values map[string]string) string {
	path := p.fill(values)
	if _, query, conditional := strings.Cut(p.text, "?"); conditional && path != "" {
		return path + "?" + query
	}
	return path
}

// Method returns the pattern's method, in capitals.
func (p Pattern) Method() string { return p.method }

// Serves reports whether the pattern answers a method: HEAD goes with GET (RFC 9110 section 9.3.2).
func (p Pattern) Serves(method string) bool {
	return p.method == method || p.method == http.MethodGet && method == http.MethodHead
}

// Names returns the names of the wildcards, from left to right.
func (p Pattern) Names() []string {
	var names []string
	for _, s := range p.segments {
		if s.kind != literal {
			names = append(names, s.text)
		}
	}
	return names
}

// Parameters returns the names of the query parameters that the pattern has conditions on.
func (p Pattern) Parameters() []string {
	var names []string
	for _, c := range p.conditions {
		names = append(names, c.Name)
	}
	return names
}

// Fits returns how a raw query fits the conditions of the pattern.
func (p Pattern) Fits(query string) form.Fit {
	fit := form.Met
	for _, c := range p.conditions {
		fit = min(fit, c.Fits(query))
	}
	return fit
}

// IsAt reports whether a raw path and query are exactly the pattern's.
func (p Pattern) IsAt(path, query string) bool { return p.Matches(path) && p.Fits(query) == form.Met }

// Match returns what the wildcards match in a raw path, without its query, and whether the path is exactly the
// pattern's.
func (p Pattern) Match(path string) (captured map[string]string, matches bool) {
	if !p.Matches(path) {
		return nil, false
	}
	return capture(p.segments, strings.Split(path[1:], "/")), true
}

// Matches is like [Pattern.Match], without the values of the wildcards.
func (p Pattern) Matches(path string) bool {
	rest, rooted := strings.CutPrefix(path, "/")
	if !rooted || len(p.segments) == 0 {
		return false
	}
	for i, s := range p.segments {
		if s.kind == theRest {
			return s.takesRest(rest)
		}
		text, after, more := strings.Cut(rest, "/")
		if more == (i == len(p.segments)-1) || !s.isExactly(text) {
			return false
		}
		rest = after
	}
	return true
}

// fill returns the path with values for its wildcards. It is empty if they do not make a path of the pattern.
func (p Pattern) fill(values map[string]string) string {
	var path strings.Builder
	for _, s := range p.segments {
		text := s.text
		if s.kind != literal {
			text = values[s.text]
		}
		path.WriteString("/" + text)
	}
	if !p.Matches(path.String()) {
		return ""
	}
	return path.String()
}
