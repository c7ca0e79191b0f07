package journey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Began is a journey whose citizen is to be sent to Pay.
type Began struct {
	Journey Journey
	// NextURL is where the citizen pays. It is a bearer credential, only for the redirect. It is empty if the journey
	// is no longer at Pay.
	NextURL string
}

// Begin holds a request under the terms. key is the ticket's secret. After an error, nothing is held. The caller then
// creates the payment with [Runner.CreatePayment].
func (r *Runner) Begin(ctx context.Context, terms Terms, request HeldRequest, key string) (Journey, error) {
	return r.begin(ctx, terms, request, key, Hold)
}

// BeginAsking is [Runner.Begin] for a citizen who is asked first whether to pay. [Runner.Again] creates the payment
// once they say so.
func (r *Runner) BeginAsking(ctx context.Context, terms Terms, request HeldRequest, key string) (Journey, error) {
	return r.begin(ctx, terms, request, key, HoldAsking)
}

type holder func(ID, string, Terms, Fingerprint, time.Time) Journey

func (r *Runner) begin(
	ctx context.Context, terms Terms, request HeldRequest, key string, hold holder,
) (Journey, error) {
	for {
		j := hold(NewID(r.Now()), key, terms, request.Fingerprint(), r.Now())
		j.Email = request.Email
		if r.Tracer != nil {
			j.Trace = r.Tracer.Began(ctx, j)
		}
		err := r.Store.Create(ctx, j, request)
		switch {
		case errors.Is(err, ErrExists):
			continue
		case err != nil:
			return Journey{}, err
		}
		r.applied(Journey{}, j, nil, ByCitizen)
		return j, nil
	}
}

// Hold returns a new journey: the request held, a payment about to be created.
func Hold(id ID, key string, terms Terms, fingerprint Fingerprint, at time.Time) Journey {
	j := Journey{
		ID: id, Key: key, State: StateHeld, Terms: terms, Fingerprint: fingerprint, StartedAt: at, Since: at,
		AskedAt: at, Creating: true, Submission: 1,
		History: []Event{{At: at, Fact: "held", To: StateHeld, By: ByCitizen}},
	}
	j.DueAt = j.Due(at)
	return j
}

// HoldAsking returns a new journey whose citizen is asked whether to pay: the request held, and no payment.
func HoldAsking(id ID, key string, terms Terms, fingerprint Fingerprint, at time.Time) Journey {
	j := Hold(id, key, terms, fingerprint, at)
	j.Creating, j.AskedAt = false, time.Time{}
	j.History[0].Detail = "the same form was paid for shortly before; the citizen is asked whether to pay again"
	j.DueAt = j.Due(at)
	return j
}

// Again creates another payment for the same held request, after one that ended without money or could not be created.
// If another caller is creating one, it waits for that payment, and returns ErrCreating if it has waited too long. A
// journey at Pay is resumed. In any other state the journey is returned as it is.
func (r *Runner) Again(ctx context.Context, id ID) (Began, error) {
	began, err := r.again(ctx, id)
	if !errors.Is(err, ErrCreating) {
		return began, err
	}
	if _, err := r.await(ctx, id, func(j Journey) bool { return j.Creating }); err != nil {
		return began, err
	}
	return r.again(ctx, id)
}

func (r *Runner) again(ctx context.Context, id ID) (Began, error) {
	j, err := r.Store.Get(ctx, id)
	switch {
	case err != nil:
		return Began{}, err
	case j.State == StatePaying:
		return r.Resume(ctx, id)
	case j.State != StateHeld && j.State != StateUnpaid:
		return Began{Journey: j}, nil
	}
	request, release, err := r.request(ctx, j)
	release() // only the prefill is needed from here on
	if err != nil {
		return Began{Journey: j}, err
	}
	if j, err = r.apply(ctx, id, PaymentAsked{}, ByCitizen, Change{}); err != nil {
		return Began{Journey: j}, err
	}
	return r.CreatePayment(ctx, j, request.Prefill)
}

