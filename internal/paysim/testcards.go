package paysim

import "strings"

// testCard is a number of Pay's sandbox with what it does (FACTS 10).
type testCard struct {
	Number, Does string
	brand, kind  string // an empty kind is unknown
	status, code string // after authorisation; an empty status: refused on the page
	surcharged   bool   // where the account has a surcharge
}

var testCards = []testCard{
	{Number: "4444333322221111", Does: "success, Visa credit", brand: "Visa", kind: "credit", status: "submitted"},
	{Number: "4242424242424242", Does: "success, Visa credit", brand: "Visa", kind: "credit", status: "submitted"},
	{Number: "4000056655665556", Does: "success, Visa debit", brand: "Visa", kind: "debit", status: "submitted"},
	{Number: "4988080000000000", Does: "success, corporate debit", brand: "Visa", kind: "debit", status: "submitted", surcharged: true},
	{Number: "4111111111111111", Does: "success, corporate credit", brand: "Visa", kind: "credit", status: "submitted", surcharged: true},
	{Number: "4000160000000004", Does: "success, prepaid", brand: "Visa", kind: "debit", status: "submitted"},
	{Number: "4131840000000003", Does: "success, corporate prepaid debit", brand: "Visa", kind: "debit", status: "submitted"},
	{Number: "4000000000000010", Does: "success, credit or debit unknown", brand: "Visa", status: "submitted"},
	{Number: "222100000000000", Does: "success, Mastercard credit", brand: "Mastercard", kind: "credit", status: "submitted"},
	{Number: "5105105105105100", Does: "success, Mastercard debit", brand: "Mastercard", kind: "debit", status: "submitted"},
	{Number: "5200828282828210", Does: "success, Mastercard debit", brand: "Mastercard", kind: "debit", status: "submitted"},
	{Number: "371449635398431", Does: "success, American Express", brand: "American Express", kind: "credit", status: "submitted"},
	{Number: "3566002020360505", Does: "success, JCB", brand: "Jcb", kind: "credit", status: "submitted"},
	{Number: "6011000990139424", Does: "success, Discover", brand: "Discover", kind: "credit", status: "submitted"},
	{Number: "4000000000000002", Does: "declined", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000069", Does: "declined, expired card", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000127", Does: "declined, wrong security code", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000119", Does: "error", brand: "Visa", kind: "credit", status: "error", code: "P0050"},
	{Number: "6759649826438453", Does: "type not accepted, refused on the page", brand: "Maestro", kind: "debit"},
}

// otherCard is any other valid number: the provider errs.
var otherCard = testCard{brand: "Visa", status: "error", code: "P0050"}

// cardOf tells what a number does, and whether it is one at all.
func cardOf(number string) (c testCard, valid bool) {
	for _, c := range testCards {
		if c.Number == number {
			return c, true
		}
	}
	return otherCard, passesLuhn(number)
}

// digitsOf leaves out what people write between digits.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, text)
}

// passesLuhn checks the check digit, and that these are digits, as many as a card has.
func passesLuhn(number string) bool {
	if len(number) < 12 || len(number) > 19 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	sum := 0
	for i := range number {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
