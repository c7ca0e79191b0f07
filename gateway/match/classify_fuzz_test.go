package match

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	pathpkg "path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// FuzzForwardedTarget compares the classifier with servers that are written here independently: a target that is
// forwarded must not be that of a pay route on any of them.
func FuzzForwardedTarget(f *testing.F) {
	for _, target := range []string{
		"/licences/apply", "/licences//apply/", "/x/..;a/licences/%61pply", "/x/%2e%2e%2flicences%5capply.%20",
		"/LICENCES/apply;x=1", "/licences/apply%00.html",
		"/index.php/licences/apply", "/licences/apply.json?x", "/a&url=licences/apply", "/licences/apply%26x",
		"/licences/apply::$DATA", "/licences/%ef%bd%81pply", "/licences%c0%afapply",
		"/licences%252fapply", "/free?page_id=apply", "/index.php?page[id=apply",
		"/index.php?page.id=apply&page_id=home", "/index.php?a;page+id=%61pply", "/index.php?%70age_id=apply%00",
		"http:licences/apply", "//x/licences/apply", "/public#/../licences/apply", "/%", "/?%zz",
		"http://apply.example/licences/apply", "*",
	} {
		f.Add(target)
	}
	c := classifierOf(f, "POST /licences/apply", "POST /index.php?page_id=apply", "POST /register/{year}/renew")
	f.Fuzz(func(t *testing.T, raw string) {
		r := requestOf(t, http.MethodPost, "/")
		r.RequestURI = raw
		d := c.Classify(r)
		switch d.Action {
		case Pay:
			_, exactly := d.Route.Match.Match(d.Path)
			require.True(t, exactly, "released at %q", d.Path)
		case Forward:
			if strings.HasPrefix(raw, "/") {
				require.Equal(t, raw, d.Target.At(d.Path), "forwarded as it came")
			}
			for name, server := range servers {
				if paid(server(d.Target.Path), d.Target.Query) {
					t.Fatalf("%s runs the pay code for %q", name, raw)
				}
			}
		}
	})
}

// FuzzQuery compares the classifier with a reader of queries that is as lenient as those of services.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"page=apply", "a=1;page=apply", "[page]=apply", "page[]=apply", "p%2561ge=%u0061pply", "m.page=apply",
		"page=home&page=apply", "page=%EF%BD%81pply",
	} {
		f.Add(query)
	}
	c := classifierOf(f, "POST /index.php?page=apply")
	f.Fuzz(func(t *testing.T, query string) {
		r := requestOf(t, http.MethodPost, "/")
		r.RequestURI = "/index.php?" + query
		if c.Classify(r).Action == Forward && readsPage(query) {
			t.Fatalf("%q may be read as page=apply", query)
		}
	})
}

// readsPage reads a query as PHP, Rack, Spring and ASP.NET do, all together.
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
		isPage := strings.EqualFold(name, "page") || nested && strings.EqualFold(last, "page")
		if isPage && strings.EqualFold(strings.TrimSpace(value), "apply") {
			return true
		}
	}
	return false
}

// FuzzDisguises gives the classifier a pay path with several disguises.
func FuzzDisguises(f *testing.F) {
	f.Add(uint64(1), 3)
	f.Add(uint64(2), 1)
	c := classifierOf(f, "POST /licences/apply")
	f.Fuzz(func(t *testing.T, seed uint64, times int) {
		rng := rand.New(rand.NewPCG(seed, 1))
		disguised := "/licences/apply"
		for range 1 + (times&0xff)%7 {
			disguised = obfuscate(rng, disguised)
		}
		r := requestOf(t, "POST", "/")
		r.RequestURI = disguised
		require.NotEqual(t, Forward, c.Classify(r).Action, disguised)
	})
}

// obfuscate disguises a path in one more way that some server undoes.
func obfuscate(rng *rand.Rand, path string) string {
	at := rng.IntN(len(path))
	slash := strings.LastIndexByte(path[:at+1], '/')
	escapeAt := func(i int) string { return path[:i] + fmt.Sprintf("%%%02x", path[i]) + path[i+1:] }
	switch rng.IntN(9) {
	case 0, 1:
		return "/" + escapeAt(max(1, at))[1:]
	case 2:
		return path[:max(0, slash)] + "/." + path[max(0, slash):]
	case 3:
		return path[:max(0, slash)] + "/x%2f.." + path[max(0, slash):]
	case 4:
		return path + []string{"/", ".", "%20", "%00x", "%23", "%3f", ";x", "%09"}[rng.IntN(8)]
	case 5:
		return strings.ToUpper(path[:at]) + path[at:]
	case 6:
		return "/" + strings.Replace(path[1:], "/", []string{
			"//", "%5c", "%c0%af", "%ef%bc%8f", "%u002f", ";a/",
		}[rng.IntN(6)], 1)
	case 7:
		return "/(S(x))" + path
	default:
		return "/x/..;" + path
	}
}

