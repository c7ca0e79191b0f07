package reading

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
		"urlencoded":         {"application/x-www-form-urlencoded", "a=1&b=x+y%26&a=2&&c", []Field{{Name: "a", Value: "1"}, {Name: "b", Value: "x y&"}, {Name: "a", Value: "2"}, {Name: "c"}}, false},
		"broken escape":      {"application/x-www-form-urlencoded", "a=1&b=%zz", []Field{{Name: "a", Value: "1"}}, true},
		"semicolon":          {"application/x-www-form-urlencoded", "a=1;b=2", nil, true},
		"multipart":          {"multipart/form-data; boundary=b", multipart, []Field{{Name: "licence", Value: "1-day"}, {Name: "photo", File: true}}, false},
		"multipart cut":      {"multipart/form-data; boundary=b", multipart[:60], nil, true},
		"multipart no bound": {"multipart/form-data", multipart, nil, true},
		"json":               {"application/json", `{"a":"1","n":7,"o":{"a":"2"},"a":"3"}`, []Field{{Name: "a", Value: "1"}, {Name: "n", Scalar: "7"}, {Name: "o"}, {Name: "a", Value: "3"}}, false},
		"json list":          {"application/json", `[{"a":"1"}]`, nil, true},
		"json cut":           {"application/json", `{"a":"1"`, nil, true},
		"json twice":         {"application/json", `{"a":"1"}{"a":"2"}`, nil, true},
		"plain text":         {"text/plain", "a=1", nil, false},
		"no type":            {"", "a=1", nil, false},
		"json by suffix":     {"application/vnd.x+json; charset=utf-8", `{"a":"1"}`, []Field{{Name: "a", Value: "1"}}, false},
	} {
		fields, err := Form(c.kind, strings.NewReader(c.body))
		require.Equal(t, c.broken, err != nil, "%s: %v", name, err)
		if !c.broken {
			require.Equal(t, c.wanted, fields, name)
		}
	}
}

func TestOnlySoMuchOfAFormIsLookedAt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxFieldBytes)
	for kind, body := range map[string]string{
		urlencoded:                                 "a=" + long + "&b=2",
		multipartForm + "; boundary=b":             "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + long + "\r\n--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--b--\r\n",
		"application/json":                         `{"a":"` + long + `","b":"2"}`,
		urlencoded + "; charset=\x01 not readable": "a=" + long + "&b=2",
	} {
		fields, err := Form(kind, strings.NewReader(body))
		require.NoError(t, err, kind)
		require.Len(t, fields, 2, kind)
		require.LessOrEqual(t, len(fields[0].Value), maxFieldBytes, kind)
		require.True(t, strings.HasPrefix(fields[0].Value, "xxx"), kind)
		require.Equal(t, Field{Name: "b", Value: "2"}, fields[1], kind)
	}
	for name, body := range map[string]string{
		"many fields": strings.Repeat("a=1&", mostFields+1), "long fields": strings.Repeat("a="+strings.Repeat("x", 1000)+"&", 1100),
	} {
		fields, err := Form(urlencoded, strings.NewReader(body))
		require.ErrorIs(t, err, errTooManyFields, name)
		require.LessOrEqual(t, len(fields), mostFields, name)
	}
}

func TestALongPairIsNotCutWithinAnEscape(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		pair := "a=" + strings.Repeat("x", shift) + strings.Repeat("%41", maxFieldBytes)
		fields, err := urlencodedFields(strings.NewReader(pair))
		require.NoError(t, err)
		require.Regexp(t, "^x*A+$", fields[0].Value)
	}
}
