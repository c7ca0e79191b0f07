package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
)

func TestFormFieldsAreReadFromEveryKindOfForm(t *testing.T) {
	t.Parallel()
	multipart := "--b\r\nContent-Disposition: form-data; name=\"licence\"\r\n\r\n1-day\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"x.jpg\"\r\n\r\n\x00\xff\r\n--b--\r\n"
	for name, c := range map[string]struct {
		kind, body string
		wanted     []field
		broken     bool
	}{
		"urlencoded":         {"application/x-www-form-urlencoded", "a=1&b=x+y%26&a=2&&c", []field{{name: "a", value: "1"}, {name: "b", value: "x y&"}, {name: "a", value: "2"}, {name: "c"}}, false},
		"broken escape":      {"application/x-www-form-urlencoded", "a=1&b=%zz", []field{{name: "a", value: "1"}}, true},
		"semicolon":          {"application/x-www-form-urlencoded", "a=1;b=2", nil, true},
		"multipart":          {"multipart/form-data; boundary=b", multipart, []field{{name: "licence", value: "1-day"}, {name: "photo", file: true}}, false},
		"multipart cut":      {"multipart/form-data; boundary=b", multipart[:60], nil, true},
		"multipart no bound": {"multipart/form-data", multipart, nil, true},
		"json":               {"application/json", `{"a":"1","n":7,"o":{"a":"2"},"a":"3"}`, []field{{name: "a", value: "1"}, {name: "n", scalar: "7"}, {name: "o"}, {name: "a", value: "3"}}, false},
		"json list":          {"application/json", `[{"a":"1"}]`, nil, true},
		"json cut":           {"application/json", `{"a":"1"`, nil, true},
		"json twice":         {"application/json", `{"a":"1"}{"a":"2"}`, nil, true},
		"plain text":         {"text/plain", "a=1", nil, false},
		"no type":            {"", "a=1", nil, false},
		"json by suffix":     {"application/vnd.x+json; charset=utf-8", `{"a":"1"}`, []field{{name: "a", value: "1"}}, false},
	} {
		fields, err := formFields(c.kind, []byte(c.body))
		require.Equal(t, c.broken, err != nil, "%s: %v", name, err)
		if !c.broken {
			require.Equal(t, c.wanted, fields, name)
		}
	}
}

func TestCardNumbersAreFoundAndLittleElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4444333322221111", "4444 3333 2222 1111", "4444-3333-2222-1111", "card:4444333322221111.", "371449635398431", "5105105105105100",
		"a 4444333322221111 b", "6011000990139424", "3566002020360505", "2223003122003222", "4222222222222",
	} {
		require.True(t, hasCardNumber(text), text)
	}
	for _, text := range []string{
		"", "4444333322221112", "0300 123 4567", "07700 900123", "+44 20 7946 0958", "LIC-7F3K-22", "AB 12 34 56 C", "943 476 5919",
		"2026-11-22 10:41:07", "0000000000000000", "4444  3333  2222  1111", "44443333222211110000", "GB29 NWBK 6016 1331 9268 19",
		"123456789012", "9780306406157", "01JDM4Q0V3Q7J2S3", "1764000000000", "4000000000000000000000",
	} {
		require.False(t, hasCardNumber(text), text)
	}
}

func TestFewRandomNumbersLookLikeCards(t *testing.T) {
	t.Parallel()
	found, of := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		of++
		if hasCardNumber(rapid.StringMatching(`[0-9]{16}`).Draw(t, "number")) {
			found++
		}
	})
	require.Less(t, found, of/4, "of %d", of)
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	v := values{
		form:  func(name string) string { return "form-" + name },
		query: func(name string) string { return "query-" + name },
		path:  func(name string) string { return "path-" + name },
	}
	template, err := ParseTemplate("LIC-{path:year}-{form:name}/{query:q}.")
	require.NoError(t, err)
	require.Equal(t, "LIC-path-year-form-name/query-q.", template.fill(v))
	require.Equal(t, []string{"year"}, template.PathNames())
	for _, bad := range []string{"{rand}", "{form}", "{form:}", "{", "{random", "{cookie:x}"} {
		_, err := ParseTemplate(bad)
		require.Error(t, err, bad)
	}
	random, err := ParseTemplate("{random}")
	require.NoError(t, err)
	require.Regexp(t, `^[ABCDEFGHJKMNPQRSTVWXYZ2346789]{10}$`, random.fill(v))
	require.NotEqual(t, random.fill(v), random.fill(v))
}

