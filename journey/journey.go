package journey

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// ID is the public id of a journey: 16 characters that sort by time. Staff and the service see it; it opens nothing.
type ID string

// NewID makes an id from the time, in milliseconds, and 34 random bits; a store refuses the rare second use.
func NewID(now time.Time) ID {
	const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	bits := uint64(now.UnixMilli())<<14 | uint64(binary.BigEndian.Uint16(random[:2]))>>2
	var text [16]byte
	// 48 bits of time and 14 random ones in the first twelve characters (60 bits hold the time until the year 4199) …
	for i := 11; i >= 0; i-- {
		text[i] = crockford[bits&31]
		bits >>= 5
	}
	// … and four more characters of 5 random bits each.
	for i, b := range random[2:6] {
		text[12+i] = crockford[b&31]
	}
	return ID(text[:])
}

// NewKey makes the secret half of a ticket: 128 random bits. Who shows it owns the journey.
func NewKey() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
}

// State says where a journey stands. The words are stored and never renamed; [Journey.Apply] says who moves it on.
type State string

const (
	// StateHeld keeps the request; no payment is known yet.
	StateHeld State = "held"
	// StatePaying waits for the citizen, who is at GOV.UK Pay.
	StatePaying State = "paying"
	// StateUnpaid is a payment that ended without money; the citizen may try again with the same held request.
	StateUnpaid State = "unpaid"
	// StateConfirmed has the money taken or reserved; the request is to be delivered, or the pass to be collected.
	StateConfirmed State = "confirmed"
	// StateReleasing has exactly one claimant delivering the request.
	StateReleasing State = "releasing"
	// StateAccepted means that the service said yes and that the capture is still owed.
	StateAccepted State = "accepted"
	// StateRefused means that the service said no; the citizen may correct the request, else the money goes back.
	StateRefused State = "refused"
	// StateStuck waits for a person; the note says why.
	StateStuck State = "stuck"
	// StateReleased is at rest: service given, money taken.
	StateReleased State = "released"
	// StateReversed is at rest: service not given, money given back.
	StateReversed State = "reversed"
	// StateAbandoned is at rest: never paid, nothing sent.
	StateAbandoned State = "abandoned"
)

// States lists every state, in the order of a journey's life.
func States() []State {
	return []State{
		StateHeld, StatePaying, StateUnpaid, StateConfirmed, StateReleasing, StateAccepted,
		StateRefused, StateStuck, StateReleased, StateReversed, StateAbandoned,
	}
}

// AtRest tells whether money and service agree for good, as far as anybody knows.
func (s State) AtRest() bool {
	return s == StateReleased || s == StateReversed || s == StateAbandoned
}

// Trouble says why a journey is stuck.
type Trouble string

const (
	// TroubleDelivery: nobody knows whether the service got the request.
	TroubleDelivery Trouble = "delivery_unknown"
	// TroubleRequest: the held request cannot be read any more.
	TroubleRequest Trouble = "request_lost"
	// TroubleMismatch: Pay's payment is not the one in the journey's terms.
	TroubleMismatch Trouble = "payment_mismatch"
	// TroubleCapture: the service accepted, and the money could not be taken.
	TroubleCapture Trouble = "capture_lost"
	// TroubleReturn: the money could not be given back.
	TroubleReturn Trouble = "return_failed"
	// TroubleRefused: the service refused and the route leaves refusals to staff.
	TroubleRefused Trouble = "left_to_staff"
	// TroubleTrust: released on return, and then not paid.
	TroubleTrust Trouble = "trusted_not_paid"
)

// By names who moved a journey: one of the doors, or a member of staff.
type By string

const (
	ByCitizen By = "citizen"
	ByMopup   By = "mopup"
	ByWebhook By = "webhook"
	ByPaygate By = "paygate" // Paygate itself, at its start
	// ByEarly is early delivery. For everybody else it is the mop-up; see [By.Word].
	ByEarly By = "early"
)

// ByStaff names a member of staff.
func ByStaff(name string) By { return By("staff:" + name) }

func (b By) isStaff() bool { return strings.HasPrefix(string(b), "staff:") }

// Word is the name in the history, the logs and the metrics.
func (b By) Word() By {
	if b == ByEarly {
		return ByMopup
	}
	return b
}

// Via is the word the service reads in Paygate-Via.
func (b By) Via() string {
	switch {
	case b == ByEarly:
		return ByMopup.Via()
	case b == ByCitizen:
		return "return"
	case b.isStaff():
		return "staff"
	default:
		return string(b)
	}
}

