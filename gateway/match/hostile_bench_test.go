package match

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

// BenchmarkHostileTargets measures classifying hostile targets and cookies, with twenty pay routes.
func BenchmarkHostileTargets(b *testing.B) {
	o := Options{Prefix: "/paygate"}
	for i := range 20 {
		pattern, err := ParsePattern(fmt.Sprintf("POST /licences/{id}/apply%d?page=pay", i))
		require.NoError(b, err)
		route := Route{
			Match: pattern, Strict: true, When: &form.Condition{Field: "action", Value: "pay"},
			GetQuery: []string{"page"},
		}
		o.Routes = append(o.Routes, route)
	}
	classifier := New(o)
	fill := func(unit string) string { return strings.Repeat(unit, (60<<10)/len(unit)) }
	at := "/licences/1/apply1"
	targets := map[string][2]string{
		"cookies":        {at, fill("a;")},
		"odd cookies":    {at, fill(strings.Repeat("%25é", 20) + "=1;")},
		"foreign cookie": {at, fill("é%25")},
		"pressed":        {at, fill("action[]=%2525;")},
		"other path":     {"/", fill("action[]=%2525;")},
		"named":          {at + "?" + fill("page=%2525%C3%A9&"), ""},
		"value":          {at + "?page=" + fill("%2525%C3%A9"), ""},
		"values":         {at + "?" + fill("action="+strings.Repeat("%2525%C3%A9", 20)+"&"), ""},
		"names":          {at + "?page=pay&" + fill(strings.Repeat("%2525%C3%A9", 20)+"&"), ""},
	}
	for _, unit := range []string{
		"/", "/a", "/..", "/.", "%2f", "%252f", "%25", ";a", "/;a", "/index.php", "/%C3%A9", "/%C0%AF", "+", "(S(a))",
		"a.b", "~", "%u0061", "/%2e%2e",
		"%3C", "&", "&a=", "/licences/1/apply", "!a",
	} {
		targets["path "+unit] = [2]string{"/" + strings.TrimPrefix(fill(unit), "/"), ""}
		targets["after "+unit] = [2]string{at + "/" + strings.TrimPrefix(fill(unit), "/"), ""}
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
					classifier.Classify(r)
				}
			})
		}
	}
}
