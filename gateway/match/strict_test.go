package match

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzStrict compares strict matching, which prepares patterns and paths and leaves out what cannot matter, with the
// same rules written in the simplest way.
func FuzzStrict(f *testing.F) {
	for _, path := range []string{
		"licences/apply", "licences/apply.json", "licences/apply.tar.gz/x", "index.php/licences/apply",
		"Licences/AP-PLY", "licences/ap~1", "li1A2B~1/apply", "shop", "shop/default.aspx",
		"app.php/shop/index.html", "pay", "pay!go.action", "x/renew", "a.b/c.d~!e", "APPLI~1", "..php/pay",
		"lıcences/applẏ", "licences/app\xffly", "~/!/.", "~1",
		"licences/index.php/apply", "licences/app.php/apply.json/x", "licences/web/public/index.php/apply",
		"licences/index.php/7/renew", "a/index/index.php/b", "index.php/licences/default/apply",
	} {
		f.Add(path)
	}
	patterns := []Pattern{
		patternOf(f, "POST /licences/apply"), patternOf(f, "POST /licences/{id}/renew"),
		patternOf(f, "POST /shop/index.php"), patternOf(f, "POST /pay.php"),
		patternOf(f, "POST /index.php/pay!it"), patternOf(f, "POST /files/{rest...}"), patternOf(f, "POST /{a}/{b}"),
		patternOf(f, "POST /index.php?page=apply"), patternOf(f, "POST /"),
		patternOf(f, "POST /licences/index.php/apply"),
	}
	f.Fuzz(func(t *testing.T, path string) {
		segments := segmentsOf(path)
		for _, p := range patterns {
			require.Equal(
				t, simplyStrict(p.canonical, segments), isStrict(p.strict, strictTexts(segments)), "%s and %q", p, path,
			)
		}
	})
}

// simplyStrict reports whether a path may be taken for one of the variants of a pattern.
func simplyStrict(pattern []segment, path []string) bool {
	variants := [][]segment{pattern}
	for i, s := range pattern {
		if s.kind == literal && simplyScript(s.text) && i+1 < len(pattern) {
			variants = append(variants, pattern[i+1:], slices.Concat(pattern[:i], pattern[i+1:]))
		}
	}
	if last := len(pattern) - 1; last >= 0 && pattern[last].kind == literal && simplyIndex(pattern[last].text) {
		variants = append(variants, pattern[:last])
	}
	return slices.ContainsFunc(variants, func(v []segment) bool {
		if len(v) == 0 {
			return len(path) == 0
		}
		if !slices.ContainsFunc(v, func(s segment) bool { return s.kind == literal }) {
			return false
		}
		for start := range path {
			if start > 0 && !simplyScript(path[start-1]) {
				continue
			}
			if simplyStarts(v, path[start:]) {
				return true
			}
			for i := range v {
				if i > 0 && start > i && simplyStarts(v[:i], path) && simplyStarts(v[i:], path[start:]) {
					return true
				}
			}
		}
		return false
	})
}

func simplyStarts(pattern []segment, path []string) bool {
	for i, s := range pattern {
		switch {
		case s.kind == theRest:
			return true
		case i >= len(path):
			return false
		case s.kind != literal:
			continue
		}
		suffixed := (i == len(path)-1 || i == len(pattern)-1) && hasMore(path[i], s.text)
		alike := simplyAlike(s.text, path[i]) || simplyAlike(simpleStem(s.text), simpleStem(path[i]))
		if !suffixed && !alike && !simplyShort(path[i], s.text) {
			return false
		}
	}
	return true
}

// punctuation is what is between letters and digits.
var punctuation = regexp.MustCompile(`[^\pL\p{Nd}]`)

func simplyAlike(wanted, text string) bool {
	wantedLetters, letters := punctuation.ReplaceAllString(wanted, ""), punctuation.ReplaceAllString(text, "")
	return strings.EqualFold(wanted, text) || wantedLetters != "" && strings.EqualFold(wantedLetters, letters)
}

func simpleStem(text string) string {
	if s := suffixes.ReplaceAllString(text, ""); s != "" {
		return s
	}
	return text
}

func simplyIndex(text string) bool {
	return strings.EqualFold(simpleStem(text), "index") || strings.EqualFold(simpleStem(text), "default")
}

func simplyScript(text string) bool { return simplyIndex(text) || script.MatchString(text) }

func simplyShort(text, long string) bool {
	found := shortNames.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	length := min(2, len(found[1]), len(long))
	return strings.EqualFold(found[1][:length], long[:length])
}
