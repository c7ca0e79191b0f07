package paysim

import (
	"regexp"
	"strings"
	"time"
)

// collects is what the card page asks for besides the card.
type collects struct {
	address, email bool
	emailOptional  bool
}

// collects returns what the account's card page asks for.
func (o Options) collects() collects {
	return collects{
		address: o.AddressCollection != "off", email: o.EmailCollection != "off",
		emailOptional: o.EmailCollection == "optional",
	}
}

// formError is the text about an error in a field.
type formError struct{ Field, Text string }

// ID returns the id of the field's input.
func (e formError) ID() string { return idOf(e.Field) }

// check returns the errors of the form, in the order of the page. An empty text is no error.
func (f cardForm) check(asks collects, now time.Time) []formError {
	found := []formError{
		{"cardNo", f.wrongNumber()},
		{"expiryMonth", wrongExpiry(f["expiryMonth"], f["expiryYear"], now)},
		{"cardholderName", f.wrongName()},
		{"cvc", f.wrongCode()},
	}
	if asks.address {
		found = append(found, f.wrongAddress()...)
	}
	if asks.email && (!asks.emailOptional || f["email"] != "") {
		found = append(found, formError{"email", f.wrongEmail()})
	}
	var wrong []formError
	for _, e := range found {
		if e.Text != "" {
			wrong = append(wrong, e)
		}
	}
	return wrong
}

// wrongUnless returns the name of a text if the condition does not hold.
func wrongUnless(ok bool, text string) string {
	if ok {
		return ""
	}
	return text
}

var (
	numberPattern   = regexp.MustCompile(`^[0-9 ]+$`)
	monthPattern    = regexp.MustCompile(`^(0?[1-9]|1[0-2])$`)
	yearPattern     = regexp.MustCompile(`^(20)?[0-9]{2}$`)
	codePattern     = regexp.MustCompile(`^[0-9]{3,4}$`)
	emailPattern    = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@.]+$`)
	postcodePattern = regexp.MustCompile(`(?i)^(GIR ?0AA|[A-Z]{1,2}[0-9][0-9A-Z]? *[0-9][A-Z]{2})$`)
)

func (f cardForm) wrongNumber() string {
	number := f.number()
	card, valid := cardOf(number)
	switch {
	case !numberPattern.MatchString(f["cardNo"]):
		return "bad number"
	case !valid && (len(number) < 12 || len(number) > 19):
		return "bad length"
	case !valid:
		return "bad number"
	default:
		return wrongUnless(card.status != "", "bad type")
	}
}

// wrongExpiry accepts years of two and four digits. A card is valid until the end of its month.
func wrongExpiry(month, year string, now time.Time) string {
	if !monthPattern.MatchString(month) || !yearPattern.MatchString(year) {
		return "bad expiry"
	}
	expiry, _ := time.Parse("1/2006", strings.TrimPrefix(month, "0")+"/20"+year[len(year)-2:])
	return wrongUnless(expiry.AddDate(0, 1, 0).After(now), "past expiry")
}

func (f cardForm) wrongName() string {
	name := f["cardholderName"]
	return wrongUnless(name != "" && !codePattern.MatchString(name) && !hidesCard(name), "bad name")
}

func (f cardForm) wrongCode() string {
	return wrongUnless(codePattern.MatchString(f["cvc"]), "bad code")
}

func (f cardForm) wrongEmail() string {
	return wrongUnless(emailPattern.MatchString(f["email"]) && len(f["email"]) <= 254, "bad email")
}

func (f cardForm) wrongAddress() []formError {
	given := func(name string) bool { return f[name] != "" && !hidesCard(f[name]) }
	postcode := given("addressPostcode") &&
		(f["addressCountry"] != "GB" || postcodePattern.MatchString(f["addressPostcode"]))
	return []formError{
		{"addressLine1", wrongUnless(given("addressLine1"), "bad line1")},
		{"addressLine2", wrongUnless(!hidesCard(f["addressLine2"]), "bad line2")},
		{"addressCity", wrongUnless(given("addressCity"), "bad city")},
		{"addressCountry", wrongUnless(f["addressCountry"] != "", "bad country")},
		{"addressPostcode", wrongUnless(postcode, "bad postcode")},
	}
}

// hidesCard reports whether a text has so many digits that it may be the number of a card.
func hidesCard(text string) bool {
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits > 11
}
