package paysim

import (
	"cmp"
	"slices"
	"strings"
)

// Account is an account at Pay. It has keys of its own, and sees only its own payments.
type Account struct {
	Name          string
	Keys          []string
	ServiceName   string // on the card pages; empty: as the first account
	WebhookURL    string // empty: as the first account
	WebhookSecret string // empty: as the first account
}

// firstAccount is how a fault names the account without a name.
const firstAccount = "first"

// accounts returns all accounts. The first has no name; it takes every well-formed key if it has none of its own.
func (o Options) accounts() []Account {
	first := Account{
		Keys: o.Keys, ServiceName: o.ServiceName, WebhookURL: o.WebhookURL, WebhookSecret: o.WebhookSecret,
	}
	return append([]Account{first}, o.Accounts...)
}

// account returns the account with a name, with the values that it shares with the first.
func (o Options) account(name string) Account {
	all := o.accounts()
	i := max(0, slices.IndexFunc(all, func(a Account) bool { return a.Name == name }))
	found := all[i]
	found.ServiceName = cmp.Or(found.ServiceName, o.ServiceName)
	found.WebhookURL = cmp.Or(found.WebhookURL, o.WebhookURL)
	found.WebhookSecret = cmp.Or(found.WebhookSecret, o.WebhookSecret)
	return found
}

// accountOf returns the name of the account that a key belongs to.
func (o Options) accountOf(authorization string) (name string, known bool) {
	key, isBearer := strings.CutPrefix(authorization, "Bearer ")
	if !isBearer {
		return "", false
	}
	for _, a := range o.accounts() {
		if slices.Contains(a.Keys, key) {
			return a.Name, true
		}
	}
	return "", len(o.Keys) == 0 && keyPattern.MatchString(key)
}
