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
	// longestWritten is how many digits a group of a card number in groups has at most (15 digits are written 4-6-5).
	longestWritten = 6
)

// scanner finds card numbers among the characters of a text: in any run of neighbouring groups of digits, whatever other
// digits stand beside it. A group is all the digits that stand together, so that a part of a longer number is none; groups
// are neighbours with nothing but a few blanks and hyphens between them. The zero value is ready.
type scanner struct {
	group    []byte // the digits at hand, one more than a card number has at most
	fraction bool   // they follow a decimal point
	point    bool   // a decimal point has just been read
	apart    int    // blanks and hyphens since the last group
	last     rune   // what stands right before this place
	letters  int    // how many letters do
	chain    chain  // the groups before
}

// take reads one more character, and tells whether a card number has just ended.
func (s *scanner) take(r rune) (found bool) {
	if r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r) { // not to be seen
		return false
	}
	if digit, ok := digitOf(r); ok {
		s.takeDigit(digit)
	} else {
		found = s.takeOther(r)
	}
	s.last = r
	if unicode.IsLetter(r) {
		s.letters++
	} else {
		s.letters = 0
	}
	return found
}

func (s *scanner) takeDigit(digit byte) {
	if len(s.group) == 0 {
		s.fraction, s.point = s.point, false
		if s.chain.isEmpty() {
			s.chain.afterHex, s.chain.afterTwo = isHexLetter(s.last), s.letters == 2
		}
	}
	if len(s.group) <= mostDigits {
		s.group = append(s.group, digit)
	}
	s.apart = 0
}

func (s *scanner) takeOther(r rune) bool {
	wasNumber := len(s.group) > 0
	found := s.endGroup(isHexLetter(r))
	s.point = r == '.' && wasNumber && !s.fraction
	if isBetweenGroups(r) {
		if s.apart++; s.apart <= mostApart {
			return found
		}
	}
	return s.chain.end() || found
}

// idle tells that nothing but a digit could matter now.
func (s *scanner) idle() bool { return len(s.group) == 0 && s.chain.isEmpty() && !s.point }

// end is the end of the text.
func (s *scanner) end() bool {
	found := s.endGroup(false)
	return s.chain.end() || found
}

// endGroup adds the group at hand to its neighbours, and tells whether one or more of them, up to this one, are a card number.
func (s *scanner) endGroup(hexFollows bool) bool {
	group := s.group
	s.group = s.group[:0]
	switch {
	case len(group) == 0:
		return false
	case len(group) > mostDigits || s.fraction && len(group) > longestWritten: // a long number; coordinates have many decimals
		s.chain.leaveOut()
		return false
	default:
		s.chain.add(group)
		return s.chain.endsInNumber(hexFollows)
	}
}

// chain is a run of neighbouring groups of digits. Of a long one it has the last groups.
type chain struct {
	digits   []byte // of all the groups
	sizes    []int  // of each
	longer   bool   // there were more groups, before these
	afterHex bool   // a letter of a hexadecimal number stands right before the first of all
	afterTwo bool   // two letters do
	isIBAN   bool   // an international account number, DE89 3704 …
}

func (c *chain) isEmpty() bool { return len(c.sizes) == 0 && !c.longer }

// add adds a group, and drops those that no card number up to it can have any more.
func (c *chain) add(group []byte) {
	c.digits = append(c.digits, group...)
	c.sizes = append(c.sizes, len(group))
	c.isIBAN = c.isIBAN || c.afterTwo && !c.longer && slices.Equal(c.sizes, []int{2, 4})
	for len(c.digits) > mostDigits {
		c.digits, c.sizes, c.longer = c.digits[c.sizes[0]:], c.sizes[1:], true
	}
}

// leaveOut goes on behind a group that is no part of a card number.
func (c *chain) leaveOut() { c.digits, c.sizes, c.longer = c.digits[:0], c.sizes[:0], true }

// endsInNumber tells whether one or more of the last groups are a card number.
func (c *chain) endsInNumber(hexFollows bool) bool {
	if c.isIBAN {
		return false
	}
	from := len(c.digits)
	for first := len(c.sizes) - 1; first >= max(0, len(c.sizes)-mostGroups); first-- {
		from -= c.sizes[first]
		if !c.isInHex(first, hexFollows) && isCardNumber(c.digits[from:]) && !isSomethingElse(c.sizes[first:]) {
			return true
		}
	}
	return false
}

// isInHex tells whether the groups from this one on are a part of a hexadecimal number: its letters touch the digits at both
// ends, or, where they are several groups as of a UUID, at one.
func (c *chain) isInHex(first int, hexFollows bool) bool {
	hexBefore := c.afterHex && first == 0 && !c.longer
	if first == len(c.sizes)-1 {
		return hexBefore && hexFollows
	}
	return hexBefore || hexFollows
}

// end is where no further group is a neighbour. A number that stands alone may be written in any way.
func (c *chain) end() bool {
	found := !c.longer && !c.afterHex && len(c.sizes) > mostGroups && isCardNumber(c.digits)
	*c = chain{digits: c.digits[:0], sizes: c.sizes[:0]}
	return found
}

// isBetweenGroups tells of blanks, hyphens, dashes and the minus sign.
func isBetweenGroups(r rune) bool {
	return r == ' ' || r == '-' || r >= utf8.RuneSelf && (unicode.In(r, unicode.Zs, unicode.Pd) || r == '\u2212')
}

// isSomethingElse knows by its groups a sort code with an account number, 12-34-56 12345678 or 123456 12345678, and two dates,
// 26-11-2026 - 09-12-2026.
func isSomethingElse(sizes []int) bool {
	return slices.Equal(sizes, []int{2, 2, 2, 8}) || slices.Equal(sizes, []int{6, 8}) || slices.Equal(sizes, []int{2, 2, 4, 2, 2, 4})
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
