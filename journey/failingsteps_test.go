package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// scripted is GOV.UK Pay with one payment. Its calls answer as a test says.
type scripted struct {
	Payments
	payment PaymentSnapshot
	list    []Refund // what Pay's list says
	gets    int
	lists   int
	getErr  error
	capture func() error
	cancel  func() error
	refund  func(amount int64) (Refund, error)
	asked   []time.Time // of refunds
	now     func() time.Time
}

func (s *scripted) Get(context.Context, string) (PaymentSnapshot, error) {
	s.gets++
	return s.payment, s.getErr
}

func (s *scripted) Capture(context.Context, string) error { return s.capture() }
func (s *scripted) Cancel(context.Context, string) error  { return s.cancel() }

func (s *scripted) Refund(_ context.Context, _ string, amount, _ int64) (Refund, error) {
	s.asked = append(s.asked, s.now())
	return s.refund(amount)
}

func (s *scripted) Refunds(context.Context, string) ([]Refund, error) {
	s.lists++
	return slices.Clone(s.list), nil
}

// trial is one journey, Pay, and a clock.
type trial struct {
	t      *testing.T
	runner *Runner
	store  *oneStore
	pay    *scripted
	now    time.Time
}

func newTrial(t *testing.T, j Journey, p PaymentSnapshot) *trial {
	tr := &trial{t: t, now: t0.Add(time.Minute), store: &oneStore{j: j}, pay: &scripted{payment: p}}
	clock := func() time.Time { return tr.now }
	tr.pay.now = clock
	tr.runner = &Runner{
		Store: tr.store, Accounts: Accounts{"": tr.pay}, WaitTimeout: time.Nanosecond, Now: clock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	return tr
}

// visit advances the journey once.
func (tr *trial) visit(v Visit) Journey {
	tr.t.Helper()
	_, _ = tr.runner.Advance(tr.t.Context(), tr.store.j.ID, v)
	return tr.store.j
}

// sweepUntil visits the journey whenever it is due, or half an hour later if it is still due, until it is in the state.
func (tr *trial) sweepUntil(state State) Journey {
	tr.t.Helper()
	for visits := 0; tr.store.j.State != state; visits++ {
		require.Less(tr.t, visits, 1000, "never %s: %+v", state, tr.store.j)
		due := tr.store.j.DueAt
		if tr.now.Before(due) {
			tr.now = due
		} else if visits > 0 {
			tr.now = tr.now.Add(30 * time.Minute)
		}
		tr.visit(Visit{By: ByMopup})
	}
	return tr.store.j
}

// refusedPaid returns a journey that the service refused, whose money was taken at once, and Pay's payment.
func refusedPaid(t *testing.T) (Journey, PaymentSnapshot) {
	t.Helper()
	terms := exampleTerms()
	terms.Capture = CaptureImmediate
	j := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
		PaymentSeen{snapshot(StatusSuccess)}, Claimed{t0.Add(time.Hour)},
		RequestDelivered{Number: 1, Verdict: VerdictRefused, Status: 422}, OutcomeSeen{})
	return j, snapshot(StatusSuccess)
}

// providerRefuses makes each refund end in error, as when the provider refuses it: Pay answers 500 P0698.
func (tr *trial) providerRefuses() {
	tr.pay.refund = func(amount int64) (Refund, error) {
		made := Refund{ID: fmt.Sprint("ref", len(tr.pay.list)), Amount: amount, Status: RefundError}
		tr.pay.list = append(tr.pay.list, made)
		return Refund{}, errors.New("GOV.UK Pay refund: status 500 P0698")
	}
}

// between returns the pauses between the refunds that were asked for.
func (tr *trial) between() (pauses []time.Duration) {
	for i := 1; i < len(tr.pay.asked); i++ {
		pauses = append(pauses, tr.pay.asked[i].Sub(tr.pay.asked[i-1]))
	}
	return pauses
}

func TestRefundThatPayRefusesFiveTimesGoesToAPerson(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, func() Journey { j, _ := refusedPaid(t); return j }(), snapshot(StatusSuccess))
	tr.providerRefuses()
	j := tr.sweepUntil(StateStuck)
	require.Equal(t, []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}, tr.between())
	require.Equal(t, TroubleReturn, j.Trouble)
	require.Contains(t, j.Note, "refused the refund 5 times")
	require.Zero(t, j.OwedAt, "it is a person's now")
}

func TestRefusalsOfTheCallCountToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		refused bool
	}{
		"400":             {ErrPayRefused, true},
		"404":             {ErrPaymentNotFound, true},
		"400 P0603":       {ErrNotAllowed, true},
		"401":             {ErrPayAccount, false},
		"412":             {errors.Join(ErrNotAllowed, ErrNotNow), false},
		"429":             {ErrPayBusy, false},
		"no answer":       {errors.New("no answer in time"), false},
		"unknown account": {missingAccount{"parking"}.err(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, p := refusedPaid(t)
			tr := newTrial(t, j, p)
			tr.pay.refund = func(int64) (Refund, error) { return Refund{}, c.err }
			j = tr.sweepUntil(StateStuck)
			require.Equal(t, TroubleReturn, j.Trouble)
			if c.refused {
				require.Len(t, tr.pay.asked, maxRefusals)
				return
			}
			require.Greater(t, len(tr.pay.asked), 10)
			require.LessOrEqual(t, len(tr.pay.asked), maxRefunds)
			require.Contains(t, j.Note, "for 7 days")
			require.GreaterOrEqual(t, tr.now.Sub(tr.pay.asked[0]), maxOutage)
		})
	}
}

// The citizen reloads, Pay sends webhooks, and sweeps are asked for: none of them may ask for another refund.
func TestBackOffOfRefundsBindsEveryCaller(t *testing.T) {
	t.Parallel()
	j, p := refusedPaid(t)
	tr := newTrial(t, j, p)
	tr.providerRefuses()
	tr.now = j.DueAt
	require.Equal(t, t0.Add(time.Minute).Add(time.Hour), tr.now)
	before := tr.visit(Visit{By: ByMopup})
	require.Len(t, tr.pay.asked, 1)
	require.Equal(t, tr.now.Add(5*time.Minute), before.DueAt)
	require.Equal(t, before.DueAt, before.DueByHand(tr.now))
	for range 8 {
		tr.now = tr.now.Add(20 * time.Second)
		tr.visit(Visit{By: ByCitizen})
		require.NoError(t, tr.runner.Nudge(t.Context(), j.ID, ByWebhook))
		tr.visit(Visit{By: ByWebhook})
		tr.visit(Visit{By: ByMopup, Urgency: ByHand})
	}
	require.Len(t, tr.pay.asked, 1)
	require.Equal(t, 1, tr.store.j.RefundTries.Tries)
	require.Equal(t, 1, tr.store.j.RefundTries.Refused, "a visit within the back-off is no failure")

	_, _ = tr.runner.Check(t.Context(), j.ID, Visit{By: ByStaff("ann")})
	require.Len(t, tr.pay.asked, 2, "but a person's order does")
}

// Another caller comes while Pay is asked, and a person orders the same.
func TestOneCallerAtATimeReturnsMoney(t *testing.T) {
	t.Parallel()
	j, p := refusedPaid(t)
	tr := newTrial(t, j, p)
	tr.now = j.DueAt
	tr.pay.refund = func(amount int64) (Refund, error) {
		for _, v := range []Visit{{By: ByMopup}, {By: ByStaff("ann"), Urgency: Ordered}} {
			progress, err := tr.runner.Advance(t.Context(), j.ID, v)
			require.NoError(t, err)
			require.Equal(t, StateRefused, progress.Journey.State)
		}
		tr.pay.payment.RefundStatus, tr.pay.payment.RefundSubmitted = "full", amount
		return Refund{ID: "ref1", Amount: amount, Status: RefundSuccess}, nil
	}
	require.Equal(t, StateReversed, tr.visit(Visit{By: ByMopup}).State)
	require.Len(t, tr.pay.asked, 1)
}

