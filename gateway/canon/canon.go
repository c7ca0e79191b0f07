// Package canon lists what servers may make of a path. Each server decodes, cleans and cuts paths in its own way, and
// Paygate does not know which server it protects. So a request is classified by all interpretations of its path.
// Paygate forwards the original bytes, never an interpretation.
package canon

import "slices"

// The number of interpretations is limited, so that a hostile path costs little. An ordinary path has one, an odd one
// a dozen.
const (
	// MaxOfPath limits the interpretations of a path.
	MaxOfPath = 512
	// MaxOfValue limits the interpretations of a value in a query: there may be many values.
	MaxOfValue = 128
	maxBytes   = 256 << 10 // of all interpretations of one path
)

// Interpretations are what servers may make of one path: the path itself first.
type Interpretations struct {
	Paths []string
	// Complete is false if the path has more interpretations than the limit. The request may then be for any address.
	Complete bool

	steps []step // one for each path
}

// step says how a path was made.
type step struct {
	decoder *Decoder // nil for the path itself
	from    int      // the path that it decoded
}

// Interpret applies all decoders to a path, and again to each result, until nothing new results. It leaves case alone,
// because patterns are compared without it.
func Interpret(path string, limit int) Interpretations {
	set := Interpretations{Paths: []string{path}, Complete: true, steps: []step{{}}}
	if IsPlain(path) {
		return set
	}
	known, size := map[string]bool{path: true}, 0
	for i := 0; i < len(set.Paths); i++ {
		isASCII := IsASCII(set.Paths[i])
		for d := range decoders {
			next := decoders[d].apply(set.Paths[i], isASCII)
			if known[next] {
				continue
			}
			if size += len(next); len(known) >= limit || size > maxBytes {
				set.Complete = false
				return set
			}
			known[next] = true
			set.Paths = append(set.Paths, next)
			set.steps = append(set.steps, step{&decoders[d], i})
		}
	}
	return set
}

// Decoders returns the decoders that made the i-th path from the first one, in their order.
func (s Interpretations) Decoders(i int) []Decoder {
	var chain []Decoder
	for ; s.steps[i].decoder != nil; i = s.steps[i].from {
		chain = append(chain, *s.steps[i].decoder)
	}
	slices.Reverse(chain)
	return chain
}

// IsPlain reports whether no decoder changes a path: it has only unreserved characters, in segments that neither
// begin nor end with a dot, and single slashes.
func IsPlain(path string) bool {
	before := byte('.')
	for i := range len(path) {
		c := path[i]
		switch {
		case c == '/' && i > 0 && (before == '/' || before == '.'), c == '.' && before == '/',
			c != '/' && !IsUnreserved(c):
			return false
		}
		before = c
	}
	return before != '.'
}

// IsUnreserved reports whether a character is unreserved (RFC 3986 section 2.3).
func IsUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