// Resume gets a new link to an open payment: a next_url works only once (FACTS 4.1).
func (r *Runner) Resume(ctx context.Context, id ID) (began Began, err error) {
	j, err := r.Store.Get(ctx, id)
	if err == nil {
		var end func(Journey, error)
		ctx, end = r.visit(ctx, j, ByCitizen)
		defer func() { end(began.Journey, err) }()
		j, err = r.awaitTurn(ctx, j, Visit{By: ByCitizen})
	}
	if err != nil || j.State != StatePaying || len(j.Payments) == 0 {
		return Began{Journey: j}, err
	}
	snapshot, err := r.at(j).Get(ctx, j.Payments[len(j.Payments)-1].ID)
	if err != nil {
		return Began{Journey: j}, err
	}
	after, err := r.apply(ctx, id, PaymentSeen{snapshot}, ByCitizen, Change{})
	switch {
	case err != nil:
		return Began{Journey: j}, err
	case after.State != StatePaying:
		return Began{Journey: after}, nil
	default:
		return Began{Journey: after, NextURL: snapshot.NextURL}, nil
	}
}

// CreatePayment creates the payment of a journey whose intent is stored. It never repeats the call: if the answer was
// lost, a payment may exist, but no one has its address, so no one can pay it (FACTS trap 4). After an error, nothing
// was taken and no payment can be paid.
func (r *Runner) CreatePayment(ctx context.Context, j Journey, prefill Prefill) (began Began, err error) {
	defer r.working.begin()()
	ctx, end := r.visit(context.WithoutCancel(ctx), j, ByCitizen)
	defer func() { end(began.Journey, err) }()

	snapshot, err := r.at(j).Create(ctx, NewPayment{
		Amount: j.Terms.Amount, Reference: j.Terms.Reference, Description: j.Terms.Description,
		ReturnURL: j.Terms.ReturnURL, Language: j.Terms.Language,
		DelayedCapture: j.Terms.Capture == CaptureOnAccept,
		Metadata:       j.Terms.Metadata, Prefill: prefill,
	})
	if err != nil && !errors.Is(err, ErrNextURL) {
		noted, noteErr := r.apply(ctx, j.ID, PaymentNotCreated{err.Error()}, ByCitizen, Change{})
		if noteErr != nil {
			return Began{Journey: j}, errors.Join(err, noteErr)
		}
		return Began{Journey: noted}, err
	}
	after, storeErr := r.apply(ctx, j.ID, PaymentCreated{snapshot}, ByCitizen, Change{})
	switch {
	case storeErr != nil: // no one has the payment's address, so no one can pay it
		return Began{Journey: j}, errors.Join(err, storeErr)
	case err != nil:
		return Began{Journey: after}, err
	case after.State != StatePaying:
		return Began{Journey: after}, nil
	}
	return Began{Journey: after, NextURL: snapshot.NextURL}, nil
}

// createLeeway allows for the difference between Pay's clock and ours, and for a slow create.
const createLeeway = 10 * time.Minute

// findOrphan searches for payments whose creation was not confirmed. Everything that we asked for must match, because
// other services may use the same account and the same references, and no other journey may have the payment.
func (r *Runner) findOrphan(ctx context.Context, j Journey, by By) (Journey, error) {
	found, err := r.at(j).FindByReference(ctx, j.Terms.Reference, j.StartedAt.Add(-createLeeway))
	if err != nil {
		return r.fail(ctx, j, by, fmt.Errorf("looking for an orphan payment: %w", err))
	}
	for _, snapshot := range found {
		if _, err := r.Store.ByPayment(ctx, snapshot.ID); !j.askedFor(snapshot) || !errors.Is(err, ErrNotFound) {
			continue
		}
		after, err := r.apply(ctx, j.ID, PaymentCreated{snapshot}, by, Change{})
		if errors.Is(err, ErrTaken) { // another journey got it since we asked
			continue
		}
		if err != nil {
			return after, err
		}
		j = after
	}
	if j.State != StateHeld {
		return j, nil
	}
	return r.apply(ctx, j.ID, PaymentNeverMade{}, by, Change{})
}

// askedFor reports whether Pay's payment is what we asked for.
func (j Journey) askedFor(s PaymentSnapshot) bool {
	return s.Reference == j.Terms.Reference && s.Amount == j.Terms.Amount &&
		s.CreatedAt.Before(j.AskedAt.Add(createLeeway)) &&
		s.DelayedCapture == (j.Terms.Capture == CaptureOnAccept) &&
		(s.ReturnURL == j.Terms.ReturnURL || s.ReturnURL == "")
}
