package match

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"paygate/gateway/canon"
)

// segment is one segment of a pattern's path.
type segment struct {
	kind segmentKind
	text string // the literal text, or the wildcard's name
	pass bool   // a wildcard in a pattern for GET
}

type segmentKind int

const (
	literal segmentKind = iota
	oneSegment
	theRest
)

var (
	// literalSegment lists what a literal segment may hold: unreserved characters and the sub-delimiters of RFC 3986
	// with ":" and "@", but neither ";", which begins path parameters, nor "%".
	literalSegment = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,=:@-]*$`)
	wildcardName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
)

func parseSegments(path string, pass bool) ([]segment, error) {
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
			return nil, fmt.Errorf("there are two wildcards with the name {%s}", s.text)
		case s.kind != literal:
			names = append(names, s.text)
			s.pass = pass
		}
		segments[i] = s
	}
	return segments, nil
}

func parseSegment(text string) (segment, error) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		return parseWildcard(text)
	}
	switch {
	case text == "." || text == "..":
		return segment{}, fmt.Errorf("the path has a dot segment (%s)", text)
	case strings.Contains(text, "%"):
		return segment{}, errors.New("the path has a %: write it decoded, with the characters that a URL may hold as " +
			"they are")
	case strings.ContainsAny(text, "{}"):
		return segment{}, fmt.Errorf("a wildcard must be the whole segment, not part of %q", text)
	case !literalSegment.MatchString(text):
		return segment{}, fmt.Errorf("the segment %q has a character other than A-Za-z0-9 and ._~-!$&'()*+,=:@", text)
	}
	return segment{kind: literal, text: text}, nil
}

func parseWildcard(text string) (segment, error) {
	kind := oneSegment
	name, rest := strings.CutSuffix(text[1:len(text)-1], "...")
	if rest {
		kind = theRest
	}
	if !wildcardName.MatchString(name) {
		return segment{}, fmt.Errorf(
			"%q is not a wildcard: names are letters, digits, _ and -, and begin with a letter or _", text)
	}
	return segment{kind: kind, text: name}, nil
}

// withoutFinalSlash drops the empty segment after a final slash, as it is dropped from interpretations.
func withoutFinalSlash(segments []segment) []segment {
	last := len(segments) - 1
	if last >= 0 && segments[last] == (segment{kind: literal}) {
		return segments[:last]
	}
	return segments
}

func (s segment) isExactly(text string) bool {
	if s.kind == literal {
		return s.text == text
	}
	return s.takesName(text)
}

// takesName reports whether a wildcard matches a segment.
func (s segment) takesName(text string) bool {
	return isWildcardValue(text) || s.pass && isBrowserName(text)
}

// isWildcardValue reports whether a segment consists of unreserved characters and is not a dot segment.
func isWildcardValue(text string) bool {
	for i := range len(text) {
		if !canon.IsUnreserved(text[i]) {
			return false
		}
	}
	return text != "" && text != "." && text != ".."
}

// takesRest reports whether a wildcard for the rest matches these segments. The last may be empty.
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

// isBrowserName reports whether a segment is one that a browser writes and that every server reads alike: unreserved
// characters, !$&'()*+,=:@ and escaped UTF-8, which decodes to neither a dot segment nor a control character nor
// anything that separates or escapes.
func isBrowserName(text string) bool {
	name, err := url.PathUnescape(text)
	if err != nil || name == "" || name == "." || name == ".." || !utf8.ValidString(name) {
		return false
	}
	isOther := func(r rune) bool {
		return !strings.ContainsRune("%!$&'()*+,=:@", r) && (r > unicode.MaxASCII || !canon.IsUnreserved(byte(r)))
	}
	isHostile := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`/\%;?#`, r) }
	return !strings.ContainsFunc(text, isOther) && !strings.ContainsFunc(name, isHostile)
}

// capture returns what the wildcards match in a path, in segments, that matches the pattern.
func capture(pattern []segment, path []string) map[string]string {
	values := map[string]string{}
	for i, s := range pattern {
		switch s.kind {
		case oneSegment:
			values[s.text] = path[i]
		case theRest:
			values[s.text] = strings.Join(path[i:], "/")
		}
	}
	return values
}
