package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormFieldsAreReadFromEveryKindOfForm(t *testing.T) {
	t.Parallel()
	multipart := "--b\r\nContent-Disposition: form-data; name=\"licence\"\r\n\r\n1-day\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"x.jpg\"\r\n\r\n\x00\xff\r\n--b--\r\n"
	for name, c := range map[string]struct {
		kind, body string
		wanted     []Field
		broken     bool
	}{
		"urlencoded": {
			urlencoded, "a=1&b=x+y%26&a=2&&c",
			[]Field{{Name: "a", Value: "1"}, {Name: "b", Value: "x y&"}, {Name: "a", Value: "2"}, {Name: "c"}},
			false,
		},
		"broken escape": {
			urlencoded, "a=1&b=%zz", []Field{{Name: "a", Value: "1"}, {Name: "b", Value: "%zz"}}, false,
		},
		"broken in a name": {urlencoded, "a%zz=1", nil, true},
		"semicolon":        {urlencoded, "a=1;b=2", []Field{{Name: "a", Value: "1;b=2"}}, false},
		"multipart": {
			multipartForm + "; boundary=b", multipart,
			[]Field{{Name: "licence", Value: "1-day"}, {Name: "photo", File: true}},
			false,
		},
		"multipart cut":      {multipartForm + "; boundary=b", multipart[:60], nil, true},
		"multipart no bound": {multipartForm, multipart, nil, true},
		"json": {"application/json", `{"a":"1","n":7,"o":{"a":"2","b":{"c":[1,"x"]}},"a":"3","z":null}`, []Field{
			{Name: "a", Value: "1"},
			{Name: "n", Scalar: "7"},
			{Name: "o", Group: true},
			{Name: "o[a]", Value: "2", Nested: true},
			{Name: "o[b]", Nested: true, Group: true},
			{Name: "o[b][c]", Nested: true, Group: true},
			{Name: "o[b][c][]", Scalar: "1", Nested: true},
			{Name: "o[b][c][]", Value: "x", Nested: true},
			{Name: "a", Value: "3"},
			{Name: "z"},
		}, false},
		"json list":     {"application/json", `[{"a":"1"}]`, nil, true},
		"json brackets": {"application/json", `{"a[b]":"1"}`, nil, true},
		"json cut":      {"application/json", `{"a":"1"`, nil, true},
		"json twice":    {"application/json", `{"a":"1"}{"a":"2"}`, nil, true},
		"plain text":    {"text/plain", "a=1", nil, true},
		"no type":       {"", "a=1", nil, true},
		"json by suffix": {
			"application/vnd.x+json; charset=utf-8", `{"a":"1"}`, []Field{{Name: "a", Value: "1"}}, false,
		},
	} {
		f := read(t, c.kind, c.body)
		require.Equal(t, c.broken, f.Ambiguity != nil, "%s: %v", name, f.Ambiguity)
		if !c.broken {
			require.Equal(t, c.wanted, f.Fields, name)
		}
	}
}

func TestReadKeepsNoMoreThanItsLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxFieldBytes)
	for kind, body := range map[string]string{
		urlencoded: "a=" + long + "&b=2",
		multipartForm + "; boundary=b": "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + long + "\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--b--\r\n",
		"application/json": `{"a":"` + long + `","b":"2"}`,
	} {
		f := read(t, kind, body)
		require.NoError(t, f.Ambiguity, kind)
		require.Len(t, f.Fields, 2, kind)
		require.True(t, f.Fields[0].Cut, kind)
		require.Len(t, f.Fields[0].Value, maxFieldBytes, kind)
		require.Equal(t, Field{Name: "b", Value: "2"}, f.Fields[1], kind)
	}
	many := read(t, urlencoded, strings.Repeat("a=1&", maxFields+1))
	require.ErrorIs(t, many.Ambiguity, errTooMany)
	require.Len(t, many.Fields, maxFields)
	require.NoError(t, read(t, urlencoded, strings.Repeat("a=1&", maxFields)).Ambiguity)
	require.ErrorIs(
		t, read(t, urlencoded, strings.Repeat(strings.Repeat("a", 1000)+"=1&", 300)).Ambiguity, errTooMany,
		"long names take time to judge",
	)

	large := read(t, urlencoded, strings.Repeat("a="+strings.Repeat("x", 1000)+"&", 1100)+"b=2")
	require.NoError(t, large.Ambiguity)
	require.Equal(t, Field{Name: "b", Cut: true}, large.Fields[1100], "what is not kept may be anything")
}

func TestALongPairIsNotCutWithinAnEscape(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		f := read(t, urlencoded, "a="+strings.Repeat("x", shift)+strings.Repeat("%41", bufferBytes))
		require.Regexp(t, "^x*A+$", f.Fields[0].Value)
	}
}
