package journey

import (
	"context"
	"errors"
	"time"
)

// Messenger sends messages. Implementations are safe for concurrent use, and end an attempt well before the journey's
// claims lapse. The recipient may get a message twice, with the same id. An error is in plain words, without an
// address.
type Messenger interface {
	Send(context.Context, Journey, Message) error
}

// ErrMessageRefused means that repeating the attempt does not help.
var ErrMessageRefused = errors.New("the message was refused for good")

// Tell sends what one recipient has not heard yet about a journey, in order, until nothing is due or an attempt fails.
// ByPaygate observes the back-off after failures; for any other caller a person has asked. Advance sends no messages,
// so that a slow recipient delays neither money nor a citizen.
func (r *Runner) Tell(ctx context.Context, id ID, to Recipient, by By) error {
	for r.Messenger != nil && ctx.Err() == nil {
		if told, err := r.tellNext(ctx, id, to, by); err != nil || !told {
			return err
		}
	}
	return ctx.Err()
}

// TellAll sends what anyone has not heard yet about a journey, because a person asked. The history says what failed.
func (r *Runner) TellAll(ctx context.Context, j Journey, by By) (Journey, error) {
	if len(j.Outbox) == 0 {
		return j, nil
	}
	for _, to := range Recipients() {
		_ = r.Tell(ctx, j.ID, to, by)
	}
	return r.Store.Get(ctx, j.ID)
}

// tellNext sends one message. It reports false if none is to be sent now. The caller's context ends an attempt, because
// it can be repeated; its result is stored all the same.
func (r *Runner) tellNext(caller context.Context, id ID, to Recipient, by By) (told bool, err error) {
	defer r.working.begin()()
	ctx := context.WithoutCancel(caller)

	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return false, err
	}
	m, ready := j.nextMessage(to, by, r.Now())
	if !ready {
		return false, nil
	}
	until := r.Now().Add(min(max(messageLease, j.Terms.ClaimFor), maxMessageWait))
	j, err = r.apply(ctx, id, MessageTaken{m.ID, until}, by, Change{})
	switch {
	case errors.Is(err, errNotToBeSent): // another replica was first
		return false, nil
	case err != nil:
		return false, err
	}
	return true, r.concludeMessage(ctx, id, until, m, by, r.Messenger.Send(caller, j, m))
}

// concludeMessage stores the result of an attempt. If that fails, the message is sent again when its lease ends.
func (r *Runner) concludeMessage(
	ctx context.Context, id ID, until time.Time, m Message, by By, failure error,
) error {
	if failure == nil {
		_, err := r.apply(ctx, id, MessageSent{m.ID}, by, Change{})
		return err
	}
	r.Log.WarnContext(ctx, "a message was not sent",
		"journey_id", id, "to", m.To, "what", m.What, "failures", m.Failures+1, "error", failure)
	_, err := r.apply(ctx, id, m.afterFailure(failure, until, r.Now()), by, Change{})
	return errors.Join(failure, err)
}

// afterFailure returns the fact that follows from a failed attempt.
func (m Message) afterFailure(failure error, until, at time.Time) Fact {
	tooLong := !m.FailedAt.IsZero() && !at.Before(m.FailedAt.Add(giveUpAfter))
	if m.GivenUpAt.IsZero() && (tooLong || errors.Is(failure, ErrMessageRefused)) {
		return MessageGivenUp{m.ID, failure.Error()}
	}
	return MessageFailed{m.ID, until, failure.Error()}
}
