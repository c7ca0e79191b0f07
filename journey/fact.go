package journey

import "time"

// Fact is something that happened to a journey. [Journey.Apply] says what follows in each state.
type Fact interface {
	// Name is the fact's word in the history, the logs and the metrics.
	Name() string
}

type (
	// PaymentAsked is the intent to create a payment. It keeps other callers from creating one too.
	PaymentAsked struct{}
	// PaymentCreated is Pay's answer.
	PaymentCreated struct{ Snapshot PaymentSnapshot }
	// PaymentNotCreated is any other result of a create: refused, or the answer was lost.
	PaymentNotCreated struct{ Detail string }
	// PaymentNeverMade means that a search, hours later, found no payment at Pay.
	PaymentNeverMade struct{}

	// CitizenReturned means that the citizen is back from Pay.
	CitizenReturned struct{}
	// Nudged is a webhook: something happened to one of the payments. It only makes us read the payment (FACTS 7.3).
	Nudged struct{}
	// PaymentSeen is what Pay says about one of the journey's payments.
	PaymentSeen struct{ Snapshot PaymentSnapshot }

	// Claimed is the intent of one claimant to deliver, until a time.
	Claimed struct{ Until time.Time }
	// RequestDelivered is the result of the delivery under claim Number.
	RequestDelivered struct {
		Number    int
		Verdict   Verdict
		Status    int
		Detail    string
		KeepReply bool // the reply is stored with this fact
	}
	// ClaimLapsed is a claim whose holder never reported a result.
	ClaimLapsed struct{ Number int }

	// RequestLost means that the held request can no longer be read.
	RequestLost struct{}

	// Captured means that the reserved money was taken.
	Captured struct{}
	// CaptureLost means that the reserved money can no longer be taken.
	CaptureLost struct{ Detail string }
	// Resubmitted is a corrected request on the same payment.
	Resubmitted struct {
		Fingerprint Fingerprint
		Email       string // may be another one than before
	}

	// ReturnDecided is the decision to give the money back. From here on nothing is delivered. A person gives a reason.
	ReturnDecided struct{ Reason string }
	// MoneyReturned means that we gave the money of a payment back, and Pay holds none of it.
	MoneyReturned struct {
		PaymentID string
		Detail    string
	}
	// ReturnFailed means that the money cannot be given back.
	ReturnFailed struct{ Detail string }
	// LeftToStaff is a refusal that the route leaves to staff.
	LeftToStaff struct{}
	// RetryLapsed means that the citizen neither tried again nor, if asked whether to pay, answered in time.
	RetryLapsed struct{}

	// EarlyBegun is the intent of early delivery to visit a journey that was due at that time.
	EarlyBegun struct{ Due time.Time }

	// Tried is the intent to cancel or refund a payment. It keeps other callers from asking for the same.
	Tried struct {
		Effect    Effect
		PaymentID string
	}
	// TryFailed means that Pay has not done what it was asked for, or may not have.
	TryFailed struct {
		Effect  Effect
		Detail  string
		Refused bool // Pay would refuse the same again
	}
	// Overdue means that the state, entered at that time, has not ended in a week: a person decides.
	Overdue struct{ Since time.Time }

	// StepFailed is an owed step that failed and will be tried again.
	StepFailed struct{ Detail string }
	// Looked is a look at Pay, whatever the result. Nudged is the NudgedAt of the journey when it began: what Pay has
	// told us of since needs another one.
	Looked struct{ Nudged time.Time }
	// OutcomeSeen means that a page or a reply told the citizen what the service said.
	OutcomeSeen struct{}
	// ReplyShown means that the browser got the kept reply, with its cookies. It implies OutcomeSeen.
	ReplyShown struct{}
	// NothingOwed means that a visit found nothing to do, although the journey was due.
	NothingOwed struct{}
	// ReplyErased means that the kept reply is no longer needed.
	ReplyErased struct{}

	// ReleaseOrdered is a person's order to deliver the request now, or once more.
	ReleaseOrdered struct{ Reason string }
	// Settled is a person's decision about a stuck journey.
	Settled struct {
		As     State // confirmed, released or reversed
		Reason string
	}
	// RefundAsked is a person's intent to give money back although the service was given. It excludes other refunds and
	// deliveries until its result is known.
	RefundAsked struct {
		Amount int64 // pence
		Reason string
	}
	// Guarded is an order to give money back, in the words of its own fact. It may need a second person.
	Guarded struct {
		Fact
		Second Second
	}
	// ApprovalAsked is an order that waits for a second person.
	ApprovalAsked struct {
		Order  Order
		Person string // the ID of who asks
	}
	// ApprovalEnded means that an order is not carried out: another person has rejected it, the person who asked has
	// withdrawn it, or nobody has agreed in time.
	ApprovalEnded struct {
		Reason string
		Person string // the ID of who ends it
	}
	// Refunded means that Pay accepted the refund.
	Refunded struct {
		PaymentID string
		Amount    int64 // pence
	}
	// RefundsSeen is what Pay's list says of the refunds of a payment, also of those made elsewhere.
	RefundsSeen struct {
		PaymentID string
		Refunds   []Refund
	}
	// MessageTaken is the intent of one sender to send a message, until a time.
	MessageTaken struct {
		ID    string
		Until time.Time
	}
	// MessageSent means that the recipient has got a message.
	MessageSent struct{ ID string }
	// MessageFailed means that the attempt that was to end at a time failed. It will be repeated.
	MessageFailed struct {
		ID     string
		Until  time.Time
		Detail string
	}
	// MessageGivenUp means that a message is not sent any more, unless a person asks for it.
	MessageGivenUp struct {
		ID     string
		Detail string
	}
	// EmailErased means that the citizen's address is no longer needed.
	EmailErased struct{}
	// PersonErased means that a person has erased what is known about the citizen.
	PersonErased struct{ Reason string }
	// RefundEnded is any other result: Pay refused it, or its answer was lost and the payment was read since.
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
func (Tried) Name() string             { return "tried" }
func (TryFailed) Name() string         { return "try_failed" }
func (Overdue) Name() string           { return "overdue" }
func (StepFailed) Name() string        { return "step_failed" }
func (Looked) Name() string            { return "looked" }
func (OutcomeSeen) Name() string       { return "outcome_seen" }
func (ReplyShown) Name() string        { return "reply_shown" }
func (NothingOwed) Name() string       { return "nothing_owed" }
func (ReplyErased) Name() string       { return "reply_erased" }
func (ReleaseOrdered) Name() string    { return "release_ordered" }
func (Settled) Name() string           { return "settled" }
func (RefundAsked) Name() string       { return "refund_asked" }
func (ApprovalAsked) Name() string     { return "approval_asked" }
func (ApprovalEnded) Name() string     { return "approval_ended" }
func (Refunded) Name() string          { return "refunded" }
func (RefundsSeen) Name() string       { return "refunds_seen" }
func (MessageTaken) Name() string      { return "message_taken" }
func (MessageSent) Name() string       { return "message_sent" }
func (MessageFailed) Name() string     { return "message_failed" }
func (MessageGivenUp) Name() string    { return "message_given_up" }
func (EmailErased) Name() string       { return "email_erased" }
func (PersonErased) Name() string      { return "person_erased" }
func (RefundEnded) Name() string       { return "refund_ended" }
