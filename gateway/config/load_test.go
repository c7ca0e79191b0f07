package config_test

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/gateway/modes"
	"paygate/journey"
)

// secretText returns 32 bytes that look random.
func secretText(seed byte) string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = seed + byte(i*37)
	}
	return base64.RawURLEncoding.EncodeToString(key)
}

// usual returns the fewest settings that load.
func usual() map[string]string {
	return map[string]string{
		"PAYGATE_UPSTREAM": "http://10.0.0.5:8080", "PAYGATE_PUBLIC_URL": "https://licences.example.gov.uk",
		"PAYGATE_PAY_API_KEY": "api_live_topsecretkey", "PAYGATE_SECRETS": secretText(1),
		"PAYGATE_SERVICE_NAME": "Fishing licences",
		"PAYGATE_ROUTES":       "licence", "PAYGATE_ROUTE_LICENCE_MATCH": "POST /licences/apply",
		"PAYGATE_ROUTE_LICENCE_PRICE": "25.00", "PAYGATE_ROUTE_LICENCE_DESCRIPTION": "Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT": "303", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION": "/licences/confirmation",
	}
}

func load(t *testing.T, over map[string]string) (config.Settings, config.Faults) {
	t.Helper()
	all := usual()
	maps.Copy(all, over)
	var environ []string
	for name, value := range all {
		if value != "(unset)" {
			environ = append(environ, name+"="+value)
		}
	}
	settings, err := config.Load(environ)
	if err == nil {
		return settings, nil
	}
	faults, ok := err.(config.Faults)
	require.True(t, ok, "the error is not of type Faults")
	return settings, faults
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	s, faults := load(t, nil)
	require.Empty(t, faults)
	require.Equal(t, "/_pay", s.Prefix)
	require.Equal(t, ":8000", s.Listen)
	require.Equal(t, "127.0.0.1:8001", s.StaffListen)
	require.Equal(t, config.Store{Kind: "bbolt", Path: "paygate.db"}, s.Store)
	require.EqualValues(t, 10<<20, s.HoldMaxBytes)
	require.EqualValues(t, 1<<20, s.ReplyMaxBytes)
	require.True(t, s.Live)
	require.True(t, s.WebSockets)
	require.True(t, s.RefuseCards)
	require.Equal(t, 10, s.PayRate)
	require.Equal(t, 10*time.Second, s.PayTimeout)
	require.Equal(t, "https://licences.example.gov.uk", s.Audience)
	require.Empty(t, s.Warnings)
	r := s.Routes[0]
	require.EqualValues(t, 2500, r.Price)
	require.True(t, r.Strict)
	require.Equal(t, modes.On, r.Mode)
	require.Equal(t, journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Live: true,
		Capture: "on-accept", Release: "confirmed", Accept: journey.Statuses{{From: 303, To: 303}},
		Acceptance: &journey.Acceptance{Locations: []string{"/licences/confirmation"}},
		Repeat:     "never", OnRefused: "return", RefusedPage: true,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, PassFor: time.Hour,
		ReturnGrace: 5 * time.Minute,
		ClaimFor:    90 * time.Second, MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour,
		SecondLook: 24 * time.Hour, KeepReply: time.Hour, KeepJourney: 17520 * time.Hour, UnseenFor: 24 * time.Hour,
	}, r.Terms)
}

