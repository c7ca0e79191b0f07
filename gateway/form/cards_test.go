package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read reads a body with a content type.
func read(t testing.TB, contentType, body string) Form {
	t.Helper()
	f, err := Read(http.Header{"Content-Type": {contentType}}, strings.NewReader(body))
	require.NoError(t, err)
	return f
}

func hasCard(t testing.TB, contentType, body string) bool {
	t.Helper()
	return len(read(t, contentType, body).Cards) > 0
}

// formWith returns a multipart form with one part.
func formWith(name, fileName, content string) (contentType, body string) {
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	_ = form.WriteField("before", "1")
	var part interface{ Write([]byte) (int, error) }
	if fileName != "" {
		part, _ = form.CreateFormFile(name, fileName)
	} else {
		part, _ = form.CreateFormField(name)
	}
	_, _ = part.Write([]byte(content))
	_ = form.WriteField("after", "2")
	_ = form.Close()
	return form.FormDataContentType(), out.String()
}

func TestACardNumberIsFoundWhereverAServiceMayReadAField(t *testing.T) {
	t.Parallel()
	const number = "4444 3333 2222 1111"
	long := strings.Repeat("long text, ", 20_000) // far more than is looked at for prices
	multipartType, field := formWith("notes", "", long+number)
	_, nameOfField := formWith(number, "", "x")
	_, emptyFile := formWith("notes", "", "x")
	emptyFile = strings.Replace(emptyFile, `name="notes"`, `name="notes"; filename=""`, 1)
	emptyFile = strings.Replace(emptyFile, "\r\n\r\nx", "\r\n\r\n"+number, 1)
	ofField := multipartType
	ofName, _ := formWith("x", "", "")
	boundary := func(body string) string {
		return strings.TrimPrefix(strings.TrimSpace(strings.SplitN(body, "\n", 2)[0]), "--")
	}
	for name, c := range map[string]struct{ kind, body string }{
		"urlencoded":                {urlencoded, "a=1&card=" + url.QueryEscape(number) + "&b=2"},
		"urlencoded, long":          {urlencoded, "a=" + url.QueryEscape(long+number)},
		"urlencoded, by %20":        {urlencoded, "a=4444%203333%202222%201111"},
		"urlencoded, all escaped":   {urlencoded, "a=" + escapeAll(number)},
		"urlencoded, full-width":    {urlencoded, "a=" + url.QueryEscape("４４４４３３３３２２２２１１１１")},
		"urlencoded, Latin-1":       {urlencoded, "a=4444%A03333%A02222%A01111"},
		"urlencoded, name":          {urlencoded, url.QueryEscape(number) + "=x"},
		"urlencoded, no pairs":      {urlencoded, number},
		"urlencoded, unreadable":    {urlencoded, "x=%zz&a=4444+3333+2222+1111%"},
		"urlencoded, semicolons":    {urlencoded, "x=1;a=4444+3333+2222+1111"},
		"urlencoded, many fields":   {urlencoded, strings.Repeat("a=1&", 20_000) + "a=4444333322221111"},
		"urlencoded, JSON in it":    {urlencoded, "a=" + url.QueryEscape(`{"n":"\u0034444 3333 2222 1111"}`)},
		"multipart":                 {ofField, field},
		"multipart, name":           {multipartForm + "; boundary=" + boundary(nameOfField), nameOfField},
		"multipart, empty filename": {multipartForm + "; boundary=" + boundary(emptyFile), emptyFile},
		"multipart, cut":            {ofField, field[:strings.Index(field, number)+len(number)]},
		"multipart, no boundary":    {multipartForm, field},
		"multipart, wrong boundary": {ofName, field},
		"multipart, broken before": {
			multipartForm + "; boundary=b",
			"--b\r\n: : :\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + number + "\r\n--b--\r\n",
		},
		"multipart, no type":    {"", field},
		"JSON":                  {"application/json", `{"a":{"b":["x","` + number + `"]}}`},
		"JSON number":           {"application/json", `{"a":[{"b":4444333322221111}]}`},
		"JSON number in a list": {"application/json", `[1,4444333322221111,2]`},
		"JSON name":             {"application/json", `{"a":{"` + number + `":1}}`},
		"JSON escapes": {
			"application/json", `{"a":"\u0034\u0034\u0034\u0034\u00203333\u20132222\u002D1111"}`,
		},
		"JSON escapes, large": {"application/json", `{"a":"\uD835\uDFD2444333322221111"}`},
		"JSON full-width":     {"application/json", `{"a":"\uFF14\uFF14\uFF14\uFF14３３３３２２２２１１１１"}`},
		"JSON text alone":     {"application/json", `"` + number + `"`},
		"JSON broken":         {"application/json", `{"a":"` + number},
		"JSON by suffix":      {"application/vnd.x+json", `{"a":"` + number + `"}`},
		"JSON that is a form": {"application/json", "a=4444+3333+2222+1111"},
		"text form":           {"text/plain", "name=Ann\r\ncard=" + number + "\r\n"},
		"text that is a form": {"text/plain", "name=Ann&card=4444%203333%202222%201111"},
		"no type":             {"", "name=Ann&card=4444%203333%202222%201111"},
		"no type, JSON":       {"", `{"a":"\u0034444333322221111"}`},
		"a type that is none": {"\x00", "card=" + number},
		"a type that lies":    {"image/jpeg", "name=Ann&card=4444+3333+2222+1111"},
		"form type of JSON":   {urlencoded, `{"a":"` + number + `"}`},
		"a type with a fault": {urlencoded + "; charset", "a=4444+3333+2222+1111"},
		"XML":                 {"application/xml", "<form><card>" + number + "</card></form>"},
	} {
		require.True(t, hasCard(t, c.kind, c.body), name)
	}
}

func escapeAll(text string) string {
	var out strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&out, "%%%02x", text[i])
	}
	return out.String()
}

func TestAFormWithoutACardNumberIsTaken(t *testing.T) {
	t.Parallel()
	const number = "4444 3333 2222 1111"
	ofFile, file := formWith("photo", "scan.txt", number)
	picture := "\x89PNG\r\n\x1a\n\x00\x00 4444333322221111"
	nested, err := json.Marshal(map[string]any{
		"a": []any{"07700 900123", 2500, 1764000000000, "550e8400-e29b-41d4-a716-446655440000"},
		"b": 51.507351234567891,
	})
	require.NoError(t, err)
	for name, c := range map[string]struct{ kind, body string }{
		"nothing":                {"", ""},
		"a file":                 {ofFile, file},
		"a file, no type":        {"", file},
		"a picture":              {"image/png", picture},
		"a picture, no type":     {"", picture},
		"fields that meet":       {urlencoded, "a=4444&b=3333&c=2222&d=1111"},
		"fields that meet, JSON": {"application/json", `["4444","3333","2222","1111"]`},
		"escapes beside digits":  {urlencoded, "a=%2720261122104107%27&b=%C5%B5%40401234567890123"},
		"JSON":                   {"application/json", string(nested)},
		"lines of a text form":   {"text/plain", "a=4444\r\nb=3333\r\nc=2222\r\nd=1111\r\n"},
		"a telephone number": {
			urlencoded, url.Values{"phone": {"+44 7700 900123"}, "ni": {"AB 12 34 56 C"}}.Encode(),
		},
		"a JSON escape of nothing": {"application/json", `{"a":"\u12","b":"\\u0034444333322221112"}`},
	} {
		require.False(t, hasCard(t, c.kind, c.body), name)
	}
}
