// Package mopup finishes journeys whose citizen does not come back. A sweep visits everything that is due, a page at a
// time, and advances each journey as a returning citizen would. A journey that cannot be advanced never stops the rest:
// it has a back-off of its own, and becomes due again.
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

// Options configure a Mopup.
type Options struct {
	Store  journey.Store
	Runner *journey.Runner
	Every  time.Duration // between sweeps, give or take a tenth
	// MaxPerSecond limits how many journeys a sweep visits, to leave most of Pay's rate limit to citizens who are
	// paying.
	MaxPerSecond int
	Now          func() time.Time
	Log          *slog.Logger
	// Misdated, if set, lists open journeys that are due although the store lists them for later.
	Misdated func(context.Context) ([]journey.Due, error)
	// Shared is the store if other processes may sweep it at the same time, else nil.
	Shared Shared
	// WaitOut waits a moment for Pay to accept an account's calls again, after it refused one. Its error means that Pay
	// still refuses them.
	WaitOut func(ctx context.Context, account string) error
	// Swept, if set, is called after every sweep with its counts.
	Swept func(map[string]int)
}

// Shared is a store on which the sweeps of several processes share the work: no two visit the same journey.
type Shared interface {
	// Clock is the store's time.
	Clock(context.Context) (time.Time, error)
	// TakeDue reserves a due journey for the sweep that began at that time. It reports false if another sweep has it or
	// has visited it since, or if it is no longer due at that time. The lease ends the visit of a sweep that died.
	TakeDue(ctx context.Context, due journey.Due, began time.Time, lease time.Duration) (bool, error)
	// LeaveDue ends the visit.
	LeaveDue(context.Context, journey.ID) error
}

// lease is longer than most visits. During a longer visit another sweep may come, and finds the journey claimed. After
// a crash, no sweep visits the journey before the lease ends.
const lease = 2 * time.Minute

// Mopup sweeps. It is safe for concurrent use.
type Mopup struct {
	Options
	limiter *rate.Limiter
}

// New returns a Mopup.
func New(o Options) *Mopup {
	return &Mopup{Options: o, limiter: rate.NewLimiter(rate.Limit(o.MaxPerSecond), o.MaxPerSecond)}
}

// afterStart is when the first sweep begins, so that a process that is often restarted sweeps as well.
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

// jitter varies the interval by a tenth, so that replicas do not sweep at the same moment.
func jitter(every time.Duration) time.Duration {
	return every - every/10 + rand.N(every/5+1)
}

func (m *Mopup) sweep(ctx context.Context) {
	counts, err := m.RunOnce(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		m.Log.ErrorContext(ctx, "a sweep ended early", "error", err)
	}
	m.report(ctx, counts)
}

func (m *Mopup) report(ctx context.Context, counts Counts) {
	m.Log.InfoContext(ctx, "swept", "visited", counts.Visited,
		"released", counts.Released, "captured", counts.Captured, "returned", counts.Returned,
		"abandoned", counts.Abandoned, "waiting", counts.Waiting, "stuck", counts.Stuck, "failed", counts.Failed)
	if m.Swept != nil {
		m.Swept(counts.Words())
	}
}

// RunOnce visits everything that is due now. An error means that the list of due journeys could not be read; the counts
// say what was done until then.
func (m *Mopup) RunOnce(ctx context.Context) (Counts, error) {
	s := &sweep{Mopup: m, wanted: func(journey.Due, journey.Journey) bool { return true }}
	err := s.run(ctx, m.Now())
	return s.counts, err
}

// RunNow is a sweep that a person asked for: it ignores the back-off after failures, but for that of refunds.
func (m *Mopup) RunNow(ctx context.Context) (Counts, error) {
	now := m.Now()
	s := &sweep{Mopup: m, urgency: journey.ByHand, wanted: func(due journey.Due, j journey.Journey) bool {
		from := j.DueByHand(now)
		return !due.At.After(now) || !from.IsZero() && !from.After(now)
	}}
	err := s.run(ctx, now.Add(journey.MaxBackOff))
	m.report(ctx, s.counts)
	return s.counts, err
}

