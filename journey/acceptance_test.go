package journey

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed returns a set of single statuses.
func listed(statuses ...int) Statuses {
	var s Statuses
	for _, status := range statuses {
		s = append(s, StatusRange{status, status})
	}
	return s
}

// leading returns a redirect in the answer to the form /licences/apply, which was sent from the page before it.
func leading(location string) Redirect {
	held, _ := url.Parse("https://licences.example.gov.uk/licences/apply")
	return Redirect{
		Location: location, Held: held, Referer: "https://licences.example.gov.uk/licences/form?step=2",
		Hosts: []string{"10.0.0.5:8080", "", "internal.example"},
	}
}

func TestVerdictByStatus(t *testing.T) {
	t.Parallel()
	all := Terms{
		Kind: KindSubmission, Accept: Statuses{{200, 299}, {302, 303}},
		Acceptance: &Acceptance{Locations: []string{"/licences/confirmation"}, Texts: []string{Any}},
	}
	const done, again = "/licences/confirmation/7", "/licences/apply/"
	const otherHost = "https://www.example.gov.uk/licences/confirmation"
	for _, c := range []struct {
		statuses []int
		location string
		verdict  Verdict
	}{
		{[]int{200, 201, 202, 204, 299}, "", VerdictAccepted},
		{[]int{302, 303}, done, VerdictAccepted},
		{[]int{302, 303}, again, VerdictRefused},
		{[]int{302, 303}, otherHost, VerdictRefused},
		{[]int{302, 303}, "", VerdictRefused},
		{[]int{300, 304, 305, 306}, done, VerdictRefused},
		{[]int{301, 307, 308}, again, VerdictRefused},
		{[]int{301, 307, 308}, "/Licences/APPLY", VerdictRefused},
		{[]int{301, 307, 308}, "/licences/apply;jsessionid=3F", VerdictRefused},
		{[]int{301, 307, 308}, "http://www.example.gov.uk/licences/apply?x=1", VerdictRefused},
		{[]int{301, 307, 308}, done, VerdictUnknown},
		{[]int{301, 307, 308}, "", VerdictUnknown},
		{[]int{400, 401, 403, 404, 409, 413, 422, 451}, "", VerdictRefused},
		{[]int{429}, "", VerdictNotSent},
		{[]int{408, 500, 502, 503, 504, 599, 999}, "", VerdictUnknown},
	} {
		for _, status := range c.statuses {
			verdict, _ := all.Verdict(Answer{Status: status, Redirect: leading(c.location), Whole: true})
			require.Equal(t, c.verdict, verdict, "%d %s", status, c.location)
		}
	}
}

func TestRedirectListedByNumberIsAccepted(t *testing.T) {
	t.Parallel()
	terms := Terms{Kind: KindSubmission, Accept: listed(301, 308, 500), Acceptance: &Acceptance{}}
	for location, verdict := range map[string]Verdict{
		"/licences/done": VerdictAccepted, "/licences/apply/": VerdictRefused, "/log-in": VerdictUnknown,
		"https://elsewhere.example/done": VerdictUnknown, "": VerdictUnknown,
	} {
		for _, status := range []int{301, 308} {
			got, _ := terms.Verdict(Answer{Status: status, Redirect: leading(location)})
			require.Equal(t, verdict, got, location)
		}
	}
	got, _ := terms.Verdict(Answer{Status: 307, Redirect: leading("/licences/done")})
	require.Equal(t, VerdictUnknown, got, "not listed")
	got, _ = terms.Verdict(Answer{Status: 500})
	require.Equal(t, VerdictAccepted, got)
}

