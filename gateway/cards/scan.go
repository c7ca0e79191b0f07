package cards

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	// maxApart is how many blanks and hyphens may be between two groups of digits of one number: " - ".
	maxApart = 3
	// maxGroups is how many groups of digits a number next to others may have. Only a number that is alone may have
	// more, or every long list of small numbers would contain a card number somewhere.
	maxGroups = 8
	// maxHexLetters is how many letters may be together in a hexadecimal number: more of them are a word.
	maxHexLetters = 7
	// maxGroupDigits is the size of the largest group of a card number in groups (15 digits are written 4-6-5).
	maxGroupDigits = 6
)

// scanner finds card numbers among the characters of a text: in any run of neighbouring groups of digits, whatever
// other groups are next to it. A group is all the digits that are together, so that part of a longer number never
// counts. Groups are neighbours if there are only a few blanks and hyphens between them. The zero value is ready.
type scanner struct {
	group    []byte // the current digits, at most one more than a card number has
	fraction bool   // they follow a decimal point
	point    bool   // a decimal point was just read
	apart    int    // blanks and hyphens since the last group
	chain    chain  // the groups before

	letters int  // how many are directly before this position
	hex     bool // they are few, and all hexadecimal
	pending bool // a card number ended where these letters begin, unless all of them are hexadecimal

	account iban
}

// take reads the next character. It reports whether a card number that is not part of an IBAN ends before it.
func (s *scanner) take(r rune) bool {
	if r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r) { // invisible
		return false
	}
	if digit, ok := digitOf(r); ok {
		s.takeDigit(digit)
		return s.account.outside(false, r)
	}
	return s.account.outside(s.takeOther(r), r)
}

func (s *scanner) takeDigit(digit byte) {
	if len(s.group) == 0 {
		s.fraction, s.point = s.point, false
		if s.chain.isEmpty() {
			s.chain.afterHex = s.letters > 0 && s.hex
		}
	}
	if len(s.group) <= maxDigits {
		s.group = append(s.group, digit)
	}
	s.apart, s.letters, s.pending = 0, 0, false
}

func (s *scanner) takeOther(r rune) bool {
	wasNumber := len(s.group) > 0
	found := s.endGroup(isHexLetter(r))
	s.point = r == '.' && wasNumber && !s.fraction
	if isBetweenGroups(r) {
		s.apart++
	}
	if !isBetweenGroups(r) || s.apart > maxApart {
		found = s.endChain(isHexLetter(r) && s.apart == 0) || found
	}
	if !unicode.IsLetter(r) {
		s.letters, s.pending = 0, false
		return found
	}
	s.hex = isHexLetter(r) && (s.hex || s.letters == 0) && s.letters < maxHexLetters
	s.letters++
	return found || s.pending && !s.hex
}

// idle reports whether only a digit could matter now.
func (s *scanner) idle() bool {
	return len(s.group) == 0 && s.chain.isEmpty() && !s.point && !s.pending && s.account.length == 0
}

// end reports whether the text ended with a card number.
func (s *scanner) end() bool {
	found := s.endGroup(false)
	return s.account.end(s.endChain(false) || found)
}

// endGroup adds the current group to its neighbours. It reports whether one or more groups, up to this one, are a card
// number.
func (s *scanner) endGroup(hexFollows bool) bool {
	group := s.group
	s.group = s.group[:0]
	switch {
	case len(group) == 0:
		return false
	case len(group) > maxDigits || s.fraction && len(group) > maxGroupDigits: // coordinates have many decimals
		s.chain.leaveOut()
		return false
	default:
		s.chain.add(group)
		return s.isFound(s.chain.endsInNumber(hexFollows))
	}
}

// endChain ends a run: no further group is a neighbour.
func (s *scanner) endChain(hexFollows bool) bool {
	found := s.isFound(s.chain.isNumber(hexFollows))
	s.chain.reset()
	return found
}

// isFound leaves a finding pending if the letters that follow decide.
func (s *scanner) isFound(how finding) bool {
	s.pending = s.pending || how == unlessHex
	return how == sure
}

// finding says whether there is a card number.
type finding int

const (
	none      finding = iota
	unlessHex         // unless the letters after it are part of a hexadecimal number
	sure
)

// chain is a run of neighbouring groups of digits, or the last groups of a long run.
type chain struct {
	digits   []byte // of all the groups
	sizes    []int  // of each
	longer   bool   // there were more groups, before these
	afterHex bool   // letters of a hexadecimal number are directly before the very first
}

func (c *chain) isEmpty() bool { return len(c.sizes) == 0 && !c.longer }

func (c *chain) reset() { *c = chain{digits: c.digits[:0], sizes: c.sizes[:0]} }

// add adds a group, and drops those that no card number ending with it can include.
func (c *chain) add(group []byte) {
	c.digits = append(c.digits, group...)
	c.sizes = append(c.sizes, len(group))
	for len(c.digits) > maxDigits {
		c.digits, c.sizes, c.longer = c.digits[c.sizes[0]:], c.sizes[1:], true
	}
}

// leaveOut continues after a group that is not part of a card number.
func (c *chain) leaveOut() { c.digits, c.sizes, c.longer = c.digits[:0], c.sizes[:0], true }

// endsInNumber reports whether one or more of the last groups are a card number.
func (c *chain) endsInNumber(hexFollows bool) finding {
	best, from := none, len(c.digits)
	for first := len(c.sizes) - 1; first >= max(0, len(c.sizes)-maxGroups); first-- {
		from -= c.sizes[first]
		if isCardNumber(c.digits[from:]) && !isSomethingElse(c.sizes[first:]) {
			best = max(best, c.amongLetters(first, hexFollows))
		}
	}
	return best
}

// isNumber reports whether all groups together are a card number if there are more than maxGroups: a number that is
// alone may be written in any way.
func (c *chain) isNumber(hexFollows bool) finding {
	if c.longer || len(c.sizes) <= maxGroups || !isCardNumber(c.digits) {
		return none
	}
	return c.amongLetters(0, hexFollows)
}

// amongLetters reports whether the groups from this one on are part of a hexadecimal number: its letters touch the
// digits at both ends, or, if there are several groups as in a UUID, at one end.
func (c *chain) amongLetters(first int, hexFollows bool) finding {
	hexBefore, inGroups := c.afterHex && first == 0 && !c.longer, first < len(c.sizes)-1
	switch {
	case hexBefore && inGroups:
		return none
	case hexFollows && (hexBefore || inGroups):
		return unlessHex
	default:
		return sure
	}
}

// isBetweenGroups reports whether r is a blank, hyphen, dash or minus sign.
func isBetweenGroups(r rune) bool {
	return r == ' ' || r == '-' || r >= utf8.RuneSelf && (unicode.In(r, unicode.Zs, unicode.Pd) || r == '\u2212')
}

// isSomethingElse reports whether groups of these sizes are a sort code with an account number (12-34-56 12345678 or
// 123456 12345678), or two dates (26-11-2026 - 09-12-2026).
func isSomethingElse(sizes []int) bool {
	return slices.Equal(sizes, []int{2, 2, 2, 8}) || slices.Equal(sizes, []int{6, 8}) ||
		slices.Equal(sizes, []int{2, 2, 4, 2, 2, 4})
}

func isHexLetter(r rune) bool { return 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' }

// digitOf returns the ASCII digit for a digit of any script, including full-width ones.
func digitOf(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), r >= '0' && r <= '9'
	}
	if !unicode.IsDigit(r) {
		return 0, false
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
