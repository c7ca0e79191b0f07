package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Pattern is the request that a route is about: METHOD /path, where {name} stands for one segment and {name...} for the
// rest, and a query may name conditions.
type Pattern struct {
	method   string
	segments []segment
	query    []Condition
}

// segment is one piece of a path between slashes: a literal, or a name for whatever is there.
type segment struct {
	literal string
	name    string
	rest    bool
}

var (
	literalPattern = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,=:@-]*$`)
	namePattern    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// wildPattern is what a name in a pattern may match.
	wildPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
)

// payMethods are the methods a pay route can have.
var payMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// ParsePattern reads a pattern. Its path has to be in plain form: a slash first, no escapes, no dot or empty segments but
// a final one, no parameters.
func ParsePattern(text string) (Pattern, error) {
	method, target, found := strings.Cut(text, " ")
	if !found || !slices.Contains(payMethods, method) {
		return Pattern{}, fmt.Errorf("%q must be METHOD /path with one of %s", text, strings.Join(payMethods, ", "))
	}
	path, query, hasQuery := strings.Cut(target, "?")
	p := Pattern{method: method}
	var err error
	if p.segments, err = parseSegments(path); err != nil {
		return Pattern{}, err
	}
	if hasQuery {
		p.query, err = parseConditions(query)
	}
	return p, err
}

func parseSegments(path string) ([]segment, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %q must begin with a slash", path)
	}
	texts := strings.Split(path[1:], "/")
	var segments []segment
	for i, text := range texts {
		last := i == len(texts)-1
		s, err := parseSegment(text, last)
		if err != nil {
			return nil, err
		}
		if s.name != "" && slices.ContainsFunc(segments, func(o segment) bool { return o.name == s.name }) {
			return nil, fmt.Errorf("the name {%s} is there twice", s.name)
		}
		segments = append(segments, s)
	}
	return segments, nil
}

func parseSegment(text string, last bool) (segment, error) {
	name, open := strings.CutPrefix(text, "{")
	name, closed := strings.CutSuffix(name, "}")
	if open && closed {
		name, rest := strings.CutSuffix(name, "...")
		if !namePattern.MatchString(name) {
			return segment{}, fmt.Errorf("{%s} is no name", name)
		}
		if rest && !last {
			return segment{}, fmt.Errorf("{%s...} must be the last segment", name)
		}
		return segment{name: name, rest: rest}, nil
	}
	if !literalPattern.MatchString(text) || text == "." || text == ".." || text == "" && !last {
		return segment{}, fmt.Errorf("the segment %q is not in plain form", text)
	}
	return segment{literal: text}, nil
}

func parseConditions(query string) ([]Condition, error) {
	var conditions []Condition
	for pair := range strings.SplitSeq(query, "&") {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" || !literalPattern.MatchString(name) || !literalPattern.MatchString(value) {
			return nil, errors.New("the query of a pattern must be name=value&name=value, without escapes")
		}
		conditions = append(conditions, Condition{name, value})
	}
	return conditions, nil
}

// Method is the pattern's method.
func (p Pattern) Method() string { return p.method }

// Path is the pattern's path as it is written.
func (p Pattern) Path() string {
	var b strings.Builder
	for _, s := range p.segments {
		b.WriteByte('/')
		switch {
		case s.rest:
			b.WriteString("{" + s.name + "...}")
		case s.name != "":
			b.WriteString("{" + s.name + "}")
		default:
			b.WriteString(s.literal)
		}
	}
	return b.String()
}

// String is the pattern as it is written.
func (p Pattern) String() string {
	text := p.method + " " + p.Path()
	for i, c := range p.query {
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		text += separator + c.Field + "=" + c.Value
	}
	return text
}

// Names lists the names in the path.
func (p Pattern) Names() []string {
	var names []string
	for _, s := range p.segments {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// match tells whether a path is the pattern's, to the letter, and what the names stand for.
func (p Pattern) match(path string) (map[string]string, bool) {
	return p.matchBy(path, func(a, b string) bool { return a == b })
}

// matchFolded is match for readings, which are folded already: letters' case does not count.
func (p Pattern) matchFolded(path string) bool {
	_, ok := p.matchBy(path, strings.EqualFold)
	return ok
}

func (p Pattern) matchBy(path string, equal func(a, b string) bool) (map[string]string, bool) {
	if p.method == "" || !strings.HasPrefix(path, "/") {
		return nil, false
	}
	texts := strings.Split(path[1:], "/")
	captured := map[string]string{}
	for i, s := range p.segments {
		if s.rest {
			return captured, len(texts) > i && captureRest(captured, s.name, texts[i:])
		}
		if i >= len(texts) || s.name == "" && !equal(texts[i], s.literal) || s.name != "" && !wildPattern.MatchString(texts[i]) {
			return nil, false
		}
		if s.name != "" {
			captured[s.name] = texts[i]
		}
	}
	return captured, len(texts) == len(p.segments)
}

func captureRest(captured map[string]string, name string, texts []string) bool {
	for _, text := range texts {
		if !wildPattern.MatchString(text) {
			return false
		}
	}
	captured[name] = strings.Join(texts, "/")
	return true
}

// Clashes tells whether some request is both patterns' and neither is more specific.
func (p Pattern) Clashes(o Pattern) bool {
	if p.method != o.method || !p.meets(o) {
		return false
	}
	return p.moreSpecific(o) == o.moreSpecific(p)
}

// meets tells whether some path matches both.
func (p Pattern) meets(o Pattern) bool {
	for i := 0; ; i++ {
		pEnds, oEnds := i >= len(p.segments), i >= len(o.segments)
		if pEnds || oEnds {
			return pEnds && oEnds
		}
		a, b := p.segments[i], o.segments[i]
		if a.rest || b.rest {
			return true
		}
		if a.name == "" && b.name == "" && a.literal != b.literal {
			return false
		}
		if a.name == "" && b.name != "" && !wildPattern.MatchString(a.literal) || b.name == "" && a.name != "" && !wildPattern.MatchString(b.literal) {
			return false
		}
	}
}

// moreSpecific tells whether p says at least as much as o in every place, and more in one.
func (p Pattern) moreSpecific(o Pattern) bool {
	more := len(p.query) > len(o.query)
	for i := range max(len(p.segments), len(o.segments)) {
		a, b := p.weight(i), o.weight(i)
		if a < b {
			return false
		}
		more = more || a > b
	}
	return more && len(p.query) >= len(o.query)
}

// weight is how much a pattern says about its i-th segment.
func (p Pattern) weight(i int) int {
	switch {
	case i >= len(p.segments):
		return 0
	case p.segments[i].rest:
		return 0
	case p.segments[i].name != "":
		return 1
	default:
		return 2
	}
}
