package stacks

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// minSpellings is the fewest spellings of each part of a request that every stack is tested with.
const minSpellings = 60

// TestNoSpellingRunsARealFrameworksPayCodeUnpaid sends every spelling of every pay request: first to the service, to
// count those that run its pay code, then through Paygate, where the code must not run unpaid, nor below the price of
// the value that it used. The service's own log decides both.
func TestNoSpellingRunsARealFrameworksPayCodeUnpaid(t *testing.T) {
	t.Parallel()
	eachStack(t, func(t *testing.T, s *service) {
		pay := testprocess.StartPay(t)
		through := testprocess.StartGateway(t, pay, s.url, s.settings...)
		tried, direct := map[probe.Kind]int{}, map[probe.Kind]int{}
		for _, a := range s.attacks() {
			caller := s.caller()
			s.requireRuns(caller, a)
			spellings := a.spellings(caller)
			require.GreaterOrEqual(t, len(spellings), minSpellings, a.name)
			for _, spelling := range spellings {
				caller.sendOdd(t, s.url, spelling)
				tried[part(spelling)]++
				direct[part(spelling)] += min(1, len(s.ran()))
			}
			for _, spelling := range spellings {
				answer := caller.sendOdd(t, through.URL, spelling)
				for _, run := range s.ran() {
					t.Errorf("%s %s: %q runs unpaid, answered %d, by %s", a.name, spelling.Class, run, answer.Status,
						describe(spelling))
				}
				if !a.priced || !answer.IsRedirect() || !strings.HasPrefix(answer.Location(), pay.URL) {
					continue
				}
				caller.payFor(t, pay, through, answer)
				for _, run := range s.ran() {
					if !run.isPaid() || run.paid() < pence[run.value] {
						t.Errorf("%s %s: %q was not paid for, by %s", a.name, spelling.Class, run, describe(spelling))
					}
				}
			}
			s.requireRuns(caller, a) // no earlier request runs late
		}
		t.Logf("| %s | %s | %s | 0 |", s.name, figures(tried), figures(direct))
	})
}

// part returns the part of a request that a spelling changes.
func part(s probe.Spelling) probe.Kind {
	switch s.Kind {
	case probe.KindQuery:
		return probe.KindPath
	case probe.KindChoice:
		return probe.KindField
	default:
		return s.Kind
	}
}

func figures(counts map[probe.Kind]int) string {
	return fmt.Sprintf("%d, %d, %d", counts[probe.KindPath], counts[probe.KindMethod], counts[probe.KindField])
}

func TestThreatTableNamesEveryFramework(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../docs/explanation/threats.md")
	require.NoError(t, err)
	for _, s := range stacks() {
		row := regexp.MustCompile(`\| ` + regexp.QuoteMeta(s.name) +
			` \| \d+, \d+, \d+ \| \d+, \d+, \d+ \| 0 \| \d+ \| 0 \|`)
		require.Regexp(t, row, string(content), s.name)
	}
}

// pence are the prices of permits.
var pence = map[string]int{"1-day": 600, "8-day": 1350}

func (r run) paid() int {
	paid, _ := strconv.Atoi(r.amount)
	return paid
}

// attack is a pay request and the parts of it to spell differently.
type attack struct {
	name   string
	route  string
	kinds  []probe.Kind
	form   url.Values // without tokens
	field  string     // that decides
	value  string     // that costs money, or the dearest
	other  string     // a cheaper value
	priced bool
}

// attacks returns the attacks on a service.
func (s *service) attacks() []attack {
	field, value := s.settings.condition("renew")
	if value == "" {
		value = "Pay"
	}
	choice := s.settings.of("permit", "PRICE_FIELD")
	apply := attack{route: "apply", form: s.fields("Ann", "ann@example.org")}
	renew := attack{route: "renew", form: url.Values{field: {value}}, field: field, value: value}
	permit := attack{
		route: "permit", form: s.permit(url.Values{choice: {"8-day"}}), field: choice, value: "8-day", other: "1-day",
		priced: true,
	}
	report := attack{route: "report"}
	return []attack{
		apply.by("path", probe.KindPath, probe.KindQuery),
		apply.by("method", probe.KindMethod),
		renew.by("path and WHEN", probe.KindPath, probe.KindQuery),
		renew.by("method and WHEN", probe.KindMethod),
		renew.by("field and WHEN", probe.KindField),
		permit.by("field and PRICES", probe.KindField, probe.KindChoice),
		permit.by("method and PRICES", probe.KindMethod),
		report.by("path of a download", probe.KindPath, probe.KindQuery),
	}
}

