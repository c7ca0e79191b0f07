package journey

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed are statuses one by one.
func listed(statuses ...int) Statuses {
	var s Statuses
	for _, status := range statuses {
		s = append(s, StatusRange{status, status})
	}
	return s
}

// leading is where a redirect of the form /licences/apply leads, which was sent from a page before it.
func leading(location string) Redirect {
	held, _ := url.Parse("https://licences.example.gov.uk/licences/apply")
	return Redirect{
		Location: location, Held: held, Referer: "https://licences.example.gov.uk/licences/form?step=2",
		Hosts: []string{"10.0.0.5:8080", "", "internal.example"},
	}
}

func TestWhatAStatusMeans(t *testing.T) {
	t.Parallel()
	all := Terms{
		Kind: KindSubmission, Accept: Statuses{{200, 299}, {302, 303}},
		Acceptance: &Acceptance{Locations: []string{"/licences/confirmation"}, Texts: []string{Any}},
	}
	const done, again, elsewhere = "/licences/confirmation/7", "/licences/apply/", "https://www.example.gov.uk/licences/confirmation"
	for _, c := range []struct {
		statuses []int
		location string
		verdict  Verdict
	}{
		{[]int{200, 201, 202, 204, 299}, "", VerdictAccepted},
		{[]int{302, 303}, done, VerdictAccepted},
		{[]int{302, 303}, again, VerdictRefused},
		{[]int{302, 303}, elsewhere, VerdictRefused},
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

func TestARedirectListedByNumberIsTheServicesWord(t *testing.T) {
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

func TestWhereAnAcceptingRedirectLeads(t *testing.T) {
	t.Parallel()
	places := []string{"/licences/confirmation", "/index.php?page=done", "/thanks/", "https://forms.example.gov.uk/ended", "/café", "/", "https://Licences.example.gov.uk/whole"}
	for location, accepted := range map[string]bool{
		"/licences/confirmation": true, "/licences/confirmation/7": true, "/licences/confirmation?id=7": true,
		"confirmation": true, "./confirmation/7": true, "../licences/confirmation": true, "confirmation#top": true,
		"/licences/confirmation/../../login": false, "/licences/confirmation/%2e%2e/%2E./login": false, `/licences/confirmation\..\..\login`: false,
		"/licences/confirmation/..;/..;/login": false, "/licences/confirmation;jsessionid=3F": true, "/licences/confirmation;x=1": false,
		"/licences/confirmation.old": false, "/licences/confirmations": false, "/licences/confirmatio": false, "/LICENCES/confirmation": false,
		"/licences/confirmation%2f..%2flogin": false, "/licences/confirmation%2f^": false, "/licences/confirmation%2f|/..": false,
		"/whole/7": true, "http://10.0.0.5:8080/whole": true, "http://licences.example.gov.uk/whole": true, "https://evil.example/whole": false,
		"/caf%c3%a9/sent": true, "/caf%C3%A9/sent": true, "/café/sent": true, "/caf%c3%a8/sent": false,
		"/licences/confirmation/LIC%2F7": true, "/licences/confirmation/é|^": true, "/licences": false, "": false, "/login?next=/licences/confirmation": false,
		"/index.php?page=done": true, "/index.php?page=done&id=7": true, "/index.php?page=done2": false, "/index.php?page=login": false,
		"/index.php?x=1&page=done": false, "/index.php": false, "?page=done": false,
		"/thanks/ann": true, "/thanks/": true, "/thanks": false,
		"/": true, "/?received=1": true, "/login": false, "//": false,
		"https://licences.example.gov.uk/licences/confirmation": true, "https://LICENCES.example.gov.uk:443/licences/confirmation": true,
		"http://licences.example.gov.uk/licences/confirmation": true, "http://10.0.0.5:8080/licences/confirmation": true,
		"https://internal.example/licences/confirmation": true, "//licences.example.gov.uk/licences/confirmation": true,
		"https://licences.example.gov.uk:8443/licences/confirmation": false, "http://10.0.0.5:8081/licences/confirmation": false,
		"https://licences.example.gov.uk@evil.example/licences/confirmation": false, "//evil.example/licences/confirmation": false,
		`\\evil.example/licences/confirmation`: false, `/\evil.example/licences/confirmation`: false, "///evil.example/licences/confirmation": false,
		"https:///evil.example/licences/confirmation": false, "https://licences.example.gov.uk.evil.example/licences/confirmation": false,
		"javascript:/licences/confirmation": false, "mailto:x@licences.example.gov.uk": false, "https:licences/confirmation": false,
		" /licences/confirmation ": true, "/licences/\tconfirmation": true, "/licences/confirmation?name=Ann Smith&x=100%": true,
		"https://forms.example.gov.uk/ended?ref=7": true, "http://forms.example.gov.uk/ended": false, "/ended": false, "%zz": false,
	} {
		terms := Terms{Kind: KindSubmission, Accept: listed(302, 303), Acceptance: &Acceptance{Locations: places}}
		verdict, reason := terms.Verdict(Answer{Status: 303, Redirect: leading(location)})
		want := VerdictRefused
		if accepted {
			want = VerdictAccepted
		}
		require.Equal(t, want, verdict, "%s: %s", location, reason)
	}
}

func TestWhatIsUnknownWhenARedirectMayLeadAnywhere(t *testing.T) {
	t.Parallel()
	terms := Terms{Kind: KindSubmission, Accept: listed(302, 303), Acceptance: &Acceptance{Locations: []string{Any}}}
	for location, verdict := range map[string]Verdict{
		"/licences/confirmation/7": VerdictAccepted, "done": VerdictAccepted, "/": VerdictAccepted, "/index.php?page=done": VerdictAccepted,
		"/applications/4711": VerdictAccepted, "/applications/51234": VerdictAccepted, "/blog/introduction": VerdictAccepted, "/x?next=/login": VerdictAccepted,
		"/licences/apply?sent=1": VerdictAccepted, "/licences/form?step=3": VerdictAccepted, "/catalogin/7": VerdictAccepted,
		"/done/CAS-2026-7":                   VerdictAccepted,
		"/done?name=Ann+Login&said=no+error": VerdictAccepted, "/done?return=https://x/login": VerdictAccepted, "/done?ref=AUTH-1&session_id=7": VerdictAccepted,

		"/licences/apply": VerdictUnknown, "/Licences/Apply/": VerdictUnknown, "/licences/apply?": VerdictUnknown, "": VerdictUnknown, "#top": VerdictUnknown,
		"/licences/apply;jsessionid=3F": VerdictUnknown, "/licences;x=1/apply": VerdictUnknown, "/licences/apply/;jsessionid=3F?": VerdictUnknown,
		"/licences/form;jsessionid=3F": VerdictUnknown, "/licences/form": VerdictUnknown, "/licences/form?step=2": VerdictUnknown, "https://licences.example.gov.uk/licences/form": VerdictUnknown,
		"https://elsewhere.example/done": VerdictUnknown, "//elsewhere.example/done": VerdictUnknown, "///elsewhere.example/done": VerdictUnknown,
		`/\elsewhere.example/done`: VerdictUnknown, "mailto:a@b": VerdictUnknown, "//?x=1": VerdictUnknown, "///#x": VerdictUnknown, "http://[": VerdictUnknown, "/x/..;/y": VerdictUnknown,
		"/login": VerdictUnknown, "/log-in?next=/x": VerdictUnknown, "/Account/Log_On": VerdictUnknown, "/users/sign_in": VerdictUnknown, "/signOn.jsp": VerdictUnknown,
		"/%6cogin": VerdictUnknown, "/a/../login": VerdictUnknown, "/x/%2e%2e/login": VerdictUnknown, "/auth/realms/x": VerdictUnknown, "/OAuth2/start": VerdictUnknown,
		"/sso": VerdictUnknown, "/saml2/x": VerdictUnknown, "/session/new": VerdictUnknown, "/Error?aspxerrorpath=/x": VerdictUnknown, "/errors/500.html": VerdictUnknown,
		"/404": VerdictUnknown, "/503.html": VerdictUnknown, "/4xx": VerdictAccepted, "/404-not-found": VerdictUnknown, "/maintenance.html": VerdictUnknown,
		"/unavailable": VerdictUnknown, "/Denied.aspx": VerdictUnknown, "/expired": VerdictUnknown, "/time-out": VerdictUnknown, "/login;jsessionid=1": VerdictUnknown,
		"/Account/AccessDenied": VerdictUnknown, "/access-denied": VerdictUnknown, "/wp-login.php": VerdictUnknown, "/user-login": VerdictUnknown,
		"/j_security_check": VerdictUnknown, "/cas?service=x": VerdictUnknown, "/adfs/ls/?wa=x": VerdictUnknown, "/server_error": VerdictUnknown,
		"/index.php?page=login": VerdictUnknown, "/index.php?r=site/login": VerdictUnknown, "/?error": VerdictUnknown, "/licences/apply?error=1": VerdictUnknown,
		"/done?reason=session%5Fexpired": VerdictUnknown, "/x?status=sessionExpired": VerdictUnknown,
	} {
		got, reason := terms.Verdict(Answer{Status: 302, Redirect: leading(location)})
		require.Equal(t, verdict, got, "%s: %s", location, reason)
	}
	same := Redirect{Location: "?page=apply", Held: &url.URL{Scheme: "https", Host: "x.example", Path: "/index.php", RawQuery: "page=apply"}}
	got, _ := terms.Verdict(Answer{Status: 302, Redirect: same})
	require.Equal(t, VerdictUnknown, got, "the form's own page, which is named by its query")
}

func TestWhatTheTextsOfAPageMean(t *testing.T) {
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
			terms := Terms{Kind: kind, Accept: Statuses{{200, 299}}, Acceptance: &Acceptance{Texts: c.texts, RefuseTexts: c.refuse}}
			verdict, reason := terms.Verdict(Answer{Status: 200, Body: []byte(c.page), Whole: c.whole})
			require.Equal(t, c.verdict, verdict, "%v %v %q: %s", c.texts, c.refuse, c.page, reason)
			require.Equal(t, verdict != VerdictAccepted, reason != "")
			verdict, _ = terms.Verdict(Answer{Status: 422, Body: []byte(yes), Whole: true})
			require.Equal(t, VerdictRefused, verdict, "texts are for 2xx alone")
		}
	}
}

// TestJourneysOfTheFirstVersionKeepTheirRule: their terms are stored, and say nothing of where and what.
func TestJourneysOfTheFirstVersionKeepTheirRule(t *testing.T) {
	t.Parallel()
	var terms Terms
	require.NoError(t, json.Unmarshal([]byte(`{"kind":"submission","accept":[{"from":200,"to":299},{"from":300,"to":399}]}`), &terms))
	for status, verdict := range map[int]Verdict{
		200: VerdictAccepted, 302: VerdictAccepted, 301: VerdictAccepted, 307: VerdictRefused, 422: VerdictRefused, 429: VerdictNotSent, 500: VerdictUnknown, 408: VerdictUnknown,
	} {
		got, _ := terms.Verdict(Answer{Status: status, Redirect: leading("/login")})
		require.Equal(t, verdict, got, status)
	}
	terms.AcceptLocation = "/licences/done"
	for location, verdict := range map[string]Verdict{"/licences/done7": VerdictAccepted, "/login": VerdictRefused, "//x.example/licences/done": VerdictRefused} {
		got, _ := terms.Verdict(Answer{Status: 302, Redirect: leading(location)})
		require.Equal(t, verdict, got, location)
	}
	terms.Kind = KindPass
	for status, verdict := range map[int]Verdict{200: VerdictAccepted, 304: VerdictAccepted, 302: VerdictRefused, 404: VerdictRefused} {
		got, _ := terms.Verdict(Answer{Status: status})
		require.Equal(t, verdict, got, status)
	}

	now := Terms{Accept: listed(303), Acceptance: &Acceptance{}}
	text, err := json.Marshal(now)
	require.NoError(t, err)
	var kept Terms
	require.NoError(t, json.Unmarshal(text, &kept))
	require.NotNil(t, kept.Acceptance, "a rule that says nothing more is not that of the first version")
}
