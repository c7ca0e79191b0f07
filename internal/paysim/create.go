package paysim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
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

// parseCreate reads the body of a create, field by field as Pay does (FACTS 2.1).
func parseCreate(body []byte) (createRequest, *apiError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	f := &fields{}
	if err := decoder.Decode(&f.all); err != nil || f.all == nil || decoder.Decode(&struct{}{}) != io.EOF {
		return createRequest{}, &apiError{status: 400, Code: "P0197", Text: "Unable to parse JSON"}
	}
	c := createRequest{
		Amount:         f.amount(),
		Reference:      f.text("reference"),
		Description:    f.text("description"),
		Language:       f.oneOf("language", "en", "cy"),
		Email:          f.optional("email", f.all, 254),
		Mode:           f.oneOf("authorisation_mode", "web", "moto_api", "agreement"),
		DelayedCapture: f.boolean("delayed_capture"),
		Moto:           f.boolean("moto"),
		Metadata:       f.metadata(),
	}
	c.ReturnURL = f.returnURL(c.Mode)
	f.agreement(&c)
	f.prefill(&c)
	return c, f.wrong()
}

func (f *fields) amount() int64 {
	amount, given, isNumber := pence(f.all["amount"])
	switch {
	case !given:
		f.shape(missing("amount"))
	case !isNumber:
		f.shape(malformed("amount", "Must be a valid numeric format"))
	case amount < 1: // 0 is only for accounts for which Pay has allowed it
		f.value(invalid("amount", "Must be greater than or equal to 1"))
	case amount > 10_000_000:
		f.value(invalid("amount", "Must be less than or equal to 10000000"))
	}
	return amount
}

// text reads a reference or a description.
func (f *fields) text(field string) string {
	text, isText := f.all[field].(string)
	switch {
	case f.all[field] == nil, isText && strings.TrimSpace(text) == "":
		f.shape(missing(field))
	case !isText:
		f.shape(malformed(field, "Must be a valid string format"))
	case strings.ContainsAny(text, "<>|"):
		f.shape(malformed(field, "Must be a valid string format"))
	case length(text) > 255:
		f.value(invalid(field, "Must be less than or equal to 255 characters length"))
	}
	return text
}

// returnURL reads the return_url. Its errors come from connector, and name the field only in their text (FACTS 1.4).
func (f *fields) returnURL(mode string) string {
	text, _ := f.all["return_url"].(string)
	u, err := url.Parse(text)
	switch {
	case text == "" && mode != "web":
	case text == "":
		f.shape(&apiError{status: 400, Code: "P0101", Text: "Missing mandatory attribute: return_url"})
	case length(text) > 2000, err != nil, u.Hostname() == "", u.Scheme != "https" && u.Scheme != "http":
		f.value(&apiError{
			status: 422, Code: "P0102", Text: "Invalid attribute value: return_url. Must be a valid URL format",
		})
	}
	return text
}

func isPlainHTTP(address string) bool { return !strings.HasPrefix(strings.ToLower(address), "https:") }

// agreement refuses fields of recurring payments if there is no agreement.
func (f *fields) agreement(c *createRequest) {
	agreement := f.optional("agreement_id", f.all, 26)
	c.SetUpAgreement = f.optional("set_up_agreement", f.all, 26) != ""
	kind := f.oneOf("agreement_payment_type", "", "instalment", "recurring", "unscheduled")
	if agreement != "" && c.Mode != "agreement" {
		f.shape(unexpected("agreement_id"))
	}
	if kind != "" && agreement == "" && !c.SetUpAgreement {
		f.shape(unexpected("agreement_payment_type"))
	}
}

func (f *fields) metadata() map[string]any {
	raw, given := f.all["metadata"]
	pairs, isObject := raw.(map[string]any)
	switch {
	case !given:
		return nil
	case !isObject:
		f.shape(malformed("metadata", "Must be an object of JSON key-value pairs"))
	case len(pairs) > 15:
		f.value(invalid("metadata", "Cannot have more than 15 key-value pairs"))
	}
	known := map[string]bool{}
	for key, value := range pairs {
		if length(key) < 1 || length(key) > 30 || known[strings.ToLower(key)] {
			f.value(invalid("metadata", "Keys must be between 1 and 30 characters long, and differ in more than case"))
		}
		known[strings.ToLower(key)] = true
		f.metadataValue(value)
	}
	return pairs
}

func (f *fields) metadataValue(value any) {
	switch v := value.(type) {
	case string:
		if length(v) > 100 {
			f.value(invalid("metadata", "Values must be no greater than 100 characters long"))
		}
	case bool, json.Number:
	default:
		f.value(invalid("metadata", "Values must be of type String, Boolean or Number"))
	}
}

func (f *fields) prefill(c *createRequest) {
	details := f.object("prefilled_cardholder_details", f.all)
	c.Cardholder = f.optional("cardholder_name", details, 255)
	address := f.object("billing_address", details)
	c.Line1, c.Line2 = f.optional("line1", address, 255), f.optional("line2", address, 255)
	c.City = f.optional("city", address, 255)
	c.Postcode = f.optional("postcode", address, 25)
	if c.Country = f.optional("country", address, 255); length(c.Country) != 2 {
		c.Country = "" // Pay does not refuse it; its page falls back to the United Kingdom
	}
}

func missing(field string) *apiError {
	return &apiError{status: 400, Code: "P0101", Field: field, Text: "Missing mandatory attribute: " + field}
}

func unexpected(field string) *apiError {
	return &apiError{status: 400, Code: "P0104", Field: field, Text: "Unexpected attribute: " + field}
}

func malformed(field, why string) *apiError {
	return &apiError{
		status: 400, Code: "P0102", Field: field, Text: fmt.Sprintf("Invalid attribute value: %s. %s", field, why),
	}
}

func invalid(field, why string) *apiError {
	return &apiError{
		status: 422, Code: "P0102", Field: field, Text: fmt.Sprintf("Invalid attribute value: %s. %s", field, why),
	}
}