// wrongs lists wrong values of each setting.
var wrongs = map[string][]string{
	"PAYGATE_UPSTREAM": {
		"unix:", "unix:relative", "unix:/" + strings.Repeat("x", 107), "(unset)", "10.0.0.5", "ftp://x",
		"http://x/path", "http://u:p@x",
	},
	"PAYGATE_UPSTREAM_TIMEOUT": {"60", "0s", "-1s"},
	"PAYGATE_PUBLIC_URL": {
		"(unset)", "http://licences.example.gov.uk", "https://x/y", "https://x?y",
		"https://a.gov.uk,https://A.gov.uk.:443", "https://a.gov.uk,",
		"https://licences.example", "https://exa_mple.gov.uk", "https://a.gov.uk,https://b.test",
	},
	"PAYGATE_FOOTER_LINKS": {
		"Privacy", "=/privacy", "Privacy=privacy", "Privacy=javascript:alert(1)", "Privacy=//x/y",
		"A=/a,", "A=ftp://x/",
		"A=https:///x", "A=/\\x",
	},
	"PAYGATE_FOOTER_LINKS_CY":       {"Preifatrwydd"},
	"PAYGATE_ROUTE_LICENCE_NOUN":    {strings.Repeat("x", 51)},
	"PAYGATE_ROUTE_LICENCE_NOUN_CY": {strings.Repeat("x", 51)},
	"PAYGATE_RECONCILE_AT":          {"4:00", "24:00", "04:00:00", "daily", "on"},
	"PAYGATE_PAY_API_KEY":           {"(unset)", "api_test_topsecretkey", "api_live_with blank"},
	"PAYGATE_PAY_MODE":              {"sandbox", "test"},
	"PAYGATE_PAY_API_URL":           {"http://pay.example.org", "pay"},
	"PAYGATE_PAY_CARD_ORIGINS":      {"http://card.example.org", "https://card.example.org/secure", ",,"},
	"PAYGATE_PAY_WEBHOOK_SECRETS":   {"a,,b"},
	"PAYGATE_PAY_RATE":              {"0", "many"},
	"PAYGATE_PAY_RATE_TOTAL":        {"-1"},
	"PAYGATE_PAY_TIMEOUT":           {"soon", "46s"},
	"PAYGATE_SECRETS": {
		"(unset)", "replace-me", "c2hvcnQ", strings.Repeat("A", 43), secretText(1) + "," + secretText(1),
	},
	"PAYGATE_ROUTES":       {"(unset)", "Licence", "licence,licence", "licence,"},
	"PAYGATE_LISTEN":       {"unix:", "unix:paygate.sock", "8000", ":99999", "127.0.0.1:abc", ":-1"},
	"PAYGATE_STAFF_LISTEN": {"nowhere", ":8000", "127.0.0.1:8000", "127.0.0.1:65536"},
	"PAYGATE_STAFF_TOKENS": {
		"ann", "ann:short", "ann:0123456789abcdef,ann:0123456789abcdeg",
		"ann:0123456789abcdef,bob:0123456789abcdef", "ann:view:short", "ann:view:", ":view:0123456789abcdef",
		"ann:view:0123456789abcdef,bob:admin:0123456789abcdef", "ann:refund",
	},
	"PAYGATE_STAFF_OIDC_ISSUER": {
		"login.example", "https://login.microsoftonline.com/common/v2.0", "https://x.gov.uk/?tenant=1",
		"https://login.microsoftonline.com/organizations/v2.0", "http://login.example.gov.uk",
	},
	"PAYGATE_STAFF_OIDC_CLIENT_ID":      {"paygate"},
	"PAYGATE_STAFF_OIDC_CLIENT_SECRET":  {"topsecretkey"},
	"PAYGATE_STAFF_OIDC_TRUST_EMAIL":    {"yes"},
	"PAYGATE_STAFF_PROXY_HEADER":        {"X-Forwarded-Email", "X Email", "X_Email", "X-Email:"},
	"PAYGATE_STAFF_PROXY_GROUPS_HEADER": {"X-Forwarded-Groups"},
	"PAYGATE_REFUND_SECOND_PERSON_FROM": {"0", "-5", "100.5", "all"},
	"PAYGATE_STAFF_PROXIES":             {"10.0.0.1", "0.0.0.0/0"},
	"PAYGATE_STAFF_ROLES": {
		"ann@example.gov.uk", "ann@example.gov.uk=owner", "ann=view", "*@=view", "*@a@b=view", "group:=view",
		"sub:=admin",
		"@example.gov.uk=view", "ann@=view", "ann@example.gov.uk=view",
	},
	"PAYGATE_STORE": {
		"mysql:x", "bbolt:", "postgres:paygate", "postgres://u:hunter2@db:port/paygate",
		"postgres://u:hunter2/x@db/paygate",
		"postgresql://u:hunter2@db/paygate?sslmode=requird", "postgres://u:hunter2%zz@db/paygate",
		"postgres://db/x?pool_max_conns=0",
	},
	"PAYGATE_PREFIX":          {"pay", "/pay/", "/", "/../x", "/PAY"},
	"PAYGATE_TRUSTED_PROXIES": {"10.0.0.1", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104"},
	"PAYGATE_HOLD_MAX_BYTES":  {"10MB", "0", "-1", "9999999GiB"},
	"PAYGATE_REPLY_MAX_BYTES": {"much"},
	"PAYGATE_KEEP_REPLY":      {"0s"},
	"PAYGATE_KEEP_JOURNEYS":   {"2y"},
	"PAYGATE_MOPUP_EVERY":     {"0s"},
	"PAYGATE_MOPUP_MIN_AGE":   {"-1s", "old"},
	"PAYGATE_SECOND_LOOK":     {"0"},
	"PAYGATE_CAPTURE_MARGIN":  {"120h", "0s"},
	"PAYGATE_SERVICE_NAME":    {"(unset)", "with\nlines"},
	"PAYGATE_NOTIFY_API_KEY": {
		"topsecret", "x-11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-topsecret",
	},
	"PAYGATE_NOTIFY_API_URL":            {"http://notify.example.org", "notify", "https://x/v2"},
	"PAYGATE_NOTIFY_TEMPLATE_DELIVERED": {"delivered", "7a0a79c3-0000-4000-8000-00000000000"},
	"PAYGATE_ALERT_WEBHOOK": {
		"http://hooks.example.com/topsecret", "hooks/topsecret", "ftp://x/topsecret", "https:///topsecret",
		"https://x/%zztopsecret",
	},
	"PAYGATE_ALERT_FORMAT":     {"mail", "teams"},
	"PAYGATE_STAFF_PUBLIC_URL": {"staff", "https://staff.example.org/paygate"},
	"PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL": {
		"email", "{form:}", "{query:email}", "{form:a}{form:b}", "{form:email", "x{form:email}",
	},
	"PAYGATE_LOG_LEVEL":     {"loud"},
	"PAYGATE_LOG_FORMAT":    {"xml"},
	"PAYGATE_SIGNING_ALG":   {"HS256", "none"},
	"PAYGATE_LANGUAGE":      {"lang", "cookie:", "header:lang", "path:cy", "cookie:/x", "cookie:lang,"},
	"PAYGATE_HOLD_HEADERS":  {"X-Kept"},
	"PAYGATE_WEBSOCKETS":    {"yes"},
	"PAYGATE_METHODS":       {"CONNECT", "TRACE", "propfind"},
	"PAYGATE_CARD_NUMBERS":  {"keep"},
	"PAYGATE_TLS_CERT_FILE": {"cert.pem"},
	"PAYGATE_ROUTE_LICENCE_TELL": {
		"/events", "GET /events", "POST events", "POST /{name}", "POST /events?x=1", "POST /", "POST /index.php",
		"POST /licences/apply", "POST /Licences/Apply.php", "POST /licences", "POST /licences/apply/events",
		"POST /_pay/events",
	},
	"PAYGATE_ROUTE_LICENCE_TELL_ON": {"refunded", "delivered", "refunded,", "returned,returned"},
	"PAYGATE_ROUTE_LICENCE_MATCH": {
		"(unset)", "/licences/apply", "post /x", "POST licences", "POST /a//b", "POST /a/../b", "POST /a%2fb",
		"POST /_pay/x", "GET",
	},
	"PAYGATE_ROUTE_LICENCE_WHEN": {"action=pay", "form:", "form:=pay", "query:a=b"},
	"PAYGATE_ROUTE_LICENCE_PRICE": {
		"(unset)", "£25", "25.5", "25.000", "0", "0.00", "100000.01", "-1", "1e3", "25,00",
	},
	"PAYGATE_ROUTE_LICENCE_PRICES":         {"1-day=6.00", "1-day=6.00,1-day=0.00"},
	"PAYGATE_ROUTE_LICENCE_PRICE_FIELD":    {"licence"},
	"PAYGATE_ROUTE_LICENCE_DESCRIPTION":    {"(unset)", "a <b>", strings.Repeat("x", 256)},
	"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY": {"a | b"},
	"PAYGATE_ROUTE_LICENCE_REFERENCE":      {"{rand}", "{form:}", "{random", "{path:year}"},
	"PAYGATE_ROUTE_LICENCE_METADATA": {
		"ledger", "a=1,A=2", strings.Repeat("k", 31) + "=1", "k=" + strings.Repeat("v", 101),
	},
	"PAYGATE_ROUTE_LICENCE_PREFILL": {"telephone=phone", "email"},
	"PAYGATE_ROUTE_LICENCE_SHARE":   {"name", "email,email", "email,"},
	"PAYGATE_ROUTE_LICENCE_CAPTURE": {"later"},
	"PAYGATE_ROUTE_LICENCE_RELEASE": {"on-return", "never"},
	"PAYGATE_ROUTE_LICENCE_ACCEPT": {
		"(unset)", "200 ok", "2xx,,", "6xx", "1xx", "4xx", "5xx", "100", "200-302", "301-303", "302-308", "303-302",
	},
	"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION": {
		"(unset)", "done", "//x/y", "/a/../b", "/a,*", "/a#b", "https://x", "ftp://x/y", "/a b", "/a/*", "/a/{id}",
		",", "https://u@x/y",
	},
	"PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT":  {" ", "a |  | b", "a | "},
	"PAYGATE_ROUTE_LICENCE_REFUSE_TEXT":  {"*", "* | a", " | a"},
	"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR": {"0s"},
	"PAYGATE_ROUTE_LICENCE_RETURN_GRACE": {"0s", "-5m", "never", "5"},
	"PAYGATE_ROUTE_LICENCE_ON_REFUSED":   {"keep"},
	"PAYGATE_ROUTE_LICENCE_REPEAT":       {"often"},
	"PAYGATE_ROUTE_LICENCE_RETRY_FOR":    {"0"},
	"PAYGATE_ROUTE_LICENCE_PASS_FOR":     {"x"},
	"PAYGATE_ROUTE_LICENCE_ALIASES":      {"/x", "GET /x"},
	"PAYGATE_ROUTE_LICENCE_ALLOW":        {"x"},
	"PAYGATE_ROUTE_LICENCE_STRICT":       {"yes"},
	"PAYGATE_ROUTE_LICENCE_MODE":         {"off"},
}

func TestWrongValuesAreReportedByName(t *testing.T) {
	t.Parallel()
	for name, values := range wrongs {
		for _, value := range values {
			_, faults := load(t, map[string]string{name: value})
			require.NotEmpty(t, faults, "%s=%s was accepted", name, value)
			text := faults.Error()
			family := strings.TrimSuffix(strings.TrimSuffix(name, "_PRICES"), "_PRICE_FIELD")
			require.Contains(t, text, strings.TrimSuffix(family, "_PAY_MODE"), "%s=%s", name, value)
			secret := slices.Contains([]string{"PAYGATE_SECRETS", "PAYGATE_PAY_API_KEY", "PAYGATE_STAFF_TOKENS"}, name)
			if secret && value != "(unset)" {
				require.NotContains(t, text, value, "a secret was printed")
			}
			require.NotContains(t, text, "topsecret")
			require.NotContains(t, text, "hunter2")
		}
	}
}

func TestStoreAcceptsPostgresURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://paygate:hunter2@db.internal/paygate",
		"postgresql://paygate:hunter2@db:5433/paygate?sslmode=verify-full&pool_max_conns=20",
		"postgres://paygate@/paygate?host=/run/postgresql", "postgres://a,b/paygate?target_session_attrs=read-write",
	} {
		s, faults := load(t, map[string]string{"PAYGATE_STORE": url})
		require.Empty(t, faults)
		require.Equal(t, config.Store{Kind: config.Postgres, Path: url}, s.Store)
		require.Contains(t, s.Describe(), "postgres")
		require.NotContains(t, s.Describe(), "hunter2")
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, faults := load(t, map[string]string{
		"PAYGATE_UPSTREAM": "x", "PAYGATE_LISTEN": "x", "PAYGATE_ROUTE_LICENCE_PRICE": "x",
	})
	require.Len(t, faults, 3)
	require.True(t, slices.IsSorted(faults))
}

func TestMissingSettingsAreReportedOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load(nil)
	var faults config.Faults
	require.ErrorAs(t, err, &faults)
	for _, fault := range faults {
		require.Contains(t, fault, "is required")
	}
	require.Len(t, faults, 6)
}

func TestUnknownVariableIsAFault(t *testing.T) {
	t.Parallel()
	for name, suggestion := range map[string]string{
		"PAYGATE_UPSTREEM": "PAYGATE_UPSTREAM", "PAYGATE_ROUTE_LICENSE_PRICE": "PAYGATE_ROUTE_LICENCE_PRICE",
		"PAYGATE_ROUTE_OTHER_MATCH": "",
	} {
		_, faults := load(t, map[string]string{name: "topsecret"})
		require.Len(t, faults, 1)
		require.Contains(t, faults[0], name+": there is no such setting")
		require.Contains(t, faults[0], suggestion)
		require.NotContains(t, faults[0], "topsecret")
	}
	_, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENSE_PRICE": ""})
	require.Len(t, faults, 1, "a misspelt name is a fault even without a value")
	_, faults = load(t, map[string]string{"PAYGATE_CONTACT": ""})
	require.Empty(t, faults, "a setting without a value counts as not set")
}

func TestOverlappingRoutesAreAFault(t *testing.T) {
	t.Parallel()
	second := func(match string, over ...string) map[string]string {
		all := map[string]string{
			"PAYGATE_ROUTES": "licence,other", "PAYGATE_ROUTE_OTHER_MATCH": match,
			"PAYGATE_ROUTE_OTHER_PRICE": "5", "PAYGATE_ROUTE_OTHER_DESCRIPTION": "Other",
			"PAYGATE_ROUTE_OTHER_ACCEPT": "303", "PAYGATE_ROUTE_OTHER_ACCEPT_LOCATION": "/other/done",
		}
		for i := 0; i < len(over); i += 2 {
			all[over[i]] = over[i+1]
		}
		return all
	}
	_, faults := load(t, second("POST /licences/apply"))
	require.NotEmpty(t, faults, "the pattern appears twice")
	_, faults = load(t, second("POST /licences/{what}"))
	require.Empty(t, faults, "one is more specific")
	_, faults = load(t, second("POST /{what}/apply", "PAYGATE_ROUTE_LICENCE_MATCH", "POST /licences/{what}"))
	require.NotEmpty(t, faults, "neither is more specific")
	sameMatch := func(when, otherWhen string) map[string]string {
		return second("POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN", when, "PAYGATE_ROUTE_OTHER_WHEN", otherWhen)
	}
	_, faults = load(t, sameMatch("form:do=pay", "form:do=renew"))
	require.Empty(t, faults, "told apart by WHEN")
	_, faults = load(t, sameMatch("form:pay", "form:renew"))
	require.Empty(t, faults, "told apart by which button is there")
	_, faults = load(t, sameMatch("form:do", "form:do=renew"))
	require.NotEmpty(t, faults, "any value is also this one")
	_, faults = load(t, map[string]string{
		"PAYGATE_ROUTES": "apply,apply-accept", "PAYGATE_ROUTE_APPLY_ACCEPT_LOCATION": "/x",
	})
	require.Contains(t, faults.Error(), `the settings of "apply-accept" could be taken for those of "apply"`)
}

func TestSecretsCanBeFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	s, faults := load(t, map[string]string{
		"PAYGATE_PAY_API_KEY": "(unset)", "PAYGATE_PAY_API_KEY_FILE": file("key", "api_live_fromfile\n"),
	})
	require.Empty(t, faults)
	require.Equal(t, "api_live_fromfile", s.PayAPIKey)
	for name, over := range map[string]map[string]string{
		"both":    {"PAYGATE_PAY_API_KEY_FILE": file("both", "x")},
		"empty":   {"PAYGATE_PAY_API_KEY": "(unset)", "PAYGATE_PAY_API_KEY_FILE": file("empty", "\n")},
		"missing": {"PAYGATE_PAY_API_KEY": "(unset)", "PAYGATE_PAY_API_KEY_FILE": filepath.Join(folder, "missing")},
	} {
		_, faults := load(t, over)
		require.Contains(t, faults.Error(), "PAYGATE_PAY_API_KEY_FILE", name)
	}
}

func TestPricesAreExact(t *testing.T) {
	t.Parallel()
	for text, pence := range map[string]int64{
		"25": 2500, "25.00": 2500, "0.01": 1, "0.99": 99, "100000.00": 10_000_000, "100000": 10_000_000, "8.10": 810,
	} {
		s, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_PRICE": text})
		require.Empty(t, faults, text)
		require.Equal(t, pence, s.Routes[0].Price, text)
	}
	s, faults := load(t, map[string]string{
		"PAYGATE_ROUTE_LICENCE_PRICE": "(unset)", "PAYGATE_ROUTE_LICENCE_PRICES": "1-day=6.00, 8-day=13.50",
		"PAYGATE_ROUTE_LICENCE_PRICE_FIELD": "licence",
	})
	require.Empty(t, faults)
	require.Equal(t, map[string]int64{"1-day": 600, "8-day": 1350}, s.Routes[0].Prices)
}

