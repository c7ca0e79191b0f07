// Package mopup is the night door: it finishes the journeys that nobody came back for. A sweep visits whatever is due, a page
// at a time, and advances each journey as a returning citizen would. One that cannot be advanced never stops the rest: it has
// its own back-off, and comes up again.
package mopup

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"paygate/journey"
)

// pageSize is how many due journeys are read at a time.
const pageSize = 100

// Options say what is swept, and how often.
type Options struct {
	Store  journey.Store
	Runner *journey.Runner
	Every  time.Duration // between sweeps, give or take a tenth
	// MaxPerSecond is how many journeys a sweep visits in a second at the most: Pay's allowance is for living citizens first.
	MaxPerSecond int
	Now          func() time.Time
	Log          *slog.Logger
	// Shared is the store, where other processes may sweep it at the same time; else nil.
	Shared Shared
	// Swept, where set, hears what every sweep did.
	Swept func(map[string]int)
}

// Shared is a store on which sweeps of several processes share the work: no two visit the same journey.
type Shared interface {
	// Clock is the store's time.
	Clock(context.Context) (time.Time, error)
	// TakeDue takes a due journey for the sweep that began then. False when another one has it, or has had it since, or when
	// it is not due at that time any more. The lease ends a visit whose sweep died.
	TakeDue(ctx context.Context, due journey.Due, began time.Time, lease time.Duration) (bool, error)
	// LeaveDue ends the visit.
	LeaveDue(context.Context, journey.ID) error
}

// lease is longer than a visit takes as a rule. One that takes longer may meet another sweep, which finds the journey
// claimed; one that died with its process keeps one journey from sweeps for no longer.
const lease = 2 * time.Minute

// Words are the counts by their names.
func (c Counts) Words() map[string]int {
	return map[string]int{
		"visited": c.Visited, "released": c.Released, "captured": c.Captured, "returned": c.Returned,
		"abandoned": c.Abandoned, "waiting": c.Waiting, "stuck": c.Stuck, "failed": c.Failed,
	}
}

// Mopup sweeps. Safe for concurrent use.
type Mopup struct {
	Options
	limiter *rate.Limiter
}

// New makes a mop-up.
func New(o Options) *Mopup {
	return &Mopup{Options: o, limiter: rate.NewLimiter(rate.Limit(o.MaxPerSecond), o.MaxPerSecond)}
}

// Counts are what a sweep did; each visited journey is counted once more, under what became of it.
type Counts struct {
	Visited   int
	Released  int // delivered now
	Captured  int // delivered before, captured now
	Returned  int // the money went back
	Abandoned int // never paid, ended now
	Waiting   int // nothing to be done yet
	Stuck     int // a person has to decide, since now
	Failed    int // an error kept it where it was
}

// afterStart is how soon the first sweep comes: a process that is often started anew must not leave everything to the next.
const afterStart = time.Minute

