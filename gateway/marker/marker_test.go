package marker

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func TestCutRemovesTheMarkerAndNothingElse(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"": "", "a=1": "a=1", "&": "&", "a=1;b=2&&": "a=1;b=2&&", "xpaygate-reply=1": "xpaygate-reply=1",
		"paygate-replyx=1": "paygate-replyx=1",
		"a=paygate-reply":  "a=paygate-reply", "a=x%26paygate-reply=1": "a=x%26paygate-reply=1",
		"%zz=1&paygate-reply": "%zz=1",
		"paygate-reply=X":     "", "a=1&paygate-reply=X&b=%20": "a=1&b=%20", "paygate-reply=X&a=1": "a=1",
		"a=1;b=2&paygate-reply=X": "a=1;b=2",
		"a=1&&paygate-reply=X":    "a=1&", "a&paygate-reply=X&": "a&", "a=1&paygate-reply=X&paygate-reply=Y&b": "a=1&b",
		"paygate-reply": "", "paygate-reply=": "", "a=1;paygate-reply=X": "a=1", "paygate-reply[]=X&a": "a",
		"Paygate-Reply=X&a=1": "a=1", "paygate%2Dreply=X&a=1": "a=1", "%70aygate-reply=X&a=1": "a=1",
		"paygate%252Dreply=X&a=1": "a=1",
		"+paygate-reply=X&a=1":    "a=1", "%20paygate-reply%20=X&a=1": "a=1",
	} {
		rest, _, found := cut(in)
		require.Equal(t, out, rest, in)
		require.Equal(t, in != out, found, in)
	}
}

func TestMarkerRemembersOurPage(t *testing.T) {
	t.Parallel()
	j := journey.Journey{ID: "ID", Fingerprint: journey.Fingerprint{Path: "/a"}}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for value, m := range map[string]Marker{
		"ID": {}, "ID.2": {Checks: 2}, "ID.cy": {Language: "cy"}, "ID.3.en": {Checks: 3, Language: "en"},
	} {
		m.Present, m.Journey = true, "ID"
		require.Equal(t, "/a?paygate-reply="+value, m.Address(j))
		r.RequestURI = m.Address(j)
		_, cut := Cut(r)
		require.Equal(t, m, cut)
	}
}

func TestAddressKeepsTheHeldQuery(t *testing.T) {
	t.Parallel()
	for target, marked := range map[string]string{
		"/licences/apply":       "/licences/apply?paygate-reply=ID",
		"/index.php?page=apply": "/index.php?page=apply&paygate-reply=ID",
		"/a?b;c=%zz&":           "/a?b;c=%zz&&paygate-reply=ID",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		path, query, _ := strings.Cut(target, "?")
		j := journey.Journey{ID: "ID", Fingerprint: journey.Fingerprint{Path: path, Query: query}}
		require.Equal(t, marked, Address(j))
		require.Equal(t, marked+".service", OwnAnswerAddress(j))

		for address, ownAnswer := range map[string]bool{Address(j): false, OwnAnswerAddress(j): true} {
			r.RequestURI = address
			unmarked, m := Cut(r)
			require.Equal(t, target, unmarked.RequestURI)
			require.Equal(t, Marker{Present: true, Journey: "ID", OwnAnswer: ownAnswer}, m)
		}
	}
}
