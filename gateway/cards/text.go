package cards

import (
	"bufio"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// spelling is how the characters of a text are written.
type spelling int

const (
	asWritten      spelling = iota
	percentDecoded          // as in a query
)

// runes reads the characters of a text one by one, JSON's \u escapes resolved.
type runes struct {
	in *bufio.Reader
	as spelling
}

func newRunes(text io.Reader, as spelling) *runes {
	return &runes{bufio.NewReader(text), as}
}

// longestSpelt is how many bytes one character can take: a pair of \u escapes with each byte percent-encoded.
const longestSpelt = 2 * len("\\u0000") * len("%00")

// next is the next character, false at the end.
func (t *runes) next() (rune, bool) {
	ahead, _ := t.in.Peek(longestSpelt) // fewer near the end
	if len(ahead) == 0 {
		return 0, false
	}
	r, size := t.decode(ahead)
	_, _ = t.in.Discard(size) // it was there a moment ago
	return r, true
}

// lettersThatMatter is how many letters before a number are looked at.
const lettersThatMatter = mostInHex + 1

// skip leaves out what neither is a digit nor can be the spelling of one, but for what stands right before it.
func (t *runes) skip() {
	ahead, _ := t.in.Peek(t.in.Buffered())
	n := 0
	for n < len(ahead) && dull(ahead[n]) {
		n++
	}
	_, _ = t.in.Discard(max(0, n-lettersThatMatter))
}

func dull(b byte) bool { return (b < '0' || b > '9') && b != '\\' && b != '%' && b < utf8.RuneSelf }

func (t *runes) decode(ahead []byte) (rune, int) {
	first, size := t.byteOf(ahead)
	switch {
	case first == '\\':
		if r, escaped := t.escape(ahead); escaped > 0 {
			return r, escaped
		}
		return '\\', size
	case first < utf8.RuneSelf:
		return rune(first), size
	}
	var spelt [utf8.UTFMax]byte
	var ends [utf8.UTFMax]int
	at, n := 0, 0
	for ; n < len(spelt) && at < len(ahead); n++ {
		b, size := t.byteOf(ahead[at:])
		at += size
		spelt[n], ends[n] = b, at
	}
	r, length := utf8.DecodeRune(spelt[:n])
	if r == utf8.RuneError && length == 1 {
		r = rune(spelt[0]) // old services use Latin-1
	}
	return r, ends[length-1]
}

// byteOf is the first byte, and how many it takes to write it.
func (t *runes) byteOf(ahead []byte) (byte, int) {
	if t.as == percentDecoded {
		switch {
		case ahead[0] == '+':
			return ' ', 1
		case ahead[0] == '%' && len(ahead) > 2:
			if value, err := strconv.ParseUint(string(ahead[1:3]), 16, 8); err == nil {
				return byte(value), 3
			}
		}
	}
	return ahead[0], 1
}

// escape reads \uXXXX, or two of them that are one character; 0 when there is none.
func (t *runes) escape(ahead []byte) (rune, int) {
	first, size := t.unit(ahead)
	if size == 0 || !utf16.IsSurrogate(first) {
		return first, size
	}
	second, more := t.unit(ahead[size:])
	if both := utf16.DecodeRune(first, second); more > 0 && both != utf8.RuneError {
		return both, size + more
	}
	return first, size
}

func (t *runes) unit(ahead []byte) (rune, int) {
	var text [len("\\u0000")]byte
	at := 0
	for n := range text {
		if at == len(ahead) {
			return 0, 0
		}
		b, size := t.byteOf(ahead[at:])
		text[n] = b
		at += size
	}
	value, err := strconv.ParseUint(string(text[2:]), 16, 16)
	if err != nil || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	return rune(value), at
}
