package form

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// manyParts returns a multipart form without its end.
func manyParts(n int, head, value string) string {
	return strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"a\""+head+"\r\n\r\n"+value+"\r\n", n)
}

func TestBeyondTheLimitsAFormIsOnlySearchedForCardNumbers(t *testing.T) {
	t.Parallel()
	const card, json, multiparts = "4000056655665556", "application/json", multipartForm + "; boundary=b"
	last := manyParts(1, "", card) + "--b--\r\n"
	list := "[" + strings.Repeat("1,", 15_000) + "1]"
	deep := strings.Repeat("]", 2*maxJSONDepth)
	for name, c := range map[string]struct{ kind, before, after string }{
		"pairs":          {urlencoded, strings.Repeat("a=1&", 2*maxFields), "a=%34" + card[1:]},
		"semicolons":     {urlencoded, "x=" + strings.Repeat(";a", 2*maxFields) + "&", "a=" + card},
		"parts":          {multiparts, manyParts(2*maxFields, "", "1"), last},
		"heads of parts": {multiparts, manyParts(200, "\r\nX: "+strings.Repeat("x", 4000), "1"), last},
		"JSON parts":     {multiparts, manyParts(10, "\r\nContent-Type: application/json", list), last},
		"JSON keys":      {json, `{` + strings.Repeat(`"a":1,`, 2*maxFields), `"b":"` + card + `"}`},
		"JSON values":    {json, `{"a":[` + strings.Repeat(`1,`, 2*maxJSONValues), `"` + card + `"]}`},
		"JSON objects":   {json, `{"a":[` + strings.Repeat(`{"b":1},`, 2*maxFields), `"` + card + `"]}`},
		"deep JSON": {
			json, strings.Repeat(`{"a":`, 2*maxJSONDepth), `"` + card + `"` + strings.ReplaceAll(deep, "]", "}"),
		},
		"deep JSON lists": {json, `{"a":` + strings.Repeat(`[`, 2*maxJSONDepth), card + deep + "}"},
		"long JSON names": {json, `{"` + strings.Repeat("a", 2*maxNameBytes) + `":`, card + "}"},
	} {
		f := read(t, c.kind, c.before+c.after)
		require.Error(t, f.Ambiguity, name)
		require.Len(t, f.Cards, 1, name)
		require.LessOrEqual(t, len(f.Fields)+len(f.Loose), maxFields, name)
		require.Empty(t, f.Same, name)
		f = read(t, c.kind, c.before+strings.ReplaceAll(c.after, card[1:], "1"))
		require.Empty(t, f.Cards, name)
	}
}

func TestLongListsAreKnownAgainByWhatIsInThem(t *testing.T) {
	t.Parallel()
	before := `{"a":[` + strings.Repeat(`[0],`, 2*maxElements)
	fingerprints := map[string]bool{}
	for _, after := range []string{`[1,2]`, `[1],[2]`, `[[1],2]`, `[1],2`, `[12]`, `["1,2"]`, `{"b":1},2`} {
		f := read(t, "application/json", before+after+`]}`)
		require.NoError(t, f.Ambiguity, after)
		fingerprints[f.Fingerprint] = true
	}
	require.Len(t, fingerprints, 7)
	require.Equal(t, read(t, "application/json", before+`1]}`).Same, read(t, "application/json", before+` 1 ]}`).Same)
}

func TestACardNumberInAListIsInTheFieldOfTheList(t *testing.T) {
	t.Parallel()
	long := `{"a":[` + strings.Repeat(`1,`, 2*maxElements) + `"4000056655665556"]}`
	require.Equal(t, []string{"a[]"}, read(t, "application/json", long).Cards)
}

func TestDeepJSONIsPlainAndAnEmptyKeyIsNot(t *testing.T) {
	t.Parallel()
	require.Error(t, read(t, "application/json", `{"":{"licence":"1-day"}}`).Ambiguity)
	deep := fmt.Sprintf(`{"a":%s1%s}`, strings.Repeat("[", 90), strings.Repeat("]", 90))
	require.NoError(t, read(t, "application/json", deep).Ambiguity)
}