func TestLocationOfAnAcceptingRedirect(t *testing.T) {
	t.Parallel()
	places := []string{
		"/licences/confirmation", "/index.php?page=done", "/thanks/",
		"https://forms.example.gov.uk/ended", "/café", "/", "https://Licences.example.gov.uk/whole",
	}
	terms := Terms{Kind: KindSubmission, Accept: listed(302, 303), Acceptance: &Acceptance{Locations: places}}
	for want, locations := range map[Verdict][]string{
		VerdictAccepted: {
			"/licences/confirmation", "/licences/confirmation/7", "/licences/confirmation?id=7", "confirmation",
			"./confirmation/7", "../licences/confirmation", "confirmation#top", "/licences/confirmation;jsessionid=3F",
			"/whole/7", "http://10.0.0.5:8080/whole", "http://licences.example.gov.uk/whole", "/caf%c3%a9/sent",
			"/caf%C3%A9/sent", "/café/sent", "/licences/confirmation/LIC%2F7", "/licences/confirmation/é|^",
			"/index.php?page=done", "/index.php?page=done&id=7", "/thanks/ann", "/thanks/", "/", "/?received=1",
			"https://licences.example.gov.uk/licences/confirmation",
			"https://LICENCES.example.gov.uk:443/licences/confirmation",
			"http://licences.example.gov.uk/licences/confirmation", "http://10.0.0.5:8080/licences/confirmation",
			"https://internal.example/licences/confirmation", "//licences.example.gov.uk/licences/confirmation",
			" /licences/confirmation ", "/licences/\tconfirmation", "/licences/confirmation?name=Ann Smith&x=100%",
			"https://forms.example.gov.uk/ended?ref=7",
		},
		VerdictRefused: {
			"/licences/confirmation/../../login", "/licences/confirmation/%2e%2e/%2E./login",
			`/licences/confirmation\..\..\login`, "/licences/confirmation/..;/..;/login", "/licences/confirmation;x=1",
			"/licences/confirmation.old", "/licences/confirmations", "/licences/confirmatio", "/LICENCES/confirmation",
			"/licences/confirmation%2f..%2flogin", "/licences/confirmation%2f^", "/licences/confirmation%2f|/..",
			"https://evil.example/whole", "/caf%c3%a8/sent", "/licences", "", "/login?next=/licences/confirmation",
			"/index.php?page=done2", "/index.php?page=login", "/index.php?x=1&page=done", "/index.php", "?page=done",
			"/thanks", "/login", "//", "https://licences.example.gov.uk:8443/licences/confirmation",
			"http://10.0.0.5:8081/licences/confirmation",
			"https://licences.example.gov.uk@evil.example/licences/confirmation",
			"//evil.example/licences/confirmation", `\\evil.example/licences/confirmation`,
			`/\evil.example/licences/confirmation`, "///evil.example/licences/confirmation",
			"https:///evil.example/licences/confirmation",
			"https://licences.example.gov.uk.evil.example/licences/confirmation", "javascript:/licences/confirmation",
			"mailto:x@licences.example.gov.uk", "https:licences/confirmation", "http://forms.example.gov.uk/ended",
			"/ended", "%zz",
		},
	} {
		for _, location := range locations {
			verdict, reason := terms.Verdict(Answer{Status: 303, Redirect: leading(location)})
			require.Equal(t, want, verdict, "%s: %s", location, reason)
		}
	}
}

func TestAnyLocationStillLeavesSomeRedirectsUnknown(t *testing.T) {
	t.Parallel()
	terms := Terms{Kind: KindSubmission, Accept: listed(302, 303), Acceptance: &Acceptance{Locations: []string{Any}}}
	for want, locations := range map[Verdict][]string{
		VerdictAccepted: {
			"/licences/confirmation/7", "done", "/", "/index.php?page=done", "/applications/4711",
			"/applications/51234", "/blog/introduction", "/x?next=/login", "/licences/apply?sent=1",
			"/licences/form?step=3", "/catalogin/7", "/done?name=Ann+Login&said=no+error",
			"/done?return=https://x/login", "/done?ref=AUTH-1&session_id=7", "/4xx",
		},
		VerdictUnknown: {
			"/licences/apply", "/Licences/Apply/", "/licences/apply?", "", "#top", "/licences/apply;jsessionid=3F",
			"/licences;x=1/apply", "/licences/apply/;jsessionid=3F?", "/licences/form;jsessionid=3F", "/licences/form",
			"/licences/form?step=2", "https://licences.example.gov.uk/licences/form", "https://elsewhere.example/done",
			"//elsewhere.example/done", "///elsewhere.example/done", `/\elsewhere.example/done`, "mailto:a@b",
			"//?x=1", "///#x", "http://[", "/x/..;/y", "/login", "/log-in?next=/x", "/Account/Log_On",
			"/users/sign_in", "/signOn.jsp", "/%6cogin", "/a/../login", "/x/%2e%2e/login", "/auth/realms/x",
			"/OAuth2/start", "/sso", "/saml2/x", "/session/new", "/Error?aspxerrorpath=/x", "/errors/500.html", "/404",
			"/503.html", "/404-not-found", "/maintenance.html", "/unavailable", "/Denied.aspx", "/expired",
			"/time-out", "/login;jsessionid=1", "/Account/AccessDenied", "/access-denied", "/wp-login.php",
			"/user-login", "/j_security_check", "/cas?service=x", "/adfs/ls/?wa=x", "/server_error",
			"/index.php?page=login", "/index.php?r=site/login", "/?error", "/licences/apply?error=1",
			"/done?reason=session%5Fexpired", "/x?status=sessionExpired",
		},
	} {
		for _, location := range locations {
			got, reason := terms.Verdict(Answer{Status: 302, Redirect: leading(location)})
			require.Equal(t, want, got, "%s: %s", location, reason)
		}
	}
	same := Redirect{
		Location: "?page=apply",
		Held:     &url.URL{Scheme: "https", Host: "x.example", Path: "/index.php", RawQuery: "page=apply"},
	}
	got, _ := terms.Verdict(Answer{Status: 302, Redirect: same})
	require.Equal(t, VerdictUnknown, got, "the form's own page, which is named by its query")
}

