package paysim

import "strings"

// testCard is a card number of Pay's sandbox and its behaviour (FACTS 10).
type testCard struct {
	Number, Does string
	brand, kind  string // an empty kind is unknown
	status, code string // after authorisation; an empty status means refused on the page
	surcharged   bool   // if the account has a surcharge
}

// cardWith3DS is the test card that Stripe's bank always challenges.
const cardWith3DS = "4000002500003155"

// nameWith3DS is the cardholder name with which Worldpay's test bank challenges any card.
const nameWith3DS = "3DS_V2_CHALLENGE_IDENTIFIED"

var testCards = []testCard{
	{"4444333322221111", "success, Visa credit", "Visa", "credit", "submitted", "", false},
	{"4242424242424242", "success, Visa credit", "Visa", "credit", "submitted", "", false},
	{"4000020000000000", "success, Visa credit", "Visa", "credit", "submitted", "", false},
	{"4000056655665556", "success, Visa debit", "Visa", "debit", "submitted", "", false},
	{"4917610000000000003", "success, Visa debit with 19 digits", "Visa", "debit", "submitted", "", false},
	{"4988080000000000", "success, corporate debit", "Visa", "debit", "submitted", "", true},
	{"4111111111111111", "success, corporate credit", "Visa", "credit", "submitted", "", true},
	{"4293189100000008", "success, corporate credit", "Visa", "credit", "submitted", "", true},
	{"4000160000000004", "success, prepaid", "Visa", "debit", "submitted", "", false},
	{"4131840000000003", "success, corporate prepaid debit", "Visa", "debit", "submitted", "", false},
	{"4000180000000002", "success, corporate prepaid debit", "Visa", "debit", "submitted", "", false},
	{"5101180000000007", "success, corporate credit, perhaps prepaid", "Mastercard", "credit", "submitted", "", false},
	{"4000000000000010", "success, credit or debit unknown", "Visa", "", "submitted", "", false},
	{"222100000000000", "success, Mastercard credit", "Mastercard", "credit", "submitted", "", false},
	{"5105105105105100", "success, Mastercard debit", "Mastercard", "debit", "submitted", "", false},
	{"5200828282828210", "success, Mastercard debit", "Mastercard", "debit", "submitted", "", false},
	{"371449635398431", "success, American Express", "American Express", "credit", "submitted", "", false},
	{"3566002020360505", "success, JCB", "Jcb", "credit", "submitted", "", false},
	{"6011000990139424", "success, Discover", "Discover", "credit", "submitted", "", false},
	{"36148900647913", "success, Diners Club", "Diners Club", "credit", "submitted", "", false},
	{"4462030000000000", "success, Visa debit, of Worldpay's tests", "Visa", "debit", "submitted", "", false},
	{cardWith3DS, "3-D Secure, then success", "Visa", "credit", "submitted", "", false},
	{"4000000000000002", "declined", "Visa", "credit", "failed", "P0010", false},
	{"4000000000000069", "declined, expired card", "Visa", "credit", "failed", "P0010", false},
	{"4000000000000127", "declined, wrong security code", "Visa", "credit", "failed", "P0010", false},
	{"4000000000000119", "error", "Visa", "credit", "error", "P0050", false},
	{"6759649826438453", "type not accepted, refused on the page", "Maestro", "debit", "", "", false},
}

// otherCard is any other valid number, with which the provider fails.
var otherCard = testCard{brand: "Visa", status: "error", code: "P0050"}

// cardOf returns the test card with a number, and reports whether the number is a card number.
func cardOf(number string) (c testCard, valid bool) {
	for _, c := range testCards {
		if c.Number == number {
			return c, true
		}
	}
	return otherCard, passesLuhn(number)
}

// passesLuhn reports whether a text has as many digits as a card, and a valid check digit.
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
