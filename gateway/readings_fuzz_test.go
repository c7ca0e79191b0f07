package gateway

import (
	"net/http"
	"net/url"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// FuzzForwardedTarget holds the judge against servers that are written here without a line of its own: what is forwarded
// must be no pay route to any of them.
func FuzzForwardedTarget(f *testing.F) {
	for _, target := range []string{
		"/licences/apply", "/licences//apply/", "/x/..;a/licences/%61pply", "/x/%2e%2e%2flicences%5capply.%20", "/LICENCES/apply;x=1", "/licences/apply%00.html",
		"/index.php/licences/apply", "/licences/apply.json?x", "/a&url=licences/apply", "/licences/apply%26x", "/licences/apply::$DATA", "/licences/%ef%bd%81pply", "/licences%c0%afapply",
		"/licences%252fapply", "/free?page_id=apply", "/index.php?page[id=apply", "/index.php?page.id=apply&page_id=home", "/index.php?a;page+id=%61pply", "/index.php?%70age_id=apply%00",
		"http:licences/apply", "//x/licences/apply", "/public#/../licences/apply", "/%", "/?%zz", "http://apply.example/licences/apply", "*",
	} {
		f.Add(target)
	}
	j := judgeOf(f, "POST /licences/apply", "POST /index.php?page_id=apply", "POST /register/{year}/renew")
	j.publicHost = "apply.example"
	f.Fuzz(func(t *testing.T, raw string) {
		r := requestOf(t, http.MethodPost, "/")
		r.RequestURI = raw
		ruling := j.rule(r)
		read := readings("/" + strings.TrimPrefix(ruling.target.path, "/"))
		require.LessOrEqual(t, len(read.paths), maxReadings)
		switch ruling.verdict {
		case targetPay:
			_, exactly := ruling.route.Match.Match(ruling.path)
			require.True(t, exactly, "released at %q", ruling.path)
		case targetFree:
			if strings.HasPrefix(raw, "/") {
				require.Equal(t, raw, ruling.target.at(ruling.path), "forwarded as it came")
			}
			for name, server := range servers {
				if paid(server(ruling.target.path), ruling.target.query) {
					t.Fatalf("%s runs the pay code for %q", name, raw)
				}
			}
		}
	})
}

// paid tells whether a path and query lead to the pay code. All servers forgive a final slash and care for no case.
func paid(path, query string) bool {
	path = strings.Trim(strings.ToLower(path), "/")
	year, renew := strings.CutSuffix(path, "/renew")
	year, register := strings.CutPrefix(year, "register/")
	return path == "licences/apply" || path == "index.php" && page(query) == "apply" || register && renew && year != "" && !strings.Contains(year, "/")
}

// page is the parameter page_id as PHP reads it: the last one wins; what is no name of a variable becomes "_".
func page(query string) string {
	found := ""
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _, _ = strings.Cut(unescape(strings.ReplaceAll(name, "+", " ")), "\x00")
		name = strings.TrimLeft(name, " ")
		if open := strings.Index(name, "["); open > 0 && strings.Contains(name[open:], "]") {
			continue // an array
		}
		if strings.NewReplacer(".", "_", " ", "_", "[", "_").Replace(name) == "page_id" {
			found = unescape(strings.ReplaceAll(value, "+", " "))
		}
	}
	return found
}

// unescape decodes once, and leaves what is broken.
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

// clean merges slashes and resolves dots.
func clean(path string) string { return pathpkg.Clean("/" + path) }

// servers are what web servers make of a raw path.
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

// FuzzWideReadings holds the wide readings, for which patterns and paths are prepared, against the same said in the plainest
// way: nothing is prepared, and nothing left out because it cannot matter.
func FuzzWideReadings(f *testing.F) {
	for _, reading := range []string{
		"licences/apply", "licences/apply.json", "licences/apply.tar.gz/x", "index.php/licences/apply", "Licences/AP-PLY", "licences/ap~1", "li1A2B~1/apply", "shop", "shop/default.aspx",
		"app.php/shop/index.html", "pay", "pay!go.action", "x/renew", "a.b/c.d~!e", "APPLI~1", "..php/pay", "lıcences/applẏ", "licences/app\xffly", "~/!/.", "~1",
	} {
		f.Add(reading)
	}
	patterns := []Pattern{
		patternOf(f, "POST /licences/apply"), patternOf(f, "POST /licences/{id}/renew"), patternOf(f, "POST /shop/index.php"), patternOf(f, "POST /pay.php"),
		patternOf(f, "POST /index.php/pay!it"), patternOf(f, "POST /files/{rest...}"), patternOf(f, "POST /{a}/{b}"), patternOf(f, "POST /index.php?page=apply"), patternOf(f, "POST /"),
	}
	f.Fuzz(func(t *testing.T, path string) {
		reading := segmentsOf(path)
		for _, p := range patterns {
			require.Equal(t, plainlyWide(p.comparable(), reading), readsWidelyAs(widened(p.comparable()), wideTexts(reading)), "%s and %q", p, path)
		}
	})
}

// plainlyWide tells whether a reading may be taken for one of the variants of a pattern.
func plainlyWide(pattern []segment, reading []string) bool {
	variants := [][]segment{pattern}
	for i, s := range pattern {
		if s.kind == literal && plainlyScript(s.text) && i+1 < len(pattern) {
			variants = append(variants, pattern[i+1:])
		}
	}
	if last := len(pattern) - 1; last >= 0 && pattern[last].kind == literal && plainlyIndex(pattern[last].text) {
		variants = append(variants, pattern[:last])
	}
	return slices.ContainsFunc(variants, func(v []segment) bool {
		if len(v) == 0 {
			return len(reading) == 0
		}
		if !slices.ContainsFunc(v, func(s segment) bool { return s.kind == literal }) {
			return false
		}
		for start := range reading {
			if (start == 0 || plainlyScript(reading[start-1])) && plainlyStarts(v, reading[start:]) {
				return true
			}
		}
		return false
	})
}

func plainlyStarts(pattern []segment, reading []string) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(reading):
			return false
		case s.kind != literal:
			continue
		}
		suffixed := (i == len(reading)-1 || i == len(pattern)-1) && isWithMore(s.text, reading[i])
		if !suffixed && !plainlyAlike(s.text, reading[i]) && !plainlyAlike(plainStem(s.text), plainStem(reading[i])) && !plainlyShort(reading[i], s.text) {
			return false
		}
	}
	return true
}

// punctuation is what stands between letters and digits.
var punctuation = regexp.MustCompile(`[^\pL\p{Nd}]`)

func plainlyAlike(wanted, text string) bool {
	wantedLetters, letters := punctuation.ReplaceAllString(wanted, ""), punctuation.ReplaceAllString(text, "")
	return strings.EqualFold(wanted, text) || wantedLetters != "" && strings.EqualFold(wantedLetters, letters)
}

func plainStem(text string) string {
	if s := suffixes.ReplaceAllString(text, ""); s != "" {
		return s
	}
	return text
}

func plainlyIndex(text string) bool {
	return strings.EqualFold(plainStem(text), "index") || strings.EqualFold(plainStem(text), "default")
}

func plainlyScript(text string) bool { return plainlyIndex(text) || script.MatchString(text) }

func plainlyShort(text, long string) bool {
	parts := shortNames.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	length := min(2, len(parts[1]), len(long))
	return strings.EqualFold(parts[1][:length], long[:length])
}