func TestVerdictByText(t *testing.T) {
	t.Parallel()
	const yes, no, welsh = "Application received", "There is a problem", "Cais wedi’i dderbyn"
	accept, refuse := []string{yes, welsh}, []string{no, "Mae problem"}
	for _, c := range []struct {
		texts, refuse []string
		page          string
		whole         bool
		verdict       Verdict
	}{
		{accept, nil, "<h1>" + yes + "</h1>", true, VerdictAccepted},
		{accept, nil, "<h1>" + welsh + "</h1>", true, VerdictAccepted},
		{accept, nil, "<h1>application received</h1>", true, VerdictRefused},
		{accept, nil, "", true, VerdictRefused},
		{accept, nil, yes, false, VerdictAccepted},
		{accept, nil, "Applic", false, VerdictUnknown},
		{nil, refuse, "<h1>Thank you</h1>", true, VerdictAccepted},
		{nil, refuse, "<h1>" + no, true, VerdictRefused},
		{nil, refuse, "<h1>" + no, false, VerdictRefused},
		{nil, refuse, "<h1>Thank you</h1>", false, VerdictUnknown},
		{accept, refuse, yes, true, VerdictAccepted},
		{accept, refuse, yes + no, true, VerdictRefused},
		{accept, refuse, yes + no, false, VerdictRefused},
		{accept, refuse, yes, false, VerdictUnknown}, // the text that refuses may be in the rest
		{accept, refuse, "Log in", true, VerdictUnknown},
		{accept, refuse, "Log in", false, VerdictUnknown},
		{[]string{Any}, nil, "anything", true, VerdictAccepted},
		{[]string{Any}, nil, "cut", false, VerdictAccepted},
		{[]string{Any}, refuse, "anything", true, VerdictAccepted},
		{[]string{Any}, refuse, "cut", false, VerdictUnknown},
		{[]string{Any}, refuse, no, true, VerdictRefused},
		{nil, nil, "cut", false, VerdictAccepted},
	} {
		for _, kind := range []Kind{KindSubmission, KindPass} {
			terms := Terms{
				Kind: kind, Accept: Statuses{{200, 299}},
				Acceptance: &Acceptance{Texts: c.texts, RefuseTexts: c.refuse},
			}
			verdict, reason := terms.Verdict(Answer{Status: 200, Body: []byte(c.page), Whole: c.whole})
			require.Equal(t, c.verdict, verdict, "%v %v %q: %s", c.texts, c.refuse, c.page, reason)
			require.Equal(t, verdict != VerdictAccepted, reason != "")
			verdict, _ = terms.Verdict(Answer{Status: 422, Body: []byte(yes), Whole: true})
			require.Equal(t, VerdictRefused, verdict, "texts count for 2xx only")
		}
	}
}

// The stored terms of these journeys have no locations and no texts.
func TestJourneysOfTheFirstVersionKeepTheirRule(t *testing.T) {
	t.Parallel()
	var terms Terms
	const stored = `{"kind":"submission","accept":[{"from":200,"to":299},{"from":300,"to":399}]}`
	require.NoError(t, json.Unmarshal([]byte(stored), &terms))
	for status, verdict := range map[int]Verdict{
		200: VerdictAccepted, 302: VerdictAccepted, 301: VerdictAccepted, 307: VerdictRefused, 422: VerdictRefused,
		429: VerdictNotSent, 500: VerdictUnknown, 408: VerdictUnknown,
	} {
		got, _ := terms.Verdict(Answer{Status: status, Redirect: leading("/login")})
		require.Equal(t, verdict, got, status)
	}
	terms.AcceptLocation = "/licences/done"
	for location, verdict := range map[string]Verdict{
		"/licences/done7": VerdictAccepted, "/login": VerdictRefused,
		"//x.example/licences/done": VerdictRefused,
	} {
		got, _ := terms.Verdict(Answer{Status: 302, Redirect: leading(location)})
		require.Equal(t, verdict, got, location)
	}
	terms.Kind = KindPass
	for status, verdict := range map[int]Verdict{
		200: VerdictAccepted, 304: VerdictAccepted, 302: VerdictRefused,
		404: VerdictRefused,
	} {
		got, _ := terms.Verdict(Answer{Status: status})
		require.Equal(t, verdict, got, status)
	}

	now := Terms{Accept: listed(303), Acceptance: &Acceptance{}}
	text, err := json.Marshal(now)
	require.NoError(t, err)
	var restored Terms
	require.NoError(t, json.Unmarshal(text, &restored))
	require.NotNil(t, restored.Acceptance, "an empty rule is not the rule of the first version")
}