func TestChoicesMayCostNothing(t *testing.T) {
	t.Parallel()
	prices := func(text string) (config.Settings, config.Faults) {
		return load(t, map[string]string{
			"PAYGATE_ROUTE_LICENCE_PRICE": "(unset)", "PAYGATE_ROUTE_LICENCE_PRICES": text,
			"PAYGATE_ROUTE_LICENCE_PRICE_FIELD": "licence",
		})
	}
	for _, text := range []string{"1-day=6.00,blue-badge=0.00", "1-day=6,blue-badge=0"} {
		s, faults := prices(text)
		require.Empty(t, faults, text)
		require.Equal(t, map[string]int64{"1-day": 600, "blue-badge": 0}, s.Routes[0].Prices)
		require.Contains(t, s.Describe(), "by licence: 1-day £6.00, blue-badge free")
	}
	for text, says := range map[string]string{
		"blue-badge=0.00": "names no price above zero", "a=0,b=0.00": "names no price above zero",
		"1=6.00,01=0.00": `some services take "01", which costs nothing, for another choice`,
		"a=6.00,A=0.00":  `some services take "A", which costs nothing, for another choice`,
		"a=6.00,b=0.0":   "must be pounds", "a=6.00,b=-0": "must be pounds", "a=6.00,b=": "must be pounds",
	} {
		_, faults := prices(text)
		require.Len(t, faults, 1, text)
		require.Contains(t, faults[0], says)
	}
}