// by returns the attack with spellings of these kinds.
func (a attack) by(name string, kinds ...probe.Kind) attack {
	a.name, a.kinds = name, kinds
	return a
}

// spellings returns the spellings of the pay request of a signed-in caller.
func (a attack) spellings(c *caller) []probe.Spelling {
	method, path, _ := strings.Cut(c.service.settings.of(a.route, "MATCH"), " ")
	address := probe.Address{
		Method: method, Path: path, Host: "apply.example.org", Field: a.field, Value: a.value,
		Other: a.other,
	}
	if a.form != nil {
		form := c.withTokens(a.route, a.form)
		address.Form = form.Encode()
		if c.service.parts {
			address.Type, address.Body = c.service.encode(form)
		}
	}
	spellings := append(probe.Spellings(address, a.kinds...), a.actions(c)...)
	if a.priced {
		spellings = append(spellings, withField(spellings, url.Values{a.field: {a.other}}.Encode())...)
	}
	return spellings
}

// actions returns the pay request as a script of Next.js sends it: to any address, with the number of the function in
// a header.
func (a attack) actions(c *caller) (calls []probe.Spelling) {
	for name := range c.tokens[a.route] {
		number, found := strings.CutPrefix(name, "$ACTION_ID_")
		if !found {
			continue
		}
		arguments := url.Values{"0": {`["$K1"]`}}
		for field, values := range a.form {
			arguments["1_"+field] = values
		}
		contentType, body := c.service.encode(arguments)
		for _, target := range []string{
			"/", c.service.login, "/licences/confirmation", "/no-such-page", "/?x=1",
			"//",
		} {
			calls = append(calls, probe.Spelling{
				Group: &probe.Group{Kind: probe.KindMethod, Class: "server action"}, Method: http.MethodPost,
				Target: target,
				Header: []string{"Next-Action: " + number}, Type: contentType, Body: body,
			})
		}
	}
	return calls
}

// requireRuns requires that the plain request runs the pay code; otherwise the test proves nothing.
func (s *service) requireRuns(c *caller, a attack) {
	s.t.Helper()
	method, path, _ := strings.Cut(s.settings.of(a.route, "MATCH"), " ")
	plain := probe.Spelling{Group: &probe.Group{}, Method: method, Target: path}
	if a.form != nil {
		plain.Type, plain.Body = s.encode(c.withTokens(a.route, a.form))
	}
	answer := c.send(s.t, s.url, plain)
	require.Len(s.t, s.ran(), 1, "%s answered %d %s", describe(plain), answer.Status, answer.Text)
}

// withField returns the forms with one more field, before and after the others.
func withField(spellings []probe.Spelling, field string) (more []probe.Spelling) {
	for _, s := range spellings {
		if s.Kind == probe.KindField && s.Type == probe.FormType {
			before, after := s, s
			before.Body, after.Body = field+"&"+s.Body, s.Body+"&"+field
			more = append(more, before, after)
		}
	}
	return more
}

// payFor pays for a held request and returns from Pay.
func (c *caller) payFor(t *testing.T, pay *testprocess.SimulatedPay, through *testprocess.Gateway,
	held testprocess.Page,
) {
	t.Helper()
	browser := testprocess.NewCitizen(t, through.URL)
	origin, err := url.Parse(through.URL)
	require.NoError(t, err)
	for pair := range strings.SplitSeq(c.cookies, "; ") {
		name, value, _ := strings.Cut(pair, "=")
		browser.Client.Jar.SetCookies(origin, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
	}
	browser.Client.Jar.SetCookies(origin, (&http.Response{Header: held.Header}).Cookies())
	all := pay.Payments()
	address := pay.URL + "/control/payments/" + all[len(all)-1].ID + "/pay"
	answer, err := http.Post(address, "application/json", strings.NewReader(`{"outcome":"success"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	browser.Get("/_pay/return")
}
