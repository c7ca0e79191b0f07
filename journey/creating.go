package journey

import (
	"errors"
	"slices"
	"time"
)

// createLease is how long an attempt to create a payment excludes others: longer than any call to Pay.
const createLease = time.Minute

// ErrCreating means that a payment for this journey is already being created.
var ErrCreating = errors.New("a payment is being created")

func (j Journey) paymentAsked(at time.Time) (Journey, string, error) {
	if j.State != StateHeld && j.State != StateUnpaid {
		return j, "", &TransitionError{j.State, PaymentAsked{}.Name()}
	}
	if j.Creating && at.Before(j.AskedAt.Add(createLease)) {
		return j, "", ErrCreating
	}
	j.Creating, j.AskedAt = true, at
	return j, "", nil
}

// paymentCreated records a payment in any state, so that money on one that is not expected is noticed and given back.
func (j Journey) paymentCreated(s PaymentSnapshot, at time.Time) (Journey, string, error) {
	j.Creating = false
	if j.payment(s.ID) != nil {
		return j, "", nil
	}
	created := s.CreatedAt
	if created.IsZero() {
		created = at
	}
	j.Payments = append(slices.Clone(j.Payments), Payment{
		ID: s.ID, CreatedAt: created, AskedAt: j.asked(), ReadAt: at, Status: s.Status,
	})
	if j.State != StateHeld && j.State != StateUnpaid {
		return j, s.ID, nil
	}
	j.State, j.ReturnedAt, j.Note = StatePaying, time.Time{}, ""
	if j.Terms.Outcome(s) == OutcomeMismatch {
		j = j.stuck(TroubleMismatch, "GOV.UK Pay created a payment with a different amount or reference")
	}
	return j, s.ID, nil
}

func (j Journey) paymentNotCreated(detail string) (Journey, string, error) {
	if !j.Creating {
		return j, "", nil
	}
	j.Creating, j.Note = false, detail
	return j, detail, nil
}

func (j Journey) citizenReturned(at time.Time) Journey {
	if j.State == StatePaying && j.ReturnedAt.IsZero() {
		j.ReturnedAt = at
	}
	return j
}

// retryLapsed ends a journey whose citizen did not pay in time, or never answered whether to pay.
func (j Journey) retryLapsed(f RetryLapsed) (Journey, string, error) {
	if j.AwaitsCitizen() {
		return j.move(f, StateAbandoned, StateHeld)
	}
	return j.move(f, StateAbandoned, StateUnpaid)
}
