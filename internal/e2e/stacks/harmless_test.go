package stacks

import (
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// TestHarmlessRequestsReachRealFrameworksUnchanged sends free requests, some near the pay paths, to the service and
// through Paygate. Both must give the same response.
func TestHarmlessRequestsReachRealFrameworksUnchanged(t *testing.T) {
	t.Parallel()
	eachStack(t, func(t *testing.T, s *service) {
		through := testprocess.StartGateway(t, testprocess.StartPay(t), s.url, s.settings...)
		caller := s.caller()
		requests := s.harmless(caller)
		require.GreaterOrEqual(t, len(requests), 50)
		refused := 0
		for _, request := range requests {
			direct, passed := caller.send(t, s.url, request), caller.send(t, through.URL, request)
			if passed.Header.Get("Paygate-Answer") != "" {
				refused++
				t.Errorf("%s: refused with %d", describe(request), passed.Status)
				continue
			}
			require.Equal(t, direct.Status, passed.Status, describe(request))
			require.Equal(t, withoutChanges(direct, s.url), withoutChanges(passed, through.URL), describe(request))
			require.Empty(t, s.ran(), "%s is not harmless", describe(request))
		}
		t.Logf("%d of %d harmless requests are refused", refused, len(requests))
	})
}

// changing matches the parts of a page that differ each time: tokens, identifiers, times and the scripts of Next.js.
var changing = regexp.MustCompile(`value="[^"]*"|;jsessionid=[0-9A-F]+|0x[0-9a-f]+|\d\d:\d\d:\d\d|<script>.*</script>`)

// withoutChanges returns the part of a response that is the same each time.
func withoutChanges(p testprocess.Page, origin string) string {
	text := strings.Join([]string{p.Header.Get("Content-Type"), p.Header.Get("Location"), p.Text}, "\n")
	text = strings.ReplaceAll(text, strings.TrimPrefix(origin, "http://"), "SERVICE")
	return changing.ReplaceAllString(text, "")
}

// harmless returns free requests.
func (s *service) harmless(c *caller) (requests []probe.Spelling) {
	add := func(method, target, contentType, body string) {
		request := probe.Spelling{Group: &probe.Group{}, Method: method, Target: target, Type: contentType, Body: body}
		requests = append(requests, request)
	}
	apply, renew := s.settings.path("apply"), s.settings.path("renew")
	permit, report := s.settings.path("permit"), s.settings.path("report")
	search := s.search()
	for _, path := range []string{"/", s.login, apply, renew, permit, search} {
		add("GET", path, "", "")
		add("HEAD", path, "", "")
		add("OPTIONS", path, "", "")
		add("GET", path+"?lang=cy", "", "")
		add("GET", path+"?utm_source=a%20b&utm_medium=c+d", "", "")
	}
	for _, target := range []string{
		"/favicon.ico", "/robots.txt", "/static/app.css?v=1.2", "/.well-known/security.txt", "/licences", "/licences/",
		"/licences/1/edit", "/licences/apply-for-a-friend", "/licences/appeal", "/help/apply", "/reports",
		"/report-a-problem",
		"/a%20b/caf%C3%A9", "/a//b/../c", "/x;v=1/y", search + "?q=" + url.QueryEscape(apply),
		search + "?q=100%&a[]=1&a[]=2",
		search + "?next=" + apply + "&x=%ff", search + "?a=1;b=2",
		search + "?q=" + url.QueryEscape("What does "+report+" cost?"),
	} {
		add("GET", target, "", "")
	}
	boundary := "multipart/form-data; boundary=----x"
	part := func(disposition, content string) string {
		return "------x\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n------x--\r\n"
	}
	nested, _ := json.Marshal(map[string]any{"application": map[string]any{"action": "pay", "licence": "8-day"}})
	for _, form := range [][2]string{
		{probe.FormType, "q=a&q=b&action=pay&licence=8-day"},
		{probe.FormType, "q=100%&x=a;b&application[action]=pay"},
		{probe.FormType, ""},
		{"application/json", string(nested)},
		{"application/json", `{"q":`},
		{"text/plain", "action=pay"},
		{"", "no type"},
		{boundary, part(`name="q"; filename="a; name=pay.jpg"`, "\xff\xd8")},
		{boundary, part(`name="action"`, "pay")},
		{"text/csv", "a,b\r\n"},
	} {
		add("POST", search, form[0], form[1])
	}
	send := func(target, route string, fields url.Values) {
		contentType, body := s.encode(c.withTokens(route, fields))
		add("POST", target, contentType, body)
	}
	for _, fields := range []url.Values{
		{"draft": {"Save"}},
		{"draft": {"Save"}, "notes": {"I shall pay later"}},
		{"draft": {"Cadw"}, "name": {"Ann & Bob"}},
		{"payment": {"none"}},
	} {
		send(renew, "renew", fields)
	}
	send("/licences/appeal", "apply", url.Values{"why": {"pay"}})
	name, suffix := strings.TrimSuffix(apply, "/"), path.Ext(apply)
	send(strings.TrimSuffix(name, suffix)+"-for-a-friend"+suffix, "apply", url.Values{"name": {"Bob"}})
	send(s.login, "apply", url.Values{"name": {"ann"}})
	return requests
}

// search returns the path of the page that shows the request it received.
func (s *service) search() string {
	return strings.Replace(s.settings.path("report"), "report", "search", 1)
}
