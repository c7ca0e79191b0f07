package pay

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// refused are the characters that Pay, or the firewall before it, refuses in a text (FACTS 1.4).
const refused = `<>|"\`

var urlPattern = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S*|\bwww\.\S*`)

// CleanText makes a reference or a description that Pay takes: without the characters and addresses that it refuses, on
// one line, at most 255 characters. It may come out empty. What is clean stays as it is: addresses go last, since one may
// show itself only once the characters in it are gone.
func CleanText(text string) string {
	return cleanWithin(urlPattern.ReplaceAllString(clean(text), ""), 255)
}

// cleanWithin removes what Pay refuses and cuts. Characters are counted as Java counts them, in UTF-16.
func cleanWithin(text string, most int) string { return cut(clean(text), most) }

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

func cut(text string, most int) string {
	units := 0
	for i, r := range text {
		units += 1 + min(1, int(r>>16))
		if units > most {
			return strings.TrimSpace(text[:i])
		}
	}
	return text
}

// CleanMetadata makes metadata that Pay takes: at most 15 pairs, keys of at most 30 characters that differ in more than
// case, values of at most 100. What is empty is left out; of too many, the last in the alphabet are.
func CleanMetadata(metadata map[string]string) map[string]string {
	keys := make([]string, 0, len(metadata))
	for key := range metadata {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	kept, lower := map[string]string{}, map[string]bool{}
	for _, key := range keys {
		value := cleanWithin(metadata[key], 100)
		known := lower[strings.ToLower(key)]
		if key == "" || utf8.RuneCountInString(key) > 30 || value == "" || known || len(kept) == 15 {
			continue
		}
		kept[key], lower[strings.ToLower(key)] = value, true
	}
	return kept
}

var countryPattern = regexp.MustCompile(`^[A-Za-z]{2}$`)

// country is an ISO 3166-1 code of two letters, or empty.
func country(text string) string {
	if !countryPattern.MatchString(strings.TrimSpace(text)) {
		return ""
	}
	return strings.ToUpper(strings.TrimSpace(text))
}
