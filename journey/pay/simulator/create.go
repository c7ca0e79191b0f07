package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// createRequest is a payment as it was asked for.
type createRequest struct {
	Amount         int64
	Reference      string
	Description    string
	ReturnURL      string
	Language       string
	Email          string
	DelayedCapture bool
	Moto           bool
	Metadata       map[string]any
	Cardholder     string
	Line1, Line2   string
	City, Postcode string
	Country        string
}

func (c createRequest) prefilled() map[string]string {
	all := map[string]string{
		"cardholder_name": c.Cardholder, "line1": c.Line1, "line2": c.Line2, "city": c.City, "postcode": c.Postcode, "country": c.Country,
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

// apiError is an error as Pay writes it.
type apiError struct {
	status int
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
	Text   string `json:"description"`
}

func missing(field string) *apiError {
	return &apiError{400, "P0101", field, "Missing mandatory attribute: " + field}
}

func malformed(field, why string) *apiError {
	return &apiError{400, "P0102", field, fmt.Sprintf("Invalid attribute value: %s. %s", field, why)}
}

func invalid(field, why string) *apiError {
	return &apiError{422, "P0102", field, fmt.Sprintf("Invalid attribute value: %s. %s", field, why)}
}

// parser reads fields and remembers the first error. Errors of shape are 400, errors of value 422 (FACTS 2.1).
type parser struct {
	fields map[string]any
	shape  *apiError
	value  *apiError
}

func (p *parser) wrongShape(e *apiError) {
	if p.shape == nil {
		p.shape = e
	}
}

func (p *parser) wrongValue(e *apiError) {
	if p.value == nil {
		p.value = e
	}
}

// parseCreate reads the body of a create. A live account refuses a return_url without https.
func parseCreate(body []byte, live bool) (createRequest, *apiError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	p := &parser{}
	if err := decoder.Decode(&p.fields); err != nil || p.fields == nil {
		return createRequest{}, &apiError{400, "P0197", "", "Unable to parse JSON"}
	}
	c := createRequest{
		Amount:         p.amount(),
		Reference:      p.text("reference"),
		Description:    p.text("description"),
		ReturnURL:      p.returnURL(live),
		Language:       p.language(),
		Email:          p.optional("email", p.fields, 254),
		DelayedCapture: p.flag("delayed_capture"),
		Moto:           p.flag("moto"),
		Metadata:       p.metadata(),
	}
	p.prefill(&c)
	if p.shape != nil {
		return c, p.shape
	}
	return c, p.value
}

func (p *parser) amount() int64 {
	raw, given := p.fields["amount"]
	if !given || raw == nil {
		p.wrongShape(missing("amount"))
		return 0
	}
	number, ok := raw.(json.Number)
	if !ok {
		p.wrongShape(malformed("amount", "Must be a valid numeric format"))
		return 0
	}
	amount, err := number.Int64()
	switch {
	case err != nil:
		p.wrongShape(malformed("amount", "Must be a valid numeric format"))
	case amount < 1:
		p.wrongValue(invalid("amount", "Must be greater than or equal to 1"))
	case amount > 10_000_000:
		p.wrongValue(invalid("amount", "Must be less than or equal to 10000000"))
	}
	return amount
}

func (p *parser) text(field string) string {
	raw, given := p.fields[field]
	if !given || raw == nil {
		p.wrongShape(missing(field))
		return ""
	}
	text, ok := raw.(string)
	switch {
	case !ok:
		p.wrongShape(malformed(field, "Must be of type String"))
	case strings.TrimSpace(text) == "":
		p.wrongShape(missing(field))
	case strings.ContainsAny(text, "<>|"):
		p.wrongShape(malformed(field, "Must be a valid string format"))
	case len([]rune(text)) > 255:
		p.wrongValue(invalid(field, "Must be less than or equal to 255 characters length"))
	}
	return text
}

func (p *parser) optional(field string, from map[string]any, most int) string {
	raw, given := from[field]
	if !given {
		return ""
	}
	text, ok := raw.(string)
	if !ok {
		p.wrongShape(malformed(field, "Must be of type String"))
	}
	if utf8.RuneCountInString(text) > most {
		p.wrongValue(invalid(field, fmt.Sprintf("Must be less than or equal to %d characters length", most)))
	}
	return text
}

func (p *parser) flag(field string) bool {
	raw, given := p.fields[field]
	flag, ok := raw.(bool)
	if given && !ok {
		p.wrongShape(malformed(field, "Must be true or false"))
	}
	return flag
}

// returnURL errors of connector name no field but for http on a live account (FACTS 1.4, 2.1).
func (p *parser) returnURL(live bool) string {
	raw, given := p.fields["return_url"]
	text, _ := raw.(string)
	u, err := url.Parse(text)
	switch {
	case !given || text == "":
		p.wrongShape(&apiError{400, "P0101", "", "Missing mandatory attribute: return_url"})
	case len(text) > 2000, err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		p.wrongValue(&apiError{422, "P0102", "", "Invalid attribute value: return_url. Must be a valid URL format"})
	case live && u.Scheme != "https":
		p.wrongValue(&apiError{422, "P0920", "return_url", "Request blocked: the return_url must be https"})
	}
	return text
}

func (p *parser) language() string {
	raw, given := p.fields["language"]
	text, isText := raw.(string)
	switch {
	case !given:
		return "en"
	case !isText:
		p.wrongShape(malformed("language", "Must be \"en\" or \"cy\""))
	case text != "en" && text != "cy":
		p.wrongValue(invalid("language", "Must be \"en\" or \"cy\""))
	}
	return text
}

func (p *parser) metadata() map[string]any {
	raw, given := p.fields["metadata"]
	if !given {
		return nil
	}
	pairs, ok := raw.(map[string]any)
	if !ok {
		p.wrongShape(malformed("metadata", "Must be an object of JSON key-value pairs"))
		return nil
	}
	if len(pairs) > 15 {
		p.wrongValue(invalid("metadata", "Must have at most 15 key-value pairs"))
	}
	known := map[string]bool{}
	for key, value := range pairs {
		if n := utf8.RuneCountInString(key); n < 1 || n > 30 || known[lower(key)] {
			p.wrongValue(invalid("metadata", "Keys must be 1 to 30 characters, and unique"))
		}
		known[lower(key)] = true
		switch v := value.(type) {
		case string:
			if utf8.RuneCountInString(v) > 100 {
				p.wrongValue(invalid("metadata", "Values must be at most 100 characters"))
			}
		case bool, json.Number:
		default:
			p.wrongValue(invalid("metadata", "Values must be of type String, Boolean or Number"))
		}
	}
	return pairs
}

func (p *parser) prefill(c *createRequest) {
	details, _ := p.fields["prefilled_cardholder_details"].(map[string]any)
	c.Cardholder = p.optional("cardholder_name", details, 255)
	address, _ := details["billing_address"].(map[string]any)
	c.Line1, c.Line2, c.City = p.optional("line1", address, 255), p.optional("line2", address, 255), p.optional("city", address, 255)
	c.Postcode, c.Country = p.optional("postcode", address, 25), p.optional("country", address, 255)
}
