package reading

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

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

// unhex is the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
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

// dropDots leaves ".." out and goes nowhere by it: what CodeIgniter does, and PHP's str_replace("../", "", …).
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