// Had Pay's first refund succeeded late, £50 would go back for £25.
func TestRefundThatIsOnItsWayIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, firstAnswer := range map[string]error{
		"an answer that was lost": errors.New("no answer in time"),
		"500 P0698":               errors.New("GOV.UK Pay refund: status 500 P0698"),
		"accepted":                nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, p := refusedPaid(t)
			tr := newTrial(t, j, p)
			made := Refund{ID: "ref1", Amount: 2500, Status: RefundSubmitted}
			tr.pay.refund = func(int64) (Refund, error) {
				if firstAnswer == nil {
					return made, nil // and the list lags
				}
				tr.pay.list = []Refund{made}
				return Refund{}, firstAnswer
			}
			for range 10 { // Pay answers from its lagging copy: nothing is refunded yet
				tr.now = latest(tr.now, tr.store.j.DueAt)
				tr.visit(Visit{By: ByMopup})
				_, _ = tr.runner.Check(t.Context(), j.ID, Visit{By: ByStaff("ann")})
			}
			require.Len(t, tr.pay.asked, 1)
			require.Equal(t, StateRefused, tr.store.j.State)
			require.Zero(t, tr.store.j.RefundTries.Refused)

			made.Status = RefundSuccess
			tr.pay.list = []Refund{made}
			tr.pay.payment.RefundStatus, tr.pay.payment.RefundAvailable, tr.pay.payment.RefundSubmitted = "full", 0,
				2500
			tr.sweepUntil(StateReversed)
			require.Len(t, tr.pay.asked, 1)
		})
	}
}

// Pay accepts each refund, and each ends in error.
func TestRefundsThatFailLaterGoToAPerson(t *testing.T) {
	t.Parallel()
	j, p := refusedPaid(t)
	tr := newTrial(t, j, p)
	tr.pay.refund = func(amount int64) (Refund, error) {
		made := Refund{ID: fmt.Sprint("ref", len(tr.pay.list)), Amount: amount, Status: RefundSubmitted}
		tr.pay.list = append(tr.pay.list, made)
		tr.pay.payment.RefundStatus, tr.pay.payment.RefundAvailable, tr.pay.payment.RefundSubmitted = "full", 0, 2500
		return made, nil
	}
	for range 100 {
		tr.now = latest(tr.now, tr.store.j.DueAt)
		if n := len(tr.pay.list); tr.store.j.State == StateReversed && tr.pay.list[n-1].Status == RefundSubmitted {
			tr.pay.list[n-1].Status = RefundError
			p := &tr.pay.payment
			p.RefundStatus, p.RefundAvailable, p.RefundSubmitted = "available", 2500, 0
		}
		tr.visit(Visit{By: ByMopup})
	}
	require.Equal(t, StateStuck, tr.store.j.State)
	require.Equal(t, TroubleReturn, tr.store.j.Trouble)
	require.Len(t, tr.pay.asked, maxRefusals)
}

func TestRefundUnderWayIsFollowedUntilItEnds(t *testing.T) {
	t.Parallel()
	j, p := refusedPaid(t)
	tr := newTrial(t, j, p)
	made := Refund{ID: "ref1", Amount: 2500, Status: RefundSubmitted}
	tr.pay.refund = func(int64) (Refund, error) {
		tr.pay.payment.RefundStatus, tr.pay.payment.RefundAvailable, tr.pay.payment.RefundSubmitted = "full", 0, 2500
		tr.pay.list = []Refund{made}
		return made, nil
	}
	owed := tr.sweepUntil(StateReversed)
	require.Equal(t, tr.now, owed.OwedAt, "the citizen does not have it yet")
	require.Equal(t, tr.now.Add(5*time.Minute), owed.DueAt)
	lists := tr.pay.lists
	for range 4 {
		tr.now = tr.now.Add(70 * time.Second)
		_, _ = tr.runner.Check(t.Context(), j.ID, Visit{By: ByStaff("ann")})
	}
	require.Equal(t, lists, tr.pay.lists, "Pay allows one reading in five minutes")

	stuck := tr.sweepUntil(StateStuck)
	require.Equal(t, TroubleReturn, stuck.Trouble)
	require.Less(t, tr.pay.lists, 100)
	settled := must(t, stuck, Settled{StateReversed, "Pay's support looks into it"})
	require.Equal(t, StateReversed, settled.State)
	require.Zero(t, settled.OwedAt)
	require.NotEqual(t, StepHandOver, settled.Owed(settled.Since.Add(8*24*time.Hour)))

	tr.store.j = owed
	made.Status = RefundSuccess
	tr.pay.list = []Refund{made}
	tr.visit(Visit{By: ByMopup})
	require.Zero(t, tr.store.j.OwedAt)
	require.Equal(t, RefundSuccess, tr.store.j.Payments[0].Refunds[0].Status)
	require.Equal(t, StateReversed, tr.store.j.State)
}

func TestCaptureThatPayRefusesGoesToAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		tries int
	}{
		"refused":        {ErrNotAllowed, maxRefusals},
		"unknown":        {ErrPaymentNotFound, maxRefusals},
		"the key failed": {ErrPayAccount, 0},
		"an outage":      {errors.New("no answer in time"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t, examples(t)[StateAccepted], snapshot(StatusCapturable))
			tries := 0
			tr.pay.capture = func() error { tries++; return c.err }
			for range 5 { // the back-off binds every caller but a person's order
				tr.visit(Visit{By: ByCitizen})
			}
			require.Equal(t, 1, tries)
			require.Equal(t, tr.now.Add(time.Second), tr.store.j.DueAt)
			require.Equal(t, tr.store.j.Since, tr.store.j.LateAt)
			require.Equal(t, StepCapture, tr.store.j.hurried(ByHand).Owed(tr.now))
			j := tr.sweepUntil(StateStuck)
			require.Equal(t, TroubleCapture, j.Trouble)
			if c.tries > 0 {
				require.Equal(t, c.tries, tries)
				return
			}
			require.GreaterOrEqual(t, tr.now.Sub(t0), maxOutage)
			require.Less(t, tries, 400)
		})
	}
}

// Pay cannot be read, or never says how the payment ended.
func TestPaymentThatNeverEndsGoesToAPerson(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"unread": errors.New("no answer in time"), "pending": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t, examples(t)[StatePaying], snapshot(StatusStarted))
			tr.pay.getErr = err
			tr.now = tr.store.j.DueAt
			j := tr.visit(Visit{By: ByMopup})
			require.Equal(t, err == nil, j.LateAt.IsZero())
			stuck := tr.sweepUntil(StateStuck)
			require.Equal(t, TroubleOverdue, stuck.Trouble)
			require.GreaterOrEqual(t, tr.now.Sub(t0), maxOutage)

			tr.pay.getErr, tr.pay.payment = nil, snapshot(StatusFailed)
			tr.now = tr.store.j.DueAt
			require.Equal(t, StateUnpaid, tr.visit(Visit{By: ByMopup}).State, "once Pay says, the journey goes on")
			tr.store.j, tr.pay.payment = stuck, snapshot(StatusCapturable)
			tr.runner.Deliverer = service(VerdictAccepted)
			tr.pay.capture = func() error { return nil }
			after := tr.visit(Visit{By: ByMopup})
			require.Equal(t, StateReleased, after.State)
			require.Empty(t, after.Trouble)
		})
	}
}

// service answers every delivery in the same way.
type service Verdict

func (s service) Deliver(context.Context, Delivery) Delivered { return Delivered{Verdict: Verdict(s)} }

func TestRequestThatIsNeverDeliveredGoesToAPerson(t *testing.T) {
	t.Parallel()
	terms := exampleTerms()
	terms.Capture = CaptureImmediate
	j := must(t, Hold("01TEST", "key", terms, Fingerprint{}, t0), PaymentCreated{snapshot(StatusCreated)},
		PaymentSeen{snapshot(StatusSuccess)})
	tr := newTrial(t, j, snapshot(StatusSuccess))
	tr.runner.Deliverer = service(VerdictNotSent)
	for range 3 {
		tr.now = latest(tr.now, tr.store.j.DueAt)
		j = tr.visit(Visit{By: ByMopup})
	}
	require.Equal(t, 3, j.Failures)
	require.Equal(t, tr.now.Add(4*time.Second), j.DueAt)
	require.Equal(t, t0.Add(time.Minute), j.LateAt.Truncate(time.Minute), "since it was first owed")
	stuck := tr.sweepUntil(StateStuck)
	require.Equal(t, TroubleDelivery, stuck.Trouble)
	require.Contains(t, stuck.Note, "for 7 days")
	_, err := stuck.Apply(ReleaseOrdered{"the service is up again"}, ByStaff("ann"), tr.now)
	require.NoError(t, err)
}

