package journey

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// audience is what the recipients of a random walk may have heard: every message of which an attempt was made.
type audience struct {
	*walk
	heard []Message
}

// TestNothingIsToldTwiceInRandomWalks applies random facts, sends messages or fails to, and checks that what each
// recipient hears fits together.
func TestNothingIsToldTwiceInRandomWalks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := &audience{walk: &walk{t: t, now: t0.Add(time.Minute), paid: map[string]int64{}}}
		a.j = sentJourney(t)
		for range rapid.IntRange(1, 40).Draw(t, "length") {
			a.now = a.now.Add(time.Duration(rapid.IntRange(0, 10_000).Draw(t, "seconds")) * time.Second)
			a.happens(moneyFact(t, a.j))
			a.send()
			a.amountsAddUp()
			a.retold()
		}
	})
}

// sentJourney returns a paid journey that the service said yes, no or nothing clear to.
func sentJourney(t *rapid.T) Journey {
	terms := exampleTerms()
	terms.Tell = "/events"
	paid := snapshot(StatusCapturable)
	if rapid.Bool().Draw(t, "immediate") {
		terms.Capture, paid = CaptureImmediate, snapshot(StatusSuccess)
	}
	verdict := rapid.SampledFrom([]Verdict{VerdictAccepted, VerdictRefused, VerdictUnknown}).Draw(t, "verdict")
	j := Hold("01TEST", "key", terms, Fingerprint{Path: "/licences/apply"}, t0)
	j.Email = "citizen@example.org"
	for _, f := range []Fact{
		PaymentCreated{snapshot(StatusCreated)},
		PaymentSeen{paid},
		Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: verdict},
	} {
		next, err := j.Apply(f, ByCitizen, t0)
		require.NoError(t, err)
		j = next
	}
	return j
}

// moneyFact is something that may happen to the money of such a journey.
func moneyFact(t *rapid.T, j Journey) Fact {
	seen := func(status string, refunded int64) Fact {
		s := snapshot(status)
		s.RefundSubmitted, s.RefundAvailable = refunded, 2500-refunded
		return PaymentSeen{s}
	}
	other := snapshot(StatusSuccess)
	other.ID = "pay2"
	return rapid.SampledFrom([]Fact{
		Captured{},
		CaptureLost{"too late"},
		ReturnDecided{},
		MoneyReturned{PaymentID: "pay1"},
		ReturnFailed{"disputed"},
		Settled{StateReleased, "asked"},
		Settled{StateReversed, "asked"},
		OutcomeSeen{},
		Looked{},
		seen(StatusSuccess, 0), seen(StatusSuccess, 500), seen(StatusSuccess, 2500), seen(StatusCancelled, 0),
		seen(StatusError, 0),
		PaymentCreated{other},
		PaymentSeen{other},
		randomRefunds(t, j), randomRefunds(t, j), randomRefunds(t, j),
	}).Draw(t, "fact")
}

// happens applies a fact, if the state allows it.
func (a *audience) happens(f Fact) {
	if next, err := a.j.Apply(f, ByMopup, a.now); err == nil {
		a.j = next
	}
}

// randomRefunds is a list of refunds as Pay may give it: a refund that has ended stays as it is.
func randomRefunds(t *rapid.T, j Journey) Fact {
	p := rapid.SampledFrom(j.Payments).Draw(t, "payment")
	f := RefundsSeen{PaymentID: p.ID}
	for i, amount := range []int64{500, 2000} {
		id := p.ID + string(rune('a'+i))
		known := slices.ContainsFunc(p.Refunds, func(r Refund) bool {
			return r.ID == id &&
				r.Status != RefundSubmitted
		})
		if p.Status == StatusSuccess && !known && rapid.Bool().Draw(t, id) {
			status := rapid.SampledFrom([]string{RefundSubmitted, RefundSuccess, RefundError}).Draw(t, "status")
			f.Refunds = append(f.Refunds, Refund{ID: id, Amount: amount, Status: status})
		}
	}
	return f
}

// send tries to send what may be sent now, with a random result.
func (a *audience) send() {
	for _, to := range Recipients() {
		m, ready := a.j.nextMessage(to, ByPaygate, a.now)
		if !ready || !rapid.Bool().Draw(a.t, "send") {
			continue
		}
		until := a.now.Add(time.Minute)
		a.applied(MessageTaken{m.ID, until})
		a.note(m)
		a.applied(rapid.SampledFrom([]Fact{
			MessageSent{m.ID}, MessageFailed{m.ID, until, "503"}, MessageGivenUp{m.ID, "404"},
		}).Draw(a.t, "result"))
	}
}

func (a *audience) applied(f Fact) {
	next, err := a.j.Apply(f, ByPaygate, a.now)
	require.NoError(a.t, err)
	a.j = next
}

// note records a message. A repeat has the same words.
func (a *audience) note(m Message) {
	i := slices.IndexFunc(a.heard, func(h Message) bool { return h.ID == m.ID })
	if i < 0 {
		a.heard = append(a.heard, m)
		return
	}
	h := a.heard[i]
	require.Equal(a.t, []any{h.What, h.Amount, h.RefundedTotal}, []any{m.What, m.Amount, m.RefundedTotal})
}

// amountsAddUp checks what each recipient heard about the money of each payment.
func (a *audience) amountsAddUp() {
	for _, to := range Recipients() {
		back, words := map[string]int64{}, map[string]bool{}
		for _, m := range a.heard {
			if m.To != to {
				continue
			}
			words[m.What] = true
			p := a.j.payment(m.PaymentID)
			if m.What == WhatRefunded || m.What == WhatReturned {
				back[m.PaymentID] += m.Amount
			}
			if m.What == WhatReturned {
				require.Equal(a.t, p.charged(a.j), back[m.PaymentID], "%+v", a.heard)
			}
			if to == ToService && m.What == WhatRefunded {
				require.Equal(a.t, back[m.PaymentID], m.RefundedTotal)
			}
		}
		require.False(a.t, words[WhatReturned] && words[WhatCollectionFailed], "%+v", a.heard)
	}
}

// retold checks that no message waits whose recipient has heard it.
func (a *audience) retold() {
	for _, m := range a.j.Outbox {
		for _, h := range a.heard {
			require.False(a.t, h.ID == m.ID && !m.Attempted(), "%s is told again", m.ID)
		}
	}
	require.Len(a.t, slices.Compact(slices.Sorted(slices.Values(a.j.Told))), len(a.j.Told))
	if !a.j.Sent {
		require.False(a.t, slices.ContainsFunc(a.j.Outbox, func(m Message) bool { return m.To == ToService }))
	}
}
