package journey

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Recipient is who hears a message.
type Recipient string

const (
	ToService Recipient = "service"
	ToCitizen Recipient = "citizen" // by e-mail
)

// Recipients returns every recipient.
func Recipients() []Recipient { return []Recipient{ToService, ToCitizen} }

// What a message tells. The words are stored, and the service reads them.
const (
	WhatDelivered        = "delivered"         // the request was delivered, and the citizen has not seen the reply
	WhatRefunded         = "refunded"          // a refund has succeeded
	WhatReturned         = "returned"          // the journey has ended, and the citizen has the money back
	WhatCollectionFailed = "collection-failed" // the service said yes, and Pay could not collect the money
)

// Message is something that has to be told to somebody. It stays in the journey until it is sent. One that was given up
// stays too, and is sent only if a person asks for it.
type Message struct {
	// ID is the same on every attempt. For a refund that the service hears of it is the refund's id.
	ID        string    `json:"id"`
	To        Recipient `json:"to"`
	What      string    `json:"what"`
	PaymentID string    `json:"payment_id"`
	Amount    int64     `json:"amount"` // pence
	// RefundedTotal is what the citizen has back so far, in pence, with this message.
	RefundedTotal int64     `json:"refunded_total,omitempty"`
	At            time.Time `json:"at"`  // when we learnt of it
	Due           time.Time `json:"due"` // when it is first sent

	TakenUntil time.Time `json:"taken_until,omitzero"` // excludes other senders while one sends it
	Failures   int       `json:"failures,omitempty"`
	FailedAt   time.Time `json:"failed_at,omitzero"` // the first failure
	NotBefore  time.Time `json:"not_before,omitzero"`
	GivenUpAt  time.Time `json:"given_up_at,omitzero"`
}

const (
	// minMessageBackOff and maxMessageBackOff bound how long a message waits after a failure.
	minMessageBackOff, maxMessageBackOff = 10 * time.Second, 30 * time.Minute
	// giveUpAfter is how long a message is tried, from the first failure.
	giveUpAfter = 3 * 24 * time.Hour
	// messageLease is how long an attempt excludes others, unless a delivery to the service may take longer.
	messageLease = 2 * time.Minute
	// maxMessageWait is the longest wait of a message.
	maxMessageWait = time.Hour
)

// errNotToBeSent means that another sender has the message, that it waits, or that it was sent.
var errNotToBeSent = errors.New("the message is not to be sent now")

// Attempted reports whether the recipient may have got the message.
func (m Message) Attempted() bool { return m.Failures > 0 || !m.TakenUntil.IsZero() }

// waits reports whether it is too early for an attempt. A person does not wait for the end of a back-off.
func (m Message) waits(by By, now time.Time) bool {
	until := latest(m.Due, m.TakenUntil)
	if by == ByPaygate {
		until = latest(until, m.NotBefore)
	}
	return now.Before(until) && !tooLong(until, now, maxMessageWait)
}

// nextMessage returns the first message that a recipient has not got yet. It reports false if it must not be sent now,
// or if there is none: a recipient hears everything in order.
func (j Journey) nextMessage(to Recipient, by By, now time.Time) (Message, bool) {
	for _, m := range j.Outbox {
		if m.To == to && (m.GivenUpAt.IsZero() || by != ByPaygate) {
			return m, !m.waits(by, now)
		}
	}
	return Message{}, false
}

// tellAt returns [Journey.TellAt]: when the first of the messages that wait was to be sent.
func (j Journey) tellAt() time.Time {
	first := time.Time{}
	for _, m := range j.Outbox {
		if m.GivenUpAt.IsZero() && (first.IsZero() || m.Due.Before(first)) {
			first = m.Due
		}
	}
	if first.IsZero() && len(j.Outbox) > 0 {
		return GivenUpTellAt()
	}
	return first
}

// GivenUpTellAt is the TellAt of a journey whose messages were all given up: about the last time that a store's lists
// can hold. So only a person finds them and sends them.
func GivenUpTellAt() time.Time { return time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC) }

