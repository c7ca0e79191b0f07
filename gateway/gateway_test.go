package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/reading"
	"paygate/gateway/spool"
	"paygate/journey"
)

func TestARequestThatMayBeTheFormIsAPayRequest(t *testing.T) {
	t.Parallel()
	route := &Route{When: &Condition{Field: "action", Value: "pay"}}
	for name, c := range map[string]struct {
		kind, body string
		wanted     bool
	}{
		"the form":            {"application/x-www-form-urlencoded", "action=pay", true},
		"another button":      {"application/x-www-form-urlencoded", "action=save", false},
		"another script":      {"application/x-www-form-urlencoded", "Action[]=pay", true},
		"beyond the limits":   {"application/x-www-form-urlencoded", strings.Repeat("a=1&", 10_000) + "action=pay", true},
		"unreadable":          {"application/x-www-form-urlencoded", "action=save&x=%zz", true},
		"no type":             {"", "action=pay", true},
		"a lying type":        {"text/plain", "action=pay", true},
		"a type with a fault": {"application/x-www-form-urlencoded; charset", "action=pay", true},
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
	terms, err := asked{route: route, form: []reading.Field{{Name: "ref", Value: ` a<b>"c" | http://evil.example/x `}}}.terms()
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
