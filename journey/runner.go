package journey

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// Runner advances journeys. It is the single entry point to outside effects: no other code delivers, captures, cancels
// or refunds for a journey. Around every outside effect it stores the intent, acts, and stores the fact. A crash in
// between leaves a state whose next step is safe to repeat, or that a person decides.
//
// All methods are safe for concurrent use, also from several processes on one store. A step that has begun is finished
// even if the caller's context ends, because neither Pay nor the service can undo it.
type Runner struct {
	Store     Store
	Accounts  Accounts
	Deliverer Deliverer
	Messenger Messenger // nil: messages wait
	Now       func() time.Time
	Log       *slog.Logger

	// Started is when the process began. The store may be a copy that another process has gone on from: nothing is
	// delivered on a payment that was read before.
	Started time.Time

	Tracer Tracer // may be nil

	// Applied, if set, is called after each fact that was stored.
	Applied func(Applied)

	// Acquire, if set, is called before a held request with a body of that size is read from the store, and release
	// when the request is no longer needed. Its error means that memory is short: the step stays owed.
	Acquire func(ctx context.Context, bytes int64) (release func(), err error)

	// Permit, if set, is asked before a request is delivered for which no citizen waits. done says that the delivery
	// has ended. The error is ErrPaused if the route's deliveries pause: the step stays owed.
	Permit func(ctx context.Context, route string) (done func(), err error)

	// WaitTimeout limits how long a citizen waits for a delivery that another caller is making.
	WaitTimeout time.Duration

	// SecondPersonFrom is from how many pence giving money back needs a second person; 0: never.
	SecondPersonFrom int64

	working  inFlight
	unstored atomic.Int64 // when the result of a delivery could not be stored, in nanoseconds since 1970; 0: none
}

// Applied is one step in a journey's life.
type Applied struct {
	Before, After Journey
	Fact          Fact
	By            By
}

// Visit says who advances a journey.
type Visit struct {
	By     By
	Cookie string // what the browser sends to the held request's address, without our own cookie
	// Urgency says which back-offs after failures do not hold.
	Urgency Urgency
}

// Progress is the result of a visit.
type Progress struct {
	Journey Journey
	// Reply is the service's answer if this visit delivered and the service accepted or refused, else nil. The caller
	// closes it.
	Reply *Reply
}

// maxSteps is more than any journey is owed at one time.
const maxSteps = 12

// Advance does what the journey is owed, step by step, until nothing is owed now or a step fails. The failure is the
// error; the returned journey is valid nevertheless, and the step stays owed.
func (r *Runner) Advance(ctx context.Context, id ID, v Visit) (Progress, error) {
	return r.advance(ctx, id, v, StepNone)
}

// advance is [Runner.Advance] up to but excluding the step upTo.
func (r *Runner) advance(ctx context.Context, id ID, v Visit, upTo Step) (Progress, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return Progress{Journey: j}, err
	}
	ctx, end := r.visit(ctx, j, v.By)
	progress, err := r.advanceFrom(ctx, j, v, upTo)
	end(progress.Journey, err)
	return progress, err
}

func (r *Runner) advanceFrom(ctx context.Context, j Journey, v Visit, upTo Step) (Progress, error) {
	id := j.ID
	j, err := r.awaitTurn(ctx, j, v)
	progress := Progress{Journey: j}
	for range maxSteps {
		if err != nil {
			return progress, err
		}
		before := progress.Journey
		step := r.owed(before, v)
		if step == StepNone && before.isDueForNothing(r.Now()) {
			progress.Journey, err = r.apply(ctx, id, NothingOwed{}, v.By, Change{})
		}
		if step == StepNone || step == upTo {
			break
		}
		var done Progress
		done, err = r.doPermitted(ctx, before, step, v)
		progress = progress.then(done)
		next := r.owed(progress.Journey, v)
		if progress.Journey.State == before.State && (next == step || step == StepDeliver && next != StepReturn) {
			// Pay said nothing new, or the delivery failed, which a visit tries once only before it may give the money
			// back.
			break
		}
	}
	if err == nil && progress.Journey.State == StateReleasing && v.By == ByCitizen {
		progress.Journey, err = r.await(ctx, id, func(j Journey) bool { return j.State == StateReleasing })
	}
	return progress, err
}

// owed returns what the visit is to do. It asks Pay before it delivers on what it has not read itself.
func (r *Runner) owed(j Journey, v Visit) Step {
	step := v.owed(j, r.Now())
	if p, _ := j.Payment(); step == StepDeliver && r.mustRead(p) {
		return StepAsk
	}
	return step
}

// mustRead reports whether the payment has to be read before a request is delivered on it. If our clock was ahead when
// the process began, that says nothing.
func (r *Runner) mustRead(p Payment) bool {
	now := r.Now()
	return p.readLongAgo(now) || p.ReadAt.Before(r.Started) && !now.Before(r.Started)
}

// then adds the result of a further step.
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

