package journey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// oneStore keeps one journey in memory.
type oneStore struct {
	Store
	j    Journey
	gone bool
}

func (s *oneStore) Get(_ context.Context, id ID) (Journey, error) {
	if s.gone || id != s.j.ID {
		return Journey{}, ErrNotFound
	}
	return s.j, nil
}

func (s *oneStore) Update(_ context.Context, _ ID, change func(Journey) (Change, error)) (Journey, error) {
	c, err := change(s.j)
	if err != nil {
		return Journey{}, err
	}
	s.j = c.Journey
	return s.j, nil
}

func (s *oneStore) Request(context.Context, ID) (HeldRequest, error) {
	if !s.j.KeepsRequest() {
		return HeldRequest{}, ErrErased
	}
	return HeldRequest{}, nil
}

func (s *oneStore) ByPayment(context.Context, string) (ID, error) { return "", ErrNotFound }

func (s *oneStore) Forget(context.Context, ID) error {
	s.gone = true
	return nil
}

// moody is GOV.UK Pay and the service as they might be at their worst. It draws each answer anew, or keeps the first
// answer of each kind for ever.
type moody struct {
	t       *rapid.T
	steady  bool
	moods   map[string]any
	now     func() time.Time
	refunds []Refund
	calls   map[string]int
}

func mood[T any](m *moody, kind string, answers ...T) T {
	m.calls[kind]++
	if old, known := m.moods[kind]; known && m.steady {
		same, _ := old.(T) // nil errors have no type
		return same
	}
	chosen := rapid.SampledFrom(answers).Draw(m.t, kind)
	m.moods[kind] = chosen
	return chosen
}

var errLost = errors.New("no answer in time")

func failures() []error {
	return []error{
		nil, nil, errLost, ErrPayBusy, ErrNotAllowed, ErrPaymentNotFound, ErrPayRefused,
		ErrPayAccount, errors.Join(ErrNotAllowed, ErrNotNow),
	}
}

func (m *moody) Create(context.Context, NewPayment) (PaymentSnapshot, error) {
	return PaymentSnapshot{}, errLost
}

func (m *moody) Get(_ context.Context, id string) (PaymentSnapshot, error) {
	if err := mood(m, "get", nil, nil, nil, errLost, ErrPaymentNotFound); err != nil {
		return PaymentSnapshot{}, err
	}
	s := snapshot(mood(m, "status", append(stages, append(ends, "new word", StatusSuccess, StatusSuccess)...)...))
	s.ID = id
	s.Finished = slices.Contains(ends, s.Status) || s.Status == "new word" && mood(m, "finished", true, false)
	s.RefundStatus = mood(m, "refund status", "available", "available", "pending", "unavailable", "full", "")
	s.RefundSubmitted = mood(m, "refunded", int64(0), 0, 0, 2500, 500)
	s.RefundAvailable = s.Amount - s.RefundSubmitted
	s.DelayedCapture = mood(m, "delayed", true, false)
	return s, nil
}

func (m *moody) Capture(context.Context, string) error { return mood(m, "capture", failures()...) }
func (m *moody) Cancel(context.Context, string) error  { return mood(m, "cancel", failures()...) }

func (m *moody) Refund(_ context.Context, _ string, amount, _ int64) (Refund, error) {
	made := Refund{ID: fmt.Sprint("ref", len(m.refunds)), Amount: amount, CreatedAt: m.now()}
	made.Status = mood(m, "made", RefundSubmitted, RefundSuccess, RefundError, "")
	if made.Status != "" {
		m.refunds = append(m.refunds, made)
	}
	return made, mood(m, "refund", failures()...)
}

func (m *moody) Refunds(context.Context, string) ([]Refund, error) {
	if err := mood(m, "refunds", nil, nil, errLost); err != nil {
		return nil, err
	}
	if len(m.refunds) > 0 && m.refunds[len(m.refunds)-1].Status == RefundSubmitted {
		m.refunds[len(m.refunds)-1].Status = mood(m, "becomes", RefundSubmitted, RefundSuccess, RefundError)
	}
	if mood(m, "lags", false, false, true) {
		return nil, nil
	}
	return slices.Clone(m.refunds), nil
}

func (m *moody) FindByReference(context.Context, string, time.Time) ([]PaymentSnapshot, error) {
	err := mood(m, "search", nil, nil, errLost)
	return nil, err
}