// Run sweeps until the context ends.
func (m *Mopup) Run(ctx context.Context) {
	for pause := min(m.Every, afterStart); ; pause = m.Every {
		timer := time.NewTimer(jitter(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			m.sweep(ctx)
		}
	}
}

// jitter keeps replicas from sweeping at the same moment.
func jitter(every time.Duration) time.Duration {
	return every - every/10 + rand.N(every/5+1)
}

func (m *Mopup) sweep(ctx context.Context) {
	counts, err := m.RunOnce(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		m.Log.ErrorContext(ctx, "a sweep broke off", "error", err)
	}
	m.tell(ctx, counts)
}

func (m *Mopup) tell(ctx context.Context, counts Counts) {
	m.Log.InfoContext(ctx, "swept", "visited", counts.Visited, "released", counts.Released, "captured", counts.Captured,
		"returned", counts.Returned, "abandoned", counts.Abandoned, "waiting", counts.Waiting, "stuck", counts.Stuck, "failed", counts.Failed)
	if m.Swept != nil {
		m.Swept(counts.Words())
	}
}

// RunOnce visits everything that is due now. An error means that the list of due journeys could not be read; what was done
// until then is in the counts.
func (m *Mopup) RunOnce(ctx context.Context) (Counts, error) {
	return m.each(ctx, m.Now(), func(journey.Due, journey.Journey) bool { return true })
}

// RunNow is a sweep that a person asked for: what failed a moment ago and waits for its next turn is visited too.
func (m *Mopup) RunNow(ctx context.Context) (Counts, error) {
	now := m.Now()
	counts, err := m.each(ctx, now.Add(journey.MaxBackOff), func(due journey.Due, j journey.Journey) bool {
		from := j.DueByHand(now)
		return !due.At.After(now) || !from.IsZero() && !from.After(now)
	})
	m.tell(ctx, counts)
	return counts, err
}

// each visits those of the journeys due until then that are wanted, a page at a time.
func (m *Mopup) each(ctx context.Context, until time.Time, wanted func(journey.Due, journey.Journey) bool) (Counts, error) {
	s := &sweep{Mopup: m, wanted: wanted, visited: map[journey.ID]bool{}}
	if err := s.begin(ctx); err != nil {
		return s.counts, err
	}
	for after := (journey.Due{}); ; {
		page, err := m.Store.Due(ctx, until, after, pageSize)
		if err != nil || len(page) == 0 {
			return s.counts, err
		}
		for _, due := range page {
			if err := s.consider(ctx, due); err != nil {
				return s.counts, err
			}
		}
		after = page[len(page)-1]
	}
}

// sweep is one go through what is due.
type sweep struct {
	*Mopup
	began   time.Time // by the store's clock, where it is shared
	wanted  func(journey.Due, journey.Journey) bool
	visited map[journey.ID]bool // what failed comes up again behind the rest
	counts  Counts
}

func (s *sweep) begin(ctx context.Context) (err error) {
	if s.Shared != nil {
		s.began, err = s.Shared.Clock(ctx)
	}
	return err
}

// consider visits a journey if it is this sweep's to visit. The error is the context's.
func (s *sweep) consider(ctx context.Context, due journey.Due) error {
	j, mine, err := s.take(ctx, due)
	switch {
	case err != nil:
		s.counts.Visited++
		s.counts.Failed++
		return nil
	case !mine:
		return nil
	}
	defer s.leave(ctx, due.ID)
	if err := s.limiter.Wait(ctx); err != nil {
		return err
	}
	s.visit(ctx, j)
	return nil
}

// take reads a journey, and takes it before others do.
func (s *sweep) take(ctx context.Context, due journey.Due) (j journey.Journey, mine bool, err error) {
	if s.visited[due.ID] {
		return j, false, nil
	}
	j, err = s.Store.Get(ctx, due.ID)
	switch {
	case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
		return j, false, nil // gone meanwhile, or set aside and said so by the store
	case err != nil || !s.wanted(due, j):
		return j, false, err
	case s.Shared == nil:
		return j, true, nil
	}
	mine, err = s.Shared.TakeDue(ctx, due, s.began, lease)
	return j, mine, err
}

// leave lets others at a visited journey. Where that fails, its lease ends.
func (s *sweep) leave(ctx context.Context, id journey.ID) {
	s.visited[id] = true
	if s.Shared == nil {
		return
	}
	if err := s.Shared.LeaveDue(context.WithoutCancel(ctx), id); err != nil {
		s.Log.WarnContext(ctx, "a visit could not be ended; its lease will", "journey_id", id, "error", err)
	}
}

func (s *sweep) visit(ctx context.Context, before journey.Journey) {
	s.counts.Visited++
	progress, err := s.Runner.Advance(ctx, before.ID, journey.Visit{By: journey.ByMopup})
	_ = progress.Reply.Close()
	*s.counts.of(before.State, progress.Journey.State, err)++
}

// of names what became of a journey.
func (c *Counts) of(before, after journey.State, err error) *int {
	switch {
	case after == journey.StateStuck && before != journey.StateStuck:
		return &c.Stuck
	case err != nil && !errors.Is(err, journey.ErrNotCollected): // a refund that has to wait is nobody's failure
		return &c.Failed
	case before == after:
		return &c.Waiting
	case after == journey.StateReleased && before == journey.StateAccepted:
		return &c.Captured
	case after == journey.StateReleased, after == journey.StateAccepted:
		return &c.Released
	case after == journey.StateReversed:
		return &c.Returned
	case after == journey.StateAbandoned:
		return &c.Abandoned
	default:
		return &c.Waiting
	}
}
