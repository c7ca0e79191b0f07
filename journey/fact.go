package journey

import "time"

// Fact is something that happened to a journey. [Journey.Apply] says what follows from it in each state.
type Fact interface {
	// Name is the fact's word in the history, the logs and the metrics.
	Name() string
}

type (
	// PaymentAsked is the intent to create a payment; it keeps others from creating one too.
	PaymentAsked struct{}
	// PaymentCreated is Pay's answer to it.
	PaymentCreated struct{ Snapshot PaymentSnapshot }
	// PaymentNotCreated is any other end of a create: refused, or its answer lost.
	PaymentNotCreated struct{ Detail string }
	// PaymentNeverMade is the finding, hours later, that Pay has no payment for the journey.
	PaymentNeverMade struct{}

	// CitizenReturned is the citizen coming back from Pay.
	CitizenReturned struct{}
	// Nudged is a webhook: something happened to one of the payments. It decides nothing; it makes us ask (FACTS 7.3).
	Nudged struct{}
	// PaymentSeen is what Pay says about one of the journey's payments.
	PaymentSeen struct{ Snapshot PaymentSnapshot }

	// Claimed is the intent to deliver, by one claimant, until a time.
	Claimed struct{ Until time.Time }
	// RequestDelivered is what became of the delivery of claim Number.
	RequestDelivered struct {
		Number  int
		Verdict Verdict
		Status  int
		Detail  string
		Kept    bool // the reply is kept with this fact
	}
	// ClaimLapsed is a claim whose holder never said what became of the delivery.
	ClaimLapsed struct{ Number int }

	// RequestLost is a held request that cannot be read any more.
	RequestLost struct{}

	// Captured is reserved money taken.
	Captured struct{}
	// CaptureLost is reserved money that cannot be taken any more.
	CaptureLost struct{ Detail string }
	// Resubmitted is a corrected request on the same payment.
	Resubmitted struct{ Fingerprint Fingerprint }

	// ReturnDecided is the decision to give the money back; from here on nothing is delivered.
	ReturnDecided struct{}
	// MoneyReturned is a payment of which Pay holds nothing any more, because we gave it back.
	MoneyReturned struct {
		PaymentID string
		Detail    string
	}
	// ReturnFailed is money that cannot be given back by us.
	ReturnFailed struct{ Detail string }
	// LeftToStaff is a refusal that the route leaves to people.
	LeftToStaff struct{}
	// RetryLapsed is the end of the time in which a citizen could have tried again, or said that they want to pay.
	RetryLapsed struct{}

	// EarlyBegun is the intent of early delivery to look at a journey that it found due then.
	EarlyBegun struct{ Due time.Time }

	// StepFailed is an owed step that could not be done now and will be tried again.
	StepFailed struct{ Detail string }
	// Looked is a second look at Pay, whatever it showed.
	Looked struct{}
	// OutcomeSeen is a page or a reply from which the citizen learnt what the service said.
	OutcomeSeen struct{}
	// ReplyShown is the kept reply, with its cookies, handed to the browser. It is an OutcomeSeen too.
	ReplyShown struct{}
	// ReplyErased is the end of the kept reply.
	ReplyErased struct{}

	// ReleaseOrdered is a person's word that the request is to be delivered now, or once more.
	ReleaseOrdered struct{ Reason string }
	// Settled is a person's decision about a stuck journey.
	Settled struct {
		As     State // confirmed, released or reversed
		Reason string
	}
	// RefundAsked is a person's intent to give money back, the service's being given all the same; it keeps others from
	// refunding or delivering meanwhile.
	RefundAsked struct {
		Amount int64 // pence
		Reason string
	}
	// Refunded is that refund done.
	Refunded struct {
		PaymentID string
		Amount    int64 // pence
	}
	// RefundEnded is any other end of it: refused by Pay, or its answer lost and Pay read since.
	RefundEnded struct{ Detail string }
)

func (PaymentAsked) Name() string      { return "payment_asked" }
func (PaymentCreated) Name() string    { return "payment_created" }
func (PaymentNotCreated) Name() string { return "payment_not_created" }
func (PaymentNeverMade) Name() string  { return "payment_never_made" }
func (CitizenReturned) Name() string   { return "citizen_returned" }
func (Nudged) Name() string            { return "nudged" }
func (PaymentSeen) Name() string       { return "payment_seen" }
func (Claimed) Name() string           { return "claimed" }
func (RequestDelivered) Name() string  { return "delivered" }
func (ClaimLapsed) Name() string       { return "claim_lapsed" }
func (RequestLost) Name() string       { return "request_lost" }
func (Captured) Name() string          { return "captured" }
func (CaptureLost) Name() string       { return "capture_lost" }
func (Resubmitted) Name() string       { return "resubmitted" }
func (ReturnDecided) Name() string     { return "return_decided" }
func (MoneyReturned) Name() string     { return "money_returned" }
func (ReturnFailed) Name() string      { return "return_failed" }
func (LeftToStaff) Name() string       { return "left_to_staff" }
func (RetryLapsed) Name() string       { return "retry_lapsed" }
func (EarlyBegun) Name() string        { return "early_begun" }
func (StepFailed) Name() string        { return "step_failed" }
func (Looked) Name() string            { return "looked" }
func (OutcomeSeen) Name() string       { return "outcome_seen" }
func (ReplyShown) Name() string        { return "reply_shown" }
func (ReplyErased) Name() string       { return "reply_erased" }
func (ReleaseOrdered) Name() string    { return "release_ordered" }
func (Settled) Name() string           { return "settled" }
func (RefundAsked) Name() string       { return "refund_asked" }
func (Refunded) Name() string          { return "refunded" }
func (RefundEnded) Name() string       { return "refund_ended" }
