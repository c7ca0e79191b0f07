package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/spool"
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
		fields, err := formFields(c.kind, strings.NewReader(c.body))
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
		fields, err := formFields(kind, strings.NewReader(body))
		require.NoError(t, err, kind)
		require.Len(t, fields, 2, kind)
		require.LessOrEqual(t, len(fields[0].value), maxFieldBytes, kind)
		require.True(t, strings.HasPrefix(fields[0].value, "xxx"), kind)
		require.Equal(t, field{name: "b", value: "2"}, fields[1], kind)
	}
	for name, body := range map[string]string{
		"many fields": strings.Repeat("a=1&", maxFields+1), "long fields": strings.Repeat("a="+strings.Repeat("x", 1000)+"&", 1100),
	} {
		fields, err := formFields(urlencoded, strings.NewReader(body))
		require.ErrorIs(t, err, errTooManyFields, name)
		require.LessOrEqual(t, len(fields), maxFields, name)
	}
}

func TestALongPairIsNotCutWithinAnEscape(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		pair := "a=" + strings.Repeat("x", shift) + strings.Repeat("%41", maxFieldBytes)
		fields, err := urlencodedFields(strings.NewReader(pair))
		require.NoError(t, err)
		require.Regexp(t, "^x*A+$", fields[0].value)
	}
}

func TestARequestThatMayBeTheFormIsAPayRequest(t *testing.T) {
	t.Parallel()
	route := &Route{When: &Condition{Field: "action", Value: "pay"}}
	for name, c := range map[string]struct {
		kind, body string
		wanted     bool
	}{
		"the form":            {urlencoded, "action=pay", true},
		"another button":      {urlencoded, "action=save", false},
		"another script":      {urlencoded, "Action[]=pay", true},
		"beyond the limits":   {urlencoded, strings.Repeat("a=1&", maxFields) + "action=pay", true},
		"unreadable":          {urlencoded, "action=save&x=%zz", true},
		"no type":             {"", "action=pay", true},
		"a lying type":        {"text/plain", "action=pay", true},
		"a type with a fault": {urlencoded + "; charset", "action=pay", true},
		"nothing":             {"", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", c.kind)
		body, err := spool.New(spool.Options{}).Read(t.Context(), strings.NewReader(c.body), -1, 1<<20)
		require.NoError(t, err)
		ask := (&Gateway{}).asked(r, ruling{}, body)
		require.Equal(t, c.wanted, route.concerns(ask), name)
	}
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

func TestAProxysListMayHavePorts(t *testing.T) {
	t.Parallel()
	for list, address := range map[string]string{
		"203.0.113.7:51234": "203.0.113.7", "[2001:db8::7]:443": "2001:db8::7", "6.6.6.6, 203.0.113.7:1,10.0.0.2:5": "203.0.113.7",
		"203.0.113.7:99999": "10.0.0.1", "203.0.113.7:": "10.0.0.1", "10.0.0.2:5": "10.0.0.2", "unknown": "10.0.0.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "10.0.0.1:5"
		r.Header.Set("X-Forwarded-For", list)
		require.Equal(t, address, clientOf(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}).address, list)
	}
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
