package mopup

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"paygate/journey"
)

// tellEvery is the interval between rounds of messages.
const tellEvery = 15 * time.Second

// TellerOptions configure a Teller.
type TellerOptions struct {
	Store  journey.Store
	Runner *journey.Runner
	Now    func() time.Time
	Log    *slog.Logger
}

// Teller sends the messages of journeys. It is neither part of a sweep nor of early delivery, so that a slow recipient
// delays neither. Several processes on one store share the work. It is safe for concurrent use.
type Teller struct {
	TellerOptions
}

// NewTeller returns a Teller.
func NewTeller(o TellerOptions) *Teller { return &Teller{o} }

// Run sends messages until the context ends, to each recipient by itself.
func (t *Teller) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, to := range journey.Recipients() {
		all.Go(func() { t.run(ctx, to) })
	}
	all.Wait()
}

func (t *Teller) run(ctx context.Context, to journey.Recipient) {
	for {
		timer := time.NewTimer(jitter(tellEvery))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			t.report(ctx, t.RunOnce(ctx, to, journey.ByPaygate))
		}
	}
}

func (t *Teller) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		t.Log.WarnContext(ctx, "not all messages were tried; the next round follows soon", "error", err)
	}
}

// runNowFor limits how long a person waits for recipients that do not answer.
const runNowFor = 30 * time.Second

// RunNow sends what waits because a person asked for a sweep: it ignores the back-off after failures.
func (t *Teller) RunNow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, runNowFor)
	defer cancel()
	var all sync.WaitGroup
	for _, to := range journey.Recipients() {
		all.Go(func() { t.report(ctx, t.RunOnce(ctx, to, journey.ByMopup)) })
	}
	all.Wait()
}

// RunOnce sends to one recipient what waits now, the longest first. An address of the service that has failed several
// times in a row is left alone until the next round, and delays no other. The error is that of such an address, or what
// ended the round early.
func (t *Teller) RunOnce(ctx context.Context, to journey.Recipient, by journey.By) error {
	r := &tellRound{Teller: t, to: to, by: by, inRow: map[string]int{}}
	until := journey.GivenUpTellAt()
	if by == journey.ByPaygate {
		until = t.Now().AddDate(100, 0, 0) // a clock that was ahead may have put a message off for years
	}
	for after := (journey.Due{}); ; {
		page, err := t.Store.DueToTell(ctx, until, after, pageSize)
		if err != nil || len(page) == 0 {
			return cmp.Or(err, r.last)
		}
		for _, due := range page {
			r.tell(ctx, due.ID)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		after = page[len(page)-1]
	}
}

// tellRound is one round of messages to one recipient.
type tellRound struct {
	*Teller
	to    journey.Recipient
	by    journey.By
	inRow map[string]int // consecutive failures, by the address of the service
	last  error          // of an address that is left alone
}

// tell sends the messages of one journey, unless its address is left alone.
func (r *tellRound) tell(ctx context.Context, id journey.ID) {
	j, err := r.Store.Get(ctx, id)
	address := j.Terms.Tell
	if r.to == journey.ToCitizen {
		address = ""
	}
	if r.inRow[address] == maxFailuresInRow {
		return
	}
	if err == nil {
		err = r.Runner.Tell(ctx, id, r.to, r.by)
	}
	if err = ofTheRecipient(err); err == nil {
		r.inRow[address] = 0
		return
	}
	if r.inRow[address]++; r.inRow[address] == maxFailuresInRow {
		r.last = err
	}
}

// ofTheRecipient returns an error only if it may concern more than one journey.
func ofTheRecipient(err error) error {
	for _, single := range []error{journey.ErrNotFound, journey.ErrDamaged, journey.ErrMessageRefused} {
		if errors.Is(err, single) {
			return nil
		}
	}
	return err
}