// sweep is one pass through everything that is due.
type sweep struct {
	*Mopup
	began   time.Time // by the clock of a shared store
	urgency journey.Urgency
	wanted  func(journey.Due, journey.Journey) bool
	visited map[journey.ID]bool // a failed journey is due again after the rest
	counts  Counts
}

// run visits the wanted journeys among those due at or before until, and those that are due by a wrong clock.
func (s *sweep) run(ctx context.Context, until time.Time) error {
	s.visited = map[journey.ID]bool{}
	if s.Shared != nil {
		var err error
		if s.began, err = s.Shared.Clock(ctx); err != nil {
			return err
		}
	}
	if err := s.visitDue(ctx, until); err != nil {
		return err
	}
	if s.Misdated == nil {
		return nil
	}
	misdated, err := s.Misdated(ctx)
	if err != nil {
		return err
	}
	return s.considerAll(ctx, misdated)
}

// visitDue visits what is due, a page at a time.
func (s *sweep) visitDue(ctx context.Context, until time.Time) error {
	for after := (journey.Due{}); ; {
		page, err := s.Store.Due(ctx, until, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := s.considerAll(ctx, page); err != nil {
			return err
		}
		after = page[len(page)-1]
	}
}

func (s *sweep) considerAll(ctx context.Context, page []journey.Due) error {
	for _, due := range page {
		if err := s.consider(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

// consider visits a journey unless another sweep has it or it is not wanted. The error is the context's.
func (s *sweep) consider(ctx context.Context, due journey.Due) error {
	j, mine, err := s.reserve(ctx, due)
	switch {
	case err != nil:
		s.counts.Visited++
		s.counts.Failed++
		return nil
	case !mine:
		return nil
	}
	defer s.end(ctx, due.ID)
	if err := s.limiter.Wait(ctx); err != nil {
		return err
	}
	s.visit(ctx, j)
	return nil
}

// errHeldBack means that Pay refuses the calls of the journey's account. The journey is left as it is, without a
// back-off of its own, so that its next visit is not delayed.
var errHeldBack = errors.New("GOV.UK Pay refuses the account's calls at the moment")

// reserve reads a journey and reserves it for this sweep.
func (s *sweep) reserve(ctx context.Context, due journey.Due) (j journey.Journey, mine bool, err error) {
	if s.visited[due.ID] {
		return j, false, nil
	}
	j, err = s.Store.Get(ctx, due.ID)
	switch {
	case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
		return j, false, nil // gone since it was listed, or reported by the store
	case err != nil || !s.wanted(due, j):
		return j, false, err
	case j.Owed(s.Now()).IsAtPay() && s.WaitOut(ctx, j.Terms.Account) != nil:
		return j, false, errHeldBack
	case s.Shared == nil:
		return j, true, nil
	}
	mine, err = s.Shared.TakeDue(ctx, due, s.began, lease)
	return j, mine, err
}

// end ends a visit. If that fails, the lease ends it.
func (s *sweep) end(ctx context.Context, id journey.ID) {
	s.visited[id] = true
	if s.Shared == nil {
		return
	}
	if err := s.Shared.LeaveDue(context.WithoutCancel(ctx), id); err != nil {
		s.Log.WarnContext(ctx, "a visit could not be ended; its lease will end it", "journey_id", id, "error", err)
	}
}

func (s *sweep) visit(ctx context.Context, before journey.Journey) {
	s.counts.Visited++
	progress, err := s.Runner.Advance(ctx, before.ID, journey.Visit{By: journey.ByMopup, Urgency: s.urgency})
	_ = progress.Reply.Close()
	*s.counts.of(before.State, progress.Journey.State, err)++
}
