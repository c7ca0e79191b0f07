package cards

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is how the characters of a text are encoded.
type encoding int

const (
	asWritten      encoding = iota
	percentDecoded          // as in a query
)

// Finder looks for a card number in one text, given in pieces. The zero value is ready.
type Finder struct {
	as     encoding
	digits scanner
	rest   []byte // not scanned yet: it may be part of one character
	found  bool
}

// PercentDecoded returns a Finder for a text that is percent-encoded as in a query.
func PercentDecoded() Finder { return Finder{as: percentDecoded} }

// Reset makes the Finder ready for another text.
func (f *Finder) Reset() {
	*f = Finder{as: f.as, digits: scanner{group: f.digits.group[:0]}, rest: f.rest[:0]}
}

// maxEncoded is the maximum number of bytes of one character: a pair of \u escapes with each byte percent-encoded.
const maxEncoded = 2 * len("\\u0000") * len("%00")

// Write adds more of the text.
func (f *Finder) Write(text []byte) {
	if f.found {
		return
	}
	f.rest = append(f.rest, text...)
	f.scan(maxEncoded)
}

// End ends the text and reports whether it contained a card number.
func (f *Finder) End() bool {
	if !f.found {
		f.scan(1)
	}
	return f.found || f.digits.end()
}

// scan scans characters as long as at least this many bytes remain.
func (f *Finder) scan(atLeast int) {
	ahead := f.rest
	for !f.found {
		if f.digits.idle() {
			ahead = skip(ahead)
		}
		if len(ahead) < atLeast {
			break
		}
		r, size := f.as.decode(ahead)
		ahead = ahead[size:]
		f.found = f.digits.take(r)
	}
	f.rest = append(f.rest[:0], ahead...)
}

// lettersThatMatter is how many letters before a number are scanned.
const lettersThatMatter = maxHexLetters + 1

// skip leaves out what is neither a digit nor an encoded one, except directly before one.
func skip(text []byte) []byte {
	n := 0
	for n < len(text) && irrelevant(text[n]) {
		n++
	}
	return text[max(0, n-lettersThatMatter):]
}

func irrelevant(b byte) bool {
	return (b < '0' || b > '9') && b != '\\' && b != '%' && b < utf8.RuneSelf
}

func (as encoding) decode(ahead []byte) (rune, int) {
	first, size := as.byteOf(ahead)
	switch {
	case first == '\\':
		if r, escaped := as.escape(ahead); escaped > 0 {
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
		b, size := as.byteOf(ahead[at:])
		at += size
		spelt[n], ends[n] = b, at
	}
	r, length := utf8.DecodeRune(spelt[:n])
	if r == utf8.RuneError && length == 1 {
		r = rune(spelt[0]) // old services use Latin-1
	}
	return r, ends[length-1]
}

// byteOf returns the first byte, and how many bytes encode it.
func (as encoding) byteOf(ahead []byte) (byte, int) {
	if as == percentDecoded {
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

// escape reads \uXXXX, or two of them that are one character. The size is 0 if there is none.
func (as encoding) escape(ahead []byte) (rune, int) {
	first, size := as.unit(ahead)
	if size == 0 || !utf16.IsSurrogate(first) {
		return first, size
	}
	second, more := as.unit(ahead[size:])
	if both := utf16.DecodeRune(first, second); more > 0 && both != utf8.RuneError {
		return both, size + more
	}
	return first, size
}

func (as encoding) unit(ahead []byte) (rune, int) {
	var text [len("\\u0000")]byte
	at := 0
	for n := range text {
		if at == len(ahead) {
			return 0, 0
		}
		b, size := as.byteOf(ahead[at:])
		text[n] = b
		at += size
	}
	value, err := strconv.ParseUint(string(text[2:]), 16, 16)
	if err != nil || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	return rune(value), at
}
