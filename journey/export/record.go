// Package export defines how journeys look from outside: one [Record] each, in the words that the staff listener's JSON
// and the finance file share, and [CSV] and [RefundsCSV], which write any number of rows in constant memory.
package export

import (
	"cmp"
	"time"

	"paygate/journey"
)

// Record is one journey. Amounts are pence, times are UTC.
type Record struct {
	ID            journey.ID        `json:"id"`
	Route         string            `json:"route"`
	Kind          journey.Kind      `json:"kind"`
	State         journey.State     `json:"state"`
	Reference     string            `json:"reference"`
	AmountPence   int64             `json:"amount_pence"` // the price
	TotalPence    *int64            `json:"total_pence"`  // with any card surcharge; null until known
	Description   string            `json:"description"`
	PaymentID     string            `json:"payment_id"`     // of the payment that counts: the paid one, else the newest
	PaymentStatus string            `json:"payment_status"` // what Pay last said
	PaymentCode   string            `json:"payment_code"`
	StartedAt     time.Time         `json:"started_at"`
	DueAt         *time.Time        `json:"due_at"`      // null when nothing will ever be done
	ReleasedAt    *time.Time        `json:"released_at"` // null when the service has not accepted
	Note          string            `json:"note"`
	Attempts      int               `json:"attempts"`       // deliveries, of all submissions
	RefundedPence int64             `json:"refunded_pence"` // or on the way, of all payments
	Metadata      map[string]string `json:"metadata"`

	// These are about all payments, also those that failed, for which a provider may ask a fee. Only some of Pay's
	// providers report them.
	FeePence *int64 `json:"fee_pence"`
	NetPence *int64 `json:"net_pence"` // may be negative

	// These are about the payment that counts. Only some of Pay's providers report the settlement.
	CapturedAt      string `json:"captured_at"` // dates without a time, as Pay says
	SettledAt       string `json:"settled_at"`
	PaymentProvider string `json:"payment_provider"`
	ProviderID      string `json:"provider_id"` // the provider's own id of the payment

	Account string     `json:"account"` // at GOV.UK Pay; empty: the default one
	PaidAt  *time.Time `json:"paid_at"` // null when GOV.UK Pay has not confirmed

	// These are about all payments.
	ReservedPence int64 `json:"reserved_pence"` // and not taken
	TakenPence    int64 `json:"taken_pence"`    // before refunds
	ReturnedPence int64 `json:"returned_pence"` // by refunds that have succeeded
	// Both are null unless money is reserved; DecideBy is, unless a person has to decide.
	ReservedUntil *time.Time `json:"reserved_until"`
	DecideBy      *time.Time `json:"decide_by"`
}

// Whole is a journey with all its payments and its history.
type Whole struct {
	Record
	Payments []Payment `json:"payments"`
	History  []Event   `json:"history"`
	Messages []Message `json:"messages"` // that were not delivered yet
	Approval *Approval `json:"approval"` // null unless an order waits for a second person
}

// Approval is an order that waits for a second person.
type Approval struct {
	What        string        `json:"what"` // refund, settle
	AmountPence int64         `json:"amount_pence"`
	As          journey.State `json:"as"` // to settle; else empty
	Reason      string        `json:"reason"`
	By          journey.By    `json:"by"`
	At          time.Time     `json:"at"`
	Until       time.Time     `json:"until"`
}

// Message is something that somebody has still to be told, or was not told in the end.
type Message struct {
	ID          string            `json:"id"`
	To          journey.Recipient `json:"to"`
	What        string            `json:"what"`
	AmountPence int64             `json:"amount_pence"`
	At          time.Time         `json:"at"`
	Failures    int               `json:"failures"`
	GivenUpAt   *time.Time        `json:"given_up_at"` // null while it is tried
}

// Payment is one of a journey's payments.
type Payment struct {
	ID            string    `json:"id"`
	CreatedAt     time.Time `json:"created_at"`
	Status        string    `json:"status"`
	Code          string    `json:"code"`
	TotalPence    *int64    `json:"total_pence"`
	RefundedPence int64     `json:"refunded_pence"`
	Refunds       []Refund  `json:"refunds"` // oldest first
}

