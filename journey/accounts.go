package journey

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Accounts are the accounts at GOV.UK Pay by name, each with its own key. The default account has the empty name.
type Accounts map[string]Payments

// DefaultAccount is what people and metrics call the account with the empty name.
const DefaultAccount = "default"

// AccountWord returns what people and metrics call an account.
func AccountWord(name string) string { return cmp.Or(name, DefaultAccount) }

// at returns the account that the journey's terms name.
func (r *Runner) at(j Journey) Payments {
	if payments, ok := r.Accounts[j.Terms.Account]; ok {
		return payments
	}
	return missingAccount{j.Terms.Account}
}

// missingAccount is an account that the settings do not have: every call fails without having been sent.
type missingAccount struct{ name string }

func (m missingAccount) err() error {
	return fmt.Errorf("the settings have no account %q at GOV.UK Pay: %w", m.name, ErrPayAccount)
}

func (m missingAccount) Create(context.Context, NewPayment) (PaymentSnapshot, error) {
	return PaymentSnapshot{}, m.err()
}

func (m missingAccount) Get(context.Context, string) (PaymentSnapshot, error) {
	return PaymentSnapshot{}, m.err()
}

func (m missingAccount) Capture(context.Context, string) error { return m.err() }

func (m missingAccount) Cancel(context.Context, string) error { return m.err() }

func (m missingAccount) Refund(context.Context, string, int64, int64) (Refund, error) {
	return Refund{}, m.err()
}

func (m missingAccount) Refunds(context.Context, string) ([]Refund, error) { return nil, m.err() }

func (m missingAccount) FindByReference(context.Context, string, time.Time) ([]PaymentSnapshot, error) {
	return nil, m.err()
}
