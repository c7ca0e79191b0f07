package form_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

const jsonType = "Content-Type: application/json\n"

// Rails reads application.licence where the client sends licence, unless the JSON has that object already.
func TestAChoiceIsRefusedBesideAnotherInAnObject(t *testing.T) {
	t.Parallel()
	chooses := func(field string, d disguise) (string, bool) {
		r, body := submitted(t, d.head, d.body)
		choice := form.Choice{Field: field, Options: []string{"1-day", "8-day", "badge"}, Free: []string{"badge"}}
		return choice.InForm(submissionOf(t, r, r.URL.RawQuery, body))
	}
	inParts := func(name, value string) disguise {
		licence := partOf(`Content-Disposition: form-data; name="licence"`, "1-day")
		return disguise{partsType, licence + partOf(`Content-Disposition: form-data; name="`+name+`"`, value) + end}
	}
	const plain, nested = "licence", "application[licence]"
	for name, c := range map[string]struct {
		field string
		disguise
		option string // none: refused
	}{
		"dearer":           {plain, disguise{jsonType, `{"licence":"1-day","application":{"licence":"8-day"}}`}, ""},
		"cheaper":          {plain, disguise{jsonType, `{"licence":"8-day","application":{"licence":"1-day"}}`}, ""},
		"first":            {plain, disguise{jsonType, `{"application":{"licence":"8-day"},"licence":"1-day"}`}, ""},
		"another case":     {plain, disguise{jsonType, `{"licence":"1-day","a":{"Licence":"8-day"}}`}, ""},
		"deeper":           {plain, disguise{jsonType, `{"licence":"1-day","a":{"b":{"licence":"8-day"}}}`}, ""},
		"a list of values": {plain, disguise{jsonType, `{"licence":"1-day","a":{"licence":["8-day"]}}`}, ""},
		"by number":        {plain, disguise{jsonType, `{"licence":"1-day","a":{"0":{"licence":"8-day"}}}`}, ""},
		"free":             {plain, disguise{jsonType, `{"licence":"badge","a":{"b":{"licence":"8-day"}}}`}, ""},
		"the other way round": {
			nested,
			disguise{jsonType, `{"application":{"licence":"1-day"},"licence":"8-day"}`},
			"",
		},
		"a wrapped object": {nested, disguise{
			jsonType, `{"application":{"licence":"1-day"},"a":{"application":{"licence":"8-day"}}}`,
		}, ""},
		"a form": {plain, disguise{pairsType, "licence=1-day&application%5Blicence%5D=8-day"}, ""},
		"parts":  {plain, inParts("application[licence]", "8-day"), ""},
		"JSON in a part": {plain, inParts(
			"application\"\r\nContent-Type: application/json; x=\"", `{"licence":"8-day"}`,
		), ""},
		"a query": {plain, disguise{pairsType + "\n?application[licence]=8-day", "licence=1-day"}, ""},
		"a cookie": {
			plain,
			disguise{"Cookie: application[licence]=8-day\n" + pairsType, "licence=1-day"},
			"",
		},
		"the same": {
			plain,
			disguise{jsonType, `{"licence":"1-day","application":{"licence":"1-day"}}`},
			"1-day",
		},
		"the same in a form":  {plain, disguise{pairsType, "licence=1-day&application[licence]=1-day"}, "1-day"},
		"no option":           {plain, disguise{jsonType, `{"licence":"1-day","dog":{"licence":"lost"}}`}, "1-day"},
		"no option in a form": {plain, disguise{pairsType, "licence=1-day&dog[licence]=lost"}, "1-day"},
		"a number":            {plain, disguise{jsonType, `{"licence":"1-day","dog":{"licence":8}}`}, "1-day"},
		"free, no option":     {plain, disguise{jsonType, `{"licence":"badge","dog":{"licence":"lost"}}`}, "badge"},
		"free, the same":      {plain, disguise{jsonType, `{"licence":"badge","a":{"licence":"badge"}}`}, "badge"},
		"elements of a list":  {plain, disguise{jsonType, `{"licence":"1-day","old":[{"licence":"8-day"}]}`}, "1-day"},
		"of a list in an object": {nested, disguise{
			jsonType, `{"application":{"licence":"1-day","old":[{"licence":"8-day"}]}}`,
		}, "1-day"},
		"another field": {plain, disguise{jsonType, `{"licence":"1-day","a":{"previous":"8-day"}}`}, "1-day"},
		"an object of that name": {nested, disguise{
			jsonType, `{"application":{"licence":"1-day"},"dog":{"licence":"8-day"}}`,
		}, "1-day"},
	} {
		option, ok := chooses(c.field, c.disguise)
		require.Equal(t, c.option, option, name)
		require.Equal(t, c.option != "", ok, name)
	}
}

// Services read the parameters that lead to a page from the query, not from within JSON.
func TestAParameterIsNotContradictedWithinAnObject(t *testing.T) {
	t.Parallel()
	page := form.Parameter{Name: "page", Value: "apply"}
	for body, contradicts := range map[string]bool{
		`{"page":"home"}`: true, `{"page":["home"]}`: true, `{"meta":{"page":"2"}}`: false,
		`{"list":[{"page":"2"}]}`: false,
	} {
		r, read := submitted(t, jsonType, body)
		fields := submissionOf(t, r, "", read).Form.Fields
		require.Equal(t, contradicts, page.IsContradictedBy(fields), body)
	}
}

// A button may be in an object too, whether it counts by its value or by being there.
func TestAConditionIsMetInAnObject(t *testing.T) {
	t.Parallel()
	pay, paid := form.Condition{Field: "action", Value: "pay"}, form.Condition{Field: "pay", AnyValue: true}
	for _, c := range []struct {
		condition form.Condition
		body      string
		fit       form.Fit
	}{
		{pay, `{"application":{"action":"pay"}}`, form.Met},
		{pay, `{"action":"save","application":{"action":"pay"}}`, form.Unclear},
		{pay, `{"action":"save","a":{"action":"save"}}`, form.Unmet},
		{pay, `{"action":"save","log":[{"action":"pay"}]}`, form.Unmet},
		{form.Condition{Field: "a[action]", Value: "pay"}, `{"action":"pay"}`, form.Met},
		{paid, `{"application":{"pay":"1"}}`, form.Met},
		{form.Condition{Field: "application[pay]", AnyValue: true}, `{"pay":"1"}`, form.Met},
		{paid, `{"log":[{"pay":"1"}]}`, form.Unmet},
		{paid, `{"a":{"payer":"1"}}`, form.Unmet},
	} {
		r, body := submitted(t, jsonType, c.body)
		require.Equal(t, c.fit, c.condition.Fits(submissionOf(t, r, "", body)), "%v %s", c.condition, c.body)
	}
}
