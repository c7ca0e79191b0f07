package paysim

import (
	"context"
	"time"
)

// Now returns the simulator's time in UTC.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now returns the time with the precision of Pay's times.
func (s *Simulator) now() time.Time {
	return s.options.Now().Add(s.offset + s.options.ClockSkew).UTC().Truncate(time.Millisecond)
}

// Advance moves the simulator's clock forward: payments expire, and each webhook that becomes due is sent at its time.
// Advance returns when all of them have been tried. The clock cannot be put back.
func (s *Simulator) Advance(d time.Duration) {
	target := s.Now().Add(d)
	s.Sweep()
	s.DeliverDue(s.running)
	for s.running.Err() == nil && s.step(target) {
		s.DeliverDue(s.running)
	}
}

// step moves the clock to the next webhook that becomes due before the target, or to the target. It returns false at
// the target. Webhooks that became due in real time are sent before the clock moves.
func (s *Simulator) step(target time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, next := s.now(), target
	for _, d := range s.deliveries {
		if !d.done && d.due.Before(next) {
			next = d.due
		}
	}
	if !now.Before(target) && !next.Before(target) {
		return false
	}
	s.offset += max(0, next.Sub(now))
	s.sweep()
	return true
}

// after waits for a duration in real time, or until the context or the simulator ends.
func (s *Simulator) after(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.running.Done():
	}
}
