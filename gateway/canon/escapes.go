package canon

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DecodeEscapes decodes a name or value of a query once: plus signs, percent escapes and %uXXXX.
func DecodeEscapes(text string) string { return decodePercentU(decodePercent(DecodePlus(text))) }

// DecodePlus reads plus signs as spaces.
func DecodePlus(text string) string { return strings.ReplaceAll(text, "+", " ") }

// decodePercent decodes each %XX once. Broken escapes stay as they are.
func decodePercent(path string) string {
	return decodeSome(path, func(byte) bool { return true })
}

// decodeUnreserved and decodeButSlashes are for servers that resolve dot segments before they decode the rest, or
// never decode an escaped slash: to Apache, /x%2fy/%2e%2e/apply is /apply.
func decodeUnreserved(path string) string { return decodeSome(path, IsUnreserved) }

func decodeButSlashes(path string) string {
	return decodeSome(path, func(c byte) bool { return c != '/' && c != '\\' })
}

func decodeSome(path string, isOne func(byte) bool) string {
	if !strings.Contains(path, "%") {
		return path
	}
	decoded := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) && IsHex(path[i+1]) && IsHex(path[i+2]) {
			if c := Unhex(path[i+1])<<4 | Unhex(path[i+2]); isOne(c) {
				decoded = append(decoded, c)
				i += 2
				continue
			}
		}
		decoded = append(decoded, path[i])
	}
	return string(decoded)
}

// IsHex reports whether a character is a hexadecimal digit.
func IsHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// Unhex returns the value of a hexadecimal digit.
func Unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

var percentU = regexp.MustCompile(`%[uU][0-9a-fA-F]{4}`)

// decodePercentU decodes the %uXXXX of old IIS and of JavaScript's escape.
func decodePercentU(path string) string {
	return percentU.ReplaceAllStringFunc(path, func(escape string) string {
		r, _ := strconv.ParseUint(escape[len("%u"):], 16, 16)
		return string(rune(r))
	})
}

// DecodeOverlong decodes overlong UTF-8 sequences, as decoders that do not check for them do: C0 AF is a slash, and so
// is C0 2F to decoders that use only the low bits.
func DecodeOverlong(path string) string {
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

// overlong decodes an overlong sequence at the beginning of a text. The size is 0 if there is none.
func overlong(s string) (r rune, size int) {
	switch lead := s[0]; lead {
	case 0xC0, 0xC1:
		r, size = rune(lead&0x1F), 2
	case 0xE0:
		size = 3
	case 0xF0:
		size = 4
	case 0xF8:
		size = 5
	case 0xFC:
		size = 6
	}
	if size == 0 || len(s) < size {
		return 0, 0
	}
	for _, c := range []byte(s[1:size]) {
		r = r<<6 | rune(c&0x3F)
	}
	shortest := []rune{2: 0, 3: 0x800, 4: 0x10000, 5: 0x200000, 6: 0x4000000}
	if size > 2 && r >= shortest[size] {
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
