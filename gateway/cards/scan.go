package cards

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	// mostApart is how many blanks and hyphens may stand between two groups of digits of one number: " - ".
	mostApart = 3
	// mostGroups is how many groups of digits a number among others is made of; only one that stands alone may have more, or
	// every long list of small numbers would have a card number in it somewhere.
	mostGroups = 8
	// longestWritten is more digits than one group of a card number in groups has (15 digits are written 4-6-5).
	longestWritten = 6
)

// scanner finds card numbers among the characters of a text: in any run of neighbouring groups of digits, whatever other
// digits stand beside it. A group is all the digits that stand together, so that a part of a longer number is none; groups
// are neighbours with nothing but a few blanks and hyphens between them. The zero value is ready.
type scanner struct {
	group    []byte // the digits at hand, one more than a card number has at most
	fraction bool   // the group follows a decimal point
	point    bool   // a decimal point has just been read
	apart    int    // blanks and hyphens since the last group
	inWord   bool   // a letter stands right before this place
	hex      bool   // all letters there are those of hexadecimal numbers
	pending  bool   // a card number ended where these letters begin, unless they go on as a hexadecimal number

	chain  []byte // the digits of the neighbouring groups before, the last ones
	sizes  []int  // of those groups
	longer bool   // there were more, before these
	inHex  bool   // letters of a hexadecimal number stand right before the first group of all

	account iban
}

// take reads one more character, and tells whether it shows that there is a card number before it, which is no part of an IBAN.
func (s *scanner) take(r rune) bool {
	if r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r) { // not to be seen
		return false
	}
	return s.account.outside(s.read(r), r)
}

// read reads one more character, and tells whether it shows that there is a card number before it.
func (s *scanner) read(r rune) bool {
	if digit, ok := digitOf(r); ok {
		if len(s.group) <= mostDigits {
			s.group = append(s.group, digit)
		}
		if len(s.group) == 1 {
			s.fraction, s.point = s.point, false
		}
		if len(s.group) == 1 && len(s.sizes) == 0 && !s.longer {
			s.inHex = s.inWord && s.hex
		}
		s.apart, s.inWord, s.pending = 0, false, false
		return false
	}
	wasNumber := len(s.group) > 0
	found := s.endGroup(isHexLetter(r))
	if unicode.IsLetter(r) {
		found = s.takeLetter(r) || found
	} else {
		s.inWord, s.pending = false, false
	}
	switch {
	case r == '.':
		s.point = wasNumber && !s.fraction
		return s.endChain() || found
	case isBlank(r):
		s.apart++
		s.point = false
		return s.apart > mostApart && s.endChain() || found
	default:
		s.point = false
		return s.endChain() || found
	}
}

// takeLetter reads one more letter, and tells whether it shows that what ended before these letters is a card number.
func (s *scanner) takeLetter(r rune) bool {
	s.hex = isHexLetter(r) && (s.hex || !s.inWord)
	s.inWord = true
	return s.pending && !s.hex
}

// idle tells that nothing but a digit could matter now.
func (s *scanner) idle() bool {
	return len(s.group) == 0 && len(s.sizes) == 0 && !s.longer && !s.point && !s.pending && s.account.length == 0
}

// end is the end of the text.
func (s *scanner) end() bool {
	found := s.endGroup(false)
	return s.account.end(s.endChain() || found)
}

// endGroup adds the group at hand to its neighbours, and tells whether one or more of them, up to this one, are a card number.
// A part of a hexadecimal number is none: digits that its letters touch at both ends, or, in groups as of a UUID, at one. What
// begins with such a letter behind them may also be a word, which is still to come.
func (s *scanner) endGroup(hexFollows bool) bool {
	size := len(s.group)
	switch {
	case size == 0:
		return false
	case size > mostDigits || s.fraction && size > longestWritten: // a long number; coordinates have many decimals
		s.group = s.group[:0]
		s.chain, s.sizes, s.longer = s.chain[:0], s.sizes[:0], true
		return false
	}
	s.chain = append(s.chain, s.group...)
	s.sizes = append(s.sizes, size)
	s.group = s.group[:0]
	for len(s.chain) > mostDigits {
		s.chain, s.sizes, s.longer = s.chain[s.sizes[0]:], s.sizes[1:], true
	}
	from := len(s.chain)
	for i := len(s.sizes) - 1; i >= max(0, len(s.sizes)-mostGroups); i-- {
		from -= s.sizes[i]
		hexBefore := s.inHex && i == 0 && !s.longer
		inGroups := i < len(s.sizes)-1
		switch {
		case hexBefore && inGroups, !isCardNumber(s.chain[from:]), isSomethingElse(s.sizes[i:]):
		case hexFollows && (hexBefore || inGroups):
			s.pending = true
		default:
			return true
		}
	}
	return false
}

// endChain is where no further group is a neighbour. A number that stands alone may be written in any way.
func (s *scanner) endChain() bool {
	found := !s.longer && !s.inHex && len(s.sizes) > mostGroups && isCardNumber(s.chain)
	s.chain, s.sizes, s.longer = s.chain[:0], s.sizes[:0], false
	return found
}

// isSomethingElse knows by its groups a sort code with an account number, 12-34-56 12345678 or 123456 12345678, and two dates,
// 26-11-2026 - 09-12-2026.
func isSomethingElse(sizes []int) bool {
	return slices.Equal(sizes, []int{2, 2, 2, 8}) || slices.Equal(sizes, []int{6, 8}) || slices.Equal(sizes, []int{2, 2, 4, 2, 2, 4})
}

// isBlank tells what may stand between the groups of a number.
func isBlank(r rune) bool {
	return r == ' ' || r == '-' || r >= utf8.RuneSelf && (unicode.In(r, unicode.Zs, unicode.Pd) || r == '\u2212') // a minus sign
}

func isHexLetter(r rune) bool { return 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' }

// digitOf folds the digits of all scripts, full-width ones among them.
func digitOf(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), r >= '0' && r <= '9'
	}
	for _, set := range unicode.Nd.R16 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return '0' + byte(r-rune(set.Lo))%10, true // each set begins with a zero
		}
	}
	for _, set := range unicode.Nd.R32 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return '0' + byte((r-rune(set.Lo))%10), true
		}
	}
	return 0, false
}
