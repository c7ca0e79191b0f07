package journey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotPaid means that Pay holds none of the citizen's money on a payment.
var ErrNotPaid = errors.New("GOV.UK Pay holds no money on this payment")

// Adopt returns a new journey for a payment that no journey has, as after an older copy of the store was restored. Its
// request is not known, so nothing is ever delivered: a person finds out what was given, and settles it.
func Adopt(terms Terms, s PaymentSnapshot, by By, reason string, at time.Time) Journey {
	const note = "found in GOV.UK Pay's list of payments; its request is not known"
	if s.CreatedAt.IsZero() {
		s.CreatedAt = at
	}
	p := Payment{ID: s.ID, CreatedAt: s.CreatedAt}
	p.learn(s, at)
	j := Journey{
		// The order of ids is that of the beginnings.
		ID: NewID(s.CreatedAt), StartedAt: s.CreatedAt, Since: at,
		State: StateStuck, Trouble: TroubleAdopted, Note: note, Adopted: true,
		Terms: terms.adopted(s), Submission: 1, Payments: []Payment{p}, PaidWith: s.ID, PaidAt: s.CreatedAt,
		History: []Event{{At: at, Fact: adopted{}.Name(), To: StateStuck, By: by, Detail: reason}},
	}
	j.DueAt = j.Due(at)
	return j
}

// adoptedRoute is in the place of the route, which is not known.
const adoptedRoute = "adopted"

// adopted returns the terms under which a payment must have been made.
func (t Terms) adopted(s PaymentSnapshot) Terms {
	t.Route, t.Kind, t.Amount, t.Reference = adoptedRoute, KindSubmission, s.Amount, s.Reference
	t.Description = s.Description
	t.Metadata, t.ReturnURL, t.Language = s.Metadata, s.ReturnURL, "en"
	t.Capture, t.Release, t.Repeat, t.OnRefused = CaptureImmediate, ReleaseConfirmed, RepeatNever, OnRefusedStaff
	if s.DelayedCapture {
		t.Capture = CaptureOnAccept
	}
	return t
}

// adopted names the beginning of an adopted journey in its history.
type adopted struct{}

func (adopted) Name() string { return "adopted" }

// Adopt stores a journey for a payment that no journey has. terms has the payment's account, and what all journeys
// share. It reads the payment again, and calls check with what Pay says, whose error it returns. Other errors are
// [ErrTaken] if a journey has the payment, [ErrNotPaid], and an [AtPayError].
func (r *Runner) Adopt(ctx context.Context, terms Terms, paymentID string, by By, reason string,
	check func(PaymentSnapshot) error,
) (Journey, error) {
	snapshot, err := r.at(Journey{Terms: terms}).Get(ctx, paymentID)
	switch {
	case err != nil:
		return Journey{}, &AtPayError{err}
	case snapshot.Money() == 0:
		return Journey{}, fmt.Errorf("%w: it is %s", ErrNotPaid, snapshot.Status)
	}
	if err := check(snapshot); err != nil {
		return Journey{}, err
	}
	for {
		j := Adopt(terms, snapshot, by, reason, r.Now())
		err := r.Store.Create(ctx, j, HeldRequest{})
		switch {
		case errors.Is(err, ErrExists):
			continue
		case err != nil:
			return Journey{}, err
		}
		r.applied(Journey{}, j, adopted{}, by)
		return j, nil
	}
}
