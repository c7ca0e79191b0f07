package paysim

import (
	"bytes"
	"encoding/json"
	"strings"
)

// createRequest is the request to create a payment.
type createRequest struct {
	Amount         int64 // pence
	Reference      string
	Description    string
	ReturnURL      string
	Language       string
	Email          string
	Mode           string // authorisation_mode
	DelayedCapture bool
	Moto           bool
	SetUpAgreement bool
	Metadata       map[string]any
	Cardholder     string
	Line1, Line2   string
	City, Postcode string
	Country        string
}

// parseCreate reads the body of a create, field by field in Pay's order (FACTS 2.1). What follows the first JSON value
// is ignored.
func parseCreate(body []byte) (createRequest, *apiError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || value == nil {
		return createRequest{}, &apiError{status: 400, Code: "P0197", Text: "Unable to parse JSON"}
	}
	f := &fields{}
	f.all, _ = value.(map[string]any)
	c := createRequest{
		Amount:      f.amount(),
		Reference:   f.text("reference"),
		Description: f.text("description"),
		ReturnURL:   f.optional("return_url", f.all, 2000),
		Moto:        f.boolean("moto"),
	}
	f.agreement(&c)
	c.Language = f.oneOf("language", "en", "cy")
	c.DelayedCapture = f.boolean("delayed_capture")
	c.Email = f.optional("email", f.all, 254)
	f.prefill(&c)
	c.Metadata = f.metadata()
	f.returnURL(c)
	return c, f.wrong()
}

func (f *fields) amount() int64 {
	amount, isInt := whole(f.all["amount"])
	switch {
	case f.all["amount"] == nil:
		f.reading(missing("amount"))
	case !isInt:
		f.reading(malformed("amount", "Must be a valid numeric format"))
	case amount < 0:
		f.size(invalid("amount", "Must be greater than or equal to 1"))
	case amount > 10_000_000:
		f.size(invalid("amount", "Must be less than or equal to 10000000"))
	}
	return amount
}

// text reads a reference or a description.
func (f *fields) text(field string) string {
	text, isText := f.all[field].(string)
	switch {
	case f.all[field] == nil, isText && isBlank(text):
		f.reading(missing(field))
	case !isText, strings.ContainsAny(text, "<>|"):
		f.reading(malformed(field, "Must be a valid string format"))
	case length(text) > 255:
		f.size(tooLong(field, 255))
	}
	return text
}

// returnURL checks the return_url as connector does.
func (f *fields) returnURL(c createRequest) {
	given := f.all["return_url"] != nil
	switch {
	case c.Mode != "web" && given:
		f.payment(unexpected("return_url"))
	case c.Mode != "web":
	case !given:
		f.payment(nameless(missing("return_url")))
	case !isValidReturnURL(c.ReturnURL):
		f.payment(nameless(invalid("return_url", "Must be a valid URL format")))
	}
}

// agreement reads the fields of recurring payments, which need an agreement.
func (f *fields) agreement(c *createRequest) {
	agreement, _ := f.all["set_up_agreement"].(string) // anything else is ignored
	c.SetUpAgreement = f.all["set_up_agreement"] == agreement
	if c.SetUpAgreement && length(agreement) != 26 {
		f.size(invalid("set_up_agreement", "Field [set_up_agreement] length must be 26"))
	}
	c.Mode = f.oneOf("authorisation_mode", "web", "moto_api", "agreement")
	if f.has("agreement_id") && c.Mode != "agreement" {
		f.reading(unexpected("agreement_id"))
	}
	if f.has("agreement_payment_type") && !f.has("set_up_agreement") && c.Mode != "agreement" {
		f.reading(unexpected("agreement_payment_type"))
	}
	if f.has("agreement_payment_type") {
		f.oneOf("agreement_payment_type", "instalment", "recurring", "unscheduled")
	}
}

func (f *fields) prefill(c *createRequest) {
	details := object("prefilled_cardholder_details", f.all)
	c.Cardholder = f.optional("cardholder_name", details, 255)
	address := object("billing_address", details)
	c.Line1, c.Line2 = f.optional("line1", address, 255), f.optional("line2", address, 255)
	c.City = f.optional("city", address, 255)
	c.Postcode = f.optional("postcode", address, 25)
	if c.Country = f.optional("country", address, 255); length(c.Country) != 2 {
		c.Country = "" // Pay does not refuse it; its page falls back to the United Kingdom
	}
}