func (m *moody) Deliver(context.Context, Delivery) Delivered {
	return Delivered{Verdict: mood(m, "verdict",
		VerdictAccepted, VerdictRefused, VerdictNotSent, VerdictNotSent, VerdictUnknown)}
}

// ordeal is one journey among moody others, and everybody who visits it.
type ordeal struct {
	t      *rapid.T
	runner *Runner
	store  *oneStore
	pay    *moody
	now    time.Time
}

// No step fails for ever in silence: whatever Pay and the service answer, the journey comes to rest or to a person, and
// money is not moved again and again.
func TestNoStepFailsForEver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOrdeal(t)
		for visits := 0; !o.ended(); visits++ {
			require.Less(t, visits, 1500, "no end: %s after %s, %+v", o.store.j.State, o.now.Sub(t0), o.store.j)
			o.visit(visits < 30)
		}
		require.LessOrEqual(t, o.pay.calls["refund"], maxRefunds)
		require.LessOrEqual(t, o.pay.calls["capture"], 1000)
		require.LessOrEqual(t, o.pay.calls["cancel"], 1000)
		require.LessOrEqual(t, o.pay.calls["refunds"], 500)
	})
}

func newOrdeal(t *rapid.T) *ordeal {
	o := &ordeal{t: t, now: t0}
	o.pay = &moody{
		t: t, steady: rapid.Bool().Draw(t, "steady"), moods: map[string]any{}, calls: map[string]int{},
		now: func() time.Time { return o.now },
	}
	w := walk{t: t, now: t0, paid: map[string]int64{}}
	w.j = Hold("01TEST", "key", randomTerms(t), Fingerprint{}, t0)
	for range rapid.IntRange(0, 25).Draw(t, "facts") {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 10_000).Draw(t, "seconds")) * time.Second)
		w.step(randomFact(t, w.j))
	}
	o.now, o.store = w.now, &oneStore{j: w.j}
	o.runner = &Runner{
		Store: o.store, Accounts: Accounts{"": o.pay}, Deliverer: o.pay, WaitTimeout: time.Nanosecond,
		Now: func() time.Time { return o.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Started: w.now.Add(time.Duration(rapid.IntRange(-9_000, 9_000).Draw(t, "started")) * time.Second),
	}
	return o
}

// ended reports whether the journey is at rest and nothing is under way at Pay, or a person has to decide.
func (o *ordeal) ended() bool {
	j := o.store.j
	owed, _ := j.next(o.now)
	quiet := owed == StepForget || owed == StepEraseReply || owed == StepEraseEmail || owed == StepEndApproval
	return o.store.gone || j.State == StateStuck || j.State.AtRest() && quiet && j.OwedAt.IsZero()
}

func (o *ordeal) visit(webhooks bool) {
	ctx, id := o.t.Context(), o.store.j.ID
	seconds := rapid.SampledFrom([]int{0, 1, 10, 600, 7200, 40_000}).Draw(o.t, "pause")
	o.now = o.now.Add(time.Duration(seconds) * time.Second)
	who := []string{"citizen", "sweep", "sweep", "sweep", "by hand", "early"}
	if webhooks { // neither Pay nor people go on for ever
		who = append(who, "webhook", "staff")
	}
	switch rapid.SampledFrom(who).Draw(o.t, "who") {
	case "citizen":
		_, _ = o.runner.Return(ctx, id, ByCitizen)
		_, _ = o.runner.Advance(ctx, id, Visit{By: ByCitizen})
	case "webhook":
		_ = o.runner.Nudge(ctx, id, ByWebhook)
		_, _ = o.runner.Advance(ctx, id, Visit{By: ByWebhook})
	case "sweep":
		if due := o.store.j.DueAt; !due.IsZero() && due.After(o.now) { // the next sweep that has something to do
			o.now = due
		}
		_, _ = o.runner.Advance(ctx, id, Visit{By: ByMopup})
	case "by hand":
		_, _ = o.runner.Advance(ctx, id, Visit{By: ByMopup, Urgency: ByHand})
	case "staff":
		_, _ = o.runner.Check(ctx, id, Visit{By: ByStaff("ann")})
	case "early":
		_, _ = o.runner.DeliverEarly(ctx, Due{At: o.store.j.EarlyAt, ID: id})
	}
}
