package paysim

import (
	"net/url"
	"strings"
)

// cardForm maps field names to what the citizen typed.
type cardForm map[string]string

var cardFields = []string{
	"cardNo", "expiryMonth", "expiryYear", "cardholderName", "cvc", "addressLine1", "addressLine2", "addressCity",
	"addressCountry", "addressPostcode", "email",
}

func readForm(values url.Values) cardForm {
	form := cardForm{}
	for _, name := range cardFields {
		form[name] = strings.TrimSpace(values.Get(name))
	}
	return form
}

// prefilledForm returns a form with what the service already knew; the citizen may change it.
func prefilledForm(c createRequest) cardForm {
	return cardForm{
		"cardholderName": c.Cardholder, "email": c.Email, "addressLine1": c.Line1, "addressLine2": c.Line2,
		"addressCity": c.City, "addressPostcode": c.Postcode, "addressCountry": countryOf(c.Country),
	}
}

func (f cardForm) number() string { return strings.ReplaceAll(f["cardNo"], " ", "") }

// card returns the details to store from a valid form. What is not asked for stays as the service prefilled it.
func (f cardForm) card(with testCard, asks collects, known createRequest) *card {
	number, month, year := f.number(), "0"+f["expiryMonth"], f["expiryYear"]
	details := known.card()
	details.brand, details.kind, details.name = with.brand, with.kind, f["cardholderName"]
	details.last, details.first = number[len(number)-4:], number[:6]
	details.expiry = month[len(month)-2:] + "/" + year[len(year)-2:]
	if asks.address {
		details.line1, details.line2 = f["addressLine1"], f["addressLine2"]
		details.city, details.postcode, details.country = f["addressCity"], f["addressPostcode"], f["addressCountry"]
	}
	if asks.email {
		details.email = f["email"]
	}
	return details
}
