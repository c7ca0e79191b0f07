package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/reconcile"
)

func TestWhatAgreesIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.released("LIC-1")
	id, declined := w.began("LIC-2")
	w.end(declined, "declined")
	w.advance(id, journey.StateUnpaid)
	w.began("LIC-3")
	_, paid := w.began("LIC-4") // the citizen has not come back, and Paygate has not asked yet
	w.end(paid, "success")
	report, err := w.Compare(t.Context(), reconcile.Range{})
	require.NoError(t, err)
	require.Empty(t, report.Differences)
	require.NotNil(t, report.Differences, "the JSON has a list")
	require.Equal(t, 4, report.Checked)
}

func TestPaymentsThatNoJourneyHas(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	taken := w.unknown("LIC-1", "success")
	w.pay.Advance(time.Hour)
	reserved := w.unknown("LIC-2", "success", delayed)
	partly := w.unknown("LIC-3", "success")
	_, err := w.pay.Refund(partly, 1000)
	require.NoError(t, err)

	back := w.unknown("LIC-4", "success")
	_, err = w.pay.Refund(back, 2500)
	require.NoError(t, err)
	w.unknown("LIC-5", "declined")
	w.unknown("LIC-6", "")
	w.unknown("LIC-7", "success",
		func(p *journey.NewPayment) { p.ReturnURL = "https://other.example.gov.uk/_pay/return" })

	until := w.now().Add(120 * time.Hour).Truncate(time.Second)
	require.ElementsMatch(t, []reconcile.Difference{
		{Kind: "unknown_here", PaymentID: taken, Reference: "LIC-1", AmountPence: 2500, AtPay: "success"},
		{
			Kind: "unknown_here", PaymentID: reserved, Reference: "LIC-2", AmountPence: 2500, AtPay: "capturable",
			ReservedUntil: &until,
		},
		{Kind: "unknown_here", PaymentID: partly, Reference: "LIC-3", AmountPence: 2500, AtPay: "success"},
	}, w.found(), "those with money, made here")

	report, err := w.Compare(t.Context(), reconcile.Range{From: w.now().Add(-10 * time.Minute)})
	require.NoError(t, err)
	require.Len(t, report.Differences, 2, "those of the range")
}

func TestPaymentsOfForgottenJourneysAreNotUnknown(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	o := w.options()
	o.Terms.KeepJourney = 48 * time.Hour
	w.Reconciler = reconcile.New(o)
	w.unknown("LIC-1", "success")
	w.pay.Advance(47 * time.Hour)
	require.Len(t, w.found(), 1)
	w.pay.Advance(2 * time.Hour)
	require.Empty(t, w.found())
}

func TestPaymentThatPayDoesNotHave(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	o := w.options()
	empty := paysim.New(paysim.Options{PostLimit: -1})
	t.Cleanup(empty.Close)
	o.Accounts = map[string]reconcile.Pay{"": patient{newClient(t, empty, "api_test_key")}}
	w.Reconciler = reconcile.New(o)
	require.Equal(t, []reconcile.Difference{{
		Kind: "unknown_at_pay", PaymentID: payment, JourneyID: id, Reference: "LIC-1", AmountPence: 2500,
		Here: "success",
	}}, w.found())
}

// In the two hours before Pay's list has it, a payment is found by asking for it.
func TestPaymentThatPayDoesNotListYet(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	require.NoError(t, w.pay.Set(map[string]string{"search_lag": "2h"}))
	_, payment := w.released("LIC-1")
	require.Empty(t, w.found())
	require.NoError(t, w.pay.Correct(payment, "error", ""))
	require.Len(t, w.found(), 1)
}

func TestAmountThatDiffers(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	w.store.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		j.Terms.Amount = 3000
		return journey.Change{Journey: j}, nil
	})
	require.Equal(t, []reconcile.Difference{{
		Kind: "amount", PaymentID: payment, JourneyID: id, Reference: "LIC-1", AmountPence: 2500,
		Here: "3000", AtPay: "2500",
	}}, w.found())
}

