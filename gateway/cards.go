package gateway

import "strings"

// carriesCardNumber tells whether a form holds a payment card number in a field: somebody typed it where it must not be
// kept. Files are not looked at.
func carriesCardNumber(fields []field) bool {
	for _, f := range fields {
		if !f.file && hasCardNumber(f.value) {
			return true
		}
	}
	return false
}

// hasCardNumber finds 13 to 19 digits, with single blanks or hyphens between them, of a known issuer range with its right
// length and a right check digit. References, telephone numbers and the like seldom are all of that.
func hasCardNumber(text string) bool {
	var digits []byte
	check := func() bool { return isCardNumber(digits) }
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case (c == ' ' || c == '-') && len(digits) > 0 && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9':
		default:
			if check() {
				return true
			}
			digits = digits[:0]
		}
	}
	return check()
}

// issuer is a range of first digits with the lengths its numbers have (ISO/IEC 7812, as the schemes publish them).
type issuer struct {
	from, to string
	lengths  []int
}

var issuers = []issuer{
	{"4", "4", []int{13, 16, 19}},                    // Visa
	{"51", "55", []int{16}},                          // Mastercard
	{"2221", "2720", []int{16}},                      // Mastercard
	{"34", "34", []int{15}}, {"37", "37", []int{15}}, // American Express
	{"6011", "6011", []int{16, 19}}, {"644", "659", []int{16, 19}}, // Discover
	{"3528", "3589", []int{16, 19}},                                             // JCB
	{"300", "305", []int{14}}, {"36", "36", []int{14}}, {"38", "39", []int{14}}, // Diners Club
	{"5018", "5018", []int{13, 16, 18, 19}}, {"5020", "5020", []int{13, 16, 18, 19}}, {"5038", "5038", []int{13, 16, 18, 19}}, // Maestro
	{"6304", "6304", []int{16, 18, 19}}, {"6759", "6759", []int{16, 18, 19}}, {"6761", "6763", []int{16, 18, 19}}, // Maestro
}

func isCardNumber(digits []byte) bool {
	if len(digits) < 13 || len(digits) > 19 || !luhn(digits) || strings.Count(string(digits), string(digits[:1])) == len(digits) {
		return false
	}
	for _, i := range issuers {
		start := string(digits[:len(i.from)])
		if start >= i.from && start <= i.to {
			for _, length := range i.lengths {
				if length == len(digits) {
					return true
				}
			}
		}
	}
	return false
}

// luhn checks the check digit.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
