package form_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// hostileForms are forms of about this size that take long to read, by name.
func hostileForms(size int) map[string]disguise {
	fill := func(unit string) string { return strings.Repeat(unit, max(1, size/len(unit))) }
	const jsonType, field = "Content-Type: application/json\n", `Content-Disposition: form-data; name="licence"`
	forms := map[string]disguise{
		"long names":           {pairsType, fill(strings.Repeat("%25n", 200) + "=1&")},
		"long foreign names":   {pairsType, fill(strings.Repeat("é[", 200) + "=1&")},
		"foreign values":       {pairsType, fill("licence=" + strings.Repeat("%2525+é", 200) + "&")},
		"long foreign values":  {pairsType, fill("licence=" + strings.Repeat("é%2525", 2000) + "&")},
		"one value":            {pairsType, "licence=" + fill("%2525é ")},
		"tags":                 {pairsType, "action=" + fill("%<")},
		"deep JSON":            {jsonType, fill(`{"a":`)},
		"JSON list":            {jsonType, `{"a":[` + fill(`1,`) + `1]}`},
		"JSON list, long name": {jsonType, `{"` + strings.Repeat("a", 1000) + `":[` + fill(`1,`) + `1]}`},
		"deep JSON list":       {jsonType, `{"a":` + fill(`[`)},
		"JSON lists":           {jsonType, `{"a":[` + fill(`[1],`) + `1]}`},
		"JSON objects":         {jsonType, `{"a":[` + fill(`{"licence":"%"},`) + `1]}`},
		"JSON keys":            {jsonType, `{` + fill(`"licence":"%",`) + `"a":1}`},
		"parts":                {partsType, fill(partOf(field, "1")) + end},
		"delimiters":           {partsType, fill("--b\r\n")},
		"header lines":         {partsType, fill(partOf(strings.Repeat("A: b\r\n", 1300)+field, "1")) + end},
		"parameters":           {partsType, fill(partOf(field+strings.Repeat("; filename=b", 600), "1")) + end},
		"names in file names": {
			partsType, fill(partOf(field+`; filename="`+strings.Repeat("name=", 1500)+`"`, "1")) + end,
		},
		"JSON parts": {
			partsType, fill(partOf(field+"\r\nContent-Type: application/json", strings.Repeat("[", 60<<10))) + end,
		},
		"bytes": {"Content-Type: application/octet-stream\n", fill("\x00")},
		"text":  {"Content-Type: text/plain\n", fill("%31")},
	}
	for _, unit := range []string{
		";", "a;", "[", "]=", "%25", "&", "a&", "a[", "a]=&", "é", "action=x&", "action=x;", "licence=1%2525&",
		"%2525=1&", "action=+&",
		"action[a]=%252B1&",
	} {
		forms[unit] = disguise{pairsType, fill(unit)}
	}
	return forms
}

// manyOptions returns a choice of many options.
func manyOptions() form.Choice {
	choice := form.Choice{Field: "licence"}
	for i := range 20 {
		choice.Options = append(choice.Options, fmt.Sprint(i, "-day"))
	}
	return choice
}

// BenchmarkHostileForms measures reading hostile forms, and comparing them with five buttons and one choice.
func BenchmarkHostileForms(b *testing.B) {
	choice := manyOptions()
	var conditions []*form.Condition
	for i := range 5 {
		conditions = append(conditions, &form.Condition{Field: "action", Value: fmt.Sprint("pay", i)})
	}
	for _, size := range []int{70 << 10, 1 << 20, 10 << 20} {
		forms := hostileForms(size)
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			b.Run(fmt.Sprintf("%dK %s", size>>10, name), func(b *testing.B) {
				_, kind, _ := strings.Cut(strings.TrimSpace(forms[name].head), ": ")
				header := http.Header{"Content-Type": {kind}}
				b.SetBytes(int64(len(forms[name].body)))
				for b.Loop() {
					read, err := form.Read(header, strings.NewReader(forms[name].body))
					require.NoError(b, err)
					s := form.NewSubmission("", header, read)
					for _, c := range conditions {
						c.Fits(s)
					}
					_, _ = choice.InForm(s)
				}
			})
		}
	}
}
