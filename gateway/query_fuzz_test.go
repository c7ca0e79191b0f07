package gateway

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// FuzzQuery holds the judgement of queries against a reader as lenient as those that services have.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{"page=apply", "a=1;page=apply", "[page]=apply", "page[]=apply", "p%2561ge=%u0061pply", "m.page=apply", "page=home&page=apply", "page=%EF%BD%81pply"} {
		f.Add(query)
	}
	j := judgeOf(f, "POST /index.php?page=apply")
	f.Fuzz(func(t *testing.T, query string) {
		r := requestOf(t, http.MethodPost, "/")
		r.RequestURI = "/index.php?" + query
		if j.rule(r).verdict == targetFree && readsPage(query) {
			t.Fatalf("%q may be read as page=apply", query)
		}
	})
}

// readsPage reads a query as PHP, Rack, Spring and ASP.NET do, all at once.
func readsPage(query string) bool {
	for _, pair := range regexp.MustCompile("[&;]").Split(query, -1) {
		name, value, _ := strings.Cut(pair, "=")
		for range 2 {
			name, value = unescape(unescapeU(plusToSpace(name))), unescape(unescapeU(plusToSpace(value)))
		}
		name, _, _ = strings.Cut(strings.TrimSpace(name), "\x00")
		name = strings.TrimSuffix(strings.Trim(name, "[]!"), "[0")
		value, _, _ = strings.Cut(value, "\x00")
		_, last, nested := strings.Cut(name, ".")
		if strings.EqualFold(strings.TrimSpace(value), "apply") && (strings.EqualFold(name, "page") || nested && strings.EqualFold(last, "page")) {
			return true
		}
	}
	return false
}