// Refund is one refund of a payment.
type Refund struct {
	ID          string     `json:"id"` // empty if only the sum of the refunds is known
	AmountPence int64      `json:"amount_pence"`
	Status      string     `json:"status"`     // submitted, success or error, as Pay says
	CreatedAt   time.Time  `json:"created_at"` // when it was made
	SettledAt   string     `json:"settled_at"` // a date without a time
	By          journey.By `json:"by"`         // empty if it was not asked for here
}

// Event is one line of a history.
type Event struct {
	At     time.Time     `json:"at"` // the last time, if it happened repeatedly
	Times  int           `json:"times"`
	Fact   string        `json:"fact"`
	From   journey.State `json:"from"`
	To     journey.State `json:"to"`
	By     journey.By    `json:"by"`
	Detail string        `json:"detail"`
}

// Of returns the record of a journey.
func Of(j journey.Journey) Record {
	p, _ := j.Payment()
	r := Record{
		Account: j.Terms.Account, PaidAt: given(paidAt(j)), PaymentProvider: p.Provider, ProviderID: p.ProviderID,
		ID: j.ID, Route: j.Terms.Route, Kind: j.Terms.Kind, State: j.State, Reference: j.Terms.Reference,
		AmountPence: j.Terms.Amount, TotalPence: known(p.Total), Description: j.Terms.Description,
		PaymentID: p.ID, PaymentStatus: p.Status, PaymentCode: p.Code,
		StartedAt: whole(j.StartedAt), DueAt: given(j.DueAt), ReleasedAt: given(j.ReleasedAt),
		Note: j.Note, Attempts: j.Claim.Number, Metadata: j.Terms.Metadata,
		CapturedAt: p.CapturedDate, SettledAt: p.SettledDate,
	}
	r.ReservedUntil, r.DecideBy = given(j.ReservedUntil()), given(j.DecideBy())
	if r.Metadata == nil {
		r.Metadata = map[string]string{}
	}
	for _, p := range j.Payments {
		r.addMoney(j, p)
	}
	return r
}

// addMoney adds the money of one payment.
func (r *Record) addMoney(j journey.Journey, p journey.Payment) {
	switch p.Status {
	case journey.StatusCapturable:
		r.ReservedPence += p.Money
	case journey.StatusSuccess:
		r.TakenPence += p.Total
	}
	r.RefundedPence += refunded(j, p)
	r.ReturnedPence += refunded(j, p) - onTheWay(p)
	r.FeePence, r.NetPence = sum(r.FeePence, p.Fee), sum(r.NetPence, p.Net)
}

// sum adds two amounts, of which each may be unknown.
func sum(a, b *int64) *int64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return new(*a + *b)
}

// WholeOf returns the record of a journey with its payments and history.
func WholeOf(j journey.Journey) Whole {
	w := Whole{Record: Of(j), Payments: []Payment{}, History: []Event{}, Messages: []Message{}}
	for _, p := range j.Payments {
		w.Payments = append(w.Payments, paymentOf(j, p))
	}
	for _, m := range j.Outbox {
		w.Messages = append(w.Messages,
			Message{m.ID, m.To, m.What, m.Amount, whole(m.At), m.Failures, given(m.GivenUpAt)})
	}
	if a := j.Approval; a.Waits() {
		w.Approval = &Approval{a.What, a.Amount, a.As, a.Reason, a.By, whole(a.At), whole(a.Until())}
	}
	for _, e := range j.History {
		w.History = append(w.History, Event{whole(e.At), max(1, e.Times), e.Fact, e.From, e.To, e.By, e.Detail})
	}
	return w
}

func paymentOf(j journey.Journey, p journey.Payment) Payment {
	refunds := []Refund{}
	for _, r := range j.RefundsOf(p) {
		refunds = append(refunds, Refund{r.ID, r.Amount, r.Status, whole(r.CreatedAt), r.SettledDate, r.By})
	}
	return Payment{p.ID, whole(p.CreatedAt), p.Status, p.Code, known(p.Total), refunded(j, p), refunds}
}

func known(pence int64) *int64 {
	if pence == 0 {
		return nil
	}
	return &pence
}

func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = whole(at)
	return &at
}

// whole drops fractions of a second, which readers do not need and some spreadsheets cannot parse.
func whole(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }
