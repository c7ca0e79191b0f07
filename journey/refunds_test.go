package journey

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// refund returns an entry of Pay's list of refunds.
func refund(id, status string) Refund {
	return Refund{ID: id, Amount: 500, Status: status, CreatedAt: t0}
}

// seesRefunds returns the fact that Pay lists these refunds.
func seesRefunds(refunds ...Refund) RefundsSeen { return RefundsSeen{"pay1", refunds} }

func TestRefundsOfPaysListAreKept(t *testing.T) {
	t.Parallel()
	j := must(t, examples(t)[StateReleased], seesRefunds(refund("a", RefundSubmitted), refund("b", RefundSuccess)))
	p, _ := j.Payment()
	require.Equal(t, []Refund{refund("a", RefundSubmitted), refund("b", RefundSuccess)}, p.Refunds)
	require.Contains(t, lastEvent(j).Detail, "refund a of £5.00: submitted")

	again := must(t, j, seesRefunds(refund("b", RefundSubmitted)))
	require.Equal(t, j.Payments, again.Payments, "an older list changes nothing")
	require.Len(t, again.History, len(j.History))

	done := must(t, again, seesRefunds(refund("a", RefundSuccess)))
	p, _ = done.Payment()
	require.Equal(t, RefundSuccess, p.Refunds[0].Status)
}

func TestRefundThatFailsLaterIsShown(t *testing.T) {
	t.Parallel()
	j := must(t, examples(t)[StateReleased], seesRefunds(refund("a", RefundSubmitted)),
		seesRefunds(refund("a", RefundError)))
	require.Contains(t, j.Note, "£5.00 failed")
	require.Contains(t, lastEvent(j).Detail, "refund a of £5.00: error")
}

func TestRefundsAreReadWhenPaysFiguresChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payment Payment
		wants   bool
	}{
		"no refund":             {Payment{}, false},
		"one that is not known": {Payment{Refunded: 500}, true},
		"one that is known":     {Payment{Refunded: 500, Refunds: []Refund{refund("a", RefundSuccess)}}, false},
		"one under way":         {Payment{Refunded: 500, Refunds: []Refund{refund("a", RefundSubmitted)}}, true},
		"one that failed":       {Payment{Refunds: []Refund{refund("a", RefundError)}}, false},
		"one that is gone":      {Payment{Refunds: []Refund{refund("a", RefundSuccess)}}, true},
	} {
		require.Equal(t, c.wants, c.payment.wantsRefunds(), name)
	}
}

func lastEvent(j Journey) Event { return j.History[len(j.History)-1] }

func TestRefundsOfAnotherPaymentChangeNothing(t *testing.T) {
	t.Parallel()
	j := examples(t)[StateReleased]
	after, err := j.Apply(RefundsSeen{"pay9", []Refund{refund("a", RefundSuccess)}}, ByMopup, t0.Add(time.Hour))
	require.Error(t, err)
	require.Equal(t, j, after)
}

func TestListOfRefundsDoesNotForgetWhoAsked(t *testing.T) {
	t.Parallel()
	ours := refund("a", RefundSubmitted)
	ours.By = "staff:ann"
	j := must(t, examples(t)[StateReleased], seesRefunds(ours),
		seesRefunds(refund("a", RefundSuccess), refund("b", RefundSuccess)))
	p, _ := j.Payment()
	require.Equal(t, By("staff:ann"), p.Refunds[0].By)
	require.Empty(t, p.Refunds[1].By, "made in Pay's own tool")
}

// Stripe says some days later on which day it took a refund from a payout. Worldpay never says.
func TestSettlementOfARefundIsAwaited(t *testing.T) {
	t.Parallel()
	settled := refund("a", RefundSuccess)
	settled.SettledDate = "2026-11-25"
	for name, c := range map[string]struct {
		payment Payment
		after   time.Duration
		awaits  bool
	}{
		"not settled yet": {
			Payment{SettledDate: "2026-11-24", Refunds: []Refund{refund("a", RefundSuccess)}},
			0,
			true,
		},
		"for two weeks": {
			Payment{SettledDate: "2026-11-24", Refunds: []Refund{refund("a", RefundSuccess)}},
			settlesWithin, false,
		},
		"settled": {Payment{SettledDate: "2026-11-24", Refunds: []Refund{settled}}, 0, false},
		"failed": {
			Payment{SettledDate: "2026-11-24", Refunds: []Refund{refund("a", RefundError)}},
			0,
			false,
		},
		"no settlement dates": {Payment{Refunds: []Refund{refund("a", RefundSuccess)}}, 0, false},
		"no refund":           {Payment{SettledDate: "2026-11-24"}, 0, false},
	} {
		c.payment.RefundsReadAt = t0
		read, awaits := c.payment.nextRefundsRead(t0.Add(c.after))
		require.Equal(t, c.awaits, awaits, name)
		if awaits {
			require.Equal(t, t0.Add(24*time.Hour), read, name)
		}
	}
}

// The answer to a refund was lost, and a person asks for the same again.
func TestRefundWhoseAnswerWasLostIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	s := snapshot(StatusSuccess)
	s.RefundStatus, s.RefundAvailable = "available", 2500
	tr := newTrial(t, examples(t)[StateReleased], s)
	tr.pay.refund = func(amount int64) (Refund, error) {
		tr.pay.payment.RefundAvailable -= amount
		tr.pay.payment.RefundSubmitted += amount
		return Refund{}, errors.New("no answer in time")
	}
	order := func() error {
		tr.now = tr.now.Add(2 * refundLease)
		_, err := tr.runner.Refund(t.Context(), tr.store.j.ID, 500, Person{Name: "ann"}, "goodwill")
		return err
	}
	require.ErrorContains(t, order(), "not known yet")
	require.ErrorIs(t, order(), ErrRefundedSince)
	require.Len(t, tr.pay.asked, 1)
	require.ErrorContains(t, order(), "not known yet", "a person who has seen it may refund more")
	require.Len(t, tr.pay.asked, 2)
}