// do carries out one owed step.
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
	case StepEraseEmail:
		j, err = r.apply(ctx, j.ID, EmailErased{}, v.By, Change{})
	case StepEndApproval:
		j, err = r.apply(ctx, j.ID, ApprovalEnded{}, v.By, Change{})
	case StepFollowRefund:
		j, err = r.followRefund(ctx, j, v.By)
	case StepHandOver:
		j, err = r.apply(ctx, j.ID, Overdue{j.Since}, v.By, Change{})
	case StepForget:
		return Progress{}, r.forget(ctx, j)
	}
	return Progress{Journey: j}, err
}

// Nudge records that something may have happened to one of the journey's payments. The next caller that advances the
// journey asks Pay first, and a sweep does so at once.
func (r *Runner) Nudge(ctx context.Context, id ID, by By) error {
	_, err := r.apply(ctx, id, Nudged{}, by, Change{})
	return err
}

// Check reads the journey's payments at Pay, whatever is owed, and then advances it without regard to back-offs. A
// refund that must wait is not an error: the journey's note says so.
func (r *Runner) Check(ctx context.Context, id ID, v Visit) (Progress, error) {
	v.Urgency = Ordered
	if err := r.Nudge(ctx, id, v.By); err != nil {
		return Progress{}, err
	}
	progress, err := r.Advance(ctx, id, v)
	if ReturnWaits(err) {
		err = nil
	}
	return progress, err
}

// DeliverEarly reads the payment of a journey that is due for early delivery, or delivers its request. The error is
// [ErrNotDue] if another process was first, or the journey has moved since it was listed.
func (r *Runner) DeliverEarly(ctx context.Context, due Due) (Progress, error) {
	if _, err := r.apply(ctx, due.ID, EarlyBegun{due.At}, ByEarly, Change{}); err != nil {
		return Progress{}, err
	}
	return r.Advance(ctx, due.ID, Visit{By: ByEarly})
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

// LapseClaim ends the claim on a journey whose claimant is known to be gone: when the only process that uses a store
// starts, no earlier claimant is left. A journey without a claim is unchanged.
func (r *Runner) LapseClaim(ctx context.Context, id ID) error {
	j, err := r.Store.Get(ctx, id)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return nil // the store lists damaged journeys
	}
	if err != nil || j.State != StateReleasing {
		return err
	}
	_, err = r.apply(ctx, id, ClaimLapsed{j.Claim.Number}, ByPaygate, Change{})
	return err
}

// apply stores what follows from a fact. With an error the returned journey is empty.
func (r *Runner) apply(ctx context.Context, id ID, f Fact, by By, also Change) (Journey, error) {
	return r.applyIf(ctx, id, func(Journey) bool { return true }, f, by, also)
}

// applyIf is apply for a journey that is still as somebody saw it. Otherwise the error is [ErrMeanwhile].
func (r *Runner) applyIf(
	ctx context.Context, id ID, still func(Journey) bool, f Fact, by By, also Change,
) (Journey, error) {
	var before Journey
	after, err := r.Store.Update(ctx, id, func(j Journey) (Change, error) {
		if before = j; !still(j) {
			return Change{}, ErrMeanwhile
		}
		next, err := j.Apply(f, by, r.Now())
		change := also
		change.Journey = next
		return change, err
	})
	if misplaced, ok := errors.AsType[*TransitionError](err); ok {
		r.Log.InfoContext(ctx, "fact not allowed in this state",
			"journey_id", id, "from", misplaced.State, "fact", misplaced.Fact, "by", by.Word())
	}
	if err != nil {
		return Journey{}, err
	}
	r.applied(before, after, f, by)
	return after, nil
}

func (r *Runner) applied(before, after Journey, f Fact, by By) {
	name := "held"
	if f != nil {
		name = f.Name()
	}
	level := slog.LevelInfo
	if before.State == after.State && len(before.History) == len(after.History) {
		level = slog.LevelDebug
	}
	p, _ := after.Payment()
	r.Log.Log(context.Background(), level, "journey",
		"journey_id", after.ID, "reference", after.Terms.loggedReference(), "payment_id", p.ID, "route",
		after.Terms.Route,
		"from", before.State, "fact", name, "to", after.State, "by", by.Word(), "amount_pence", after.Terms.Amount)
	if r.Applied != nil {
		r.Applied(Applied{Before: before, After: after, Fact: f, By: by.Word()})
	}
}

// fail records a step that failed. It returns the cause, joined with any error in storing the record.
func (r *Runner) fail(ctx context.Context, j Journey, by By, cause error) (Journey, error) {
	r.Log.WarnContext(ctx, "step failed", "journey_id", j.ID, "state", j.State, "by", by.Word(), "error", cause)
	noted, err := r.apply(ctx, j.ID, StepFailed{cause.Error()}, by, Change{})
	if err != nil {
		return j, errors.Join(cause, err)
	}
	return noted, cause
}
