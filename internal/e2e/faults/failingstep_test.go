package faults

import (
	"context"
	"errors"
	"time"

	"paygate/journey"
)

var errInjected = errors.New("injected")

// failingStep fails one of all the steps that a journey takes: before it is done, or after it with its answer lost.
type failingStep struct {
	steps  []string // by name
	number int      // of the step that fails, counted from 1; 0 for none
	after  bool
	name   string // of the step that failed
}

// do does a step, or fails it.
func (t *failingStep) do(name string, do func() error) error {
	t.steps = append(t.steps, name)
	if len(t.steps) != t.number {
		return do()
	}
	t.name = name
	if t.after {
		_ = do()
	}
	return errInjected
}

// failingStore, failingPay and failingService fail a step of the real ones.
type failingStore struct {
	journey.Store
	*failingStep
	created *[]journey.ID
}

func (s failingStore) Create(ctx context.Context, j journey.Journey, r journey.HeldRequest) error {
	*s.created = append(*s.created, j.ID)
	return s.do("store writes a journey", func() error { return s.Store.Create(ctx, j, r) })
}

func (s failingStore) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.do("store reads a journey", func() error { j, err = s.Store.Get(ctx, id); return err })
	return j, err
}

func (s failingStore) Update(ctx context.Context, id journey.ID,
	change func(journey.Journey) (journey.Change, error),
) (j journey.Journey, err error) {
	err = s.do("store writes a change", func() error { j, err = s.Store.Update(ctx, id, change); return err })
	if err != nil {
		j = journey.Journey{}
	}
	return j, err
}

func (s failingStore) Request(ctx context.Context, id journey.ID) (r journey.HeldRequest, err error) {
	err = s.do("store reads a request", func() error { r, err = s.Store.Request(ctx, id); return err })
	return r, err
}

func (s failingStore) Reply(ctx context.Context, id journey.ID) (r journey.Reply, err error) {
	err = s.do("store reads a reply", func() error { r, err = s.Store.Reply(ctx, id); return err })
	return r, err
}

func (s failingStore) ByPayment(ctx context.Context, paymentID string) (id journey.ID, err error) {
	err = s.do("store reads a payment's journey", func() error {
		id, err = s.Store.ByPayment(ctx,
			paymentID)
		return err
	})
	return id, err
}

func (s failingStore) Forget(ctx context.Context, id journey.ID) error {
	return s.do("store forgets", func() error { return s.Store.Forget(ctx, id) })
}

type failingPay struct {
	journey.Payments
	*failingStep
}

func (p failingPay) Create(ctx context.Context, n journey.NewPayment) (s journey.PaymentSnapshot, err error) {
	err = p.do("Pay creates", func() error { s, err = p.Payments.Create(ctx, n); return err })
	return s, err
}

func (p failingPay) Get(ctx context.Context, id string) (s journey.PaymentSnapshot, err error) {
	err = p.do("Pay reads a payment", func() error { s, err = p.Payments.Get(ctx, id); return err })
	return s, err
}

func (p failingPay) Capture(ctx context.Context, id string) error {
	return p.do("Pay captures", func() error { return p.Payments.Capture(ctx, id) })
}

func (p failingPay) Cancel(ctx context.Context, id string) error {
	return p.do("Pay cancels", func() error { return p.Payments.Cancel(ctx, id) })
}

func (p failingPay) Refund(ctx context.Context, id string, amount, available int64) (made journey.Refund, err error) {
	err = p.do("Pay refunds", func() error { made, err = p.Payments.Refund(ctx, id, amount, available); return err })
	return made, err
}

func (p failingPay) Refunds(ctx context.Context, id string) (refunds []journey.Refund, err error) {
	err = p.do("Pay reads refunds", func() error { refunds, err = p.Payments.Refunds(ctx, id); return err })
	return refunds, err
}

func (p failingPay) FindByReference(ctx context.Context, reference string,
	from time.Time,
) (found []journey.PaymentSnapshot, err error) {
	err = p.do("Pay reads by reference", func() error {
		found, err = p.Payments.FindByReference(ctx, reference,
			from)
		return err
	})
	return found, err
}

type failingService struct {
	journey.Deliverer
	*failingStep
}

func (d failingService) Deliver(ctx context.Context, delivery journey.Delivery) (done journey.Delivered) {
	err := d.do("service delivers", func() error { done = d.Deliverer.Deliver(ctx, delivery); return nil })
	switch {
	case err == nil:
		return done
	case d.after:
		_ = done.Reply.Close()
		return journey.Delivered{Verdict: journey.VerdictUnknown, Detail: "the answer was lost"}
	default:
		return journey.Delivered{Verdict: journey.VerdictNotSent, Detail: "the service cannot be reached"}
	}
}
