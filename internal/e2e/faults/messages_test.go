package faults

import (
	"context"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
)

// words is what a message says.
type words struct {
	journey journey.ID
	message journey.Message
}

// listeners are the service and the citizen, as they hear messages.
type listeners struct{ heard []words }

// Send is told a message. Its state of delivery is not part of what it says.
func (l *listeners) Send(_ context.Context, j journey.Journey, m journey.Message) error {
	l.heard = append(l.heard, words{j.ID, journey.Message{
		ID: m.ID, To: m.To, What: m.What, PaymentID: m.PaymentID, Amount: m.Amount, RefundedTotal: m.RefundedTotal,
		At: m.At, Due: m.Due,
	}})
	return nil
}

// of returns the messages to a recipient about a journey. One that came twice counts once, and has the same words.
func (l *listeners) of(s *scenario, id journey.ID, to journey.Recipient) (found []journey.Message) {
	known := map[string]journey.Message{}
	for _, w := range l.heard {
		if w.journey != id || w.message.To != to {
			continue
		}
		before, again := known[w.message.ID]
		if !again {
			found = append(found, w.message)
		} else {
			require.Equal(s.t, before, w.message, "told twice, with other words; failed: %s", s.failure.name)
		}
		known[w.message.ID] = w.message
	}
	return found
}

type failingMessenger struct {
	journey.Messenger
	*failingStep
}

func (m failingMessenger) Send(ctx context.Context, j journey.Journey, message journey.Message) error {
	return m.do("messenger tells", func() error { return m.Messenger.Send(ctx, j, message) })
}

// tell sends what waits to be told.
func (s *scenario) tell() {
	for _, j := range s.journeys() {
		if j.TellAt.IsZero() || j.TellAt.After(s.clock.Now()) {
			continue
		}
		for _, to := range journey.Recipients() {
			_ = s.runner.Tell(s.t.Context(), j.ID, to, journey.ByPaygate)
		}
	}
}

// requireTold requires that everybody heard what Pay recorded, and nothing else.
func (s *scenario) requireTold() {
	for _, j := range s.journeys() {
		require.Empty(s.t, j.Outbox, "failed: %s", s.failure.name)
		view, _ := s.atPay(j.PaidWith)
		s.requireServiceTold(j, view)
		s.requireCitizenTold(j, view)
	}
}

// atPay returns what Pay recorded of a payment.
func (s *scenario) atPay(id string) (view paysim.PaymentView, found bool) {
	for _, p := range s.pay.Payments() {
		if p.ID == id {
			return p, true
		}
	}
	return view, false
}

// refundsMade returns the refunds that succeeded, by their ids.
func refundsMade(p paysim.PaymentView) map[string]int64 {
	made := map[string]int64{}
	for _, r := range p.Refunds {
		if r.Status == journey.RefundSuccess {
			made[r.ID] = r.Amount
		}
	}
	return made
}

// wentBack returns what the citizen has back of a payment that Pay had confirmed, taken or reserved.
func wentBack(j journey.Journey, p paysim.PaymentView) (pence int64) {
	if !j.PaidAt.IsZero() && j.State == journey.StateReversed && p.Status != journey.StatusSuccess {
		return p.Total
	}
	for _, amount := range refundsMade(p) {
		pence += amount
	}
	return pence
}

// requireServiceTold requires that the service knows what went back, if it was asked at all.
func (s *scenario) requireServiceTold(j journey.Journey, p paysim.PaymentView) {
	received := false
	for _, line := range s.ledger.All() {
		received = received || line.Journey == string(j.ID)
	}
	told, failed := int64(0), 0
	for _, m := range s.listeners.of(s, j.ID, journey.ToService) {
		require.True(s.t, j.Sent, "%+v", m)
		switch m.What {
		case journey.WhatRefunded:
			require.Equal(s.t, refundsMade(p)[m.ID], m.Amount, "%+v", m)
			told += m.Amount
		case journey.WhatReturned:
			require.Equal(s.t, journey.StateReversed, j.State, "%+v", m)
			told += m.Amount
		case journey.WhatCollectionFailed:
			require.Equal(s.t, journey.StatusError, p.Status, "%+v", m)
			failed++
			continue
		default:
			s.t.Fatalf("%+v", m)
		}
		require.Equal(s.t, told, m.RefundedTotal, "%+v", m)
	}
	if !received {
		return
	}
	if !j.PaidAt.IsZero() {
		require.Equal(s.t, wentBack(j, p), told, "failed: %s; %+v", s.failure.name, j.History)
	}
	if j.State == journey.StateReleased && p.Status == journey.StatusError {
		require.Equal(s.t, 1, failed, "failed: %s", s.failure.name)
	}
}

// requireCitizenTold requires at most one e-mail of each kind, and one about money that went back.
func (s *scenario) requireCitizenTold(j journey.Journey, p paysim.PaymentView) {
	kinds := map[string]int{}
	for _, m := range s.listeners.of(s, j.ID, journey.ToCitizen) {
		kinds[m.What]++
		require.Equal(s.t, 1, kinds[m.What], "%+v", m)
		require.Positive(s.t, m.Amount)
		require.LessOrEqual(s.t, m.Amount, p.Total, "%+v", m)
	}
	require.Equal(s.t, wentBack(j, p) > 0, kinds[journey.WhatReturned]+kinds[journey.WhatRefunded] > 0,
		"failed: %s; %v; %+v", s.failure.name, kinds, j.History)
	if kinds[journey.WhatDelivered] > 0 {
		require.False(s.t, j.ReleasedAt.IsZero(), "an e-mail says that it was delivered")
	}
}
