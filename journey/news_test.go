package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func tells(terms *Terms) { terms.Tell = "/paygate/events" }

// told returns a journey under terms that tell the service, with the citizen's address.
func told(t *testing.T, facts ...Fact) Journey {
	t.Helper()
	j := atPay(t, tells)
	j.Email = "citizen@example.org"
	return must(t, j, facts...)
}

// delivered are the facts of a journey that the service said yes to.
func delivered(verdict Verdict) []Fact {
	return []Fact{
		PaymentSeen{snapshot(StatusCapturable)},
		Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: verdict},
		OutcomeSeen{},
	}
}

func given(t *testing.T) Journey {
	return must(t, told(t, delivered(VerdictAccepted)...), Captured{}, PaymentSeen{snapshot(StatusSuccess)})
}

type line struct {
	to            Recipient
	id, what      string
	amount, total int64
}

func outbox(j Journey) (lines []line) {
	for _, m := range j.Outbox {
		lines = append(lines, line{m.To, m.ID, m.What, m.Amount, m.RefundedTotal})
	}
	return lines
}

func recipients(j Journey) (all []Recipient) {
	for _, m := range j.Outbox {
		all = append(all, m.To)
	}
	return all
}

func refunds(refunds ...Refund) Fact { return RefundsSeen{"pay1", refunds} }

func TestEachRefundIsToldWhenItHasSucceeded(t *testing.T) {
	t.Parallel()
	j := must(t, given(t), refunds(Refund{ID: "re1", Amount: 500, Status: RefundSubmitted}))
	require.Empty(t, j.Outbox)
	j = must(t, j, refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess}))
	require.Equal(t, []line{
		{ToService, "re1", WhatRefunded, 500, 500},
		{ToCitizen, "email-refunded-re1", WhatRefunded, 500, 0},
	}, outbox(j))
	require.Equal(t, t0.Add(time.Minute), j.TellAt)
	require.Equal(t, j.Outbox, must(t, j, refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess})).Outbox)

	j = must(t, j, MessageSent{"re1"}, MessageSent{"email-refunded-re1"})
	require.Zero(t, j.TellAt)
	j = must(t, j, refunds(
		Refund{ID: "re1", Amount: 500, Status: RefundSuccess}, Refund{ID: "re2", Amount: 700, Status: RefundError},
		Refund{ID: "re3", Amount: 100, Status: RefundSuccess}, Refund{ID: "re4", Amount: 200, Status: RefundSuccess},
	))
	require.Equal(t, []line{
		{ToService, "re3", WhatRefunded, 100, 600}, {ToService, "re4", WhatRefunded, 200, 800},
	}, outbox(j), "one e-mail for each journey, and nothing about a refund that failed")
}

func TestAReturnIsToldOnceAndNotAsARefund(t *testing.T) {
	t.Parallel()
	refused := told(t, delivered(VerdictRefused)...)
	cancelled := must(t, refused, ReturnDecided{}, PaymentSeen{snapshot(StatusCancelled)},
		MoneyReturned{PaymentID: "pay1"})
	returned := []line{
		{ToService, "01TEST-returned", WhatReturned, 2500, 2500},
		{ToCitizen, "01TEST-email-returned", WhatReturned, 2500, 0},
	}
	require.Equal(t, returned, outbox(cancelled))

	paid := atPay(t, func(terms *Terms) { tells(terms); immediateCapture(terms) })
	paid.Email = "citizen@example.org"
	back := snapshot(StatusSuccess)
	back.RefundStatus, back.RefundSubmitted = "full", 2500
	j := must(t, paid, PaymentSeen{snapshot(StatusSuccess)}, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictRefused}, ReturnDecided{}, PaymentSeen{back},
		MoneyReturned{PaymentID: "pay1"}, refunds(Refund{ID: "re1", Amount: 2500, Status: RefundSubmitted}))
	require.Equal(t, StateReversed, j.State)
	require.Equal(t, []Recipient{ToCitizen}, recipients(j),
		"the refund may still fail: the service waits for the result")
	j = must(t, j, refunds(Refund{ID: "re1", Amount: 2500, Status: RefundSuccess}))
	require.Equal(t, []Recipient{ToCitizen, ToService}, recipients(j))
	require.Equal(t, returned[0], outbox(j)[1])
}

