package match

import (
	"slices"
	"strings"

	"paygate/gateway/canon"
)

// Paths are the interpretations of one raw path, split into segments for comparing with patterns. They are not safe
// for concurrent use.
type Paths struct {
	set      canon.Interpretations
	segments [][]string
	strict   [][][]strictText // the forms of each, made when first needed
}

// Interpret returns the interpretations of a raw path. If the path is hostile, some are missing.
func Interpret(path string) *Paths {
	p := &Paths{set: canon.Interpret(path, canon.MaxOfPath)}
	for _, interpretation := range p.set.Paths {
		p.segments = append(p.segments, segmentsOf(interpretation))
	}
	return p
}

// Complete reports whether these are all interpretations.
func (p *Paths) Complete() bool { return p.set.Complete }

// segmentsOf splits a path for comparing. Slashes at either end do not count.
func segmentsOf(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// MatchesCanonical reports whether some server may take the path for one of the pattern.
func (p Pattern) MatchesCanonical(paths *Paths) bool { return paths.canonical(p) >= 0 }

// canonical returns the first interpretation that matches a pattern, or -1.
func (p *Paths) canonical(pattern Pattern) int {
	return slices.IndexFunc(p.segments, pattern.isCanonical)
}

// MayMean reports whether some server, handler or script may take a path for one of the pattern.
func (p Pattern) MayMean(path string) bool {
	paths := Interpret(path)
	return p.MatchesCanonical(paths) || p.MatchesStrict(paths)
}

// isCanonical compares without case. Wildcards match anything, because a service may accept more names than Paygate
// does.
func (p Pattern) isCanonical(path []string) bool {
	for i, s := range p.canonical {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(path):
			return false
		case s.kind == literal && !strings.EqualFold(s.text, path[i]):
			return false
		}
	}
	return len(p.canonical) == len(path)
}

// MatchesStrict reports whether some handler or script may take the path for one of the pattern.
func (p Pattern) MatchesStrict(paths *Paths) bool { return paths.strictly(p) >= 0 }

// strictly returns the first interpretation that matches a pattern strictly, or -1.
func (p *Paths) strictly(pattern Pattern) int {
	if p.strict == nil {
		p.strict = make([][][]strictText, len(p.segments))
		for i, segments := range p.segments {
			p.strict[i] = strictForms(segments)
		}
	}
	return slices.IndexFunc(p.strict, func(forms [][]strictText) bool {
		return slices.ContainsFunc(forms, func(path []strictText) bool { return isStrict(pattern.strict, path) })
	})
}

// spellings returns the pattern's own spelling of each interpretation that matches it, and an empty one if it has
// none because a wildcard does not match.
func (p *Paths) spellings(pattern Pattern) []string {
	var paths []string
	for _, segments := range p.segments {
		if pattern.isCanonical(segments) {
			paths = append(paths, pattern.fill(capture(pattern.canonical, segments)))
		}
	}
	return paths
}
