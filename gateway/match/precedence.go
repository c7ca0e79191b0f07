package match

import (
	"slices"

	"paygate/gateway/form"
)

// If a request matches two patterns, the narrower one comes first.

// overlaps reports whether some request matches both patterns.
func (p Pattern) overlaps(other Pattern) bool {
	return p.method == other.method && segmentsOverlap(p.segments, other.segments) && !p.contradicts(other)
}

// Equal reports whether the two patterns match the same requests. The names of wildcards do not matter.
func (p Pattern) Equal(other Pattern) bool {
	return p.method == other.method && p.covers(other) && other.covers(p)
}

// Clashes reports whether some request matches both patterns, and neither is narrower.
func (p Pattern) Clashes(other Pattern) bool {
	return p.overlaps(other) && !p.Narrower(other) && !other.Narrower(p)
}

// Narrower reports whether p matches some, but not all, of the paths and queries that the other matches, and no
// others. The methods do not matter.
func (p Pattern) Narrower(other Pattern) bool { return other.covers(p) && !p.covers(other) }

// covers reports whether p matches every path and query that the other matches.
func (p Pattern) covers(other Pattern) bool {
	isLacking := func(c form.Parameter) bool { return !slices.Contains(other.conditions, c) }
	return !slices.ContainsFunc(p.conditions, isLacking) && segmentsCover(p.segments, other.segments)
}

// contradicts reports whether the patterns want different values of one parameter.
func (p Pattern) contradicts(other Pattern) bool {
	return slices.ContainsFunc(p.conditions, func(c form.Parameter) bool {
		return slices.ContainsFunc(other.conditions, func(o form.Parameter) bool {
			return c.Name == o.Name && c.Value != o.Value
		})
	})
}

func segmentsCover(wide, narrow []segment) bool {
	for i, w := range wide {
		switch {
		case i >= len(narrow):
			return false
		case w.kind == theRest:
			return w.takesAll(narrow[i:])
		case narrow[i].kind == theRest || !w.takes(narrow[i]):
			return false
		}
	}
	return len(wide) == len(narrow)
}

func segmentsOverlap(a, b []segment) bool {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i].kind == theRest:
			return a[i].takesAll(b[i:])
		case b[i].kind == theRest:
			return b[i].takesAll(a[i:])
		case !a[i].takes(b[i]) && !b[i].takes(a[i]):
			return false
		}
	}
	return len(a) == len(b)
}

// takes reports whether a segment other than the rest matches everything that another such segment matches.
func (s segment) takes(other segment) bool {
	switch {
	case s.kind == literal:
		return other.kind == literal && s.text == other.text
	case other.kind == literal:
		return s.takesName(other.text)
	default:
		return true
	}
}

// takesAll reports whether a wildcard for the rest matches everything that other segments match.
func (s segment) takesAll(others []segment) bool {
	return !slices.ContainsFunc(others, func(other segment) bool {
		return other.kind == literal && other.text != "" && !s.takesName(other.text)
	})
}
