package pay

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// refused are the characters that Pay, or the firewall in front of it, refuses in a text (FACTS 1.4).
const refused = `<>|"\`

var urlPattern = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S*|\bwww\.\S*`)

// CleanText returns a reference or description that Pay accepts: without the characters and addresses that it refuses,
// on one line, at most 255 characters. The result may be empty. Addresses are removed last, because removing characters
// may make one appear. Clean text is unchanged.
func CleanText(text string) string {
	return cleanWithin(urlPattern.ReplaceAllString(clean(text), ""), 255)
}

// cleanWithin removes what Pay refuses and shortens the text. The limit is in UTF-16 units, as in Java.
func cleanWithin(text string, limit int) string { return cut(clean(text), limit) }

func clean(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(refused, r):
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		default:
			return r
		}
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func cut(text string, limit int) string {
	units := 0
	for i, r := range text {
		units += 1 + min(1, int(r>>16))
		if units > limit {
			return strings.TrimSpace(text[:i])
		}
	}
	return text
}

// CleanMetadata returns metadata that Pay accepts: at most 15 pairs, keys of at most 30 characters that differ in more
// than case, values of at most 100. Empty pairs are left out, and so are the last in alphabetical order if there are
// too many.
func CleanMetadata(metadata map[string]string) map[string]string {
	keys := make([]string, 0, len(metadata))
	for key := range metadata {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	cleaned, lower := map[string]string{}, map[string]bool{}
	for _, key := range keys {
		value := cleanWithin(metadata[key], 100)
		known := lower[strings.ToLower(key)]
		if key == "" || utf8.RuneCountInString(key) > 30 || value == "" || known || len(cleaned) == 15 {
			continue
		}
		cleaned[key], lower[strings.ToLower(key)] = value, true
	}
	return cleaned
}

var countryPattern = regexp.MustCompile(`^[A-Za-z]{2}$`)

// country returns a two-letter ISO 3166-1 code, or nothing.
func country(text string) string {
	if !countryPattern.MatchString(strings.TrimSpace(text)) {
		return ""
	}
	return strings.ToUpper(strings.TrimSpace(text))
}