func TestTheReferenceIsWhatPayWillHave(t *testing.T) {
	t.Parallel()
	template, err := ParseTemplate("{form:ref}")
	require.NoError(t, err)
	route := &Route{Price: 2500, Reference: template, Description: "Licence"}
	terms, err := asked{route: route, form: []field{{name: "ref", value: ` a<b>"c" | http://evil.example/x `}}}.terms()
	require.NoError(t, err)
	require.Equal(t, "abc", terms.Reference, "cleaned before it is held, or Pay's would differ")
	terms, err = asked{route: route}.terms()
	require.NoError(t, err)
	require.Len(t, terms.Reference, 10, "ours, where the form has none")
}

func TestWhoAsksIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	request := func(peer string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.0.0.2")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "licences.example.gov.uk")
		return r
	}
	require.Equal(t, client{address: "203.0.113.7", host: "licences.example.gov.uk", proto: "https", trusted: true}, clientOf(request("10.0.0.1:5"), trusted))
	require.Equal(t, client{address: "198.51.100.1", host: "example.com", proto: "http"}, clientOf(request("198.51.100.1:5"), trusted))
	require.Equal(t, client{address: "10.0.0.1", host: "example.com", proto: "http"}, clientOf(request("10.0.0.1:5"), nil), "nobody is trusted by default")
	for peer, believed := range map[string]bool{
		"[::ffff:10.0.0.1]:5": true, "[::ffff:11.0.0.1]:5": false, "[::10.0.0.1]:5": false, "[fe80::1%eth0]:5": false, "[64:ff9b::10.0.0.1]:5": false, "10.0.0.1": true, "@": false, "": false,
	} {
		require.Equal(t, believed, clientOf(request(peer), trusted).trusted, peer)
	}
	require.True(t, clientOf(request("[fe80::1%eth0]:5"), []netip.Prefix{netip.MustParsePrefix("fe80::/10")}).trusted, "whatever the zone")
}

func TestCardPagesAreAllowedByTheServicesPolicy(t *testing.T) {
	t.Parallel()
	origins := []string{"https://card.example", "https://www.example"}
	for in, out := range map[string]string{
		"default-src 'self'":                           "default-src 'self'",
		"form-action 'self'":                           "form-action 'self' https://card.example https://www.example",
		"default-src 'self'; form-action 'none'":       "default-src 'self'; form-action https://card.example https://www.example",
		"FORM-ACTION 'self' https://card.example; x y": "FORM-ACTION 'self' https://card.example https://www.example; x y",
		"form-action 'self', form-action /x":           "form-action 'self' https://card.example https://www.example, form-action /x https://card.example https://www.example",
		"form-action-x 'self'":                         "form-action-x 'self'",
		"":                                             "",
	} {
		header := http.Header{"Content-Security-Policy": {in}, "Content-Security-Policy-Report-Only": {"form-action 'self'"}}
		allowCardPages(header, origins)
		require.Equal(t, out, header.Get("Content-Security-Policy"))
		require.Equal(t, "form-action 'self'", header.Get("Content-Security-Policy-Report-Only"))
	}
}

func TestThePageOfEachStateSaysWhatHappenedToTheMoney(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, state := range journey.States() {
		page := pageOf(journey.Journey{State: state, Payments: []journey.Payment{{ID: "p", Status: "failed", Code: "P0010"}}})
		require.NotEmpty(t, page, state)
		seen[string(page)] = true
	}
	require.GreaterOrEqual(t, len(seen), 9)
}

func TestTheMarkerIsCutOutOfTheQueryAlone(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"": "", "a=1": "a=1", "paygate-reply=X": "", "a=1&paygate-reply=X&b=%20": "a=1&b=%20", "a=1;b=2&paygate-reply=X": "a=1;b=2",
		"xpaygate-reply=1": "xpaygate-reply=1",
	} {
		require.Equal(t, out, withoutMarker(in))
	}
}

func FuzzCardNumbers(f *testing.F) {
	f.Add("4444 3333-2222 1111")
	f.Add("0300 123 4567")
	f.Fuzz(func(t *testing.T, text string) {
		if hasCardNumber(text) && strings.Count(strings.Map(digitsOnly, text), "") < 14 {
			t.Fatalf("%q has too few digits", text)
		}
	})
}

func digitsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}
