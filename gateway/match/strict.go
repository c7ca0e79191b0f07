package match

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Handlers and scripts make more of a path than servers do. A strict match takes that into account: suffixes (.json,
// .php), anything after the script (PATH_INFO), a script before the path (/index.php/…) or within it
// (/folder/index.php/…), a folder for its index document, short 8.3 names, and other punctuation.

// strictSegment is a segment of a pattern with its text.
type strictSegment struct {
	kind segmentKind
	strictText
}

// strictText is a segment with everything that strict matching compares.
type strictText struct {
	text        string
	letters     string // only letters and digits
	stem        string // without suffixes
	stemLetters string
	short       string // of an 8.3 name, what is before "~"
	script      bool
}

// strictForms returns a path with the texts that strict matching compares, and again with a slash after the name of a
// script that goes on in the same segment: nginx gives PHP the rest of /index.phplicences/apply as PATH_INFO if
// fastcgi_split_path_info is ^(.+\.php)(.*)$. The expression takes the last script of the path, or the first, so that
// a hostile path has few forms.
func strictForms(segments []string) [][]strictText {
	forms := [][]strictText{strictTexts(segments)}
	goesOn := func(text string) bool { return len(scriptEnds(text)) > 0 }
	first := slices.IndexFunc(segments, goesOn)
	if first < 0 {
		return forms
	}
	last := len(segments) - 1
	for !goesOn(segments[last]) {
		last--
	}
	for _, i := range slices.Compact([]int{first, last}) {
		for _, end := range scriptEnds(segments[i]) {
			cut := []string{segments[i][:end], segments[i][end:]}
			forms = append(forms, strictTexts(slices.Concat(segments[:i], cut, segments[i+1:])))
		}
	}
	return forms
}

// scriptEnds returns where the first and the last name of a script end in a segment that goes on after them.
func scriptEnds(text string) (ends []int) {
	if !strings.Contains(text, ".") {
		return nil
	}
	names := scriptSuffix.FindAllStringIndex(text, -1)
	for i, name := range names {
		if end := name[1]; end < len(text) && (i == 0 || i == len(names)-1) {
			ends = append(ends, end)
		}
	}
	return ends
}

func strictTexts(segments []string) []strictText {
	texts := make([]strictText, len(segments))
	for i, text := range segments {
		texts[i] = strictTextOf(text)
	}
	return texts
}

func strictTextOf(text string) strictText {
	bare := stem(text)
	return strictText{text, onlyLetters(text), bare, onlyLetters(bare), shortName(text), isScriptName(text)}
}

// isStrict reports whether a handler or script may take a path for one of the variants of a pattern.
func isStrict(variants [][]strictSegment, path []strictText) bool {
	return slices.ContainsFunc(variants, func(pattern []strictSegment) bool {
		if len(pattern) == 0 { // everything is below the root
			return len(path) == 0
		}
		if startsThroughScript(pattern, path) {
			return true
		}
		for start := range path {
			if (start == 0 || path[start-1].script) && startsWith(path[start:], pattern) {
				return true
			}
		}
		return false
	})
}

// strictVariants returns the pattern itself, without a script and what is before it, without the script alone, and
// without its index document. It leaves out variants without a literal segment: everything would be below them.
func strictVariants(pattern []segment) [][]strictSegment {
	whole := make([]strictSegment, len(pattern))
	for i, s := range pattern {
		whole[i] = strictSegment{s.kind, strictTextOf(s.text)}
	}
	variants := [][]strictSegment{whole}
	for i, s := range whole {
		if s.kind == literal && s.script && i+1 < len(whole) {
			variants = append(variants, whole[i+1:], slices.Concat(whole[:i], whole[i+1:]))
		}
	}
	if last := len(whole) - 1; last >= 0 && whole[last].kind == literal && isIndex(whole[last].text) {
		variants = append(variants, whole[:last])
	}
	return slices.DeleteFunc(variants, func(v []strictSegment) bool {
		return len(v) > 0 && !slices.ContainsFunc(v, func(s strictSegment) bool { return s.kind == literal })
	})
}

// startsThroughScript reports whether a path starts with the pattern except for a script within it, and what is
// before the script: a service in a folder takes /licences/index.php/apply, and perhaps
// /licences/public/index.php/apply, for /licences/apply.
func startsThroughScript(pattern []strictSegment, path []strictText) bool {
	for i := 1; i < len(pattern); i++ {
		if !startsWith(path, pattern[:i]) {
			continue
		}
		for j := i; j < len(path)-1; j++ {
			if path[j].script && startsWith(path[j+1:], pattern[i:]) {
				return true
			}
		}
	}
	return false
}

// startsWith reports whether the first segments of a path are the pattern's. For the last segment of either, the
// beginning is enough.
func startsWith(path []strictText, pattern []strictSegment) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(path):
			return false
		case s.kind != literal || s.couldBe(path[i]):
			continue
		}
		isLast := i == len(pattern)-1 || i == len(path)-1
		if !isLast || !hasMore(path[i].text, s.text) {
			return false
		}
	}
	return true
}

// couldBe reports whether a segment may be taken for the literal one. They may differ in punctuation and case, which
// Zend Framework 1 drops from the names of actions, and WordPress partly from those of pages, and in suffixes; or the
// segment may be an 8.3 name, which has the first letters, or two of them and a hash.
func (wanted strictText) couldBe(text strictText) bool {
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

func onlyLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// hasMore reports whether a segment is the literal and more, after a character that ends a word: a rule without an
// end takes it (^/apply\b), and Spring's suffix patterns and the formats of Rails take whatever is after a dot.
func hasMore(text, literal string) bool {
	for i, c := range text {
		isWord := unicode.IsLetter(c) || unicode.IsDigit(c) || c == '-' || c == '_'
		if !isWord && strings.EqualFold(text[:i], literal) {
			return true
		}
	}
	return false
}

// suffixes are those of handlers and backups, and the methods of Struts (apply!execute.action).
var suffixes = regexp.MustCompile(`(?:\.[A-Za-z][A-Za-z0-9]{0,9}|~|!\w*)+$`)

// stem returns a segment without its suffixes.
func stem(text string) string {
	if !strings.ContainsAny(text, ".~!") {
		return text
	}
	if s := suffixes.ReplaceAllLiteralString(text, ""); s != "" {
		return s
	}
	return text
}

const suffixOfScript = `(?i)\.(?:php[0-9]?|phtml|f?cgi|pl|py|rb|wsgi|aspx?|ashx|jsp|cfm|dll|exe)`

var (
	script       = regexp.MustCompile(suffixOfScript + `$`)
	scriptSuffix = regexp.MustCompile(suffixOfScript)
)

func isScriptName(text string) bool {
	return isIndex(text) || strings.Contains(text, ".") && script.MatchString(text)
}

func isIndex(text string) bool {
	s := stem(text)
	return strings.EqualFold(s, "index") || strings.EqualFold(s, "default")
}

var shortNames = regexp.MustCompile(`^([^~]{1,6})~[0-9]`)

// shortName returns what is before the "~" of a segment that may be the 8.3 name of a longer one, or the empty text.
func shortName(text string) string {
	if !strings.Contains(text, "~") {
		return ""
	}
	if found := shortNames.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
