package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"paygate/gateway/config"
	"paygate/journey"
	"paygate/journey/pay"
)

// accounts are the clients of the accounts at GOV.UK Pay, by name.
type accounts map[string]*pay.Client

// payCalled is called after each call to an account, by the account's word; see [pay.Options].
type payCalled func(ctx context.Context, account, call, code string, took time.Duration)

// newAccounts returns a client for each account in the settings. The accounts share nothing.
func (s store) newAccounts(settings config.Settings, finished payCalled) accounts {
	all := accounts{}
	for _, account := range settings.Accounts {
		o := ClientOptions(settings, account)
		o.Finished = func(ctx context.Context, call, code string, took time.Duration) {
			finished(ctx, journey.AccountWord(account.Name), call, code, took)
		}
		if s.sharedLimit != nil {
			o.SharedLimit = func(ctx context.Context) error { return s.sharedLimit(ctx, account) }
		}
		all[account.Name] = pay.New(o)
	}
	return all
}

// ClientOptions returns the options of a client for one account.
func ClientOptions(s config.Settings, account config.Account) pay.Options {
	return pay.Options{
		URL: s.PayAPIURL, Key: account.Key, CardOrigins: s.PayCardOrigins, Timeout: s.PayTimeout,
		CreateRate: account.Rate,
	}
}

// payments returns the accounts as journeys use them.
func (a accounts) payments() journey.Accounts {
	all := journey.Accounts{}
	for name, client := range a {
		all[name] = client
	}
	return all
}

// waitOut waits a moment for Pay to accept an account's calls again.
func (a accounts) waitOut(ctx context.Context, account string) error {
	if client, ok := a[account]; ok {
		return client.WaitOut(ctx)
	}
	return nil
}

// yield waits until a read that is not urgent may be sent to an account.
func (a accounts) yield(ctx context.Context, account string) error {
	client, ok := a[account]
	if !ok {
		return nil
	}
	if err := client.WaitOut(ctx); err != nil {
		return err
	}
	return client.Yield(ctx)
}

// requireAccounts returns an error if unfinished journeys name an account that the settings lack: no one could finish
// them.
func (s store) requireAccounts(ctx context.Context, known accounts, now time.Time) error {
	if s.isAway {
		return nil
	}
	lacking := map[string]int{}
	for j, err := range s.unfinished(ctx, now) {
		if err != nil {
			return fmt.Errorf("reading the accounts of unfinished journeys: %w", err)
		}
		if _, ok := known[j.Terms.Account]; !ok {
			lacking[j.Terms.Account]++
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(lacking)) {
		errs = append(errs,
			fmt.Errorf("%d unfinished journeys belong to the account %q, which PAYGATE_PAY_ACCOUNTS does "+
				"not list: list it, with its key, until they have ended and no refund is under way",
				lacking[name], name))
	}
	return errors.Join(errs...)
}

// unfinished returns the journeys that are open, and those at rest whose citizens wait for money.
func (s store) unfinished(ctx context.Context, now time.Time) iter.Seq2[journey.Journey, error] {
	return func(yield func(journey.Journey, error) bool) {
		for _, state := range journey.States() {
			if state.AtRest() {
				continue
			}
			for j, err := range s.each(ctx, journey.Filter{State: state, Limit: 500}) {
				if !yield(j, err) {
					return
				}
			}
		}
		for j, err := range s.owedBack(ctx, now) {
			if (err != nil || j.State.AtRest()) && !yield(j, err) {
				return
			}
		}
	}
}