// paid reports whether a path and query lead to the pay code. All servers ignore a final slash and case.
func paid(path, query string) bool {
	path = strings.Trim(strings.ToLower(path), "/")
	year, renew := strings.CutSuffix(path, "/renew")
	year, register := strings.CutPrefix(year, "register/")
	return path == "licences/apply" || path == "index.php" && page(query) == "apply" ||
		register && renew && year != "" && !strings.Contains(year, "/")
}

// page returns the parameter page_id as PHP reads it: the last one wins, and characters that a variable cannot have in
// its name become "_".
func page(query string) string {
	found := ""
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _, _ = strings.Cut(unescape(plusToSpace(name)), "\x00")
		name = strings.TrimLeft(name, " ")
		if open := strings.Index(name, "["); open > 0 && strings.Contains(name[open:], "]") {
			continue // an array
		}
		if strings.NewReplacer(".", "_", " ", "_", "[", "_").Replace(name) == "page_id" {
			found = unescape(plusToSpace(value))
		}
	}
	return found
}

// unescape decodes once, and leaves broken escapes as they are.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if i+3 <= len(text) {
			if c, err := url.PathUnescape(text[i : i+3]); err == nil && text[i] == '%' {
				out.WriteString(c)
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

var percentU = regexp.MustCompile(`%[uU][0-9a-fA-F]{4}`)

// unescapeU decodes JavaScript's escapes once.
func unescapeU(text string) string {
	return percentU.ReplaceAllStringFunc(text, func(escape string) string {
		r, _ := strconv.ParseUint(escape[2:], 16, 16)
		return string(rune(r))
	})
}

func plusToSpace(text string) string { return strings.ReplaceAll(text, "+", " ") }

// clean merges slashes and resolves dots.
func clean(path string) string { return pathpkg.Clean("/" + path) }

// servers do what web servers do to a raw path.
var servers = map[string]func(string) string{
	"a raw comparison":           func(path string) string { return path },
	"Go":                         func(path string) string { return clean(unescape(path)) },
	"nginx":                      func(path string) string { return cut(clean(unescape(path)), "\x00") },
	"a decoding proxy before Go": func(path string) string { return clean(unescape(unescape(path))) },
	"Tomcat": func(path string) string {
		return clean(unescape(eachSegment(path, func(s string) string { return cut(s, ";") })))
	},
	"Tomcat that decodes first": func(path string) string {
		return clean(eachSegment(unescape(path), func(s string) string { return cut(s, ";") }))
	},
	"IIS": func(path string) string {
		path = strings.ReplaceAll(unescape(path), `\`, "/")
		return clean(eachSegment(path, func(s string) string {
			if s == "." || s == ".." {
				return s
			}
			return strings.TrimRight(cut(s, ":"), ". ")
		}))
	},
	"a service that folds Unicode": func(path string) string { return clean(norm.NFKC.String(unescape(path))) },
	"PHP behind a rewriting rule": func(path string) string {
		query := "url=" + strings.TrimPrefix(unescape(path), "/")
		url := ""
		for pair := range strings.SplitSeq(query, "&") {
			if value, found := strings.CutPrefix(pair, "url="); found {
				url = unescape(value)
			}
		}
		return clean(url)
	},
	"Spring": func(path string) string {
		path = clean(unescape(eachSegment(path, func(s string) string { return cut(s, ";") })))
		last := strings.LastIndex(path, "/")
		return path[:last+1] + cut(path[last+1:], ".")
	},
	"CGI":                  func(path string) string { return strings.TrimPrefix(clean(unescape(path)), "/index.php") },
	"a service that trims": func(path string) string { return strings.TrimSpace(cut(clean(unescape(path)), "?#\x00")) },
}

func cut(text, at string) string {
	if i := strings.IndexAny(text, at); i >= 0 {
		return text[:i]
	}
	return text
}

func eachSegment(path string, change func(string) string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = change(s)
	}
	return strings.Join(segments, "/")
}
