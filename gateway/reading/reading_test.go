package reading

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzReadings(f *testing.F) {
	f.Add("/a%2fb;c/%00")
	f.Add("licences/list-1.old_~x/")
	f.Fuzz(func(t *testing.T, path string) {
		set := readingsOf("/"+path, mostReadings)
		require.Equal(t, "/"+path, set.paths[0], "a path reads as itself")
		require.LessOrEqual(t, len(set.paths), mostReadings)
		if isPlain("/" + path) {
			for i, decode := range decoders() {
				require.Equal(t, "/"+path, decode("/"+path), "decoder %d", i)
			}
		}
	})
}

func TestAHostilePathHasBoundedReadings(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"%2525252f", "/x/..;a/%2e", "/a%5c..;x%3a%00%23%3f%c0%af%25u0061+(S(x))", "/a.php/index.php", "%25"} {
		path := "/" + strings.Repeat(unit, 60_000/len(unit))
		set, size := readingsOf(path, mostReadings), 0
		for _, reading := range set.paths {
			size += len(reading)
		}
		require.LessOrEqual(t, len(set.paths), mostReadings, unit)
		require.LessOrEqual(t, size, maxReadingBytes+2*len(path), unit)
	}
}

func patternOf(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	require.NoError(t, err)
	return p
}

// FuzzWideReadings holds the wide readings, for which patterns and paths are prepared, against the same said in the plainest
// way: nothing is prepared, and nothing left out because it cannot matter.
func FuzzWideReadings(f *testing.F) {
	for _, reading := range []string{
		"licences/apply", "licences/apply.json", "licences/apply.tar.gz/x", "index.php/licences/apply", "Licences/AP-PLY", "licences/ap~1", "li1A2B~1/apply", "shop", "shop/default.aspx",
		"app.php/shop/index.html", "pay", "pay!go.action", "x/renew", "a.b/c.d~!e", "APPLI~1", "..php/pay", "lıcences/applẏ", "licences/app\xffly", "~/!/.", "~1",
		"licences/index.php/apply", "licences/app.php/apply.json/x", "licences/web/public/index.php/apply", "licences/index.php/7/renew", "a/index/index.php/b", "index.php/licences/default/apply",
	} {
		f.Add(reading)
	}
	patterns := []Pattern{
		patternOf(f, "POST /licences/apply"), patternOf(f, "POST /licences/{id}/renew"), patternOf(f, "POST /shop/index.php"), patternOf(f, "POST /pay.php"),
		patternOf(f, "POST /index.php/pay!it"), patternOf(f, "POST /files/{rest...}"), patternOf(f, "POST /{a}/{b}"), patternOf(f, "POST /index.php?page=apply"), patternOf(f, "POST /"),
		patternOf(f, "POST /licences/index.php/apply"),
	}
	f.Fuzz(func(t *testing.T, path string) {
		reading := segmentsOf(path)
		for _, p := range patterns {
			require.Equal(t, plainlyWide(p.bare, reading), readsWidelyAs(p.wide, wideTexts(reading)), "%s and %q", p, path)
		}
	})
}

// plainlyWide tells whether a reading may be taken for one of the variants of a pattern.
func plainlyWide(pattern []segment, reading []string) bool {
	variants := [][]segment{pattern}
	for i, s := range pattern {
		if s.kind == literal && plainlyScript(s.text) && i+1 < len(pattern) {
			variants = append(variants, pattern[i+1:], slices.Concat(pattern[:i], pattern[i+1:]))
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
			if start > 0 && !plainlyScript(reading[start-1]) {
				continue
			}
			if plainlyStarts(v, reading[start:]) {
				return true
			}
			for i := range v {
				if i > 0 && start > i && plainlyStarts(v[:i], reading) && plainlyStarts(v[i:], reading[start:]) {
					return true
				}
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
