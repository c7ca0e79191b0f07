package form

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCandidatesLooksAtEachNameAndValueOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	isNamed := func(f Field) bool {
		asked++
		return f.Name == "licence"
	}
	var fields []Field
	for i := range 9_000 {
		fields = append(fields, Field{Name: "licence", Value: fmt.Sprint(i % 3)})
		fields = append(fields, Field{Name: "rhif ffôn", Value: fmt.Sprint(i)})
	}
	found, few := Candidates(fields, isNamed)
	require.True(t, few)
	require.Len(t, found, 3)
	require.Equal(t, 2, asked)
}

func TestCandidatesStopsAtItsLimits(t *testing.T) {
	t.Parallel()
	various := func(n int, field func(i int) Field) []Field {
		fields := make([]Field, n)
		for i := range fields {
			fields[i] = field(i)
		}
		return fields
	}
	name := func(text string) func(int) Field {
		return func(i int) Field { return Field{Name: fmt.Sprint(text, i)} }
	}
	value := func(name, text string) func(int) Field {
		return func(i int) Field { return Field{Name: name, Value: fmt.Sprint(text, i)} }
	}
	for what, c := range map[string]struct {
		fields []Field
		few    bool
	}{
		"odd names":            {various(1000, name("é%25é%25é%25é")), false},
		"some odd names":       {various(300, name("côd post ")), true},
		"plain names":          {various(10_000, name("rows.")), true},
		"values":               {various(1000, value("pay", "")), false},
		"large values":         {various(10, value("pay", strings.Repeat("é%25", 1000))), false},
		"values that are none": {various(1000, value("story", "")), true},
	} {
		read := 0
		found, few := Candidates(c.fields, func(f Field) bool {
			read += len(f.Name)
			return f.Name == "pay"
		})
		require.Equal(t, c.few, few, what)
		require.LessOrEqual(t, len(found), maxValues, what)
		if !few {
			require.LessOrEqual(t, read, maxOddNames, what)
		}
	}
}

func TestAQueryBeyondTheLimitsIsUnclear(t *testing.T) {
	t.Parallel()
	page := Parameter{"page", "apply"}
	for query, fit := range map[string]Fit{
		strings.Repeat("%25%C3%A9=1&", 990) + "page=home":           Unclear,
		strings.Repeat("%25%C3%A9", 2000):                           Unclear,
		strings.Repeat("filter%5Bname%5D=1&", 400) + "page=home":    Unmet,
		strings.Repeat("filter%5Bname%5D=1&", 400) + "page=apply":   Met,
		"page=" + strings.Repeat("%25%C3%A9", 1000):                 Unclear,
		"page=" + strings.Repeat("x", 3000):                         Unmet,
		"to=" + strings.Repeat("%2525%C3%A9", 3000) + "&page=apply": Met,
	} {
		require.Equal(t, fit, page.Fits(query), query[:30])
	}
}