func TestStateThatDiffers(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	require.NoError(t, w.pay.Correct(payment, "error", ""))
	require.Equal(t, []reconcile.Difference{{
		Kind: "state", PaymentID: payment, JourneyID: id, Reference: "LIC-1", AmountPence: 2500,
		Here: "success", AtPay: "error",
	}}, w.found())

	_, err := w.runner.Check(t.Context(), id, journey.Visit{By: journey.ByStaff("ann")})
	require.NoError(t, err)
	require.Empty(t, w.found(), "a check takes over what Pay says")

	id, payment = w.began("LIC-2")
	w.end(payment, "declined")
	w.advance(id, journey.StateUnpaid)
	w.pay.Advance(3 * time.Hour)
	w.advance(id, journey.StateAbandoned)
	require.NoError(t, w.pay.Correct(payment, "success", ""))
	require.Len(t, w.found(), 1)
}

func TestRefundThatDiffers(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	old, oldPayment := w.released("LIC-OLD")
	_, err := w.pay.Refund(payment, 500)
	require.NoError(t, err)
	first := reconcile.Difference{
		Kind: "refund", PaymentID: payment, JourneyID: id, Reference: "LIC-1", AmountPence: 2500,
		Here: "0", AtPay: "500",
	}
	require.Equal(t, []reconcile.Difference{first}, w.found())
	_, err = w.runner.Check(t.Context(), id, journey.Visit{By: journey.ByStaff("ann")})
	require.NoError(t, err)
	require.Empty(t, w.found())

	w.pay.Advance(30 * 24 * time.Hour)
	_, err = w.pay.Refund(oldPayment, 2500)
	require.NoError(t, err)
	require.Equal(t, []reconcile.Difference{{
		Kind: "refund", PaymentID: oldPayment, JourneyID: old, Reference: "LIC-OLD", AmountPence: 2500,
		Here: "0", AtPay: "2500",
	}}, w.found(), "a refund of the last days on an older payment")
	_, err = w.runner.Check(t.Context(), old, journey.Visit{By: journey.ByStaff("ann")})
	require.NoError(t, err)
	require.Empty(t, w.found())
}

func TestRefundThatPayTakesBack(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	refund, err := w.pay.Refund(payment, 500)
	require.NoError(t, err)
	_, err = w.runner.Check(t.Context(), id, journey.Visit{By: journey.ByStaff("ann")})
	require.NoError(t, err)
	require.NoError(t, w.pay.CorrectRefund(payment, refund, "error"))
	found := w.found()
	require.Len(t, found, 1)
	require.Equal(t, reconcile.Kind("refund"), found[0].Kind)
	require.Equal(t, "500 0", found[0].Here+" "+found[0].AtPay)
}

func TestPaidAndNotDelivered(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.runner.Deliverer = service{journey.VerdictNotSent}
	id, payment := w.began("LIC-1")
	w.end(payment, "success")
	w.advance(id, journey.StateConfirmed)
	w.pay.Advance(23 * time.Hour)
	require.Empty(t, w.found())
	w.pay.Advance(2 * time.Hour)
	until := w.now().Add(95 * time.Hour).Truncate(time.Second)
	require.Equal(t, []reconcile.Difference{{
		Kind: "paid_not_delivered", PaymentID: payment, JourneyID: id, Reference: "LIC-1", AmountPence: 2500,
		Here: "confirmed", AtPay: "capturable", ReservedUntil: &until,
	}}, w.found())
}

func TestPassThatWaitsForItsCitizenIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.began("PASS-1", func(t *journey.Terms) { t.Kind = journey.KindPass })
	w.end(payment, "success")
	_, err := w.runner.Check(t.Context(), id, journey.Visit{By: journey.ByMopup})
	require.NoError(t, err)
	w.pay.Advance(48 * time.Hour)
	require.Empty(t, w.found())
	w.pay.Advance(52 * time.Hour) // sweeps should have given the money back
	require.Len(t, w.found(), 1)
}

// The service refused, and citizens may correct their form for two days.
func TestRefusedFormThatMayBeCorrectedIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.runner.Deliverer = service{journey.VerdictRefused}
	id, payment := w.began("LIC-1", func(t *journey.Terms) { t.ResubmitFor = 48 * time.Hour })
	w.end(payment, "success")
	w.advance(id, journey.StateRefused)
	w.pay.Advance(47 * time.Hour)
	require.Empty(t, w.found())
	w.pay.Advance(2 * time.Hour)
	require.Len(t, w.found(), 1)
}
