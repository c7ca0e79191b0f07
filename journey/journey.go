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

// ID is the public id of a journey: 16 characters that sort by time. Staff and the service see it. It grants no access.
type ID string

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID returns an id made from the time, in milliseconds, and 34 random bits. A store refuses the rare duplicate.
func NewID(now time.Time) ID {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	text := idTime(uint64(now.UnixMilli())<<14 | uint64(binary.BigEndian.Uint16(random[:2]))>>2)
	id := text[:]
	// The last four characters hold 5 random bits each.
	for _, b := range random[2:6] {
		id = append(id, crockford[b&31])
	}
	return ID(id)
}

// idTime returns the first twelve characters of an id. They hold 46 bits of time, enough until the year 4199, and 14
// random bits.
func idTime(bits uint64) (text [12]byte) {
	for i := 11; i >= 0; i-- {
		text[i] = crockford[bits&31]
		bits >>= 5
	}
	return text
}

// NewKey returns the secret half of a ticket: 128 random bits that prove that a browser owns the journey.
func NewKey() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
}

// Claim is the right to deliver, held by one claimant at a time.
type Claim struct {
	Number int       `json:"number"` // fencing: only the holder of the latest number may write a result
	By     By        `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Until  time.Time `json:"until,omitzero"`
}

// Journey follows one citizen from a held request to the service, or back to their money. It is a value: only
// [Journey.Apply] makes the next one, and only a [Store] keeps it.
type Journey struct {
	ID          ID          `json:"id"`
	Key         string      `json:"key"` // the ticket's secret; see [Journey.OwnedBy]
	State       State       `json:"state"`
	Terms       Terms       `json:"terms"`
	Fingerprint Fingerprint `json:"imprint"`

	StartedAt time.Time `json:"started_at"`
	Since     time.Time `json:"since"`             // when it entered its state
	DueAt     time.Time `json:"due_at"`            // when a sweep visits it; see [Journey.Due]
	EarlyAt   time.Time `json:"early_at,omitzero"` // when early delivery visits it; zero: never
	TellAt    time.Time `json:"tell_at,omitzero"`  // since when a message waits; see [GivenUpTellAt]; zero: none waits
	OwedAt    time.Time `json:"owed_at,omitzero"`  // since when money has to go back to the citizen; zero: none
	LateAt    time.Time `json:"late_at,omitzero"`  // since when a step is owed that keeps failing; zero: none

	AskedAt    time.Time `json:"asked_at,omitzero"`   // last attempt to create a payment
	Creating   bool      `json:"creating,omitempty"`  // a create is under way, or its answer was lost
	Payments   []Payment `json:"payments,omitempty"`  // oldest first
	PaidWith   string    `json:"paid_with,omitempty"` // the payment that confirmed it
	PaidAt     time.Time `json:"paid_at,omitzero"`    // when we first read Pay's confirmation
	ReturnedAt time.Time `json:"returned_at,omitzero"`
	// NudgedAt is set while Pay has told us of a change to a payment that we have not read yet.
	NudgedAt time.Time `json:"nudged_at,omitzero"`
	Trusted  bool      `json:"trusted,omitempty"` // released, or to be released, before Pay confirmed

	Submission int       `json:"submission"` // 1; one more for each corrected request on the same payment
	Attempt    int       `json:"attempt"`    // deliveries of this submission so far
	Claim      Claim     `json:"claim,omitzero"`
	NotSentAt  time.Time `json:"not_sent_at,omitzero"`
	Sent       bool      `json:"sent,omitempty"`       // the service has received a submission, or may have
	Doubtful   bool      `json:"doubtful,omitempty"`   // the service may have received this submission; unresolved
	ReleasedAt time.Time `json:"released_at,omitzero"` // first acceptance by the service
	LookedAt   time.Time `json:"looked_at,omitzero"`   // last second look at Pay
	Returning  bool      `json:"returning,omitempty"`  // decided: the money goes back, nothing more is delivered

	// RefundAskedAt is set from when a person asks for a refund until its result is known.
	RefundAskedAt time.Time `json:"refund_asked_at,omitzero"`

	// Approval is an order that waits for a second person.
	Approval Approval `json:"approval,omitzero"`

	ReplyStatus   int       `json:"reply_status,omitempty"` // the service's last status, for staff
	ReplyUntil    time.Time `json:"reply_until,omitzero"`   // zero: no reply is kept
	ReplyShown    bool      `json:"reply_shown,omitempty"`  // it has reached the browser, with its cookies
	OutcomeSeenAt time.Time `json:"seen_at,omitzero"`       // when the citizen learnt what the service said last

	Early Early `json:"early,omitzero"`

	// Adopted: it began as a payment in Pay's list that no journey had. There is no request, and there never will be.
	Adopted bool `json:"adopted,omitempty"`

	// CollectionFailed: Pay could not collect the money after all, although the service was given (FACTS 3.3).
	CollectionFailed bool `json:"collection_failed,omitempty"`

	// Outbox are the messages that are still to be told, oldest first. Told are the ids of all that there ever were.
	Outbox []Message `json:"outbox,omitempty"`
	Told   []string  `json:"told,omitempty"`
	Email  string    `json:"email,omitempty"` // where messages to the citizen go; empty: none are sent

	Trouble  Trouble `json:"trouble,omitempty"`
	Note     string  `json:"note,omitempty"` // for staff: why it is stuck, or what failed last
	Failures int     `json:"failures,omitempty"`
	// NotBefore delays sweeps, and only sweeps, after failures.
	NotBefore time.Time `json:"not_before,omitzero"`
	TriedAt   time.Time `json:"tried_at,omitzero"` // when a payment was last read, or a step last failed

	CaptureTries Attempts `json:"capture_tries,omitzero"`
	CancelTries  Attempts `json:"cancel_tries,omitzero"`
	RefundTries  Attempts `json:"refund_tries,omitzero"` // of money that has to go back; not those that staff ask for

	// Trace says where the request that began it was traced; see [Tracer]. It may be empty.
	Trace string `json:"trace,omitempty"`

	History []Event `json:"history,omitempty"`
}

// OwnedBy reports, in constant time, whether key is the ticket's secret.
func (j Journey) OwnedBy(key string) bool {
	return j.Key != "" && subtle.ConstantTimeCompare([]byte(j.Key), []byte(key)) == 1
}

// AwaitsCitizen reports whether the citizen has yet to say whether to pay: no payment was ever requested.
func (j Journey) AwaitsCitizen() bool { return j.State == StateHeld && j.AskedAt.IsZero() }

// Payment returns the payment that confirmed the journey, or else the newest. It reports false if there is none.
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

// Paid reports whether Pay confirmed the journey's payment and the money is taken or reserved.
func (j Journey) Paid() bool {
	p, ok := j.Payment()
	return ok && j.PaidWith == p.ID && p.Money > 0
}

// PassValid reports whether a paid and accepted pass can still be fetched.
func (j Journey) PassValid(now time.Time) bool {
	return j.Terms.Kind == KindPass && j.Paid() && (j.State == StateReleased || j.State == StateAccepted) &&
		now.Before(j.ReleasedAt.Add(j.Terms.PassFor))
}

// KeepsRequest reports whether the held request is still needed. If not, a store erases it.
func (j Journey) KeepsRequest() bool {
	if j.Adopted {
		return false
	}
	switch j.State {
	case StateAccepted, StateReleased, StateReversed, StateAbandoned:
		return false
	default:
		return true
	}
}

// KeepsReply reports whether the service's reply is kept. If not, a store erases it.
func (j Journey) KeepsReply() bool { return !j.ReplyUntil.IsZero() }

// ShowsReply reports whether the kept reply is shown to the citizen: its time is not over, and the money is not going
// back.
func (j Journey) ShowsReply(now time.Time) bool {
	return now.Before(j.ReplyUntil) && !j.Returning && j.State != StateReversed && j.State != StateAbandoned
}

// TransitionError reports a fact that a journey's state does not allow. Nothing was written.
type TransitionError struct {
	State State
	Fact  string
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("a journey that is %s does not allow %s", e.State, e.Fact)
}