// Claim is the right to deliver, held by one at a time.
type Claim struct {
	Number int       `json:"number"` // fencing: only the holder of the latest number may write a result
	By     By        `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Until  time.Time `json:"until,omitzero"`
}

// Event is one line of a journey's history.
type Event struct {
	At     time.Time `json:"at"`
	Fact   string    `json:"fact"`
	From   State     `json:"from"`
	To     State     `json:"to"`
	By     By        `json:"by"`
	Detail string    `json:"detail,omitempty"`
	Times  int       `json:"times,omitempty"` // how often the same thing happened in a row, where more than once
}

// Journey is one citizen's way from a held request to the service, or back to their money. It is a value: only
// [Journey.Apply] makes the next one, and only a store keeps it.
type Journey struct {
	ID          ID          `json:"id"`
	Key         string      `json:"key"` // the ticket's secret; see [Journey.OwnedBy]
	State       State       `json:"state"`
	Terms       Terms       `json:"terms"`
	Fingerprint Fingerprint `json:"imprint"`

	StartedAt time.Time `json:"started_at"`
	Since     time.Time `json:"since"`             // when it came into its state
	DueAt     time.Time `json:"due_at"`            // when a sweep looks at it; see [Journey.Due]
	EarlyAt   time.Time `json:"early_at,omitzero"` // when early delivery looks at it; zero: never

	AskedAt    time.Time `json:"asked_at,omitzero"`   // last time we set out to create a payment
	Creating   bool      `json:"creating,omitempty"`  // a create is under way, or its answer was lost
	Payments   []Payment `json:"payments,omitempty"`  // oldest first
	PaidWith   string    `json:"paid_with,omitempty"` // the payment that confirmed it
	PaidAt     time.Time `json:"paid_at,omitzero"`    // when we first saw Pay's confirmation
	ReturnedAt time.Time `json:"returned_at,omitzero"`
	// NudgedAt: Pay said that something happened to a payment, and we have not asked since.
	NudgedAt time.Time `json:"nudged_at,omitzero"`
	Trusted  bool      `json:"trusted,omitempty"` // released, or to be released, before Pay confirmed

	Submission int       `json:"submission"` // 1; one more for each corrected request on the same payment
	Attempt    int       `json:"attempt"`    // deliveries of this submission so far
	Claim      Claim     `json:"claim,omitzero"`
	NotSentAt  time.Time `json:"not_sent_at,omitzero"`
	Doubtful   bool      `json:"doubtful,omitempty"`   // the service may have got this submission, and nobody has found out since
	ReleasedAt time.Time `json:"released_at,omitzero"` // first acceptance by the service
	LookedAt   time.Time `json:"looked_at,omitzero"`   // last second look at Pay
	Returning  bool      `json:"returning,omitempty"`  // decided: the money goes back, nothing is delivered any more

	// RefundAskedAt: a person asked for a refund, and its end is not known yet.
	RefundAskedAt time.Time `json:"refund_asked_at,omitzero"`

	ReplyStatus   int       `json:"reply_status,omitempty"` // the service's last status, for staff
	ReplyUntil    time.Time `json:"reply_until,omitzero"`   // zero: no reply is kept
	ReplyShown    bool      `json:"reply_shown,omitempty"`  // it has reached the browser, with its cookies
	OutcomeSeenAt time.Time `json:"seen_at,omitzero"`       // when the citizen learnt what the service said to the last delivery

	Early Early `json:"early,omitzero"` // what early delivery remembers

	// CollectionFailed: Pay could not collect the money after all, though the service was given (FACTS 3.3).
	CollectionFailed bool `json:"collection_failed,omitempty"`

	Trouble  Trouble `json:"trouble,omitempty"`
	Note     string  `json:"note,omitempty"` // for staff: why it is stuck, or what failed last
	Failures int     `json:"failures,omitempty"`
	// NotBefore is how long sweeps leave it alone after failures. It binds sweeps only.
	NotBefore time.Time `json:"not_before,omitzero"`

	History []Event `json:"history,omitempty"`
}

// OwnedBy tells whether key is the ticket's secret, in constant time.
func (j Journey) OwnedBy(key string) bool {
	return j.Key != "" && subtle.ConstantTimeCompare([]byte(j.Key), []byte(key)) == 1
}

// AwaitsCitizen reports whether nothing happens until the citizen says that they want to pay: no payment was ever asked for.
func (j Journey) AwaitsCitizen() bool { return j.State == StateHeld && j.AskedAt.IsZero() }

// Payment is the one that confirmed the journey, else the newest; false where there is none.
func (j Journey) Payment() (Payment, bool) {
	for _, p := range j.Payments {
		if p.ID == j.PaidWith {
			return p, true
		}
	}
	if len(j.Payments) == 0 {
		return Payment{}, false
	}
	return j.Payments[len(j.Payments)-1], true
}

// Paid tells whether Pay confirmed the journey's payment, and the money is taken or reserved.
func (j Journey) Paid() bool {
	p, ok := j.Payment()
	return ok && j.PaidWith == p.ID && p.Money > 0
}

// PassValid tells whether a paid and accepted pass can still be fetched.
func (j Journey) PassValid(now time.Time) bool {
	return j.Terms.Kind == KindPass && j.Paid() && (j.State == StateReleased || j.State == StateAccepted) &&
		now.Before(j.ReleasedAt.Add(j.Terms.PassFor))
}

// KeepsRequest tells whether somebody is still owed the held request; a store erases it as soon as not.
func (j Journey) KeepsRequest() bool {
	switch j.State {
	case StateAccepted, StateReleased, StateReversed, StateAbandoned:
		return false
	default:
		return true
	}
}

// KeepsReply tells whether the service's reply is kept; a store erases it as soon as not.
func (j Journey) KeepsReply() bool { return !j.ReplyUntil.IsZero() }

// ShowsReply tells whether the kept reply is still what the citizen is to see: not past its time, though it may not be erased
// yet, and not when it is overtaken by the money's return.
func (j Journey) ShowsReply(now time.Time) bool {
	return now.Before(j.ReplyUntil) && !j.Returning && j.State != StateReversed && j.State != StateAbandoned
}

// TransitionError is a fact that has no place in a journey's state. Nothing was written.
type TransitionError struct {
	State State
	Fact  string
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("no way from %s by %s", e.State, e.Fact)
}
