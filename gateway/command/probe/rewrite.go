package probe

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// functions are the functions of placeholders. Only upper and base64 are called with an empty value.
var functions = map[string]func(string) string{
	"first":       func(s string) string { return s[:1] },
	"tail":        func(s string) string { return s[1:] },
	"final":       func(s string) string { return s[len(s)-1:] },
	"most":        func(s string) string { return s[:len(s)-1] },
	"six":         func(s string) string { return strings.ToUpper(s[:min(6, len(s))]) }, // as 8.3 names begin
	"upper":       strings.ToUpper,
	"lower":       strings.ToLower,
	"title":       func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	"mixed":       alternating,
	"hyphened":    func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"slashed":     func(s string) string { return strings.ReplaceAll(s, "/", "%2f") },
	"backslashed": func(s string) string { return strings.ReplaceAll(s, "/", `\`) },
	"encoded":     func(s string) string { return strings.ReplaceAll(escaped(s), "%2f", "/") },
	"escaped":     escaped,
	"hex":         func(s string) string { return fmt.Sprintf("%02x", s[0]) },          // the number of the first byte
	"wide":        func(s string) string { return shifted(s[0], 0xFF00-0x20) + s[1:] }, // with a full-width character
	"circled":     func(s string) string { return circled(s[0]) + s[1:] },
	"overlong":    func(s string) string { return overlong(s[0]) + s[1:] },
	"base64":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
}

func alternating(text string) string {
	letters := strings.Split(text, "")
	for i := range letters {
		if i%2 == 0 {
			letters[i] = strings.ToUpper(letters[i])
		}
	}
	return strings.Join(letters, "")
}

func circled(letter byte) string {
	if letter < 'a' || letter > 'z' {
		return string(letter)
	}
	return shifted(letter, 0x24D0-'a')
}

// overlong returns a character in two bytes of UTF-8, one more than it needs.
func overlong(letter byte) string {
	return escaped(string([]byte{0xC0 | letter>>6, 0x80 | letter&0x3F}))
}

// shifted returns the escaped character that many places further on.
func shifted(letter byte, by rune) string {
	return escaped(string(utf8.AppendRune(nil, rune(letter)+by)))
}

func escaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}
