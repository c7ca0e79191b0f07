package paysim

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// The words that settings accept; the first is the default.
var (
	addressCollections = []string{"on", "off"}
	emailCollections   = []string{"mandatory", "optional", "off"}
	providers          = []string{"sandbox", "stripe", "worldpay"}
)

// Declare makes each setting a flag whose default is its present value. It is the only list of the settings: flags,
// variables and /control/settings all use it.
func (o *Options) Declare(set *flag.FlagSet) {
	*o = o.withDefaults()
	set.Var(urlValue(&o.PublicURL), "url", "the `URL` where browsers and clients reach the simulator")
	set.StringVar(&o.ServiceName, "service-name", o.ServiceName, "the service's `NAME` on the card pages")
	set.Var(keysValue(&o.Keys), "keys", "the valid `KEYS`, with commas between; none: all like api_test_…")
	set.Var(accountsValue(&o.Accounts), "accounts",
		"further accounts with commas between, each `NAME=KEY` or NAME=KEY:WEBHOOK-SECRET")
	set.BoolVar(&o.Live, "live", o.Live, "behave as a live account")
	set.BoolVar(&o.Moto, "moto", o.Moto, "allow telephone payments")
	set.Var(wordValue(&o.Provider, providers), "provider", "the payment provider: `sandbox|stripe|worldpay`")
	set.Var(urlValue(&o.WebhookURL), "webhook-url", "the `URL` that webhooks are sent to; none: no webhooks")
	set.Var(secretValue(&o.WebhookSecret), "webhook-secret", "the `SECRET` that signs webhooks")
	set.Var(penceValue(&o.Surcharge), "surcharge", "the surcharge on corporate cards, in `PENCE`")
	set.Var(wordValue(&o.AddressCollection, addressCollections), "address-collection",
		"whether the card page asks for the billing address: `on|off`")
	set.Var(wordValue(&o.EmailCollection, emailCollections), "email-collection",
		"whether the card page asks for an e-mail address: `mandatory|optional|off`")
	set.BoolVar(&o.ThreeDSecure, "three-d-secure", o.ThreeDSecure, "challenge every card with 3-D Secure")
	set.IntVar(&o.PostLimit, "rate", o.PostLimit,
		"the `NUMBER` of creates, captures and other POSTs a second, and five times as many GETs; -1: no limit")
	set.Var(spanValue(&o.SearchLag), "search-lag", "the `TIME` by which searches lag behind, such as 30s")
	set.Var(spanValue(&o.RefundDelay), "refund-delay",
		"the `TIME` until the provider collects, and a refund is possible")
	set.Var(spanValue(&o.RefundTakes), "refund-takes", "the `TIME` that a refund stays submitted")
	set.Var(wordValue(&o.RefundOutcome, refundOutcomes), "refund-outcome",
		"what becomes of refunds: `success|error|delayed|submitted-then-error`")
	set.BoolVar(&o.RefuseEmptyBodies, "refuse-empty-bodies", o.RefuseEmptyBodies,
		"refuse a capture or cancel without a body")
	set.DurationVar(&o.ClockSkew, "clock-skew", o.ClockSkew,
		"the `TIME` by which the clock is ahead, or behind if negative")
}

// variablePrefix begins the name of each variable.
const variablePrefix = "PAYSIM_"

// ReadVariables sets flags from variables: -search-lag from PAYSIM_SEARCH_LAG. It refuses names that it does not know,
// but for those that Kubernetes adds for a service called paysim. Empty variables count as absent.
func ReadVariables(set *flag.FlagSet, environ []string) error {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || value == "" || isOfKubernetes(rest) {
			continue
		}
		if err := set.Set(flagOf(rest), value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func isOfKubernetes(rest string) bool {
	return rest == "PORT" || rest == "SERVICE_HOST" || strings.HasPrefix(rest, "PORT_") ||
		strings.HasPrefix(rest, "SERVICE_PORT")
}

// flagOf returns the flag's name for one with underscores.
func flagOf(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// Settings returns all settings by name, such as search_lag. Keys and secrets are not shown.
func (s *Simulator) Settings() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	options, shown := s.options, map[string]string{}
	set := flag.NewFlagSet("settings", flag.ContinueOnError)
	options.Declare(set)
	set.VisitAll(func(f *flag.Flag) { shown[strings.ReplaceAll(f.Name, "-", "_")] = f.Value.String() })
	return shown
}

// Set changes settings while the simulator runs, all of them or none.
func (s *Simulator) Set(settings map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	options := s.options
	set := flag.NewFlagSet("settings", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	options.Declare(set)
	for name, value := range settings {
		if err := set.Set(flagOf(name), value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	s.options = options.withDefaults()
	return nil
}
