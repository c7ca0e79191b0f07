package gateway

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Readings are the paths that some web server, framework or file system may take a raw path for. A request is judged on
// all of them, because which one the service takes is not known; what is forwarded is never a reading.

// The readings of one path are bounded, so that a hostile target costs little; the set is incomplete then, and an
// incomplete set is never judged free. Ordinary targets have one reading, odd ones a dozen.
const (
	maxReadings     = 512
	maxReadingBytes = 256 << 10
	// A query may have several values, and each is held against each pattern.
	maxValueReadings = 128
	maxValueBytes    = 2 << 10
)

// readingSet is what a path may be read as, itself first.
type readingSet struct {
	paths    []string
	complete bool
}

// readings applies every decoder to the path and to what comes out, in every order, until nothing new comes. Upper and
// lower case are not told apart later, so case is no reading.
func readings(path string) readingSet { return someReadings(path, maxReadings) }

func someReadings(path string, most int) readingSet {
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

// decodePercent decodes each %XX once and leaves broken ones as they are.
func decodePercent(path string) string {
	return decodeThose(path, func(byte) bool { return true })
}

// decodeUnreserved and decodeButSlashes are for those that resolve dot segments before they decode the rest, or never decode
// an escaped slash: to Apache, /x%2fy/%2e%2e/apply is /apply.
func decodeUnreserved(path string) string { return decodeThose(path, isUnreserved) }

func decodeButSlashes(path string) string {
	return decodeThose(path, func(c byte) bool { return c != '/' && c != '\\' })
}

func decodeThose(path string, isOne func(byte) bool) string {
	if !strings.Contains(path, "%") {
		return path
	}
	decoded := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if high, low := unhex(path[i+1]), unhex(path[i+2]); high >= 0 && low >= 0 && isOne(byte(high<<4|low)) {
				decoded = append(decoded, byte(high<<4|low))
				i += 2
				continue
			}
		}
		decoded = append(decoded, path[i])
	}
	return string(decoded)
}

func unhex(c byte) int {
	return strings.IndexByte("0123456789abcdef", c|0x20*(c>>6&1))
}

var percentU = regexp.MustCompile(`%[uU][0-9a-fA-F]{4}`)

// decodePercentU decodes the %uXXXX of old IIS and of JavaScript's escape.
func decodePercentU(path string) string {
	if !strings.Contains(path, "%u") && !strings.Contains(path, "%U") {
		return path
	}
	return percentU.ReplaceAllStringFunc(path, func(escape string) string {
		var r rune
		for _, c := range []byte(escape[2:]) {
			r = r<<4 | rune(unhex(c))
		}
		return string(r)
	})
}

// decodeOverlong reads UTF-8 sequences that are longer than they must be, as decoders without the check do: C0 AF is a
// slash, and so is C0 2F to those that look at the low bits only.
func decodeOverlong(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var decoded []byte
	for i := 0; i < len(path); {
		if r, size := overlong(path[i:]); size > 0 {
			decoded = utf8.AppendRune(decoded, r)
			i += size
			continue
		}
		decoded = append(decoded, path[i])
		i++
	}
	return string(decoded)
}

func overlong(s string) (r rune, size int) {
	lead := s[0]
	switch {
	case lead == 0xC0 || lead == 0xC1:
		r, size = rune(lead&0x1F), 2
	case lead == 0xE0:
		size = 3
	case lead == 0xF0:
		size = 4
	case lead == 0xF8:
		size = 5
	case lead == 0xFC:
		size = 6
	default:
		return 0, 0
	}
	if len(s) < size {
		return 0, 0
	}
	for _, c := range []byte(s[1:size]) {
		r = r<<6 | rune(c&0x3F)
	}
	proper := []rune{2: 0, 3: 0x800, 4: 0x10000, 5: 0x200000, 6: 0x4000000}
	if size > 2 && r >= proper[size] {
		return 0, 0
	}
	return r, size
}

// decodeLatin1 reads the bytes that are not UTF-8 as ISO 8859-1.
func decodeLatin1(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var decoded []byte
	for i := 0; i < len(path); {
		r, size := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && size == 1 {
			r = rune(path[i])
		}
		decoded = utf8.AppendRune(decoded, r)
		i += size
	}
	return string(decoded)
}

