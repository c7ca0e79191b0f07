// Package cards finds payment card numbers in forms, because Paygate must not store them (PCI DSS; SAQ A allows no
// electronic storage of account data). It reads a text in pieces and keeps none of it.
package cards

import (
	"bytes"
	"slices"
)

// InQuery reports whether a raw query contains a card number.
func InQuery(query string) bool {
	f := PercentDecoded()
	f.Write([]byte(query))
	return f.End()
}

// issuer is a range of first digits with the lengths of its numbers (ISO/IEC 7812, as the schemes publish them).
type issuer struct {
	from, to string
	lengths  []int
}

var issuers = []issuer{
	// Visa, without 440: +44 07700 900123 has 13 digits, too.
	{"4", "4", []int{16, 19}},
	{"400", "439", []int{13}},
	{"441", "499", []int{13}},
	// Mastercard. One of GOV.UK Pay's own test cards has 15 digits (FACTS 10).
	{"51", "55", []int{16}},
	{"2221", "2720", []int{15, 16}},
	// American Express
	{"34", "34", []int{15}},
	{"37", "37", []int{15}},
	// Discover
	{"6011", "6011", []int{16, 17, 18, 19}},
	{"644", "659", []int{16, 17, 18, 19}},
	// UnionPay
	{"62", "62", []int{16, 17, 18, 19}},
	// JCB
	{"3528", "3589", []int{16, 17, 18, 19}},
	// Diners Club
	{"300", "305", []int{14}},
	{"3095", "3095", []int{14}},
	{"36", "36", []int{14}},
	{"38", "39", []int{14}},
	// Maestro
	{"5018", "5018", []int{13, 16, 18, 19}},
	{"5020", "5020", []int{13, 16, 18, 19}},
	{"5038", "5038", []int{13, 16, 18, 19}},
	{"6304", "6304", []int{16, 18, 19}},
	{"6759", "6759", []int{16, 18, 19}},
	{"6761", "6763", []int{16, 18, 19}},
}

// How many digits a card number has.
const (
	minDigits = 13
	maxDigits = 19
)

func isCardNumber(digits []byte) bool {
	if len(digits) < minDigits || len(digits) > maxDigits || !luhn(digits) {
		return false
	}
	sameDigits := bytes.Count(digits, digits[:1]) == len(digits)
	return !sameDigits && slices.ContainsFunc(issuers, func(i issuer) bool { return i.mayHaveIssued(digits) })
}

// mayHaveIssued reports whether a number is in the issuer's range and has one of its lengths.
func (i issuer) mayHaveIssued(digits []byte) bool {
	start := string(digits[:len(i.from)])
	return start >= i.from && start <= i.to && slices.Contains(i.lengths, len(digits))
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
