package canon

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns a text with plain letters: in compatibility form (NFKC) and without accents.
func Fold(text string) string { return dropAccents(foldCompatible(text)) }

// foldCompatible turns full-width and other compatibility forms into plain ones (NFKC), and the few more that the best
// fit of Windows or case folding changes.
func foldCompatible(path string) string { return norm.NFKC.String(bestFit.Replace(path)) }

var bestFit = strings.NewReplacer("∕", "/", "⁄", "/", "∖", `\`, "ı", "i", "İ", "I", "․", ".", "‥", "..")

// dropAccents removes accents, as database collations do to compare texts, and software that names a page by its title.
func dropAccents(path string) string {
	if !utf8.ValidString(path) {
		return path
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(bareLetters.Replace(path)))
}

// bareLetters replaces letters that Unicode does not decompose.
var bareLetters = strings.NewReplacer(
	"ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ø", "o", "Ø", "O", "đ", "d", "Đ", "D",
	"ð", "d", "Ð", "D",
	"ħ", "h", "Ħ", "H", "ł", "l", "Ł", "L", "ŧ", "t", "Ŧ", "T", "þ", "th", "Þ", "TH", "ı", "i",
)

// IsASCII reports whether all bytes are ASCII.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// DropIgnorable drops what some parsers skip anywhere: control characters, zero-width and formatting characters, and
// bytes that are not UTF-8.
func DropIgnorable(path string) string {
	if IsASCII(path) && strings.IndexFunc(path, unicode.IsControl) < 0 {
		return path
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, path)
}

// dropForeign keeps only ASCII, as iconv does with //IGNORE, and software that cleans the name of a page.
func dropForeign(path string) string {
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return -1
		}
		return r
	}, path)
}

var tag = regexp.MustCompile(`<[^>]*>?`)

// DropTags does what strip_tags does, which many services apply to an address or a value before they print it.
func DropTags(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	return tag.ReplaceAllLiteralString(text, "")
}