// A refund that was told is no part of what is returned later. One that was not is.
func TestMoneyThatCameTooLateIsToldToTheCitizen(t *testing.T) {
	t.Parallel()
	late := snapshot(StatusSuccess)
	j := told(t, PaymentSeen{snapshot(StatusFailed)}, RetryLapsed{})
	require.Equal(t, StateAbandoned, j.State)
	j = must(t, j, PaymentSeen{late}, MoneyReturned{PaymentID: "pay1"})
	require.Equal(t, []line{{ToCitizen, "01TEST-email-returned", WhatReturned, 2500, 0}}, outbox(j))
}

func TestAmountsThatAreToldAddUp(t *testing.T) {
	t.Parallel()
	for _, sent := range []bool{true, false} {
		j := atPay(t, func(terms *Terms) { tells(terms); immediateCapture(terms) })
		part, back := snapshot(StatusSuccess), snapshot(StatusSuccess)
		part.RefundSubmitted, back.RefundSubmitted = 500, 2500
		j = must(t, j, PaymentSeen{snapshot(StatusSuccess)}, Claimed{t0.Add(time.Hour)},
			RequestDelivered{Number: 1, Verdict: VerdictRefused},
			PaymentSeen{part}, refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess}))
		require.Equal(t, []line{{ToService, "re1", WhatRefunded, 500, 500}}, outbox(j))
		wanted := []line{{ToService, "01TEST-returned", WhatReturned, 2500, 2500}}
		if sent {
			j = must(t, j, MessageTaken{"re1", t0.Add(2 * time.Minute)}, MessageSent{"re1"})
			wanted[0].amount = 2000
		}
		j = must(t, j, ReturnDecided{})
		require.Empty(t, j.Outbox, "nobody was told: it becomes part of the return")
		j = must(t, j, PaymentSeen{back}, MoneyReturned{PaymentID: "pay1"}, refunds(
			Refund{ID: "re1", Amount: 500, Status: RefundSuccess}, Refund{
				ID: "re2", Amount: 2000,
				Status: RefundSuccess,
			}))
		require.Equal(t, wanted, outbox(j))
	}
}

func TestAFailedCollectionIsToldOnce(t *testing.T) {
	t.Parallel()
	failed := []line{{ToService, "collection-failed-pay1", WhatCollectionFailed, 2500, 0}}
	j := must(t, given(t), PaymentSeen{snapshot(StatusError)})
	require.Equal(t, failed, outbox(j))
	require.Empty(t, must(t, j, PaymentSeen{snapshot(StatusSuccess)}).Outbox, "it is no longer so")
	tried := must(t, j, MessageTaken{"collection-failed-pay1", t0.Add(time.Hour)})
	require.Equal(t, failed, outbox(must(t, tried, PaymentSeen{snapshot(StatusSuccess)})), "the service may have it")

	lost := must(t, told(t, delivered(VerdictAccepted)...), PaymentSeen{snapshot(StatusCancelled)})
	require.Equal(t, StateStuck, lost.State)
	require.Equal(t, failed, outbox(lost), "a person has to decide; what happened is told at once")
	reversed := Settled{StateReversed, "asked the service"}
	returned := line{ToService, "01TEST-returned", WhatReturned, 2500, 2500}
	require.Equal(t, returned, outbox(happens(t, lost, ByStaff("ann"), time.Hour, reversed))[0], "instead")
	heard := must(t, lost, MessageTaken{failed[0].id, t0.Add(time.Hour)}, MessageSent{failed[0].id})
	require.NotContains(t, outbox(happens(t, heard, ByStaff("ann"), time.Hour, reversed)), returned,
		"the service knows that there is no money")
}

func TestTheServiceHearsOnlyOfWhatItWasSent(t *testing.T) {
	t.Parallel()
	confirmed := told(t, PaymentSeen{snapshot(StatusCapturable)})
	gone := []Fact{ReturnDecided{}, PaymentSeen{snapshot(StatusCancelled)}, MoneyReturned{PaymentID: "pay1"}}
	require.Equal(t, []line{{ToCitizen, "01TEST-email-returned", WhatReturned, 2500, 0}},
		outbox(must(t, confirmed, gone...)))
	notSent := must(t, confirmed, Claimed{t0.Add(time.Hour)}, RequestDelivered{Number: 1, Verdict: VerdictNotSent})
	require.Len(t, must(t, notSent, gone...).Outbox, 1)
	require.Empty(t, told(t, PaymentSeen{snapshot(StatusFailed)}, RetryLapsed{}).Outbox, "nothing was taken")
	lapsed := must(t, confirmed, Claimed{t0.Add(time.Hour)}, ClaimLapsed{1})
	require.True(t, lapsed.Sent, "the service may have it")
}

