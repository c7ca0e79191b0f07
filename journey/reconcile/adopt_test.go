package reconcile_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/reconcile"
)

const reason = "restored a backup"

func (w *harness) adopt(id string) (journey.Journey, error) {
	return w.Adopt(w.t.Context(), nil, id, journey.ByStaff("ann"), reason)
}

func TestAdoptedPaymentIsSettled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"taken", "reserved"} {
		for _, as := range []journey.State{journey.StateReleased, journey.StateReversed} {
			w := newHarness(t)
			w.runner.Deliverer = nil // nothing is delivered
			over := func(p *journey.NewPayment) { p.DelayedCapture = kind == "reserved" }
			id := w.unknown("LIC-1", "success", over)
			w.pay.Advance(4 * time.Hour)
			j, err := w.adopt(id)
			require.NoError(t, err)
			require.Empty(t, w.found(), "it is known now")

			_, err = w.store.Request(t.Context(), j.ID)
			require.ErrorIs(t, err, journey.ErrErased)
			_, err = w.runner.Settle(t.Context(), j.ID, journey.StateConfirmed, journey.Person{Name: "ann"}, reason)
			var misplaced *journey.TransitionError
			require.ErrorAs(t, err, &misplaced, "it cannot be sent to the service")
			_, err = w.runner.Release(t.Context(), j.ID, journey.ByStaff("ann"), reason)
			require.ErrorAs(t, err, &misplaced)

			settled, err := w.runner.Settle(t.Context(), j.ID, as, journey.Person{Name: "ann"}, reason)
			require.NoError(t, err)
			require.Equal(t, as, settled.State, kind)
			p := w.pay.Payments()[0]
			switch {
			case as == journey.StateReleased:
				require.Equal(t, "success", p.Status)
				require.Zero(t, p.Refunded)
			case kind == "taken":
				require.EqualValues(t, 2500, p.Refunded)
			default:
				require.Equal(t, "cancelled", p.Status)
			}
			require.Empty(t, w.found())
		}
	}
}

// It is stuck, which has an alert of its own, and may have been delivered.
func TestAdoptedPaymentIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id := w.unknown("LIC-1", "success")
	w.pay.Advance(25 * time.Hour)
	_, err := w.adopt(id)
	require.NoError(t, err)
	require.Empty(t, w.found())
}

func TestWhatCannotBeAdopted(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	_, known := w.released("LIC-KNOWN")
	foreign := w.unknown("LIC-1", "success",
		func(p *journey.NewPayment) { p.ReturnURL = "https://other.example.gov.uk/" })
	unpaid := w.unknown("LIC-2", "declined")
	back := w.unknown("LIC-3", "success")
	_, err := w.pay.Refund(back, 2500)
	require.NoError(t, err)
	w.pay.Advance(4 * time.Hour)
	young := w.unknown("LIC-4", "success")
	for id, want := range map[string]error{
		known: journey.ErrTaken, foreign: reconcile.ErrNotAdoptable, young: reconcile.ErrNotAdoptable,
		unpaid: journey.ErrNotPaid, back: journey.ErrNotPaid,
		"hu20sqlact5260q2nanm0q8u93": journey.ErrPaymentNotFound,
	} {
		_, err := w.adopt(id)
		require.ErrorIs(t, err, want)
	}
	w.pay.Advance(3*time.Hour + time.Second)
	_, err = w.adopt(young)
	require.NoError(t, err)
	_, err = w.adopt(young)
	require.ErrorIs(t, err, journey.ErrTaken)
}

// The citizen of an older copy is at Pay, and the payment may be their second one.
func TestPaymentThatFitsAnOpenJourneyIsNotAdopted(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id := w.unknown("lic-1", "success")
	w.pay.Advance(4 * time.Hour)
	w.began("LIC-1", func(t *journey.Terms) { t.Amount = 3000 })
	open, payment := w.began("LIC-1")
	_, err := w.adopt(id)
	require.ErrorIs(t, err, reconcile.ErrNotAdoptable)
	require.ErrorContains(t, err, string(open))

	w.runner.Deliverer = service{journey.VerdictUnknown}
	w.end(payment, "success")
	w.advance(open, journey.StateStuck)
	_, err = w.adopt(id)
	require.NoError(t, err, "that journey has been paid for with another payment")
}

func TestPaymentIsAdoptedOnce(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id := w.unknown("LIC-1", "success")
	w.pay.Advance(4 * time.Hour)
	var adopted atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.adopt(id); err == nil {
				adopted.Add(1)
			} else if !errors.Is(err, journey.ErrTaken) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, adopted.Load())
}

// A payment is adopted from the account that it was made at.
func TestPaymentOfAnotherAccountIsAdopted(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	other := paysim.New(paysim.Options{PostLimit: -1, Now: w.now})
	t.Cleanup(other.Close)
	client := newClient(t, other, "api_test_key")
	o := w.options()
	o.Accounts = map[string]reconcile.Pay{"": patient{w.client}, "parking": patient{client}}
	w.runner.Accounts["parking"] = client
	w.Reconciler = reconcile.New(o)
	w.client = client
	s, _ := client.Create(t.Context(), journey.NewPayment{
		Amount: 2500, Reference: "PARK-1", Description: "Permit", ReturnURL: returnURL,
	})
	require.NoError(t, other.Pay(s.ID, "success"))
	w.pay.Advance(4 * time.Hour)
	found := w.found()
	require.Len(t, found, 1)
	require.Equal(t, "parking", found[0].Account)

	_, err := w.Adopt(t.Context(), new(""), s.ID, journey.ByStaff("ann"), reason)
	require.ErrorIs(t, err, journey.ErrPaymentNotFound)
	j, err := w.adopt(s.ID)
	require.NoError(t, err)
	require.Equal(t, "parking", j.Terms.Account)
	settled, err := w.runner.Settle(t.Context(), j.ID, journey.StateReversed, journey.Person{Name: "ann"}, reason)
	require.NoError(t, err)
	require.Equal(t, journey.StateReversed, settled.State)
	require.EqualValues(t, 2500, other.Payments()[0].Refunded)
}

// A damaged journey's payment is named, so that it can be looked up at Pay.
func TestPaymentOfADamagedJourneyIsNamed(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	id, payment := w.released("LIC-1")
	o := w.options()
	o.Store = damaged{w.store, id}
	w.Reconciler = reconcile.New(o)
	found := w.found()
	require.Len(t, found, 1)
	require.Equal(t, reconcile.UnknownHere, found[0].Kind)
	require.Equal(t, payment, found[0].PaymentID)
	require.Equal(t, id, found[0].JourneyID)
	require.Equal(t, "damaged", found[0].Here)
}
