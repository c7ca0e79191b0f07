package form

import (
	"slices"

	"paygate/gateway/canon"
)

// Choice is a field whose value chooses one of several options.
type Choice struct {
	Field   string
	Options []string
	Free    []string // of the options, those that cost nothing
}

// InForm returns the option that the form chooses. It returns false if the choice is missing, unknown or repeated, if
// it is in the query too, or if some service may read another option in the request.
func (c Choice) InForm(s Submission) (option string, ok bool) {
	return c.in(s, s.Form.Fields, slices.Concat(s.Query, s.Form.Loose))
}

// InQuery is like InForm for a choice in the query.
func (c Choice) InQuery(s Submission) (option string, ok bool) { return c.in(s, s.Query, nil) }

func (c Choice) in(s Submission, fields, others []Field) (option string, ok bool) {
	isChoice := func(f Field) bool { return NamesAlike(f.Name, c.Field) }
	chosen := slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return !isChoice(f) })
	if len(chosen) != 1 || chosen[0].Name != c.Field || chosen[0].File {
		return "", false
	}
	option = chosen[0].Value
	if s.Form.Ambiguity != nil || slices.ContainsFunc(others, isChoice) ||
		!slices.Contains(c.Options, option) || c.couldBeAnother(s, option) {
		return "", false
	}
	return option, true
}

// couldBeAnother reports whether some service may read another option in the request. Beside a choice that costs
// nothing, any other value counts, because the service may have options that are not for sale here.
func (c Choice) couldBeAnother(s Submission, option string) bool {
	isChosen := func(f Field) bool { return c.isOption(f, option) }
	couldChoose := func(f Field) bool { return !f.File && f.CouldBeField(c.Field) }
	found, few := Candidates(slices.DeleteFunc(s.all(), isChosen), couldChoose)
	others := slices.DeleteFunc(slices.Clone(c.Options), func(o string) bool { return o == option })
	return !few || AnyCouldEqual(found, others...) ||
		slices.Contains(c.Free, option) && slices.ContainsFunc(found, c.hasOwnValue)
}

// hasOwnValue reports whether a field that could be the choice has a value. In an object of JSON that has the field
// too, a value that is no option belongs to something else.
func (c Choice) hasOwnValue(f Field) bool {
	return f.hasValue() && (!f.Nested || IsNamed(f.Name, c.Field))
}

// isOption reports whether a field chooses an option in so many words, perhaps still escaped.
func (c Choice) isOption(f Field, option string) bool {
	is := func(name, value string) bool { return name == c.Field && value == option }
	return is(f.Name, f.Value) || is(canon.DecodeEscapes(f.Name), canon.DecodeEscapes(f.Value))
}