func TestWarningsAboutSettings(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{
		"PAYGATE_PAY_API_KEY": "oldkeywithoutprefix", "PAYGATE_UPSTREAM": "http://203.0.113.9",
		"PAYGATE_ROUTE_LICENCE_MODE": "free",
	})
	require.Empty(t, faults)
	require.Len(t, s.Warnings, 3)
}

func TestReturnGraceIsForSubmissions(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_RETURN_GRACE": "off"})
	require.Empty(t, faults)
	require.Zero(t, s.Routes[0].Terms.ReturnGrace)
	require.Contains(t, s.Describe(), "delivered by the first sweep 3h0m0s after the payment began")
	pass := map[string]string{
		"PAYGATE_ROUTE_LICENCE_MATCH": "GET /report", "PAYGATE_ROUTE_LICENCE_ACCEPT": "2xx",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION": "",
	}
	s, faults = load(t, pass)
	require.Empty(t, faults)
	require.Zero(t, s.Routes[0].Terms.ReturnGrace)
	for _, value := range []string{"5m", "off"} {
		pass["PAYGATE_ROUTE_LICENCE_RETURN_GRACE"] = value
		_, faults = load(t, pass)
		require.Contains(t, faults.Error(), "PAYGATE_ROUTE_LICENCE_RETURN_GRACE: is for submissions")
	}
}

