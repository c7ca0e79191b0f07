package probe

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// rewrite applies a function of a placeholder to its value. Nothing remains of an empty value.
func rewrite(value, function string) string {
	if value == "" {
		return ""
	}
	first, tail := value[:1], value[1:]
	switch function {
	case "first":
		return first
	case "tail":
		return tail
	case "final":
		return value[len(value)-1:]
	case "most":
		return value[:len(value)-1]
	case "six": // as 8.3 names begin, which old file systems give
		return strings.ToUpper(value[:min(6, len(value))])
	case "upper":
		return strings.ToUpper(value)
	case "lower":
		return strings.ToLower(value)
	case "title":
		return strings.ToUpper(first) + tail
	case "mixed":
		return alternating(value)
	case "hyphened":
		return strings.Join(strings.Split(value, ""), "-")
	case "slashed":
		return strings.ReplaceAll(value, "/", "%2f")
	case "backslashed":
		return strings.ReplaceAll(value, "/", `\`)
	case "encoded":
		return strings.ReplaceAll(escaped(value), "%2f", "/")
	case "escaped":
		return escaped(value)
	case "hex": // the number of the first byte
		return fmt.Sprintf("%02x", value[0])
	case "wide": // the full-width form of the first character
		return shifted(value[0], 0xFF00-0x20) + tail
	case "circled":
		return circled(value[0]) + tail
	case "overlong": // the first character in two bytes of UTF-8, one more than it needs
		return escaped(string([]byte{0xC0 | value[0]>>6, 0x80 | value[0]&0x3F})) + tail
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(value))
	default:
		panic("the table of spellings has an unknown function: " + function)
	}
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
