package notify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Template is the id of a template at GOV.UK Notify.
type Template string

// ParseTemplate reads the id of a template.
func ParseTemplate(text string) (Template, error) {
	if !uuidPattern.MatchString(text) {
		return "", errors.New("must be the id of a template at GOV.UK Notify, a UUID")
	}
	return Template(text), nil
}

// Fields returns the fields that Paygate fills in. Notify refuses an e-mail whose template has others.
func Fields() []string { return []string{"reference", "amount", "service", "description", "contact"} }

// TemplateCheck is what is wrong with a template.
type TemplateCheck struct {
	NotEmail bool     // it is for text messages or letters
	Unknown  []string // placeholders that Paygate does not fill in
}

// Check asks Notify for a template, and looks at its placeholders. The error is an *[Error]; its status is 404 if there
// is no such template.
func (c *Client) Check(ctx context.Context, id Template) (TemplateCheck, error) {
	text, err := c.do(ctx, http.MethodGet, "/v2/template/"+string(id), nil, http.StatusOK)
	if err != nil {
		return TemplateCheck{}, err
	}
	var t struct{ Type, Subject, Body string }
	if json.Unmarshal(text, &t) != nil || t.Type == "" {
		return TemplateCheck{}, &Error{reason: "the answer is not a template"}
	}
	return TemplateCheck{NotEmail: t.Type != "email", Unknown: unknownFields(t.Subject + " " + t.Body)}, nil
}

// placeholder matches ((name)) and ((name??text if yes)).
var placeholder = regexp.MustCompile(`\(\(([^()?]+)(?:\?\?[^()]*)?\)\)`)

// unknownFields returns the placeholders of a text that Paygate does not fill in. Notify ignores their case, blanks,
// hyphens and underscores.
func unknownFields(text string) (unknown []string) {
	plain := strings.NewReplacer(" ", "", "-", "", "_", "")
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(Fields(), strings.ToLower(plain.Replace(found[1]))) {
			unknown = append(unknown, found[0])
		}
	}
	return unknown
}