func TestDescribeShowsRoutesAndNoSecrets(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{
		"PAYGATE_STAFF_TOKENS": "ann:0123456789abcdef", "PAYGATE_ROUTE_LICENCE_WHEN": "form:button=pay",
		"PAYGATE_ROUTE_LICENCE_ALIASES": "POST /a,POST /b",
		"PAYGATE_ROUTE_LICENCE_ALLOW":   "POST /licences/apply/documents",
	})
	require.Empty(t, faults)
	text := s.Describe()
	require.Contains(t, text, "POST /licences/apply, £25.00, submission, capture on-accept, release confirmed\n"+
		"  accepted       303 to /licences/confirmation\n"+
		"  no return      delivered 5m0s after GOV.UK Pay first says that the money is there\n"+
		"  when           the form field button is pay\n"+
		"  alias          POST /a\n"+
		"  alias          POST /b\n"+
		"  free nearby    POST /licences/apply/documents\n")
	for _, secret := range []string{"topsecret", secretText(1), "0123456789abcdef"} {
		require.NotContains(t, text, secret)
	}
}

func TestLoadClientNeedsOnlyTheStaffListener(t *testing.T) {
	t.Parallel()
	c, err := config.LoadClient([]string{"PAYGATE_STAFF_LISTEN=:9001", "PAYGATE_STAFF_TOKENS=ann:0123456789abcdef"})
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:9001", c.StaffURL.String())
	require.Equal(t, "0123456789abcdef", c.Token)
	c, err = config.LoadClient([]string{"PAYGATE_STAFF_TOKENS=ann:view:0123456789abcdef"})
	require.NoError(t, err)
	require.Equal(t, "0123456789abcdef", c.Token)
	c, err = config.LoadClient([]string{"PAYGATE_STAFF_TOKENS=ann:0123456789abcdef,bob:0123456789abcdeg"})
	require.NoError(t, err)
	require.Empty(t, c.Token, "no one may act in the name of the first of the list")
	c, err = config.LoadClient([]string{"PAYGATE_STAFF_URL=http://10.0.0.9:8001", "PAYGATE_STAFF_TOKEN=t"})
	require.NoError(t, err)
	require.Equal(t, "http://10.0.0.9:8001", c.StaffURL.String())
}

func TestAFaultCausesNoOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, fault string }{
		{"PAYGATE_ROUTES", "my licence", `"my licence" is not a name`},
		{"PAYGATE_ROUTES", "licence,", "has an empty item"},
		{"PAYGATE_ROUTE_LICENCE_ACCEPT", `"303"`, "is not a status that can say yes"},
		{"PAYGATE_ROUTE_LICENCE_ACCEPT", " ", "names no status"},
		{"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION", "done", "must be the beginning of an address"},
		{"PAYGATE_ROUTE_LICENCE_MATCH", "POST licences", ""},
		{"PAYGATE_PAY_API_KEY", "api_live_with blank", "has blanks"},
		{"PAYGATE_PAY_API_KEY_FILE", "/nowhere", "cannot be set together with"},
		{"PAYGATE_PAY_MODE", "sandbox", "must be live or test"},
		{"PAYGATE_LISTEN", "8000", "must be an address"},
	} {
		_, faults := load(t, map[string]string{c.name: c.value})
		require.Len(t, faults, 1, "%s=%s", c.name, c.value)
		require.Contains(t, faults[0], c.name+": ")
		require.Contains(t, faults[0], c.fault)
	}
	_, faults := load(t, map[string]string{"PAYGATE_SECRETS": "(unset)", "PAYGATE_SECRETS_FILE": "/nowhere"})
	require.Equal(t, config.Faults{"PAYGATE_SECRETS_FILE: cannot be read"}, faults)
}

func TestBlankAcceptLocationIsMissing(t *testing.T) {
	t.Parallel()
	_, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION": " "})
	require.Contains(t, faults.Error(), "ACCEPT_LOCATION: is required", "a blank would accept any redirect")
}

