package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/form"
	"paygate/gateway/modes"
	"paygate/journey"
	"paygate/journey/pay"
)

// Describe returns a summary of the settings in words. It counts secrets, and does not contain them.
func (s Settings) Describe() string {
	var l lines
	l.add("service", "%s at %s", s.ServiceName, s.Origins)
	l.add("upstream", "%s, time limit %s", s.Upstream, s.UpstreamTimeout)
	l.add("GOV.UK Pay", "%s, %s", s.PayAPIURL, map[bool]string{true: "live", false: "test: no money is taken"}[s.Live])
	for _, account := range s.Accounts {
		l.add("account "+journey.AccountWord(account.Name), "the key is %s; %d webhook secrets; %d payments a second",
			account.Mode(), len(account.WebhookSecrets), account.Rate)
	}
	l.add("secrets", "%d", len(s.Secrets))
	l.add("store", "%s", s.Store.Kind)
	l.add("public listener", "%s, our own addresses under %s", s.Listen, s.Prefix)
	l.add("staff listener", "%s, %s", s.StaffListen, describeSignIn(s))
	l.add("language", "%s", describeLanguage(s.Language))
	if s.AlertWebhook != nil {
		l.add("alerts", "to a webhook, as for %s", s.AlertFormat)
	}
	if s.Tracing != nil {
		l.add("traces", "to %s", s.Tracing.Collector())
	}
	for _, r := range s.Routes {
		l.addRoute(r)
	}
	for _, warning := range s.Warnings {
		l.add("warning", "%s", warning)
	}
	for _, note := range s.Notes {
		l.add("note", "%s", note)
	}
	return l.String()
}

// lines is a table of names and texts.
type lines struct{ strings.Builder }

func (l *lines) add(name, format string, values ...any) {
	fmt.Fprintf(l, "%-16s %s\n", name, fmt.Sprintf(format, values...))
}

func (l *lines) addRoute(r gateway.Route) {
	l.add("route "+r.Name, "%s, %s, %s", r.Match, describePrice(r), describeTerms(r))
	if r.Terms.Account != "" {
		l.add("  account", "%s", r.Terms.Account)
	}
	l.add("  accepted", "%s", describeAcceptance(r.Terms))
	if r.Terms.Kind == journey.KindSubmission {
		l.add("  no return", "%s", describeNoReturn(r.Terms))
	}
	if r.When != nil {
		l.add("  when", "%s", describeCondition(*r.When))
	}
	if writesToCitizens(r) {
		l.add("  e-mails", "to the address in the form field %s", r.EmailField)
	}
	if len(r.Terms.Share) > 0 {
		l.add("  is told", "%s of the payer", strings.Join(r.Terms.Share, ", "))
	}
	if r.Terms.Tell != "" {
		l.add("  hears", "%s", describeTell(r.Terms))
	}
	if len(r.CardExempt) > 0 {
		l.add("  card numbers", "are not looked for in %s", strings.Join(r.CardExempt, ", "))
	}
	if len(r.Find) > 0 {
		l.add("  found by", "%s", strings.Join(r.Find, ", "))
	}
	for _, p := range r.Aliases {
		l.add("  alias", "%s", p)
	}
	for _, p := range r.Allow {
		l.add("  free nearby", "%s", p)
	}
}

func describeSignIn(s Settings) string {
	words := []string{fmt.Sprintf("%d tokens", len(s.StaffTokens))}
	if s.StaffOIDCIssuer != "" {
		words = append(words, "OpenID Connect by "+s.StaffOIDCIssuer)
	}
	if s.StaffProxyHeader != "" {
		words = append(words, "a proxy by "+s.StaffProxyHeader)
	}
	return strings.Join(words, ", ")
}

func describeCondition(c form.Condition) string {
	if c.AnyValue {
		return fmt.Sprintf("the form has the field %s", c.Field)
	}
	return fmt.Sprintf("the form field %s is %s", c.Field, c.Value)
}

func describeLanguage(sources []gateway.LanguageSource) string {
	words := make([]string, len(sources))
	for i, s := range sources {
		words[i] = s.Kind + ":" + s.Name
	}
	return strings.Join(append(words, "Accept-Language"), ", ")
}

func describePrice(r gateway.Route) string {
	switch {
	case r.UpstreamPriced:
		return "priced by the service"
	case r.PriceField == "":
		return journey.Pounds(r.Price)
	}
	var prices []string
	for _, choice := range slices.Sorted(maps.Keys(r.Prices)) {
		text := journey.Pounds(r.Prices[choice])
		if r.Prices[choice] == 0 {
			text = "free"
		}
		prices = append(prices, choice+" "+text)
	}
	return fmt.Sprintf("by %s: %s", r.PriceField, strings.Join(prices, ", "))
}

func describeTerms(r gateway.Route) string {
	words := []string{string(r.Terms.Kind), "capture " + r.Terms.Capture, "release " + r.Terms.Release}
	if r.Terms.Kind == journey.KindSubmission && !r.Terms.RefusedPage {
		words = append(words, "refusals shown at once")
	}
	if r.Mode != modes.On {
		words = append(words, strings.ToUpper(string(r.Mode)))
	}
	return strings.Join(words, ", ")
}

// describeNoReturn says when a paid request is delivered if the citizen does not come back.
func describeNoReturn(t journey.Terms) string {
	if t.ReturnGrace == 0 {
		return fmt.Sprintf("delivered by the first sweep %s after the payment began", t.MopupMinAge)
	}
	return fmt.Sprintf("delivered %s after GOV.UK Pay first says that the money is there", t.ReturnGrace)
}

// warnings returns warnings about settings that work but are seldom meant.
func warnings(s Settings) []string {
	var found []string
	if !s.Live {
		found = append(found, "PAYGATE_PAY_MODE=test: no money is taken, but paid requests still reach the service")
	}
	for _, account := range s.Accounts {
		if account.Key != "" && !strings.HasPrefix(account.Key, "api_live_") &&
			!strings.HasPrefix(account.Key, "api_test_") {
			found = append(found, account.Setting+"API_KEY does not say whether it is live or test; "+
				"make sure that it fits PAYGATE_PAY_MODE")
		}
	}
	if address, err := netip.ParseAddr(s.Upstream.Hostname()); err == nil {
		if text := exposed(s.Upstream.URL, []netip.Addr{address}); text != "" {
			found = append(found, text)
		}
	}
	for _, o := range s.Origins {
		if !s.Live && !pay.AcceptsHost(o.Hostname()) {
			found = append(found, "PAYGATE_PUBLIC_URL: "+refusedByPay(o))
		}
	}
	for _, r := range s.Routes {
		if r.Mode.TakesNothing() {
			found = append(found, r.Setting+"MODE="+string(r.Mode)+": the route takes no payments")
		}
		found = append(found, acceptanceWarnings(r)...)
	}
	return slices.Concat(found, emailWarnings(s), signInWarnings(s), welshWarnings(s))
}
