package gateway

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"paygate/gateway/form"
	"paygate/gateway/notify"
	"paygate/journey"
	"paygate/journey/pay"
)

// errChoice means that the request does not name exactly one of the route's prices.
var errChoice = errors.New("the choice of price is missing, unknown or repeated")

// asked is the part of a request on a pay route that the terms depend on.
type asked struct {
	form.Submission
	route    *Route
	path     map[string]string // what the pattern's wildcards match
	language string
}

// newTerms returns the terms of a journey that begins with this request, or errChoice if it chooses no price.
func (a asked) newTerms() (journey.Terms, error) {
	terms := a.route.Terms
	var err error
	if terms.Amount, terms.Choice, err = a.price(); err != nil {
		return terms, err
	}
	terms.Language = a.language
	terms.Description = pay.CleanText(a.route.description(a.language))
	terms.Reference = pay.CleanText(a.route.Reference.Fill(a.Submission, a.path))
	terms.Own.Reference = a.route.Reference.IsOwn() || terms.Reference == ""
	if terms.Reference == "" { // nothing to refer to in the form: ours will do
		terms.Reference = form.RandomReference()
	}
	terms.Metadata = map[string]string{}
	for key, template := range a.route.Metadata {
		terms.Metadata[key] = template.Fill(a.Submission, a.path)
		if template.IsOwn() {
			terms.Own.Metadata = append(terms.Own.Metadata, key)
		}
	}
	slices.Sort(terms.Own.Metadata)
	terms.Metadata = pay.CleanMetadata(terms.Metadata)
	return terms, nil
}

// price returns the fixed price, or the one that the request chooses, and the choice.
func (a asked) price() (int64, string, error) {
	if a.route.PriceField == "" {
		return a.route.Price, "", nil
	}
	choice := form.Choice{Field: a.route.PriceField, Options: slices.Collect(maps.Keys(a.route.Prices))}
	for _, option := range choice.Options {
		if a.route.Prices[option] == 0 {
			choice.Free = append(choice.Free, option)
		}
	}
	choose := choice.InForm
	if a.route.Terms.Kind == journey.KindPass {
		choose = choice.InQuery
	}
	option, ok := choose(a.Submission)
	if !ok {
		return 0, "", errChoice
	}
	return a.route.Prices[option], option, nil
}

// findable returns the values by which staff find the journey, as far as the citizen filled them in.
func (a asked) findable() (values []journey.FormValue) {
	for _, field := range a.route.Find {
		value := strings.TrimSpace(strings.ToValidUTF8(form.FirstValue(a.Form.Fields, field), ""))
		if value != "" {
			values = append(values, journey.FormValue{Field: field, Value: cut(value)})
		}
	}
	return values
}

// cut shortens a value to what a page can show.
func cut(value string) string {
	const longest = 200 // characters
	if characters := []rune(value); len(characters) > longest {
		return string(characters[:longest])
	}
	return value
}

// email returns the citizen's e-mail address, or "" if the form does not have exactly one.
func (a asked) email() (address string) {
	values := map[string]bool{}
	for _, f := range a.Form.Fields {
		if f.Name == a.route.EmailField && !f.File {
			values[f.Value] = true
			address = notify.Address(f.Value)
		}
	}
	if len(values) != 1 || a.route.EmailField == "" {
		return ""
	}
	return address
}

// prefill returns what Pay's card page need not ask again.
func (a asked) prefill() journey.Prefill {
	of := func(name string) string {
		if name == "" {
			return ""
		}
		return strings.TrimSpace(form.FirstValue(a.Form.Fields, name))
	}
	p := a.route.Prefill
	return journey.Prefill{
		Email: of(p.Email), CardholderName: of(p.CardholderName), Line1: of(p.Line1), Line2: of(p.Line2),
		City: of(p.City), Postcode: of(p.Postcode), Country: of(p.Country),
	}
}
