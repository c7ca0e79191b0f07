package stacks

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// TestJourneysThroughRealFrameworks runs the journeys of citizens with the settings of docs/how-to/frameworks.md.
func TestJourneysThroughRealFrameworks(t *testing.T) {
	t.Parallel()
	eachStack(t, func(t *testing.T, s *service) {
		pay := testprocess.StartPay(t)
		paygate := testprocess.StartGateway(t, pay, s.url, s.settings...)
		first := &visit{t, s, pay, paygate, nil}
		for _, story := range []struct {
			name string
			run  func(*visit)
		}{
			{"paid", (*visit).paid},
			{"declined and paid with another card", (*visit).declined},
			{"a wrong form, corrected on the same payment", (*visit).refused},
			{"two tabs", (*visit).twoTabs},
			{"a free button and a paid one", (*visit).buttons},
			{"a choice of prices", (*visit).prices},
			{"a paid download", (*visit).download},
			{"no return, and the session has ended", (*visit).expired},
		} {
			t.Run(story.name, func(t *testing.T) {
				story.run(first.in(t))
			})
		}
	})
}

// visit is a citizen at a service with Paygate.
type visit struct {
	t       *testing.T
	service *service
	pay     *testprocess.SimulatedPay
	Gateway *testprocess.Gateway
	*testprocess.Citizen
}

// in returns the visit for a subtest: with a new browser, signed in.
func (v *visit) in(t *testing.T) *visit {
	service, pay, paygate := *v.service, *v.pay, *v.Gateway
	service.t, pay.T, paygate.T = t, t, t
	signed := &visit{t, &service, &pay, &paygate, testprocess.NewCitizen(t, v.Gateway.URL)}
	signed.signIn()
	service.ran()
	return signed
}

func (v *visit) signIn() {
	v.t.Helper()
	form := v.Get(v.service.login)
	answer := v.service.send(v.Citizen, v.service.login, form.Fill(url.Values{"name": {"ann"}}))
	require.True(v.t, answer.IsRedirect(), "%d %s", answer.Status, answer.Text)
	require.Equal(v.t, v.service.settings.path("apply"), strings.TrimPrefix(answer.Location(), v.Gateway.URL))
}

// apply fills in and sends the form to apply.
func (v *visit) apply(name, email string) testprocess.Page {
	v.t.Helper()
	path := v.service.settings.path("apply")
	form := v.Get(path)
	require.Equal(v.t, v.Gateway.URL+path, form.URL.String(), "not the form: %s", form.Text)
	return v.service.send(v.Citizen, path, form.Fill(v.service.fields(name, email)))
}

// newest returns the newest payment.
func (v *visit) newest() testprocess.Payment {
	v.t.Helper()
	all := v.pay.Payments()
	require.NotEmpty(v.t, all)
	return all[len(all)-1]
}

// requireDone requires the service's last page.
func (v *visit) requireDone(p testprocess.Page) {
	v.t.Helper()
	require.Contains(v.t, p.Text, "received", "%s: %d", p.URL, p.Status)
	require.Empty(v.t, p.Header.Get("Paygate-Answer"), "this is Paygate's own page")
}

func (v *visit) paid() {
	v.requireDone(v.Get(v.Pay(v.apply("Ann", "ann@example.org"), testprocess.GoodCard)))
	require.Equal(v.t, []run{{"apply", "Ann", "success", "2500"}}, v.service.ran())
	require.True(v.t, v.newest().Captured)
}

func (v *visit) declined() {
	before := len(v.pay.Payments())
	page := v.Get(v.Pay(v.apply("Bob", "bob@example.org"), testprocess.DeclinedCard))
	require.Empty(v.t, v.service.ran())
	again := v.Post("/_pay/again", page.Hidden())
	v.requireDone(v.Get(v.Pay(again, testprocess.GoodCard)))
	require.Equal(v.t, []run{{"apply", "Bob", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.Payments(), before+2)
}

func (v *visit) refused() {
	before := len(v.pay.Payments())
	shown := v.Get(v.Pay(v.apply("Cat", "cat-at-example"), testprocess.GoodCard))
	require.NotContains(v.t, shown.Text, "received")
	require.Empty(v.t, v.service.ran())
	require.False(v.t, v.newest().Captured, "money was taken for a form that the service refused")
	v.requireDone(v.Follow(v.apply("Cat", "cat@example.org")))
	require.Equal(v.t, []run{{"apply", "Cat", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.Payments(), before+1, "the correction is free")
	require.True(v.t, v.newest().Captured)
}

func (v *visit) twoTabs() {
	first, second := v.apply("Dan", "dan@example.org"), v.apply("Eve", "eve@example.org")
	back := v.Pay(second, testprocess.GoodCard)
	v.requireDone(v.Get(v.Pay(first, testprocess.GoodCard)))
	v.Get(back)
	v.Get("/_pay/return")
	v.Gateway.Command("mopup")
	runs := v.service.ran()
	require.ElementsMatch(v.t, []run{{"apply", "Dan", "success", "2500"}, {"apply", "Eve", "success", "2500"}}, runs)
}

// expired pays and closes the browser, and the service ends the session.
func (v *visit) expired() {
	v.Pay(v.apply("Fay", "fay@example.org"), testprocess.GoodCard)
	payments := len(v.pay.Payments())
	v.service.expire()
	v.Gateway.Command("mopup")
	v.Gateway.Command("mopup")
	require.Empty(v.t, v.service.ran())
	require.False(v.t, v.newest().Captured, "money was taken for the login page")
	v.service.renew()
	v.signIn()
	v.requireDone(v.Follow(v.apply("Fay", "fay@example.org")))
	require.Equal(v.t, []run{{"apply", "Fay", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.Payments(), payments, "no second payment")
	require.True(v.t, v.newest().Captured)
}

func (v *visit) buttons() {
	path := v.service.settings.path("renew")
	field, value := v.service.settings.condition("renew")
	if value == "" {
		value = "Pay"
	}
	form := v.Get(path)
	free := v.service.send(v.Citizen, path, form.Fill(url.Values{"draft": {"Save"}}))
	require.Empty(v.t, free.Header.Get("Paygate-Answer"), free.Text)
	require.Empty(v.t, v.service.ran())
	v.requireDone(v.Get(v.Pay(v.service.send(v.Citizen, path, form.Fill(url.Values{field: {value}})),
		testprocess.GoodCard)))
	require.Equal(v.t, []run{{"renew", "pay", "success", "1500"}}, v.service.ran())
}

func (v *visit) prices() {
	path, field := v.service.settings.path("permit"), v.service.settings.of("permit", "PRICE_FIELD")
	for _, choice := range []struct{ value, pence string }{{"1-day", "600"}, {"8-day", "1350"}} {
		form := v.Get(path)
		chosen := form.Fill(v.service.permit(url.Values{field: {choice.value}}))
		v.requireDone(v.Get(v.Pay(v.service.send(v.Citizen, path, chosen), testprocess.GoodCard)))
		require.Equal(v.t, []run{{"permit", choice.value, "success", choice.pence}}, v.service.ran())
	}
}

func (v *visit) download() {
	path := v.service.settings.path("report")
	shown := v.Get(v.Pay(v.Do("GET", path, "", ""), testprocess.GoodCard))
	require.Contains(v.t, shown.Text, "the report")
	require.Equal(v.t, "600", v.service.ran()[0].amount)
	require.Contains(v.t, v.Get(path).Text, "the report", "the second fetch is free")
}

// permit returns the fields of the form with prices.
func (s *service) permit(choice url.Values) url.Values {
	form := maps.Clone(choice)
	maps.Copy(form, s.buy)
	return form
}
