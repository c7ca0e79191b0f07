package e2e

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACitizenPaysAtARealFramework goes all the ways that a citizen goes, with the settings that the guide gives.
func TestACitizenPaysAtARealFramework(t *testing.T) {
	t.Parallel()
	eachStack(t, func(t *testing.T, s *service) {
		pay := startPay(t)
		paygate := startPaygate(t, pay, s.url, s.settings...)
		first := &visit{t, s, pay, paygate, nil}
		for _, story := range []struct {
			name string
			tell func(*visit)
		}{
			{"paid", (*visit).paid},
			{"declined and paid with another card", (*visit).declined},
			{"a wrong form, corrected on the same payment", (*visit).refused},
			{"two tabs", (*visit).twoTabs},
			{"a free button and a paid one", (*visit).buttons},
			{"a choice of prices", (*visit).prices},
			{"a paid download", (*visit).download},
			{"never came back, and the session is over", (*visit).expired},
		} {
			t.Run(story.name, func(t *testing.T) {
				story.tell(first.in(t))
			})
		}
	})
}

// visit is a citizen at a service with Paygate.
type visit struct {
	t       *testing.T
	service *service
	pay     *simulatedPay
	paygate *paygate
	*citizen
}

// in is the same for a subtest: a new browser, already signed in.
func (v *visit) in(t *testing.T) *visit {
	service, pay, paygate := *v.service, *v.pay, *v.paygate
	service.t, pay.t, paygate.t = t, t, t
	signed := &visit{t, &service, &pay, &paygate, newCitizen(t, v.paygate.url)}
	signed.signIn()
	service.ran()
	return signed
}

func (v *visit) signIn() {
	v.t.Helper()
	form := v.get(v.service.login)
	answer := v.service.send(v.citizen, v.service.login, form.fill(url.Values{"name": {"ann"}}))
	require.True(v.t, answer.isRedirect(), "%d %s", answer.status, answer.text)
	require.Equal(v.t, v.service.settings.path("apply"), strings.TrimPrefix(answer.location(), v.paygate.url))
}

// apply fills in the form to apply and sends it.
func (v *visit) apply(name, email string) page {
	v.t.Helper()
	path := v.service.settings.path("apply")
	form := v.get(path)
	require.Equal(v.t, v.paygate.url+path, form.url.String(), "not the form: %s", form.text)
	return v.service.send(v.citizen, path, form.fill(v.service.fields(name, email)))
}

// newest is the newest payment.
func (v *visit) newest() payment {
	v.t.Helper()
	all := v.pay.payments()
	require.NotEmpty(v.t, all)
	return all[len(all)-1]
}

// sees requires the page that the service shows when all is done.
func (v *visit) sees(p page) {
	v.t.Helper()
	require.Contains(v.t, p.text, "received", "%s: %d", p.url, p.status)
	require.Empty(v.t, p.header.Get("Paygate-Answer"), "this is Paygate's own page")
}

func (v *visit) paid() {
	v.sees(v.get(v.pays(v.apply("Ann", "ann@example.org"), goodCard)))
	require.Equal(v.t, []run{{"apply", "Ann", "success", "2500"}}, v.service.ran())
	require.True(v.t, v.newest().Captured)
}

func (v *visit) declined() {
	before := len(v.pay.payments())
	page := v.get(v.pays(v.apply("Bob", "bob@example.org"), declinedCard))
	require.Empty(v.t, v.service.ran())
	again := v.post("/_pay/again", page.hidden())
	v.sees(v.get(v.pays(again, goodCard)))
	require.Equal(v.t, []run{{"apply", "Bob", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.payments(), before+2)
}

func (v *visit) refused() {
	before := len(v.pay.payments())
	shown := v.get(v.pays(v.apply("Cat", "cat-at-example"), goodCard))
	require.NotContains(v.t, shown.text, "received")
	require.Empty(v.t, v.service.ran())
	require.False(v.t, v.newest().Captured, "money is taken for a form that the service refused")
	v.sees(v.follow(v.apply("Cat", "cat@example.org")))
	require.Equal(v.t, []run{{"apply", "Cat", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.payments(), before+1, "the correction is free")
	require.True(v.t, v.newest().Captured)
}

func (v *visit) twoTabs() {
	first, second := v.apply("Dan", "dan@example.org"), v.apply("Eve", "eve@example.org")
	back := v.pays(second, goodCard)
	v.sees(v.get(v.pays(first, goodCard)))
	v.get(back)
	v.get("/_pay/return")
	v.paygate.command("mopup")
	runs := v.service.ran()
	require.ElementsMatch(v.t, []run{{"apply", "Dan", "success", "2500"}, {"apply", "Eve", "success", "2500"}}, runs)
}

// expired is a citizen who pays and closes the browser, while the service ends the session.
func (v *visit) expired() {
	v.pays(v.apply("Fay", "fay@example.org"), goodCard)
	payments := len(v.pay.payments())
	v.service.expire()
	v.paygate.command("mopup")
	v.paygate.command("mopup")
	require.Empty(v.t, v.service.ran())
	require.False(v.t, v.newest().Captured, "money is taken for the log-in page")
	v.service.renew()
	v.signIn()
	v.sees(v.follow(v.apply("Fay", "fay@example.org")))
	require.Equal(v.t, []run{{"apply", "Fay", "success", "2500"}}, v.service.ran())
	require.Len(v.t, v.pay.payments(), payments, "no second payment")
	require.True(v.t, v.newest().Captured)
}

func (v *visit) buttons() {
	path := v.service.settings.path("renew")
	field, value := v.service.settings.condition("renew")
	if value == "" {
		value = "Pay"
	}
	form := v.get(path)
	free := v.service.send(v.citizen, path, form.fill(url.Values{"draft": {"Save"}}))
	require.Empty(v.t, free.header.Get("Paygate-Answer"), free.text)
	require.Empty(v.t, v.service.ran())
	v.sees(v.get(v.pays(v.service.send(v.citizen, path, form.fill(url.Values{field: {value}})), goodCard)))
	require.Equal(v.t, []run{{"renew", "pay", "success", "1500"}}, v.service.ran())
}

func (v *visit) prices() {
	path, field := v.service.settings.path("permit"), v.service.settings.of("permit", "PRICE_FIELD")
	for _, choice := range []struct{ value, pence string }{{"1-day", "600"}, {"8-day", "1350"}} {
		form := v.get(path)
		chosen := form.fill(v.service.permit(url.Values{field: {choice.value}}))
		v.sees(v.get(v.pays(v.service.send(v.citizen, path, chosen), goodCard)))
		require.Equal(v.t, []run{{"permit", choice.value, "success", choice.pence}}, v.service.ran())
	}
}

func (v *visit) download() {
	path := v.service.settings.path("report")
	shown := v.get(v.pays(v.do("GET", path, "", ""), goodCard))
	require.Contains(v.t, shown.text, "the report")
	require.Equal(v.t, "600", v.service.ran()[0].amount)
	require.Contains(v.t, v.get(path).text, "the report", "once more, for nothing")
}

// permit is the form with prices as it is sent.
func (s *service) permit(choice url.Values) url.Values {
	form := maps.Clone(choice)
	maps.Copy(form, s.buy)
	return form
}