func TestTellOnLimitsWhatTheServiceHears(t *testing.T) {
	t.Parallel()
	j := given(t)
	j.Terms.TellOn, j.Email = []string{WhatReturned}, ""
	require.Empty(t, must(t, j, refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess})).Outbox)
	none := exampleTerms()
	j.Terms.Tell, j.Terms.TellOn = none.Tell, none.TellOn
	require.Empty(t, must(t, j, refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess})).Outbox)
}

func TestADeliveryIsToldOnlyIfItsReplyWasNotSeen(t *testing.T) {
	t.Parallel()
	facts := delivered(VerdictAccepted)
	j := told(t, facts[:3]...)
	require.Equal(t, []line{{ToCitizen, "01TEST-email-delivered", WhatDelivered, 2500, 0}}, outbox(j))
	require.Equal(t, t0.Add(16*time.Minute), j.TellAt)
	for _, seen := range []Fact{OutcomeSeen{}, ReplyShown{}} {
		require.Empty(t, must(t, j, seen).Outbox)
	}
	lost := must(t, j, PaymentSeen{snapshot(StatusCancelled)})
	require.NotContains(t, outbox(lost), line{ToCitizen, "01TEST-email-delivered", WhatDelivered, 2500, 0})
}

// Money that came late and went back is not what the service was paid with.
func TestASurplusIsToldToTheCitizenOnly(t *testing.T) {
	t.Parallel()
	j := must(t, given(t), RefundsSeen{"pay1", nil})
	j.Payments = append(j.Payments, Payment{ID: "pay2", Status: StatusSuccess, Total: 2500})
	j = must(t, j, RefundsSeen{"pay2", []Refund{{ID: "re2", Amount: 2500, Status: RefundSuccess}}})
	require.Equal(t, []line{{ToCitizen, "email-refunded-re2", WhatRefunded, 2500, 0}}, outbox(j))
}

func TestAJourneyWithAMessageIsNotForgotten(t *testing.T) {
	t.Parallel()
	j := must(t, given(t), refunds(Refund{ID: "re1", Amount: 500, Status: RefundSuccess}))
	late := t0.Add(j.Terms.KeepJourney + 24*time.Hour)
	j = happens(t, j, ByMopup, j.Terms.KeepJourney, Looked{}, EmailErased{})
	require.Equal(t, []line{{ToService, "re1", WhatRefunded, 500, 500}}, outbox(j))
	require.NotEqual(t, StepForget, j.Owed(late))
	require.Equal(t, StepForget, happens(t, j, ByPaygate, j.Terms.KeepJourney, MessageGivenUp{"re1", "404"}).Owed(late))
}

func TestTheAddressIsErasedAMonthAfterRest(t *testing.T) {
	t.Parallel()
	j := happens(t, given(t), ByMopup, 8*24*time.Hour, Looked{})
	require.Equal(t, StepNone, j.Owed(t0.Add(30*24*time.Hour)))
	require.Equal(t, StepEraseEmail, j.Owed(t0.Add(30*24*time.Hour+time.Minute)))
	require.Empty(t, happens(t, j, ByMopup, 31*24*time.Hour, EmailErased{}).Email)
}

// If a request was released on trust and then not paid for, the service hears that there is no money, and the citizen
// is not told that they have paid.
func TestMisplacedTrustIsToldAsAFailedCollection(t *testing.T) {
	t.Parallel()
	j := atPay(t, func(terms *Terms) {
		tells(terms)
		immediateCapture(terms)
		terms.Release = ReleaseOnReturn
	})
	j.Email = "citizen@example.org"
	j = must(t, j, CitizenReturned{}, PaymentSeen{snapshot(StatusSubmitted)}, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictAccepted})
	require.True(t, j.Trusted)
	require.Empty(t, j.Outbox)
	confirmed := must(t, j, PaymentSeen{snapshot(StatusSuccess)})
	require.Equal(t, []line{{ToCitizen, "01TEST-email-delivered", WhatDelivered, 2500, 0}}, outbox(confirmed))
	failed := must(t, j, PaymentSeen{snapshot(StatusFailed)})
	require.Equal(t, StateStuck, failed.State)
	require.Equal(t, []line{{ToService, "collection-failed-pay1", WhatCollectionFailed, 2500, 0}}, outbox(failed))
}
