package mopup

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paygate/journey"
)

const (
	// maxSorted is how many due journeys are sorted into lanes before they are visited.
	maxSorted = 20_000
	// maxLane is how long a lane begins new visits in one sweep. The rest stays due: a slow service must not keep the
	// next sweep from the others.
	maxLane = 10 * time.Minute
	// costOfMoney is how many readings a visit counts for that moves money: Pay allows 15 captures or refunds a second
	// to an account, and 75 readings.
	costOfMoney = 4
)

// sweep is one pass through everything that is due.
type sweep struct {
	*Mopup
	began   time.Time // by the clock of a shared store
	urgency journey.Urgency
	wanted  func(journey.Due, journey.Journey) bool

	mu      sync.Mutex
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
	if err := s.visitDue(ctx, until); err != nil || s.Misdated == nil {
		return err
	}
	misdated, err := s.Misdated(ctx)
	if err != nil {
		return err
	}
	lanes := lanes{}
	s.sort(ctx, misdated, lanes)
	return lanes.visit(ctx, s.laneEnds(), s.consider)
}

// visitDue visits what is due: as many as maxSorted at a time.
func (s *sweep) visitDue(ctx context.Context, until time.Time) error {
	for after := (journey.Due{}); ; {
		lanes := lanes{}
		sorted := 0
		for sorted < maxSorted {
			page, err := s.Store.Due(ctx, until, after, pageSize)
			if err != nil {
				return errors.Join(err, lanes.visit(ctx, s.laneEnds(), s.consider))
			}
			if len(page) == 0 {
				break
			}
			s.sort(ctx, page, lanes)
			sorted += len(page)
			after = page[len(page)-1]
		}
		if err := lanes.visit(ctx, s.laneEnds(), s.consider); err != nil || sorted == 0 {
			return err
		}
	}
}

// laneEnds returns when the lanes that begin now begin no more visits.
func (s *sweep) laneEnds() func() bool {
	end := s.Now().Add(maxLane)
	return func() bool { return s.Now().After(end) }
}

// sort adds the wanted journeys of a page to their lanes.
func (s *sweep) sort(ctx context.Context, page []journey.Due, lanes lanes) {
	for _, due := range page {
		if s.visited[due.ID] {
			continue
		}
		s.visited[due.ID] = true
		j, err := s.Store.Get(ctx, due.ID)
		switch {
		case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
			// gone since it was listed, or reported by the store
		case err != nil && ctx.Err() != nil:
			return
		case err != nil:
			s.count(func(c *Counts) *int { return &c.Failed })
		case s.wanted(due, j):
			lanes.add(j, due)
		}
	}
}

// consider visits a journey unless another sweep has it, or it is not wanted any more.
func (s *sweep) consider(ctx context.Context, due journey.Due) {
	if ctx.Err() != nil {
		return
	}
	j, mine, err := s.reserve(ctx, due)
	switch {
	case err != nil && ctx.Err() != nil:
	case err != nil:
		s.count(func(c *Counts) *int { return &c.Failed })
	case mine:
		defer s.end(ctx, due.ID)
		if s.limit(ctx, j) == nil {
			s.visit(ctx, j)
		}
	}
}

// count counts a visit and its result.
func (s *sweep) count(result func(*Counts) *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Visited++
	*result(&s.counts)++
}

// errHeldBack means that Pay refuses the calls of the journey's account. The journey is left as it is, without a
// back-off of its own, so that its next visit is not delayed.
var errHeldBack = errors.New("GOV.UK Pay refuses the account's calls at the moment")

// reserve reads a journey and reserves it for this sweep.
func (s *sweep) reserve(ctx context.Context, due journey.Due) (j journey.Journey, mine bool, err error) {
	j, err = s.Store.Get(ctx, due.ID)
	switch {
	case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
		return j, false, nil
	case err != nil || !s.wanted(due, j):
		return j, false, err
	case s.isPaused(j):
		s.count(func(c *Counts) *int { return &c.Waiting })
		return j, false, nil
	case j.Owed(s.Now()).IsAtPay() && s.WaitOut(ctx, j.Terms.Account) != nil:
		return j, false, errHeldBack
	case s.Shared == nil:
		return j, true, nil
	}
	mine, err = s.Shared.TakeDue(ctx, due, s.began, lease)
	return j, mine, err
}

// isPaused reports whether a journey waits for a delivery that pauses.
func (s *sweep) isPaused(j journey.Journey) bool {
	return s.IsPaused != nil && j.Owed(s.Now()) == journey.StepDeliver && s.IsPaused(j.Terms.Route)
}

// limit waits until the account has a part of Pay's allowance left for a visit. The error is the context's.
func (s *sweep) limit(ctx context.Context, j journey.Journey) error {
	step := j.Owed(s.Now())
	cost := 1
	switch {
	case step == journey.StepCapture, step == journey.StepReturn, step == journey.StepDeliver:
		cost = costOfMoney
	case !step.IsAtPay():
		return nil
	}
	return s.limiter(j.Terms.Account).WaitN(ctx, cost)
}

// limiter returns the limit of an account.
func (m *Mopup) limiter(account string) *rate.Limiter {
	fresh := rate.NewLimiter(rate.Limit(m.MaxPerSecond), max(m.MaxPerSecond, costOfMoney))
	limiter, _ := m.limiters.LoadOrStore(account, fresh)
	return limiter.(*rate.Limiter)
}

// end ends a visit. If that fails, the lease ends it.
func (s *sweep) end(ctx context.Context, id journey.ID) {
	if s.Shared == nil {
		return
	}
	if err := s.Shared.LeaveDue(context.WithoutCancel(ctx), id); err != nil {
		s.Log.WarnContext(ctx, "a visit could not be ended; its lease will end it", "journey_id", id, "error", err)
	}
}

func (s *sweep) visit(ctx context.Context, before journey.Journey) {
	progress, err := s.Runner.Advance(ctx, before.ID, journey.Visit{By: journey.ByMopup, Urgency: s.urgency})
	_ = progress.Reply.Close()
	s.count(func(c *Counts) *int { return c.of(before.State, progress.Journey.State, err) })
}
