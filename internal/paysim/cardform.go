package paysim

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// cardForm maps field names to what the citizen typed, without the security code.
type cardForm map[string]string

var cardFields = []string{
	"cardNo", "expiryMonth", "expiryYear", "cardholderName", "cvc", "addressLine1", "addressLine2", "addressCity",
	"addressPostcode", "email",
}

func readForm(values url.Values) cardForm {
	form := cardForm{}
	for _, name := range cardFields {
		form[name] = strings.TrimSpace(values.Get(name))
	}
	form["cardNo"] = digitsOf(form["cardNo"])
	return form
}

// prefilledForm returns a form with what the service already knew; the citizen may change it.
func prefilledForm(c createRequest) cardForm {
	return cardForm{
		"cardholderName": c.Cardholder, "email": c.Email, "addressLine1": c.Line1, "addressLine2": c.Line2,
		"addressCity":     c.City,
		"addressPostcode": c.Postcode,
	}
}

// formError is the text about an error in a field.
type formError struct{ Field, Text string }

var (
	cvcPattern   = regexp.MustCompile(`^[0-9]{3,4}$`)
	emailPattern = regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)
)

// check returns the errors of the form, in the order of the page.
func (f cardForm) check(now time.Time) []formError {
	var wrong []formError
	require := func(ok bool, field, text string) {
		if !ok {
			wrong = append(wrong, formError{field, text})
		}
	}
	card, valid := cardOf(f["cardNo"])
	require(valid, "cardNo", "bad number")
	require(!valid || card.status != "", "cardNo", "bad type")
	require(isExpiry(f["expiryMonth"], f["expiryYear"], now), "expiryMonth", "bad expiry")
	require(f["cardholderName"] != "", "cardholderName", "bad name")
	require(cvcPattern.MatchString(f["cvc"]), "cvc", "bad code")
	require(emailPattern.MatchString(f["email"]), "email", "bad email")
	return wrong
}

// isExpiry accepts years of two and four digits. A card is valid until the end of its month.
func isExpiry(month, year string, now time.Time) bool {
	if len(year) == 2 {
		year = "20" + year
	}
	expiry, err := time.Parse("1/2006", strings.TrimPrefix(month, "0")+"/"+year)
	return err == nil && expiry.AddDate(0, 1, 0).After(now)
}

// card returns the details to store from a valid form.
func (f cardForm) card(with testCard, country string) *card {
	number, month, year := f["cardNo"], "0"+f["expiryMonth"], f["expiryYear"]
	return &card{
		brand: with.brand, kind: with.kind, name: f["cardholderName"], last: number[len(number)-4:], first: number[:6],
		expiry: month[len(month)-2:] + "/" + year[len(year)-2:],
		line1:  f["addressLine1"], line2: f["addressLine2"], city: f["addressCity"], postcode: f["addressPostcode"],
		country: cmp.Or(country, "GB"), email: f["email"],
	}
}
