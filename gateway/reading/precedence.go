package reading

import "slices"

// Where a request is of two patterns, the narrower one goes before the other.

// overlaps tells whether some request is matched by both patterns.
func (p Pattern) overlaps(other Pattern) bool {
	return p.method == other.method && segmentsOverlap(p.segments, other.segments) && !p.contradicts(other)
}

// Equal tells whether the two patterns match the same requests; the names of wildcards do not matter.
func (p Pattern) Equal(other Pattern) bool {
	return p.method == other.method && p.covers(other) && other.covers(p)
}

// Clashes tells whether some request is both patterns' and neither is narrower.
func (p Pattern) Clashes(other Pattern) bool {
	return p.overlaps(other) && !p.Narrower(other) && !other.Narrower(p)
}

// Narrower tells whether p matches some, but not all, of the paths and queries that the other matches, and no others; the
// methods do not matter.
func (p Pattern) Narrower(other Pattern) bool { return other.covers(p) && !p.covers(other) }

// covers tells whether p matches every path and query that the other matches.
func (p Pattern) covers(other Pattern) bool {
	for _, c := range p.conditions {
		if !slices.Contains(other.conditions, c) {
			return false
		}
	}
	return segmentsCover(p.segments, other.segments)
}

// contradicts tells whether both want the same parameter to have different values.
func (p Pattern) contradicts(other Pattern) bool {
	for _, c := range p.conditions {
		for _, o := range other.conditions {
			if c.name == o.name && c.value != o.value {
				return true
			}
		}
	}
	return false
}

func segmentsCover(wide, narrow []segment) bool {
	for i, w := range wide {
		if i >= len(narrow) {
			return false
		}
		if w.kind == theRest {
			return !slices.ContainsFunc(narrow[i:], func(s segment) bool { return !w.restTakes(s) })
		}
		if narrow[i].kind == theRest || !w.takes(narrow[i]) {
			return false
		}
	}
	return len(wide) == len(narrow)
}

func segmentsOverlap(a, b []segment) bool {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i].kind == theRest:
			return !slices.ContainsFunc(b[i:], func(s segment) bool { return !a[i].restTakes(s) })
		case b[i].kind == theRest:
			return !slices.ContainsFunc(a[i:], func(s segment) bool { return !b[i].restTakes(s) })
		case !a[i].takes(b[i]) && !b[i].takes(a[i]):
			return false
		}
	}
	return len(a) == len(b)
}

// takes tells whether a segment other than the rest matches everything that another such segment matches.
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

// restTakes reports whether the wildcard for the rest stands for everything that another segment stands for.
func (s segment) restTakes(other segment) bool {
	return other.kind != literal || other.text == "" || s.takesName(other.text)
}
