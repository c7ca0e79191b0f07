// Package reconcile compares the lists of GOV.UK Pay with the store: every payment that citizens made here must have a
// journey that says the same about its money. It only reads. The lists lag and their pages can be wrong, so each
// difference is read again, at Pay and in the store, before it is reported.
package reconcile

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"paygate/journey"
)

// Pay is an account at GOV.UK Pay.
type Pay interface {
	Get(ctx context.Context, paymentID string) (journey.PaymentSnapshot, error)
	SearchPayments(context.Context, journey.Search) (journey.Page[journey.PaymentSnapshot], error)
	SearchRefunds(context.Context, journey.Search) (journey.Page[journey.ListedRefund], error)
	// Yield waits until citizens leave some of Pay's rate limit unused.
	Yield(context.Context) error
}

// Store is the part of a store that is compared, and the named values in which the last comparison is kept.
type Store interface {
	Get(context.Context, journey.ID) (journey.Journey, error)
	ByPayment(ctx context.Context, paymentID string) (journey.ID, error)
	List(context.Context, journey.Filter) ([]journey.Journey, error)
	Value(ctx context.Context, name string) ([]byte, error)
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
}

// Options configure a Reconciler.
type Options struct {
	Store    Store
	Runner   *journey.Runner
	Accounts map[string]Pay // by name; the default account has the empty name
	// Ours reports whether a return address is one of this Paygate's.
	Ours func(returnURL string) bool
	// Terms are what the journeys of all routes share, for those that are adopted. Payments that are older than
	// KeepJourney may have been forgotten.
	Terms journey.Terms
	At    At // when the daily comparison begins
	Now   func() time.Time
	// Wait waits that long, or until the context ends.
	Wait func(context.Context, time.Duration) error
	Log  *slog.Logger
	// Found, if set, is called after each daily comparison with the number of differences at an account.
	Found func(account string, differences int)
}

// Reconciler compares. It is safe for concurrent use; over all processes on one store, one comparison runs at a time.
type Reconciler struct {
	Options
	zone *time.Location
}

// New returns a Reconciler.
func New(o Options) *Reconciler {
	r := &Reconciler{Options: o, zone: time.UTC}
	if zone, err := time.LoadLocation("Europe/London"); err == nil {
		r.zone = zone
	}
	return r
}

// Range says what is compared.
type Range struct {
	From, To time.Time // To is not included
	// Account is the only account that is compared; nil: all of them.
	Account *string
}

// Report is the result of a comparison.
type Report struct {
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"`
	Checked     int          `json:"checked"` // payments
	Differences []Difference `json:"differences"`
	// More is how many differences were found beyond [maxDifferences].
	More int `json:"more,omitempty"`

	counts map[Kind]int
}

// Kind says in what Pay and the store differ. The words are stored, and are those of the metrics.
type Kind string

const (
	// UnknownHere: Pay holds money on a payment that was made here and that no journey has.
	UnknownHere Kind = "unknown_here"
	// UnknownAtPay: a journey has a payment that Pay does not have.
	UnknownAtPay Kind = "unknown_at_pay"
	// WrongAmount: the price or what the citizen was charged is not the same.
	WrongAmount Kind = "amount"
	// WrongState: one side says that there is money, or that it is only reserved, and the other does not.
	WrongState Kind = "state"
	// WrongRefund: the sums of the refunds are not the same.
	WrongRefund Kind = "refund"
	// NotDelivered: it was paid for more than a day ago, and the service has not been given.
	NotDelivered Kind = "paid_not_delivered"
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{UnknownHere, UnknownAtPay, WrongAmount, WrongState, WrongRefund, NotDelivered}
}

// Difference is one thing in which Pay and the store differ.
type Difference struct {
	Kind          Kind       `json:"kind"`
	Account       string     `json:"account"`
	PaymentID     string     `json:"payment_id"`
	JourneyID     journey.ID `json:"journey_id"`
	Reference     string     `json:"reference"`
	AmountPence   int64      `json:"amount_pence"` // the price, as Pay says if it has the payment
	Here          string     `json:"here"`         // what the store says: a status, a sum in pence, or a state
	AtPay         string     `json:"at_pay"`
	ReservedUntil *time.Time `json:"reserved_until"` // null unless the money is only reserved
}

// Words returns what the two sides say, with sums of money in pounds.
func (d Difference) Words() (here, atPay string) {
	if d.Kind == WrongAmount || d.Kind == WrongRefund {
		return inPounds(d.Here), inPounds(d.AtPay)
	}
	return d.Here, d.AtPay
}

func inPounds(pence string) string {
	n, _ := strconv.ParseInt(pence, 10, 64)
	return journey.Pounds(n)
}
