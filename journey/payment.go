package journey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Payment is what a journey remembers of one payment at GOV.UK Pay. If a payment was declined and tried again, there
// are several; see [Journey.Payments].
type Payment struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`        // as Pay says; the capture window counts from here (FACTS 5)
	AskedAt   time.Time `json:"asked_at,omitzero"` // when we asked for it, by our own clock; zero in version 1
	ReadAt    time.Time `json:"seen_at"`           // when we last read it at Pay
	Status    string    `json:"status"`            // Pay's own word, as last read
	Code      string    `json:"code,omitempty"`
	Ended     bool      `json:"ended,omitempty"` // Pay says that it is finished, with a word that we do not know
	// Doubtful: Pay's last answer had no link to the card pages, as when it comes from the lagging copy that Pay falls
	// back to in trouble. The citizen may have paid since (FACTS 3.5, trap 33).
	Doubtful bool `json:"doubtful,omitempty"`

	// Money is what Pay holds of the citizen's money on this payment, in pence, as last read: taken and not refunded,
	// or reserved.
	Money    int64 `json:"money"`
	Total    int64 `json:"total,omitempty"`    // pence the citizen was charged, with any card surcharge; 0 until known
	Refunded int64 `json:"refunded,omitempty"` // pence given back so far

	// Refunds is what Pay says of each refund of this payment, oldest first, also of those made elsewhere.
	Refunds []Refund `json:"refunds,omitempty"`
	// RefundsFrom is since when the list of refunds has to be read again: one is under way, or Pay's figures say that
	// the list has changed. Zero: it need not be read.
	RefundsFrom time.Time `json:"refunds_from,omitzero"`
	// RefundsReadAt is when Pay's list of refunds was last read.
	RefundsReadAt time.Time `json:"refunds_read_at,omitzero"`

	// Left means that Pay could not give this money back, and a person settled the journey nevertheless.
	Left bool `json:"left,omitempty"`

	Provider     string `json:"provider,omitempty"`    // Pay's word for the payment provider
	ProviderID   string `json:"provider_id,omitempty"` // the provider's own id of the payment
	Fee          *int64 `json:"fee,omitempty"`         // pence; only some providers say
	Net          *int64 `json:"net,omitempty"`         // pence; may be negative
	CapturedDate string `json:"captured_date,omitempty"`
	SettledDate  string `json:"settled_date,omitempty"`
}

// Refund is one refund of a payment, as Pay says.
type Refund struct {
	ID          string    `json:"id"`
	Amount      int64     `json:"amount"` // pence
	Status      string    `json:"status"` // submitted, success or error
	CreatedAt   time.Time `json:"created_at,omitzero"`
	SettledDate string    `json:"settled_date,omitempty"`
	// By is who asked Paygate for it. It is empty if it was made in Pay's own tool, or by a Paygate of version 1.
	By By `json:"by,omitempty"`
}

// NewPayment is a request for a payment. The client cleans the texts of what Pay would refuse.
type NewPayment struct {
	Amount         int64 // pence
	Reference      string
	Description    string
	ReturnURL      string
	Language       string // "en" or "cy"
	DelayedCapture bool
	Metadata       map[string]string
	Prefill        Prefill
}

// Prefill is what the citizen has already typed at the service and need not type again at Pay. It is personal data,
// sealed with the held request, and never part of the journey itself.
type Prefill struct {
	Email          string `json:"email,omitempty"`
	CardholderName string `json:"cardholder_name,omitempty"`
	Line1          string `json:"line1,omitempty"`
	Line2          string `json:"line2,omitempty"`
	City           string `json:"city,omitempty"`
	Postcode       string `json:"postcode,omitempty"`
	Country        string `json:"country,omitempty"`
}

// PaymentSnapshot is one answer of Pay about one payment. It is believed only when it matches the journey's terms.
type PaymentSnapshot struct {
	ID          string
	Reference   string
	Description string
	Metadata    map[string]string
	Amount      int64  // pence, the price
	Total       int64  // pence, with any card surcharge; 0 while unknown
	Status      string // Pay's own word: created, started, submitted, capturable, success, failed, cancelled, error
	// Pay's code on a failed payment: P0010 declined, P0020 expired, P0030 cancelled by the user …
	Code           string
	ReturnURL      string // where Pay sends the citizen back to; empty if Pay does not say
	Finished       bool   // over, which does not mean paid
	DelayedCapture bool
	CreatedAt      time.Time // zero if Pay's date could not be read

	RefundStatus    string // pending, available, full, unavailable
	RefundAvailable int64  // pence that can still be refunded
	RefundSubmitted int64  // pence refunded or on the way

	Provider     string // Pay's word for the payment provider
	ProviderID   string // the provider's own id; empty until authorisation was tried
	Fee, Net     *int64
	CapturedDate string
	SettledDate  string

	// Payer is known from Get only.
	Payer Payer

	// NextURL is where the citizen pays. It is a bearer credential: never logged, never stored. The client has checked
	// its origin. It is empty if Pay gives none.
	NextURL string
}

// Pay's statuses (FACTS 3.1).
const (
	StatusCreated    = "created"
	StatusStarted    = "started"
	StatusSubmitted  = "submitted"
	StatusCapturable = "capturable"
	StatusSuccess    = "success"
	StatusFailed     = "failed"
	StatusCancelled  = "cancelled"
	StatusError      = "error"
)

// Payments is GOV.UK Pay as a journey needs it. Implementations are safe for concurrent use, bound every call in time
// and size, and never repeat a call whose answer was lost: only the caller knows what is safe to repeat.
type Payments interface {
	// Create makes a payment. Pay has no idempotency for web payments (FACTS 2.3): two calls make two payments. If the
	// payment exists but its next_url must not be used, the error is ErrNextURL and the snapshot is valid.
	Create(context.Context, NewPayment) (PaymentSnapshot, error)

	// Get reads a payment. It is the only call that decides an outcome (FACTS 3.5).
	Get(ctx context.Context, paymentID string) (PaymentSnapshot, error)

	// Capture takes reserved money. It is safe to repeat. After ErrNotAllowed, read the payment.
	Capture(ctx context.Context, paymentID string) error

	// Cancel ends a payment and releases any reservation. It is not safe to repeat: whatever the answer, read the
	// payment.
	Cancel(ctx context.Context, paymentID string) error

	// Refund gives back amount pence if exactly available pence can still be refunded, else the error is ErrNotAllowed.
	// It returns the refund that Pay has made. After any other error the refund may exist: read the payment and its
	// refunds before a repeat.
	Refund(ctx context.Context, paymentID string, amount, available int64) (Refund, error)

	// Refunds lists every refund of a payment, oldest first. The list lags behind Get (FACTS 6).
	Refunds(ctx context.Context, paymentID string) ([]Refund, error)

	// FindByReference lists the payments with exactly this reference (in any case) created from that time on. The
	// search lags behind Get and must not decide an outcome (FACTS 8.2).
	FindByReference(ctx context.Context, reference string, from time.Time) ([]PaymentSnapshot, error)
}

// Errors of a call to Pay, found with errors.Is. Any other error means that the outcome is unknown.
var (
	// ErrPayRefused: Pay refused; nothing was done. Repeating the call does not help.
	ErrPayRefused = errors.New("GOV.UK Pay refused the request")
	// ErrPayAccount is an ErrPayRefused that concerns every call: Pay does not accept the key, or takes no payments for
	// the account. Only an operator can help.
	ErrPayAccount = fmt.Errorf("%w: it does not accept the key or the account", ErrPayRefused)
	// ErrPayMaintenance: Pay is down for maintenance.
	ErrPayMaintenance = errors.New("GOV.UK Pay is down for maintenance")
	// ErrNotNow comes with one of the other errors: nothing was done, and the same call may succeed later.
	ErrNotNow = errors.New("GOV.UK Pay does not do this at the moment")
	// ErrPayBusy: the rate limit was exceeded; nothing was done. Try again later.
	ErrPayBusy = errors.New("GOV.UK Pay is busy")
	// ErrPaymentNotFound: Pay has no such payment for this key.
	ErrPaymentNotFound = errors.New("GOV.UK Pay has no such payment")
	// ErrNotAllowed: the payment's state does not allow the call; nothing was done.
	ErrNotAllowed = errors.New("the payment's state does not allow this")
	// ErrNextURL: the payment exists, but its next_url is not at an allowed origin and must not be used.
	ErrNextURL = errors.New("GOV.UK Pay gave a next_url outside the allowed origins")
)

// AccountRefusals lists the codes under which calls that end with [ErrPayAccount] are counted: the status, or Pay's
// code if there is one.
func AccountRefusals() []string { return []string{"401", "403", "P0199", "P0930", "P0940", "P0941"} }
