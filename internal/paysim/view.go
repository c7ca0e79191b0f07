package paysim

import (
	"crypto/rand"
	"regexp"
	"strings"

	"paygate/gateway/pages"
)

// Say returns a text in the page's language.
func (v cardView) Say(name string) string { return say(v.Lang, name) }

// Style returns the address of the style sheet.
func (v cardView) Style() string { return "/assets/" + pages.Style() }

// CSRF returns what scripts read from Pay's page and send back. The simulator itself needs only its cookie.
func (v cardView) CSRF() string { return rand.Text() }

// AsksAddress reports whether the page asks for the billing address.
func (v cardView) AsksAddress() bool { return v.asks.address }

// AsksEmail reports whether the page asks for an e-mail address.
func (v cardView) AsksEmail() bool { return v.asks.email }

// EmailLabel returns the label of the e-mail address, which may be optional.
func (v cardView) EmailLabel() string {
	if v.asks.emailOptional {
		return "email optional"
	}
	return "email"
}

// Countries returns the choices of the billing address.
func (v cardView) Countries() []country { return countriesIn(v.Lang) }

// Country returns the code of the chosen one.
func (v cardView) Country() string { return v.form["addressCountry"] }

// Errors returns the texts of the form's errors.
func (v cardView) Errors() []formError {
	var errors []formError
	for _, e := range v.wrong {
		errors = append(errors, formError{e.Field, v.Say(e.Text)})
	}
	return errors
}

// Error returns the text of a field's error; it is empty if there is none.
func (v cardView) Error(name string) string {
	for _, e := range v.wrong {
		if e.Field == name {
			return v.Say(e.Text)
		}
	}
	return ""
}

var capital = regexp.MustCompile(`[A-Z0-9]`)

// idOf returns the id that Pay's page gives to a field: card-no for cardNo.
func idOf(name string) string { return strings.ToLower(capital.ReplaceAllString(name, "-$0")) }

// input is a field of the form as the template shows it.
type input struct {
	ID, Name, Label, Value, Error, ErrorWord string
	Class, Type, Mode, Autocomplete          string
}

// Input returns a text field with its value and its error. The security code must be typed again each time.
func (v cardView) Input(name, label, class, kind, autocomplete string) input {
	drawn := input{
		ID: idOf(name), Name: name, Label: v.Say(label), Value: v.form[name], Error: v.Error(name),
		ErrorWord: v.Say("error"), Class: class, Type: kind, Autocomplete: autocomplete,
	}
	if kind == "number" {
		drawn.Type, drawn.Mode = "text", "numeric"
	}
	if name == "cvc" {
		drawn.Value = ""
	}
	return drawn
}

// row is a line of what the citizen confirms.
type row struct{ ID, Label, Value string }

// rowsOf returns what the citizen entered, as the confirm page shows it. What was not collected is left out.
func rowsOf(c *card, language string) []row {
	address := []string{c.line1, c.line2, c.city, c.postcode, countryName(c.country, language)}
	if c.address() == nil {
		address = nil
	}
	rows := []row{
		{"card-number", "number", "●●●●●●●●●●●●" + c.last},
		{"expiry-date", "expiry", c.expiry},
		{"cardholder-name", "name", c.name},
		{"address", "address", joined(address)},
		{"email", "email", c.email},
	}
	var shown []row
	for _, r := range rows {
		if r.Value != "" {
			shown = append(shown, row{r.ID, say(language, r.Label), r.Value})
		}
	}
	return shown
}

// joined writes the lines of an address, without the empty ones, in one.
func joined(lines []string) string {
	var given []string
	for _, line := range lines {
		if line != "" {
			given = append(given, line)
		}
	}
	return strings.Join(given, ", ")
}
