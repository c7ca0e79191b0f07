package reading

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is one address of the service, as the settings write it: "METHOD /path?name=value&…".
//
// The path is exact, a final "/" included. "{name}" stands for one segment of one or more of A-Za-z0-9._~- (not "." and
// not ".."), "{name...}" at the end for the rest of the path, which may be empty. Where the method is GET a segment may have
// whatever else browsers write in the names of files ([isBrowserName]). Whatever follows "?" are conditions on
// the query. The zero Pattern matches nothing. A Pattern is never changed once parsed.
type Pattern struct {
	method     string
	segments   []segment // what stands after each "/"
	conditions []condition
	text       string

	bare []segment       // the segments as readings are compared with them
	wide [][]wideSegment // and as wide readings are
}

type segment struct {
	kind segmentKind
	text string // the literal text, or the wildcard's name
	asks bool   // of a wildcard: the method is GET
}

type segmentKind int

const (
	literal segmentKind = iota
	oneSegment
	theRest
)

// literalSegment lists what a literal segment may hold: unreserved characters and the sub-delimiters of RFC 3986 with
// ":" and "@", but neither ";", which begins path parameters, nor "%".
var literalSegment = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,=:@-]*$`)

var wildcardName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// ParsePattern reads a pattern. Its errors say what is wrong in words for the person who wrote the setting.
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
	if p.segments, err = parseSegments(path); err != nil {
		return Pattern{}, err
	}
	if conditional {
		p.conditions, err = parseConditions(query)
	}
	if err != nil {
		return Pattern{}, err
	}
	for i := range p.segments {
		p.segments[i].asks = method == http.MethodGet && p.segments[i].kind != literal
	}
	p.bare = withoutFinalSlash(p.segments)
	p.wide = widened(p.bare)
	return p, nil
}

func parseSegments(path string) ([]segment, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %q does not start with /", path)
	}
	texts := strings.Split(path[1:], "/")
	segments := make([]segment, len(texts))
	var names []string
	for i, text := range texts {
		s, err := parseSegment(text)
		if err != nil {
			return nil, err
		}
		last := i == len(texts)-1
		switch {
		case s.kind == literal && text == "" && !last:
			return nil, errors.New("the path has an empty segment (//)")
		case s.kind == theRest && !last:
			return nil, fmt.Errorf("{%s...} must be the last segment", s.text)
		case s.kind != literal && slices.Contains(names, s.text):
			return nil, fmt.Errorf("the name {%s} stands twice", s.text)
		case s.kind != literal:
			names = append(names, s.text)
		}
		segments[i] = s
	}
	return segments, nil
}

func parseSegment(text string) (segment, error) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		kind := oneSegment
		name, rest := strings.CutSuffix(text[1:len(text)-1], "...")
		if rest {
			kind = theRest
		}
		if !wildcardName.MatchString(name) {
			return segment{}, fmt.Errorf("%q is not a wildcard: names are letters, digits, _ and -, and begin with a letter or _", text)
		}
		return segment{kind: kind, text: name}, nil
	}
	switch {
	case text == "." || text == "..":
		return segment{}, fmt.Errorf("the path has a dot segment (%s)", text)
	case strings.Contains(text, "%"):
		return segment{}, errors.New("the path has a %: write it decoded, with the characters a URL may hold as they are")
	case strings.ContainsAny(text, "{}"):
		return segment{}, fmt.Errorf("a wildcard must be the whole segment, not part of %q", text)
	case !literalSegment.MatchString(text):
		return segment{}, fmt.Errorf("the segment %q has a character other than A-Za-z0-9 and ._~-!$&'()*+,=:@", text)
	}
	return segment{kind: literal, text: text}, nil
}

// withoutFinalSlash drops the empty segment behind a final slash, as it is dropped from readings.
func withoutFinalSlash(segments []segment) []segment {
	last := len(segments) - 1
	if last >= 0 && segments[last] == (segment{kind: literal}) {
		return segments[:last]
	}
	return segments
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Path is the pattern's path as it was written.
func (p Pattern) Path() string {
	_, address, _ := strings.Cut(p.text, " ")
	path, _, _ := strings.Cut(address, "?")
	return path
}

// Address is the pattern's path with values for its wildcards, and the conditions on the query behind it. It is empty when the
// values do not make a path of the pattern.
func (p Pattern) Address(values map[string]string) string {
	path := p.fill(values)
	if _, query, conditional := strings.Cut(p.text, "?"); conditional && path != "" {
		return path + "?" + query
	}
	return path
}

// Method is the pattern's method, in capitals.
func (p Pattern) Method() string { return p.method }

// Serves reports whether the pattern answers a method: HEAD goes with GET (RFC 9110 section 9.3.2).
func (p Pattern) Serves(method string) bool {
	return p.method == method || p.method == http.MethodGet && method == http.MethodHead
}

// Names are those of the wildcards, from left to right.
func (p Pattern) Names() []string {
	var names []string
	for _, s := range p.segments {
		if s.kind != literal {
			names = append(names, s.text)
		}
	}
	return names
}

// Parameters are the names of those that the pattern has conditions on.
func (p Pattern) Parameters() []string {
	var names []string
	for _, c := range p.conditions {
		names = append(names, c.name)
	}
	return names
}

// Match tells whether a raw path, without its query, is exactly the pattern's, and what its wildcards stand for. It
// looks neither at the method nor at the query.
func (p Pattern) Match(path string) (captured map[string]string, matches bool) {
	if !p.Matches(path) {
		return nil, false
	}
	captured = map[string]string{}
	rest := path[1:]
	for _, s := range p.segments {
		text, after, _ := strings.Cut(rest, "/")
		switch s.kind {
		case oneSegment:
			captured[s.text] = text
		case theRest:
			captured[s.text] = rest
		}
		rest = after
	}
	return captured, true
}

// Matches is Match without the wildcards' values.
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

func (s segment) isExactly(text string) bool {
	if s.kind == literal {
		return s.text == text
	}
	return s.takesName(text)
}

// takesName reports whether a wildcard stands for the segment.
func (s segment) takesName(text string) bool {
	return isWildcardValue(text) || s.asks && isBrowserName(text)
}

// isWildcardValue tells whether a segment is made of unreserved characters (RFC 3986 section 2.3) and is no dot segment.
func isWildcardValue(text string) bool {
	for i := range len(text) {
		if !isUnreserved(text[i]) {
			return false
		}
	}
	return text != "" && text != "." && text != ".."
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// takesRest reports whether a wildcard for the rest stands for these segments; the last may be empty.
func (s segment) takesRest(rest string) bool {
	texts := strings.Split(rest, "/")
	for i, text := range texts {
		final := text == "" && i == len(texts)-1
		if !final && !s.takesName(text) {
			return false
		}
	}
	return true
}

// isBrowserName reports whether a segment is one that a browser writes and that every server reads alike: unreserved characters,
// !$&'()*+,=:@ and escaped UTF-8, which decodes to no dot segment, no control and nothing that parts or escapes anything.
func isBrowserName(text string) bool {
	name, err := url.PathUnescape(text)
	if err != nil || name == "" || name == "." || name == ".." || !utf8.ValidString(name) {
		return false
	}
	isOther := func(r rune) bool {
		return r != '%' && !strings.ContainsRune("!$&'()*+,=:@", r) && (r > unicode.MaxASCII || !isUnreserved(byte(r)))
	}
	isHostile := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`/\%;?#`, r) }
	return !strings.ContainsFunc(text, isOther) && !strings.ContainsFunc(name, isHostile)
}

// fill writes the path with values for its wildcards; empty when they do not make a path of the pattern.
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
