// Package reading says what a request may be read as, by whatever service stands behind: which paths a raw path may be taken
// for, what a query may mean, and which fields a body may have for somebody.
//
// A request is judged on all of its readings, because which one the service takes is not known; what is forwarded is never
// a reading. [Of] makes the readings of a path, and [Pattern] is what they are held against; [LooseQuery] and [Cookies] read
// fields, [MayName] and [Field.MayBe] say what a service may take them for. Nothing but the bytes that are given decides, and
// nothing is kept.
package reading

import (
	"slices"
	"strings"
)

// Readings are those of one raw path, in segments, as patterns are compared with them. Not safe for concurrent use.
type Readings struct {
	plainly  [][]string
	widely   [][]wideText // made when it is first asked for
	complete bool
}

// Of makes the readings of a raw path. Never fails: of a hostile path they are not all there.
func Of(path string) *Readings {
	set := readingsOf(path, mostReadings)
	r := &Readings{plainly: make([][]string, len(set.paths)), complete: set.complete}
	for i, reading := range set.paths {
		r.plainly[i] = segmentsOf(reading)
	}
	return r
}

// Complete tells whether these are all the readings: a path made to have too many is not read to the end.
func (r *Readings) Complete() bool { return r.complete }

// Have tells whether some reading is the pattern's path.
func (r *Readings) Have(p Pattern) bool {
	return slices.ContainsFunc(r.plainly, func(reading []string) bool { return readsAs(p.bare, reading) })
}

// HaveWidely tells whether some handler or script may make the pattern's path of a reading.
func (r *Readings) HaveWidely(p Pattern) bool {
	if r.widely == nil {
		r.widely = make([][]wideText, len(r.plainly))
		for i, reading := range r.plainly {
			r.widely[i] = wideTexts(reading)
		}
	}
	return slices.ContainsFunc(r.widely, func(reading []wideText) bool { return readsWidelyAs(p.wide, reading) })
}

// Plain are the plain spellings of the readings that are the pattern's path; empty ones where what stands for a wildcard is
// none.
func (r *Readings) Plain(p Pattern) []string {
	var paths []string
	for _, reading := range r.plainly {
		if readsAs(p.bare, reading) {
			paths = append(paths, p.fill(capture(p.bare, reading)))
		}
	}
	return paths
}

// The readings of one path are bounded, so that a hostile target costs little; the set is incomplete then, and an
// incomplete set is never judged free. Ordinary targets have one reading, odd ones a dozen.
const (
	mostReadings    = 512
	maxReadingBytes = 256 << 10
	// A query may have several values, and each is held against each pattern.
	mostValueReadings = 128
	maxValueBytes     = 2 << 10
)

// readingSet is what a path may be read as, itself first.
type readingSet struct {
	paths    []string
	complete bool
}

// readingsOf applies every decoder to the path and to what comes out, in every order, until nothing new comes or there are too
// many. Upper and lower case are not told apart later, so case is no reading.
func readingsOf(path string, most int) readingSet {
	set := readingSet{paths: []string{path}, complete: true}
	if isPlain(path) {
		return set
	}
	seen, size := map[string]bool{path: true}, 0
	for i := 0; i < len(set.paths); i++ {
		for _, decode := range decoders() {
			next := decode(set.paths[i])
			if seen[next] {
				continue
			}
			if size += len(next); len(seen) >= most || size > maxReadingBytes {
				set.complete = false
				return set
			}
			seen[next] = true
			set.paths = append(set.paths, next)
		}
	}
	return set
}

// decoders each do one thing that some server does to a path. They leave a path alone that does not concern them.
func decoders() []func(string) string {
	return []func(string) string{
		decodePercent, decodeUnreserved, decodeButSlashes, decodePercentU, decodeOverlong, decodeLatin1, decodePlus,
		foldCompatible, dropAccents,
		turnBackslashes, mergeSlashes, resolveDots, dropDots,
		cutParameters, cutStreams, cutTickets, cutTicketsWithSlash,
		cutAtNul, cutAtHash, cutAtQuestionMark, cutAtLineEnd, cutAtAmpersand, takeParameter,
		dropIgnorable, dropForeign, dropTags, trimSegments,
	}
}

// isPlain tells that no decoder changes the path: unreserved characters in segments that neither begin nor end in a dot,
// and single slashes.
func isPlain(path string) bool {
	before := byte('.')
	for i := range len(path) {
		c := path[i]
		switch {
		case c == '/' && i > 0 && (before == '/' || before == '.'), c == '.' && before == '/', c != '/' && !isUnreserved(c):
			return false
		}
		before = c
	}
	return before != '.'
}

// segmentsOf splits a reading for comparing: slashes at either end do not count.
func segmentsOf(reading string) []string {
	reading = strings.Trim(reading, "/")
	if reading == "" {
		return nil
	}
	return strings.Split(reading, "/")
}

// readsAs tells whether the segments of a reading are the pattern's, case aside. Wildcards take anything, since what the
// service takes for a name may be more than ours.
func readsAs(pattern []segment, reading []string) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(reading):
			return false
		case s.kind == literal && !strings.EqualFold(s.text, reading[i]):
			return false
		}
	}
	return len(pattern) == len(reading)
}

// capture is what the wildcards stand for in a reading that reads as the pattern.
func capture(pattern []segment, reading []string) map[string]string {
	values := map[string]string{}
	for i, s := range pattern {
		switch s.kind {
		case oneSegment:
			values[s.text] = reading[i]
		case theRest:
			values[s.text] = strings.Join(reading[i:], "/")
		}
	}
	return values
}
