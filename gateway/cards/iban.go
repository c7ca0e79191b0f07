package cards

import "unicode/utf8"

// How many letters and digits an IBAN has.
const (
	headOfIBAN = 4 // two letters for the country, two check digits
	minIBAN    = 15
	maxIBAN    = 34
)

// iban follows an international account number (ISO 13616) as it is read. Digits in one are not a card number if its
// check digits are right. Two letters and two digits alone may be half a postcode, before a card number. The zero value
// is ready.
type iban struct {
	length int  // letters and digits so far; 0 if there is no IBAN here
	head   int  // the first four of them as a number, letters as ISO 13616 counts them
	rest   int  // the others, modulo 97
	apart  int  // blanks and hyphens since the last
	inWord bool // a letter or digit is directly before this place
	doubt  bool // a card number was found in it
}

// outside reports whether a card number that is not part of an IBAN ends before the next character. found means that a
// card number, perhaps in an IBAN, does.
func (n *iban) outside(found bool, r rune) bool {
	found = found || n.doubt
	if !isLetterOrDigit(r) && n.holds() {
		found = false
	}
	wasUnderWay := n.length > 0
	n.take(r)
	n.doubt = found && wasUnderWay && n.length > 0
	return found && !n.doubt
}

// end is like outside at the end of the text.
func (n *iban) end(found bool) bool { return (found || n.doubt) && !n.holds() }

// holds reports whether what was read so far is an IBAN.
func (n *iban) holds() bool {
	return n.length >= minIBAN && (n.rest*1_000_000+n.head)%97 == 1
}

func (n *iban) take(r rune) {
	digit, isDigit := digitOf(r)
	letter, isLetter := letterOf(r)
	inRest := n.length >= headOfIBAN && n.length < maxIBAN
	switch {
	case isLetter && (n.length == 0 && !n.inWord || n.length == 1 || inRest):
		n.add(letter, 100)
	case isDigit && (n.length == 2 || n.length == 3 || inRest):
		n.add(int(digit-'0'), 10)
	case isBetweenGroups(r) && n.length >= headOfIBAN && n.apart < maxApart:
		n.apart++
	default:
		*n = iban{inWord: isDigit || isLetter}
	}
}

// add appends one letter or digit.
func (n *iban) add(value, shift int) {
	if n.length < headOfIBAN {
		n.head = n.head*shift + value
	} else {
		n.rest = (n.rest*shift + value) % 97
	}
	n.length++
	n.apart = 0
}

func isLetterOrDigit(r rune) bool {
	_, isDigit := digitOf(r)
	_, isLetter := letterOf(r)
	return isDigit || isLetter
}

// letterOf returns the value of a letter.
func letterOf(r rune) (int, bool) {
	switch {
	case r >= utf8.RuneSelf:
		return 0, false
	case 'a' <= r && r <= 'z':
		return int(r-'a') + 10, true
	default:
		return int(r-'A') + 10, 'A' <= r && r <= 'Z'
	}
}