func TestReadingsAndDeliveriesAreLimited(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, examples(t)[StatePaying], snapshot(StatusStarted))
	for range 10 {
		tr.visit(Visit{By: ByCitizen})
		require.NoError(t, tr.runner.Nudge(t.Context(), tr.store.j.ID, ByWebhook))
		tr.visit(Visit{By: ByWebhook})
	}
	require.Equal(t, 1, tr.pay.gets)
	tr.now = tr.now.Add(tryEvery)
	tr.visit(Visit{By: ByCitizen})
	require.Equal(t, 2, tr.pay.gets)
	tr.visit(Visit{By: ByMopup})
	_, _ = tr.runner.Check(t.Context(), tr.store.j.ID, Visit{By: ByStaff("ann")})
	require.Greater(t, tr.pay.gets, 3, "sweeps and people are not limited")
	tr.pay.getErr = errors.New("no answer in time")
	tr.now = tr.now.Add(time.Hour)
	before := tr.pay.gets
	for range 10 {
		tr.visit(Visit{By: ByCitizen})
	}
	require.Equal(t, before+1, tr.pay.gets, "failures count too")
}

// By a real clock, a visit that comes too early waits for its turn, so that the citizen sees what Pay says now.
func TestVisitThatComesTooEarlyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, examples(t)[StatePaying], snapshot(StatusStarted))
		tr.runner.WaitTimeout, tr.runner.Now = time.Minute, time.Now
		began := time.Now()
		tr.visit(Visit{By: ByCitizen})
		require.Zero(t, time.Since(began))
		tr.pay.payment = snapshot(StatusFailed)
		require.Equal(t, StateUnpaid, tr.visit(Visit{By: ByCitizen}).State)
		require.Equal(t, tryEvery, time.Since(began))

		tr.store.j, tr.pay.payment = examples(t)[StatePaying], snapshot(StatusStarted)
		tr.visit(Visit{By: ByCitizen})
		began = time.Now()
		_, err := tr.runner.Resume(t.Context(), tr.store.j.ID)
		require.NoError(t, err)
		require.Equal(t, tryEvery, time.Since(began))
	})
}

// A journey that version 1 stored has none of the newer fields.
func TestJourneysOfVersion1AreFinished(t *testing.T) {
	t.Parallel()
	refused, _ := refusedPaid(t)
	returning := must(t, refused, ReturnDecided{})
	for name, j := range map[string]Journey{
		"paying": examples(t)[StatePaying], "confirmed": examples(t)[StateConfirmed],
		"accepted": examples(t)[StateAccepted], "returning": returning,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j.Failures, j.NotBefore, j.Note = 12, t0.Add(30*time.Minute), "Pay was down"
			tr := newTrial(t, ofVersion1(t, j), snapshot(StatusCapturable))
			tr.runner.Deliverer = service(VerdictAccepted)
			tr.pay.capture = func() error { return nil }
			tr.pay.refund = func(amount int64) (Refund, error) {
				tr.pay.payment.RefundStatus, tr.pay.payment.RefundSubmitted = "full", amount
				return Refund{}, errors.New("the answer was lost")
			}
			if name == "returning" {
				tr.pay.payment = snapshot(StatusSuccess)
				require.Equal(t, StateReversed, tr.sweepUntil(StateReversed).State)
				return
			}
			require.Equal(t, StateReleased, tr.sweepUntil(StateReleased).State)
		})
	}
}

// ofVersion1 returns the journey without what version 2 has added.
func ofVersion1(t *testing.T, j Journey) Journey {
	t.Helper()
	j.OwedAt, j.LateAt, j.TriedAt = time.Time{}, time.Time{}, time.Time{}
	for i := range j.Payments {
		j.Payments[i].AskedAt = time.Time{}
	}
	text, err := json.Marshal(j)
	require.NoError(t, err)
	for _, added := range []string{
		"owed_at", "late_at", "tried_at", "capture_tries", "cancel_tries", "refund_tries",
		"ended",
	} {
		require.NotContains(t, string(text), `"`+added+`"`)
	}
	var old Journey
	require.NoError(t, json.Unmarshal(text, &old))
	return old
}

// Staff have had a refund tried again and again, which does not wait for the back-off.
func TestPersonDecidesWhenThereWereTooManyRefunds(t *testing.T) {
	t.Parallel()
	j, p := refusedPaid(t)
	tr := newTrial(t, j, p)
	tr.pay.refund = func(int64) (Refund, error) { return Refund{}, errors.New("no answer in time") }
	tr.now = j.DueAt
	for range maxRefunds {
		_, _ = tr.runner.Check(t.Context(), j.ID, Visit{By: ByStaff("ann")})
	}
	require.False(t, tr.store.j.DueAt.After(tr.now), "not only after a week")
	require.Equal(t, StateStuck, tr.visit(Visit{By: ByMopup}).State)
	require.Len(t, tr.pay.asked, maxRefunds)
}