func decodePlus(path string) string { return strings.ReplaceAll(path, "+", " ") }

// foldCompatible turns full-width and other compatibility forms into plain ones (NFKC), with the few that Windows' best
// fit and case folding add.
func foldCompatible(path string) string {
	if isASCII(path) {
		return path
	}
	return norm.NFKC.String(bestFit.Replace(path))
}

var bestFit = strings.NewReplacer("∕", "/", "⁄", "/", "∖", `\`, "ı", "i", "İ", "I", "․", ".", "‥", "..")

// dropAccents leaves letters bare, as the usual collations of databases compare them, and what makes a page's name of its
// title.
func dropAccents(path string) string {
	if isASCII(path) || !utf8.ValidString(path) {
		return path
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(bareLetters.Replace(path)))
}

// bareLetters are for the letters that Unicode does not take apart.
var bareLetters = strings.NewReplacer(
	"ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ø", "o", "Ø", "O", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D",
	"ħ", "h", "Ħ", "H", "ł", "l", "Ł", "L", "ŧ", "t", "Ŧ", "T", "þ", "th", "Þ", "TH", "ı", "i",
)

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func turnBackslashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

func mergeSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	var merged strings.Builder
	for i := range len(path) {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			merged.WriteByte(path[i])
		}
	}
	return merged.String()
}

// resolveDots removes "." and ".." segments (RFC 3986 section 5.2.4); ".." at the root stays there.
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case s != ".." && s != ".":
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// dropDots leaves ".." out and goes nowhere by it: what CodeIgniter does, and str_replace('../', ”, …).
func dropDots(path string) string {
	return strings.TrimSuffix(strings.ReplaceAll(path, "../", ""), "/..")
}

// cutParameters drops the ;parameters of each segment, as servlet containers do.
func cutParameters(path string) string { return cutSegments(path, ";") }

// cutStreams drops what NTFS takes for the name of a stream.
func cutStreams(path string) string { return cutSegments(path, ":") }

func cutSegments(path, mark string) string {
	if !strings.Contains(path, mark) {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, mark)
	}
	return strings.Join(segments, "/")
}

// ticket is what ASP.NET puts into the paths of browsers without cookies, such as (S(lit3py55t21z5v55vlm25s55)); it
// removes it with the slash before it or without.
var (
	ticket          = regexp.MustCompile(`\((?:[A-Za-z]\([^/()]*\))+\)`)
	ticketWithSlash = regexp.MustCompile(`/\((?:[A-Za-z]\([^/()]*\))+\)`)
)

func cutTickets(path string) string {
	if !strings.Contains(path, ")") {
		return path
	}
	return ticket.ReplaceAllLiteralString(path, "")
}

func cutTicketsWithSlash(path string) string {
	if !strings.Contains(path, ")") {
		return path
	}
	return ticketWithSlash.ReplaceAllLiteralString(path, "")
}

func cutAtNul(path string) string          { return cutAt(path, "\x00") }
func cutAtHash(path string) string         { return cutAt(path, "#") }
func cutAtQuestionMark(path string) string { return cutAt(path, "?") }
func cutAtLineEnd(path string) string      { return cutAt(path, "\r\n") }

// cutAtAmpersand and takeParameter are for the front controllers that a rewriting rule gives the path to as a parameter
// (index.php?url=$1): an "&" ends it there, and begins the next one, which may be of the same name and win.
func cutAtAmpersand(path string) string { return cutAt(path, "&") }

var parameter = regexp.MustCompile(`(?s)^.*&[^=&]*=`)

func takeParameter(path string) string {
	if !strings.Contains(path, "&") {
		return path
	}
	return parameter.ReplaceAllLiteralString(path, "/")
}

func cutAt(path, marks string) string {
	if i := strings.IndexAny(path, marks); i >= 0 {
		return path[:i]
	}
	return path
}

// dropIgnorable drops what some parser skips wherever it stands: controls, zero-width and formatting characters, and bytes
// that are not UTF-8.
func dropIgnorable(path string) string {
	if isASCII(path) && strings.IndexFunc(path, unicode.IsControl) < 0 {
		return path
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, path)
}

// dropForeign leaves ASCII alone, as iconv does with //IGNORE and what cleans the name of a page.
func dropForeign(path string) string {
	if isASCII(path) {
		return path
	}
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return -1
		}
		return r
	}, path)
}

var tag = regexp.MustCompile(`<[^>]*>?`)

// dropTags is strip_tags, through which many a page goes that puts an address or a value into another page.
func dropTags(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	return tag.ReplaceAllLiteralString(text, "")
}

// trimSegments drops white space around each segment, and dots after it, as Windows does. Dot segments stay.
func trimSegments(path string) string {
	segments := strings.Split(path, "/")
	changed := false
	for i, s := range segments {
		trimmed := strings.TrimFunc(s, isBlank)
		if trimmed != "." && trimmed != ".." {
			trimmed = strings.TrimRightFunc(trimmed, func(r rune) bool { return r == '.' || isBlank(r) })
		}
		changed = changed || trimmed != s
		segments[i] = trimmed
	}
	if !changed {
		return path
	}
	return strings.Join(segments, "/")
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// segmentsOf splits a reading for comparing: slashes at either end do not count.
func segmentsOf(reading string) []string {
	reading = strings.Trim(reading, "/")
	if reading == "" {
		return nil
	}
	return strings.Split(reading, "/")
}

// comparable is the pattern's segments without the final slash.
func (p Pattern) comparable() []segment {
	last := len(p.segments) - 1
	if last >= 0 && p.segments[last] == (segment{kind: literal}) {
		return p.segments[:last]
	}
	return p.segments
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
// script (PATH_INFO), a script before it (/index.php/…), a folder for its index document, short 8.3 names, and other
// punctuation.
func readsWidelyAs(widened [][]wideSegment, reading []wideText) bool {
	for _, wanted := range widened {
		if len(wanted) == 0 {
			if len(reading) == 0 {
				return true
			}
			continue // everything is below the root
		}
		for start := range reading {
			if (start == 0 || reading[start-1].script) && startsWidely(wanted, reading[start:]) {
				return true
			}
		}
	}
	return false
}

// widened is the pattern, without its script prefix, and without its index document. A pattern without a literal segment
// is left as it is: everything would be below it.
func widened(pattern []segment) [][]wideSegment {
	whole := make([]wideSegment, len(pattern))
	for i, s := range pattern {
		whole[i] = wideSegment{s.kind, wideTextOf(s.text)}
	}
	variants := [][]wideSegment{whole}
	for i, s := range whole {
		if s.kind == literal && s.script && i+1 < len(whole) {
			variants = append(variants, whole[i+1:])
		}
	}
	if last := len(whole) - 1; last >= 0 && whole[last].kind == literal && isIndex(whole[last].text) {
		variants = append(variants, whole[:last])
	}
	return slices.DeleteFunc(variants, func(v []wideSegment) bool {
		return len(v) > 0 && !slices.ContainsFunc(v, func(s wideSegment) bool { return s.kind == literal })
	})
}

func startsWidely(pattern []wideSegment, reading []wideText) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(reading):
			return false
		case s.kind == literal && !s.isWidely(reading[i]) && (i < len(pattern)-1 && i < len(reading)-1 || !isWithMore(s.text, reading[i].text)):
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

// readsAsValue tells whether some service takes a raw query value for the wanted one, which may be a path.
func readsAsValue(raw, value string) bool {
	if mayMean(decodePlus(raw), value) {
		return true
	}
	if unescaped, err := url.QueryUnescape(raw); err == nil && !strings.Contains(raw, "%25") && isPlain(unescaped) {
		return strings.EqualFold(strings.Trim(unescaped, "/"), strings.Trim(value, "/"))
	}
	if len(raw) > maxValueBytes {
		return true // may be anything
	}
	set := someReadings("/"+raw, maxValueReadings)
	for _, r := range set.paths {
		if strings.EqualFold(strings.Trim(r, "/"), strings.Trim(value, "/")) {
			return true
		}
	}
	return !set.complete
}
