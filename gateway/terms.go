package gateway

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/form"
	"paygate/gateway/reading"
	"paygate/journey"
	"paygate/journey/pay"
)

// errChoice: the request does not name exactly one of the route's prices.
var errChoice = errors.New("the choice of price is missing, unknown or repeated")

// asked is a request on a pay route as far as the terms need it.
type asked struct {
	route    *Route
	path     map[string]string // what the pattern's names matched
	query    []reading.Field
	form     form.Form
	loose    []reading.Field // the query as the most lenient service reads it
	cookies  []reading.Field
	language string
}

func (a asked) values() values {
	return values{
		form:  func(name string) string { return reading.FirstValue(a.form.Fields, name) },
		query: func(name string) string { return reading.FirstValue(a.query, name) },
		path:  func(name string) string { return unescaped(a.path[name]) },
	}
}

// unescaped is a part of a path as people read it.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// terms are the conditions of a journey that begins with this request. errChoice when it chooses no price.
func (a asked) terms() (journey.Terms, error) {
	terms := a.route.Terms
	var err error
	if terms.Amount, terms.Choice, err = a.price(); err != nil {
		return terms, err
	}
	terms.Language = a.language
	terms.Description = pay.CleanText(a.route.description(a.language))
	terms.Reference = pay.CleanText(a.route.Reference.fill(a.values()))
	if terms.Reference == "" { // nothing to refer to in the form: ours will do
		terms.Reference = randomReference()
	}
	terms.Metadata = map[string]string{}
	for key, template := range a.route.Metadata {
		terms.Metadata[key] = template.fill(a.values())
	}
	terms.Metadata = pay.CleanMetadata(terms.Metadata)
	return terms, nil
}

// price is the fixed price, or the one that the choice names. A choice that another reader of the same request could
// see differently is none.
func (a asked) price() (int64, string, error) {
	if a.route.PriceField == "" {
		return a.route.Price, "", nil
	}
	named, elsewhere := a.form.Fields, slices.Concat(a.query, a.form.Loose)
	if a.route.Terms.Kind == journey.KindPass {
		named, elsewhere = a.query, nil
	}
	isChoice := func(f reading.Field) bool { return reading.NamesAlike(f.Name, a.route.PriceField) }
	choices := slices.DeleteFunc(slices.Clone(named), func(f reading.Field) bool { return !isChoice(f) })
	if len(choices) != 1 || choices[0].Name != a.route.PriceField || choices[0].File || a.form.Ambiguity != nil || slices.ContainsFunc(elsewhere, isChoice) {
		return 0, "", errChoice
	}
	choice := choices[0].Value
	price, known := a.route.Prices[choice]
	if !known || a.contradicts(choice) {
		return 0, "", errChoice
	}
	return price, choice, nil
}

// contradicts tells whether some reading of the request chooses another of the route's prices, or may do.
func (a asked) contradicts(choice string) bool {
	wanted := a.route.PriceField
	isChosen := func(f reading.Field) bool { return f.Name == wanted && f.Value == choice }
	mayChoose := func(f reading.Field) bool { return !f.File && f.MayBeNamed(wanted) }
	found, few := reading.Candidates(slices.DeleteFunc(a.readable(), isChosen), mayChoose)
	others := maps.Clone(a.route.Prices)
	delete(others, choice)
	return !few || reading.AnyMayBe(found, slices.Collect(maps.Keys(others))...)
}

// readable is all that some service may read a choice from: the form, and the query and the cookies for those that do not
// tell them apart.
func (a asked) readable() []reading.Field {
	return slices.Concat(a.sent(), a.cookies)
}

// sent is what goes with the request itself: the form and the query.
func (a asked) sent() []reading.Field {
	return slices.Concat(a.form.Fields, a.form.Loose, a.query, a.loose)
}

// prefill is what Pay's card page need not ask again.
func (a asked) prefill() journey.Prefill {
	of := func(name string) string {
		if name == "" {
			return ""
		}
		return strings.TrimSpace(reading.FirstValue(a.form.Fields, name))
	}
	p := a.route.Prefill
	return journey.Prefill{
		Email: of(p.Email), CardholderName: of(p.CardholderName), Line1: of(p.Line1), Line2: of(p.Line2),
		City: of(p.City), Postcode: of(p.Postcode), Country: of(p.Country),
	}
}
