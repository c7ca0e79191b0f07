package journey

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Runner walks journeys: the one corridor behind all doors. Nobody else talks to Pay about a journey, delivers, captures,
// cancels or refunds. Every outside effect is bracketed: intent stored, effect, fact stored; a crash between any two
// leaves a state whose owed step is safe to repeat, or goes to a person.
//
// All methods are safe for concurrent use, in several processes on one store too. Work once begun is finished even when
// the caller's context ends, since neither Pay nor the service can take it back.
type Runner struct {
	Store     Store
	Payments  Payments
	Deliverer Deliverer
	Now       func() time.Time
	Log       *slog.Logger

	// Applied, where set, hears of every fact that changed a journey, after it was stored.
	Applied func(Applied)

	// Acquire, where set, is asked before a held request with a body of so many bytes is read from the store; release is
	// called when it is needed no more. Its error means that there is no room in memory just now: the step stays owed.
	Acquire func(ctx context.Context, bytes int64) (release func(), err error)

	// WaitTimeout is how long a citizen waits for a delivery that somebody else is making.
	WaitTimeout time.Duration

	working inFlight
}

// Applied is one step in a journey's life.
type Applied struct {
	Before, After Journey
	Fact          Fact
	By            By
}

// Visit is who comes by, and with what.
type Visit struct {
	By     By
	Cookie string // what the browser sends at the held request's address, without our own cookie
}

// Progress is where a visit leaves a journey.
type Progress struct {
	Journey Journey
	// Reply is the service's answer, where this very visit delivered and the service accepted or refused; the visitor
	// closes it. Else nil.
	Reply *Reply
}

// Began is a journey whose citizen is to be sent to Pay.
type Began struct {
	Journey Journey
	// NextURL is where the citizen pays: a bearer credential, for the redirect alone. Empty when the journey, by now, is
	// somewhere else than at Pay.
	NextURL string
}

// Begin holds a request under the terms. key is the ticket's secret. With an error, nothing is held. The payment is to be
// created at once, by CreatePayment.
func (r *Runner) Begin(ctx context.Context, terms Terms, request HeldRequest, key string) (Journey, error) {
	return r.begin(ctx, terms, request, key, Hold)
}

// BeginAsking is [Runner.Begin] for a request whose citizen is asked first whether to pay for it. No payment is to be created
// until they say so, which is [Runner.Again].
func (r *Runner) BeginAsking(ctx context.Context, terms Terms, request HeldRequest, key string) (Journey, error) {
	return r.begin(ctx, terms, request, key, HoldAsking)
}

type holder func(ID, string, Terms, Fingerprint, time.Time) Journey

func (r *Runner) begin(ctx context.Context, terms Terms, request HeldRequest, key string, hold holder) (Journey, error) {
	for {
		j := hold(NewID(r.Now()), key, terms, request.Fingerprint(), r.Now())
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

// Hold is the first of a journey: the request kept, a payment about to be created.
func Hold(id ID, key string, terms Terms, fingerprint Fingerprint, at time.Time) Journey {
	j := Journey{
		ID: id, Key: key, State: StateHeld, Terms: terms, Fingerprint: fingerprint, StartedAt: at, Since: at,
		AskedAt: at, Creating: true, Submission: 1,
		History: []Event{{At: at, Fact: "held", To: StateHeld, By: ByCitizen}},
	}
	j.DueAt = j.Due(at)
	return j
}

// HoldAsking is the first of a journey whose citizen is asked whether to pay: the request kept, and no payment in sight.
func HoldAsking(id ID, key string, terms Terms, fingerprint Fingerprint, at time.Time) Journey {
	j := Hold(id, key, terms, fingerprint, at)
	j.Creating, j.AskedAt = false, time.Time{}
	j.History[0].Detail = "the same form was paid for shortly before; the citizen is asked whether to pay again"
	j.DueAt = j.Due(at)
	return j
}

// Again creates another payment for the same held request, after one that ended without money or could not be created.
// Where that is being done already it waits for that payment, and returns ErrCreating when it has waited too long. A journey at
// Pay is resumed; one anywhere else comes back as it is.
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
	release() // only what prefills Pay's page is needed from here on
	if err != nil {
		return Began{Journey: j}, err
	}
	if j, err = r.apply(ctx, id, PaymentAsked{}, ByCitizen, Change{}); err != nil {
		return Began{Journey: j}, err
	}
	return r.CreatePayment(ctx, j, request.Prefill)
}

// Resume finds a fresh way back to an open payment: a next_url works once, so each time needs another (FACTS 4.1).
func (r *Runner) Resume(ctx context.Context, id ID) (Began, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil || j.State != StatePaying || len(j.Payments) == 0 {
		return Began{Journey: j}, err
	}
	snapshot, err := r.Payments.Get(ctx, j.Payments[len(j.Payments)-1].ID)
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

// Return is the citizen coming back from Pay. All that is owed is done but for the delivery of a held request, which is for
// [Runner.Advance]: the browser has yet to show the cookies that it would send with the request.
func (r *Runner) Return(ctx context.Context, id ID, by By) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return Journey{}, err
	}
	if j.State == StatePaying && j.Terms.Release == ReleaseOnReturn && j.ReturnedAt.IsZero() {
		if j, err = r.apply(ctx, id, CitizenReturned{}, by, Change{}); err != nil {
			return j, err
		}
	}
	progress, err := r.advance(ctx, id, Visit{By: by}, StepDeliver)
	return progress.Journey, err
}

