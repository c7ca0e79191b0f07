package mopup

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"paygate/journey"
)

const (
	// earlyEvery is the interval between rounds of early delivery.
	earlyEvery = 15 * time.Second
	// maxFailuresInRow ends a round: GOV.UK Pay or the store is down, and visiting the rest would not help.
	maxFailuresInRow = 5
)

// EarlyOptions configure an Early.
type EarlyOptions struct {
	Store  journey.Store
	Runner *journey.Runner
	Now    func() time.Time
	Log    *slog.Logger
	// Yield waits until citizens and sweeps leave some of an account's rate limit at Pay unused.
	Yield func(ctx context.Context, account string) error
	// IsPaused, if set, reports whether the deliveries of a route pause. They are left for a later round; payments are
	// read meanwhile.
	IsPaused func(route string) bool
}

// Early delivers for citizens who have paid and not come back, while their session at the service is still valid. It
// is not part of a sweep. Several processes on one store share the work. It is safe for concurrent use.
type Early struct {
	EarlyOptions
}

// NewEarly returns an Early.
func NewEarly(o EarlyOptions) *Early { return &Early{o} }

// Run delivers early until the context ends.
func (e *Early) Run(ctx context.Context) {
	for {
		timer := time.NewTimer(jitter(earlyEvery))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			if err := e.RunOnce(ctx); err != nil && ctx.Err() == nil {
				e.Log.WarnContext(ctx, "a round of early delivery ended early; the next one follows soon", "error", err)
			}
		}
	}
}

// RunOnce visits what is due for early delivery now, the longest due first in each lane. What a lane does not begin in
// the time between two rounds is left to the next one. It returns an error if it ends before that.
func (e *Early) RunOnce(ctx context.Context) error {
	round := &earlyRound{Early: e}
	now := e.Now()
	lanes, err := e.sorted(ctx, now)
	isOver := func() bool { return round.gaveUp() != nil || e.Now().After(now.Add(earlyEvery)) }
	return errors.Join(lanes.visit(ctx, isOver, round.visit), round.gaveUp(), err)
}

// sorted returns what is due: as much as maxSorted.
func (e *Early) sorted(ctx context.Context, now time.Time) (lanes, error) {
	sorted := lanes{}
	for after, read := (journey.Due{}), 0; read < maxSorted; {
		page, err := e.Store.DueEarly(ctx, now, after, pageSize)
		if err != nil || len(page) == 0 {
			return sorted, err
		}
		for _, due := range page {
			j, err := e.Store.Get(ctx, due.ID)
			switch {
			case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
			case err != nil:
				return sorted, err
			default:
				sorted.add(j, due)
			}
		}
		read += len(page)
		after = page[len(page)-1]
	}
	return sorted, nil
}

// earlyRound is one pass through what is due.
type earlyRound struct {
	*Early
	mu    sync.Mutex
	inRow int   // consecutive failures
	last  error // the last of them
}

func (r *earlyRound) visit(ctx context.Context, due journey.Due) {
	if ctx.Err() == nil && r.gaveUp() == nil {
		r.note(r.deliverOnce(ctx, due))
	}
}

// deliverOnce deals with one journey. It is not an error if another process was first.
func (r *earlyRound) deliverOnce(ctx context.Context, due journey.Due) error {
	err := r.deliver(ctx, due)
	for _, harmless := range []error{
		journey.ErrNotDue, journey.ErrNotFound, journey.ErrDamaged,
		journey.ErrPayAccount, journey.ErrPayBusy, // other accounts may work
		journey.ErrPaused, // other routes may work
	} {
		if errors.Is(err, harmless) {
			return nil
		}
	}
	return err
}

func (r *earlyRound) deliver(ctx context.Context, due journey.Due) error {
	j, err := r.Store.Get(ctx, due.ID)
	if err != nil {
		return err
	}
	if j.State == journey.StateConfirmed && r.IsPaused != nil && r.IsPaused(j.Terms.Route) {
		return journey.ErrPaused
	}
	if j.Owed(r.Now()).IsAtPay() {
		if err := r.Yield(ctx, j.Terms.Account); err != nil {
			return err
		}
	}
	progress, err := r.Runner.DeliverEarly(ctx, due)
	_ = progress.Reply.Close()
	return err
}

func (r *earlyRound) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inRow++
	if r.last = err; err == nil {
		r.inRow = 0
	}
}

// gaveUp returns why the round ends before everything is visited; nil if it goes on.
func (r *earlyRound) gaveUp() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inRow < maxFailuresInRow {
		return nil
	}
	return r.last
}
