package gateway

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
	"paygate/gateway/reading"
	"paygate/gateway/spool"
	"paygate/journey"
)

// hostileForms are forms of about this size that are made to cost much, by their names.
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
		"names in file names":  {partsType, fill(partOf(field+`; filename="`+strings.Repeat("name=", 1500)+`"`, "1")) + end},
		"JSON parts":           {partsType, fill(partOf(field+"\r\nContent-Type: application/json", strings.Repeat("[", 60<<10))) + end},
		"bytes":                {"Content-Type: application/octet-stream\n", fill("\x00")},
		"text":                 {"Content-Type: text/plain\n", fill("%31")},
	}
	for _, unit := range []string{
		";", "a;", "[", "]=", "%25", "&", "a&", "a[", "a]=&", "é", "action=x&", "action=x;", "licence=1%2525&", "%2525=1&", "action=+&",
		"action[a]=%252B1&",
	} {
		forms[unit] = disguise{pairsType, fill(unit)}
	}
	return forms
}

// manyPrices is a route with many choices.
func manyPrices() *Route {
	route := &Route{PriceField: "licence", Prices: map[string]int64{}, Terms: journey.Terms{Kind: journey.KindSubmission}}
	for i := range 20 {
		route.Prices[fmt.Sprint(i, "-day")] = int64(100 * i)
	}
	return route
}

// BenchmarkHostileForms shows what it costs to read a form that is made to cost much, and to judge it on five buttons and one
// list of prices.
func BenchmarkHostileForms(b *testing.B) {
	prices := manyPrices()
	routes := []*Route{prices}
	for i := range 5 {
		routes = append(routes, &Route{When: &Condition{Field: "action", Value: fmt.Sprint("pay", i)}, Mode: ModeOn})
	}
	enter := func(context.Context, int64) (func(), error) { return func() {}, nil }
	origins := origin.List{{Scheme: "https", Host: "apply.example"}}
	g := &Gateway{Options: Options{Proxy: proxy.Options{Clients: proxy.Clients{Origins: origins}}, Acquire: enter}}
	for _, size := range []int{70 << 10, 1 << 20, 10 << 20} {
		forms := hostileForms(size)
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			b.Run(fmt.Sprintf("%dK %s", size>>10, name), func(b *testing.B) {
				form := forms[name]
				body, err := spool.New(spool.Options{Acquire: enter}).Read(b.Context(), strings.NewReader(form.body), int64(len(form.body)), 1<<30)
				require.NoError(b, err)
				r, err := http.NewRequest(http.MethodPost, "/licences/apply", http.NoBody)
				require.NoError(b, err)
				_, kind, _ := strings.Cut(strings.TrimSpace(form.head), ": ")
				r.Header.Set("Content-Type", kind)
				b.SetBytes(int64(len(form.body)))
				for b.Loop() {
					in, err := g.look(r, ruling{path: "/licences/apply", route: prices}, body)
					require.NoError(b, err)
					ruling{routes: routes}.concerning(in.asked)
					_, _ = in.terms()
					in.contradicts("1-day")
					_ = in.hasCardNumber(prices)
				}
			})
		}
	}
}

// BenchmarkHostileTargets shows what it costs to judge a target or cookies that are made to cost much, on twenty pay routes.
func BenchmarkHostileTargets(b *testing.B) {
	o := Options{Prefix: "/paygate"}
	for i := range 20 {
		match, err := reading.ParsePattern(fmt.Sprintf("POST /licences/{id}/apply%d?page=pay", i))
		require.NoError(b, err)
		route := Route{Match: match, Strict: true, Mode: ModeOn, When: &Condition{Field: "action", Value: "pay"}, GetQuery: []string{"page"}}
		o.Routes = append(o.Routes, route)
	}
	j := newJudge(o)
	fill := func(unit string) string { return strings.Repeat(unit, (60<<10)/len(unit)) }
	at := "/licences/1/apply1"
	targets := map[string][2]string{
		"cookies":        {at, fill("a;")},
		"odd cookies":    {at, fill(strings.Repeat("%25é", 20) + "=1;")},
		"foreign cookie": {at, fill("é%25")},
		"pressed":        {at, fill("action[]=%2525;")},
		"elsewhere":      {"/", fill("action[]=%2525;")},
		"named":          {at + "?" + fill("page=%2525%C3%A9&"), ""},
		"value":          {at + "?page=" + fill("%2525%C3%A9"), ""},
		"values":         {at + "?" + fill("action="+strings.Repeat("%2525%C3%A9", 20)+"&"), ""},
		"names":          {at + "?page=pay&" + fill(strings.Repeat("%2525%C3%A9", 20)+"&"), ""},
	}
	for _, unit := range []string{
		"/", "/a", "/..", "/.", "%2f", "%252f", "%25", ";a", "/;a", "/index.php", "/%C3%A9", "/%C0%AF", "+", "(S(a))", "a.b", "~", "%u0061", "/%2e%2e",
		"%3C", "&", "&a=", "/licences/1/apply", "!a",
	} {
		targets["path "+unit] = [2]string{"/" + strings.TrimPrefix(fill(unit), "/"), ""}
		targets["behind "+unit] = [2]string{at + "/" + strings.TrimPrefix(fill(unit), "/"), ""}
		targets["query "+unit] = [2]string{at + "?" + fill(unit), ""}
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			b.Run(method+" "+name, func(b *testing.B) {
				r, err := http.NewRequest(method, "http://apply.example/", http.NoBody)
				require.NoError(b, err)
				r.RequestURI = targets[name][0]
				r.Header.Set("Cookie", targets[name][1])
				for b.Loop() {
					j.rule(r)
				}
			})
		}
	}
}