// Nudge stores that something may have happened to one of the journey's payments: whoever advances it next asks Pay first,
// and a sweep does so at once.
func (r *Runner) Nudge(ctx context.Context, id ID, by By) error {
	_, err := r.apply(ctx, id, Nudged{}, by, Change{})
	return err
}

// Check reads the journey's payments at Pay, whatever is owed, and then advances it. That a refund must wait is no error: the
// journey's note says so.
func (r *Runner) Check(ctx context.Context, id ID, v Visit) (Progress, error) {
	if err := r.Nudge(ctx, id, v.By); err != nil {
		return Progress{}, err
	}
	progress, err := r.Advance(ctx, id, v)
	if errors.Is(err, ErrNotCollected) {
		err = nil
	}
	return progress, err
}

// Resubmit takes a corrected request on the same payment, for Advance to deliver. A TransitionError when the journey does
// not wait for one.
func (r *Runner) Resubmit(ctx context.Context, id ID, request HeldRequest, by By) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err == nil && j.Trusted { // the payment counts once Pay confirms it
		j, err = r.ask(ctx, j, by)
	}
	if err != nil {
		return j, err
	}
	return r.apply(ctx, id, Resubmitted{request.Fingerprint()}, by, Change{Request: &request})
}

// Collect is the first fetch of a paid pass, as the citizen asks for it now. One that was refused may be asked for again.
func (r *Runner) Collect(ctx context.Context, id ID, request HeldRequest, v Visit) (Progress, error) {
	j, err := r.Store.Get(ctx, id)
	if err == nil && j.State == StateRefused {
		j, err = r.apply(ctx, id, Resubmitted{request.Fingerprint()}, v.By, Change{})
	}
	if p, _ := j.Payment(); err == nil && p.readLongAgo(r.Now()) {
		j, err = r.ask(ctx, j, v.By)
	}
	if err != nil {
		return Progress{Journey: j}, err
	}
	progress, err := r.deliver(ctx, j, request, v)
	if err != nil || progress.Journey.State == StateReleasing {
		return progress, err
	}
	after, err := r.Advance(ctx, id, v)
	if after.Journey.ID != "" {
		progress.Journey = after.Journey
	}
	return progress, err
}

// TakeReply reads the kept reply for the browser that owns the journey. Its Set-Cookie headers come with the first reading
// only. ErrErased when none is kept any more.
func (r *Runner) TakeReply(ctx context.Context, id ID) (Reply, error) {
	reply, err := r.Store.Reply(ctx, id)
	if err != nil {
		return reply, err
	}
	first, err := r.firstShowing(ctx, id)
	if !first {
		reply.Header.Del("Set-Cookie")
		reply.Header.Del("Clear-Site-Data") // it would clear what was set since
	}
	return reply, err
}

// firstShowing notes that the kept reply is shown, and reports whether it never was before.
func (r *Runner) firstShowing(ctx context.Context, id ID) (first bool, err error) {
	if j, err := r.Store.Get(ctx, id); err != nil || j.ReplyShown {
		return false, err
	}
	_, err = r.Store.Update(ctx, id, func(j Journey) (Change, error) {
		first = !j.ReplyShown
		j, err := j.Apply(ReplyShown{}, ByCitizen, r.Now())
		return Change{Journey: j}, err
	})
	return first && err == nil, err
}

