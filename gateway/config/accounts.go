package config

import (
	"fmt"
	"slices"
	"strings"

	"paygate/journey"
)

// accountSettings are the settings of one further account at GOV.UK Pay, declared as in Settings.
type accountSettings struct {
	// The API key of a further account, and the secrets of its webhooks. NAME is the name of the account in capitals,
	// with _ for -. A key whose prefix does not fit PAYGATE_PAY_MODE is refused.
	Key            string   `env:"API_KEY,required" check:"key" secret:"yes" example:"api_live_x" section:"A further account"`
	WebhookSecrets []string `env:"WEBHOOK_SECRETS" secret:"yes" example:"webhook_live_example"`
	// As PAYGATE_PAY_RATE and PAYGATE_PAY_RATE_TOTAL: each account has limits of its own.
	Rate      int `env:"RATE" default:"10"`
	RateTotal int `env:"RATE_TOTAL" default:"10"`
}

// Account is an account at GOV.UK Pay.
type Account struct {
	accountSettings
	Name    string // empty: the default account
	Setting string // how the names of its settings begin, such as "PAYGATE_PAY_PARKING_"
}

// accountPrefix begins the names of the settings of a further account.
func accountPrefix(name string) string { return payPrefix + upper(name) + "_" }

// payPrefix begins the names of the settings of GOV.UK Pay.
const payPrefix = prefix + "PAY_"

func parseAccountNames(text string) (accountNames, error) {
	return parseNames[accountSettings](text, accountPrefix, checkAccountName)
}

// checkAccountName rejects a name whose settings could be taken for those of the default account.
func checkAccountName(name string) error {
	isTaken := func(d declaration) bool { return strings.HasPrefix(d.name, accountPrefix(name)) }
	switch {
	case name == journey.DefaultAccount:
		return fmt.Errorf("%q is the word for the account of PAYGATE_PAY_API_KEY", name)
	case slices.ContainsFunc(declarations[Settings](prefix), isTaken):
		return fmt.Errorf("the settings of %q could be taken for those of the default account", name)
	}
	return nil
}

// accounts returns the default account, and reads and checks the settings of the further ones.
func (c *checker) accounts(s Settings) []Account {
	all := []Account{{
		accountSettings{s.PayAPIKey, s.PayWebhookSecrets, s.PayRate, s.PayRateTotal}, "", payPrefix,
	}}
	for _, name := range s.AccountNames {
		account := Account{Name: name, Setting: accountPrefix(name)}
		c.readSecrets(declarations[accountSettings](account.Setting))
		read(c, &account.accountSettings, account.Setting)
		all = append(all, account)
	}
	for i, account := range all {
		c.compareKey(s, account, all[:i])
	}
	return all
}

// compareKey reports a key that does not fit the mode, or that belongs to another account too.
func (c *checker) compareKey(s Settings, account Account, others []Account) {
	name := account.Setting + "API_KEY"
	isSame := func(other Account) bool { return other.Key == account.Key && account.Key != "" }
	if at := slices.IndexFunc(others, isSame); at >= 0 {
		c.fault(name, "is also %sAPI_KEY: each account has a key of its own", others[at].Setting)
	}
	switch {
	case !c.sound("PAYGATE_PAY_MODE"):
	case strings.HasPrefix(account.Key, "api_test_") && s.Live:
		c.fault(name, "is a test key, and PAYGATE_PAY_MODE is live: no money would be taken")
	case strings.HasPrefix(account.Key, "api_live_") && !s.Live:
		c.fault(name, "is a live key, and PAYGATE_PAY_MODE is test")
	}
}

// checkAccount reports a route whose account does not exist.
func (c routeChecker) checkAccount(name string, accounts []Account) {
	isIt := func(a Account) bool { return a.Name == name }
	if !slices.ContainsFunc(accounts, isIt) && c.checker.sound("PAYGATE_PAY_ACCOUNTS") {
		c.fault("ACCOUNT", "names %q, which PAYGATE_PAY_ACCOUNTS does not list", name)
	}
}

// Mode says in words whether the key is live.
func (a Account) Mode() string {
	switch {
	case strings.HasPrefix(a.Key, "api_live_"):
		return "live: money is taken"
	case strings.HasPrefix(a.Key, "api_test_"):
		return "a test key: no money is taken"
	default:
		return "without a prefix: make sure that it fits PAYGATE_PAY_MODE"
	}
}
