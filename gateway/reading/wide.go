package reading

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// wideSegment is a segment of a pattern with its text.
type wideSegment struct {
	kind segmentKind
	wideText
}

// wideText is a segment with all of it that the wide readings look at.
type wideText struct {
	text        string
	letters     string // letters and digits alone
	stem        string // without suffixes
	stemLetters string
	short       string // of an 8.3 name, what stands before "~"
	script      bool
}

func wideTexts(segments []string) []wideText {
	texts := make([]wideText, len(segments))
	for i, text := range segments {
		texts[i] = wideTextOf(text)
	}
	return texts
}

func wideTextOf(text string) wideText {
	bare := stem(text)
	return wideText{text, lettersAlone(text), bare, lettersAlone(bare), shortName(text), isScriptName(text)}
}

// readsWidelyAs is readsAs with what handlers and scripts may make of a path: suffixes (.json, .php), anything after the
// script (PATH_INFO), a script before it (/index.php/…) or within (/folder/index.php/…), a folder for its index document, short
// 8.3 names, and other punctuation.
func readsWidelyAs(widened [][]wideSegment, reading []wideText) bool {
	for _, wanted := range widened {
		if len(wanted) == 0 {
			if len(reading) == 0 {
				return true
			}
			continue // everything is below the root
		}
		if startsThroughScript(wanted, reading) {
			return true
		}
		for start := range reading {
			if (start == 0 || reading[start-1].script) && startsWidely(wanted, reading[start:]) {
				return true
			}
		}
	}
	return false
}

// widened is the pattern, without a script and what stands before it, without the script alone, and without its index document.
// A pattern without a literal segment is left as it is: everything would be below it.
func widened(pattern []segment) [][]wideSegment {
	whole := make([]wideSegment, len(pattern))
	for i, s := range pattern {
		whole[i] = wideSegment{s.kind, wideTextOf(s.text)}
	}
	variants := [][]wideSegment{whole}
	for i, s := range whole {
		if s.kind == literal && s.script && i+1 < len(whole) {
			variants = append(variants, whole[i+1:], slices.Concat(whole[:i], whole[i+1:]))
		}
	}
	if last := len(whole) - 1; last >= 0 && whole[last].kind == literal && isIndex(whole[last].text) {
		variants = append(variants, whole[:last])
	}
	return slices.DeleteFunc(variants, func(v []wideSegment) bool {
		return len(v) > 0 && !slices.ContainsFunc(v, func(s wideSegment) bool { return s.kind == literal })
	})
}

// startsThroughScript tells whether a reading starts with the pattern but for a script within, and what stands before that: a
// service in a folder hears /licences/index.php/apply, and perhaps /licences/public/index.php/apply, as /licences/apply.
func startsThroughScript(pattern []wideSegment, reading []wideText) bool {
	for i := 1; i < len(pattern); i++ {
		if !startsWidely(pattern[:i], reading) {
			continue
		}
		for j := i; j < len(reading)-1; j++ {
			if reading[j].script && startsWidely(pattern[i:], reading[j+1:]) {
				return true
			}
		}
	}
	return false
}

// startsWidely tells whether the first segments of a reading are the pattern's; of the last one in either, the beginning is enough.
func startsWidely(pattern []wideSegment, reading []wideText) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(reading):
			return false
		case s.kind != literal || s.isWidely(reading[i]):
			continue
		}
		isLast := i == len(pattern)-1 || i == len(reading)-1
		if !isLast || !isWithMore(s.text, reading[i].text) {
			return false
		}
	}
	return true
}

// isWidely tells whether a segment may be taken for the literal one: they differ in punctuation and case only, which Zend
// Framework 1 drops from the names of actions, and WordPress partly from those of pages; or in suffixes as well; or it may
// be the 8.3 name, which has the first letters, or two of them and a hash.
func (wanted wideText) isWidely(text wideText) bool {
	return strings.EqualFold(wanted.text, text.text) || sameLetters(wanted.letters, text.letters) ||
		strings.EqualFold(wanted.stem, text.stem) || sameLetters(wanted.stemLetters, text.stemLetters) ||
		text.short != "" && startsAlike(wanted.text, text.short)
}

func sameLetters(wanted, letters string) bool {
	return wanted != "" && strings.EqualFold(wanted, letters)
}

func startsAlike(literal, short string) bool {
	length := min(2, len(short), len(literal))
	return strings.EqualFold(short[:length], literal[:length])
}

func lettersAlone(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// isWithMore tells whether a segment is the literal and anything behind a character that ends a word, as a rule without an end
// takes it (^/apply\b); Spring's suffix patterns and the formats of Rails take whatever stands behind a dot.
func isWithMore(literal, text string) bool {
	for i, c := range text {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_' && strings.EqualFold(text[:i], literal) {
			return true
		}
	}
	return false
}

// suffixes are those of handlers, backups, and the methods of Struts (apply!execute.action).
var suffixes = regexp.MustCompile(`(?:\.[A-Za-z][A-Za-z0-9]{0,9}|~|!\w*)+$`)

// stem is a segment without its suffixes.
func stem(text string) string {
	if !strings.ContainsAny(text, ".~!") {
		return text
	}
	if s := suffixes.ReplaceAllLiteralString(text, ""); s != "" {
		return s
	}
	return text
}

var script = regexp.MustCompile(`(?i)^.*\.(?:php[0-9]?|phtml|f?cgi|pl|py|rb|wsgi|asp|aspx|ashx|jsp|cfm|dll|exe)$`)

func isScriptName(text string) bool {
	return isIndex(text) || strings.Contains(text, ".") && script.MatchString(text)
}

func isIndex(text string) bool {
	s := stem(text)
	return strings.EqualFold(s, "index") || strings.EqualFold(s, "default")
}

var shortNames = regexp.MustCompile(`^([^~]{1,6})~[0-9]`)

// shortName is what stands before the "~" of a segment that may be the 8.3 name of a longer one; empty when it is none.
func shortName(text string) string {
	if !strings.Contains(text, "~") {
		return ""
	}
	parts := shortNames.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	return parts[1]
}