// Seen notes that the citizen is about to read what the service said, before a page says until when a refusal can be
// corrected. The answer is the journey since then; where that could not be stored it is the one that was given.
func (r *Runner) Seen(ctx context.Context, j Journey) Journey {
	if !j.OutcomeSeenAt.IsZero() || j.outcomeSeen(r.Now()).OutcomeSeenAt.IsZero() {
		return j
	}
	after, err := r.apply(ctx, j.ID, OutcomeSeen{}, ByCitizen, Change{})
	if err != nil {
		r.Log.WarnContext(ctx, "the citizen saw the outcome, but that could not be stored", "journey_id", j.ID, "error", err)
		return j
	}
	return after
}

// maxSteps is more than any journey is owed at one time.
const maxSteps = 12

// Advance does what the journey is owed, step by step, until nothing is owed now or a step could not be done, which is
// the error: the journey in the answer is good all the same, and the step stays owed.
func (r *Runner) Advance(ctx context.Context, id ID, v Visit) (Progress, error) {
	return r.advance(ctx, id, v, StepNone)
}

// advance is [Runner.Advance] as far as a step, which stays owed.
func (r *Runner) advance(ctx context.Context, id ID, v Visit, upTo Step) (Progress, error) {
	j, err := r.Store.Get(ctx, id)
	progress := Progress{Journey: j}
	for range maxSteps {
		if err != nil {
			return progress, err
		}
		before := progress.Journey
		step := before.owedTo(v.By, r.Now())
		if step == StepNone || step == upTo {
			break
		}
		var done Progress
		done, err = r.do(ctx, before, step, v)
		progress = progress.then(done)
		next := progress.Journey.owedTo(v.By, r.Now())
		if progress.Journey.State == before.State && (next == step || step == StepDeliver && next != StepReturn) {
			break // asked, and nothing new; or not delivered, which a visit tries once before it may give the money back
		}
	}
	if err == nil && progress.Journey.State == StateReleasing && v.By == ByCitizen {
		progress.Journey, err = r.await(ctx, id, func(j Journey) bool { return j.State == StateReleasing })
	}
	return progress, err
}

// DeliverEarly reads the payment of a journey that is due for early delivery, or delivers its request. [ErrNotDue] when
// another process was first, or when the journey has moved since it was listed.
func (r *Runner) DeliverEarly(ctx context.Context, due Due) (Progress, error) {
	if _, err := r.apply(ctx, due.ID, EarlyBegun{due.At}, ByEarly, Change{}); err != nil {
		return Progress{}, err
	}
	return r.Advance(ctx, due.ID, Visit{By: ByEarly})
}

// then is where a further step leaves a visit.
func (p Progress) then(next Progress) Progress {
	if next.Journey.ID != "" {
		p.Journey = next.Journey
	}
	if next.Reply != nil {
		_ = p.Reply.Close()
		p.Reply = next.Reply
	}
	return p
}

// do does one owed step.
func (r *Runner) do(ctx context.Context, j Journey, step Step, v Visit) (Progress, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	var err error
	switch step {
	case StepFindOrphan:
		j, err = r.findOrphan(ctx, j, v.By)
	case StepAsk:
		j, err = r.ask(ctx, j, v.By)
	case StepLook:
		j, err = r.look(ctx, j, v.By)
	case StepDeliver:
		return r.deliverHeld(ctx, j, v)
	case StepLapse:
		j, err = r.apply(ctx, j.ID, ClaimLapsed{j.Claim.Number}, v.By, Change{})
	case StepCapture:
		j, err = r.capture(ctx, j, v.By)
	case StepReturn:
		j, err = r.giveBack(ctx, j, v.By)
	case StepLeaveToStaff:
		j, err = r.apply(ctx, j.ID, LeftToStaff{}, v.By, Change{})
	case StepGiveUp:
		j, err = r.apply(ctx, j.ID, RetryLapsed{}, v.By, Change{})
	case StepEraseReply:
		j, err = r.apply(ctx, j.ID, ReplyErased{}, v.By, Change{})
	case StepFollowRefund:
		j, err = r.followRefund(ctx, j, v.By)
	case StepForget:
		return Progress{}, r.forget(ctx, j)
	}
	return Progress{Journey: j}, err
}

// Drain waits until no step is under way, or until the context ends.
func (r *Runner) Drain(ctx context.Context) error {
	select {
	case <-r.working.none():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LapseClaim ends the claim on a journey whose claimant is known to be gone, as all are when the only process on a store
// starts. A journey without a claim stays as it is.
func (r *Runner) LapseClaim(ctx context.Context, id ID) error {
	j, err := r.Store.Get(ctx, id)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return nil // set aside by the store, and listed there
	}
	if err != nil || j.State != StateReleasing {
		return err
	}
	_, err = r.apply(ctx, id, ClaimLapsed{j.Claim.Number}, ByPaygate, Change{})
	return err
}