// waitsToTell reports whether there is a message that was not given up.
func (j Journey) waitsToTell() bool {
	return slices.ContainsFunc(j.Outbox, func(m Message) bool { return m.GivenUpAt.IsZero() })
}

// MessagesGivenUp returns the messages that could not be delivered.
func (j Journey) MessagesGivenUp() (given []Message) {
	for _, m := range j.Outbox {
		if !m.GivenUpAt.IsZero() {
			given = append(given, m)
		}
	}
	return given
}

// Message returns the message with an id. It reports false if it was sent, or never was.
func (j Journey) Message(id string) (Message, bool) {
	i := slices.IndexFunc(j.Outbox, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return j.Outbox[i], true
}

// withMessage returns a copy in which one message is changed.
func (j Journey) withMessage(id string, change func(*Message)) Journey {
	j.Outbox = slices.Clone(j.Outbox)
	for i := range j.Outbox {
		if j.Outbox[i].ID == id {
			change(&j.Outbox[i])
		}
	}
	return j
}

// withoutMessages returns a copy without some messages.
func (j Journey) withoutMessages(drop func(Message) bool) Journey {
	j.Outbox = slices.DeleteFunc(slices.Clone(j.Outbox), drop)
	if len(j.Outbox) == 0 {
		j.Outbox = nil
	}
	return j
}

// messageTaken reserves a message for one sender, so that no other replica sends it at the same time.
func (j Journey) messageTaken(f MessageTaken, by By, at time.Time) (Journey, string, error) {
	m, _ := j.Message(f.ID)
	if next, ready := j.nextMessage(m.To, by, at); !ready || next.ID != f.ID {
		return j, "", errNotToBeSent
	}
	return j.withMessage(f.ID, func(m *Message) { m.TakenUntil = f.Until }), "", nil
}

// messageSent removes a message that the recipient has got, even if another process sent it.
func (j Journey) messageSent(f MessageSent) (Journey, string, error) {
	m, found := j.Message(f.ID)
	if !found {
		return j, "", nil
	}
	if !m.GivenUpAt.IsZero() && strings.HasPrefix(j.Note, givenUp) {
		j.Note = ""
	}
	return j.withoutMessages(func(m Message) bool { return m.ID == f.ID }), m.describe(), nil
}

// messageFailed records a failed attempt. It says nothing about an attempt that another sender has begun since. Of the
// attempts that Paygate makes by itself, the history has the first.
func (j Journey) messageFailed(f MessageFailed, by By, at time.Time) (Journey, string, error) {
	m, found := j.Message(f.ID)
	if !found || !m.TakenUntil.Equal(f.Until) {
		return j, "", nil
	}
	detail := ""
	if m.Failures == 0 || by != ByPaygate {
		detail = m.describe() + ": " + f.Detail
	}
	return j.withMessage(f.ID, func(m *Message) { m.failed(at) }), detail, nil
}

func (m *Message) failed(at time.Time) {
	if m.Failures++; m.FailedAt.IsZero() || m.FailedAt.After(at) {
		m.FailedAt = at
	}
	m.TakenUntil = time.Time{}
	m.NotBefore = at.Add(min(maxMessageBackOff, minMessageBackOff<<min(m.Failures-1, 10)))
}

// givenUp begins the note about a message that was given up.
const givenUp = "given up telling "

func (j Journey) messageGivenUp(f MessageGivenUp, at time.Time) (Journey, string, error) {
	m, found := j.Message(f.ID)
	if !found {
		return j, "", nil
	}
	detail := m.describe() + ": " + f.Detail
	if j.State != StateStuck {
		j.Note = givenUp + detail
	}
	return j.withMessage(f.ID, func(m *Message) {
		m.failed(at)
		m.GivenUpAt = at
	}), detail, nil
}

// describe names the message for the history. It has no address in it.
func (m Message) describe() string {
	return fmt.Sprintf("the %s: %s, %s", m.To, m.What, Pounds(m.Amount))
}

// emailErased removes the citizen's address, and what can no longer be sent to it.
func (j Journey) emailErased() Journey {
	j.Email = ""
	return j.withoutMessages(func(m Message) bool { return m.To == ToCitizen })
}
