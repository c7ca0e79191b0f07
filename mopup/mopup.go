// Package mopup finishes journeys whose citizen does not come back. A sweep visits everything that is due, a page at a
// time, and advances each journey as a returning citizen would. A journey that cannot be advanced never stops the rest:
// it has a back-off of its own, and becomes due again.
package mopup

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"paygate/journey"
)

// pageSize is how many due journeys are read at a time.
const pageSize = 100

// Options configure a Mopup.
type Options struct {
	Store  journey.Store
	Runner *journey.Runner
	Every  time.Duration // between sweeps, give or take a tenth
	// MaxPerSecond limits how many payments of an account a sweep reads; moving money counts as several readings. It
	// leaves most of Pay's rate limit to citizens who are paying.
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
	// IsPaused, if set, reports whether the deliveries of a route pause.
	IsPaused func(route string) bool
	// Trace, if set, is called when a sweep begins. It returns the context to go on with, and a function that is called
	// when the sweep has ended.
	Trace func(context.Context) (context.Context, func(counts map[string]int, err error))
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
	limiters sync.Map // by account

	mu      sync.Mutex
	running []*sweep // in the order in which they began
}

// New returns a Mopup.
func New(o Options) *Mopup { return &Mopup{Options: o} }

// Progress returns what the sweep that is under way has done so far: of several, the one that began last. It reports
// false if there is none.
func (m *Mopup) Progress() (counts Counts, running bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.running) == 0 {
		return counts, false
	}
	s := m.running[len(m.running)-1]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts, true
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
	return m.run(ctx, s, m.Now())
}

// RunNow is a sweep that a person asked for: it ignores the back-off after failures, but for that of refunds.
func (m *Mopup) RunNow(ctx context.Context) (Counts, error) {
	now := m.Now()
	s := &sweep{Mopup: m, urgency: journey.ByHand, wanted: func(due journey.Due, j journey.Journey) bool {
		from := j.DueByHand(now)
		return !due.At.After(now) || !from.IsZero() && !from.After(now)
	}}
	counts, err := m.run(ctx, s, now.Add(journey.MaxBackOff))
	m.report(ctx, counts)
	return counts, err
}

// run runs a sweep, and shows its progress meanwhile.
func (m *Mopup) run(ctx context.Context, s *sweep, until time.Time) (Counts, error) {
	m.begin(s)
	defer m.end(s)
	if m.Trace == nil {
		err := s.run(ctx, until)
		return s.counts, err
	}
	ctx, end := m.Trace(ctx)
	err := s.run(ctx, until)
	end(s.counts.Words(), err)
	return s.counts, err
}

func (m *Mopup) begin(s *sweep) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = append(m.running, s)
}

func (m *Mopup) end(s *sweep) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = slices.DeleteFunc(m.running, func(other *sweep) bool { return other == s })
}