func TestSettingsOfTheOtherKindOfRouteAreAFault(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{"PASS_FOR": "2h", "PASS_QUERY": "lang"} {
		_, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_" + variable: value})
		require.Equal(t,
			config.Faults{"PAYGATE_ROUTE_LICENCE_" + variable + ": is for passes; MATCH is a submission"}, faults)
	}
	_, faults := load(t, map[string]string{"PAYGATE_ROUTE_LICENCE_PASS_FOR": "1h"})
	require.Empty(t, faults, "a default may be written down")
	for variable, value := range map[string]string{"GET_QUERY": "lang", "WHEN": "form:pay", "RETURN_GRACE": "off"} {
		_, faults := load(t, map[string]string{
			"PAYGATE_ROUTE_LICENCE_MATCH": "GET /report", "PAYGATE_ROUTE_LICENCE_" + variable: value,
		})
		require.Equal(t,
			config.Faults{"PAYGATE_ROUTE_LICENCE_" + variable + ": is for submissions; MATCH is a pass"}, faults)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("PAYGATE_ROUTES", "a,b-c,,")
	f.Add("PAYGATE_ROUTE_LICENCE_MATCH", "POST /{a}/{b...}?x=y")
	f.Add("PAYGATE_SECRETS", "topsecret")
	f.Fuzz(func(t *testing.T, name, value string) {
		environ := []string{name + "=" + value}
		for n, v := range usual() {
			if n != name {
				environ = append(environ, n+"="+v)
			}
		}
		if _, err := config.Load(environ); err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Fatalf("a secret was printed: %v", err)
		}
	})
}

func TestOriginsAreNormalised(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{
		"PAYGATE_PUBLIC_URL":    "https://Bücher.example.org., https://www.example.org:443/,https://example.org:8443",
		"PAYGATE_UPSTREAM":      "http://bücher.internal:8080",
		"PAYGATE_UPSTREAM_HOST": "bücher.example.org:8080",
	})
	require.Empty(t, faults)
	require.Equal(t, "https://xn--bcher-kva.example.org,https://www.example.org,https://example.org:8443",
		s.Origins.String())
	require.Equal(t, "https://xn--bcher-kva.example.org", s.Audience)
	require.Equal(t, "xn--bcher-kva.internal:8080", s.Upstream.Host)
	require.Equal(t, "xn--bcher-kva.example.org:8080", s.UpstreamHost)
}

func TestHostThatPayRefusesIsAWarningInTestMode(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{
		"PAYGATE_PUBLIC_URL": "http://licences.test,http://127.0.0.1:8000", "PAYGATE_PAY_MODE": "test",
		"PAYGATE_PAY_API_KEY": "api_test_topsecretkey",
	})
	require.Empty(t, faults)
	require.Contains(t, strings.Join(s.Warnings, "\n"), "GOV.UK Pay does not accept the host licences.test")
	require.NotContains(t, strings.Join(s.Warnings, "\n"), "127.0.0.1")
}

func TestUnixSocketsAreAccepted(t *testing.T) {
	t.Parallel()
	s, faults := load(t, map[string]string{
		"PAYGATE_UPSTREAM": "unix:/run/service.sock", "PAYGATE_LISTEN": "unix:/run/paygate.sock",
	})
	require.Empty(t, faults)
	require.Equal(t, "/run/service.sock", s.Upstream.Socket)
	require.Equal(t, "http://localhost", s.Upstream.URL.String())
	require.Equal(t, "unix:/run/paygate.sock", s.Listen)
	require.Contains(t, s.Describe(), "unix:/run/service.sock, time limit")
	_, faults = load(t, map[string]string{"PAYGATE_STAFF_LISTEN": "unix:/run/staff.sock"})
	require.Len(t, faults, 1)
}

func TestLoadClientIgnoresFaultsOfOtherSettings(t *testing.T) {
	t.Parallel()
	c, err := config.LoadClient([]string{"PAYGATE_STORE=nonsense", "PAYGATE_STAFF_TOKENS=ann:short"})
	require.NoError(t, err)
	require.Equal(t, "short", c.Token)
}

func TestFaultyNameOfARouteHidesNoFaultsOfOthers(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"PAYGATE_ROUTES=licence,Bad Name", "PAYGATE_ROUTE_LICENCE_MATCH=nonsense"})
	require.ErrorContains(t, err, "PAYGATE_ROUTES:")
	require.ErrorContains(t, err, "PAYGATE_ROUTE_LICENCE_MATCH:")
}
