package paysim

import (
	"context"
	"time"
)

// Now is the simulator's time, UTC.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now is cut to what Pay's times can hold.
func (s *Simulator) now() time.Time {
	return s.options.Now().Add(s.offset).UTC().Truncate(time.Millisecond)
}

// Advance moves the simulator's clock on: payments expire, and each webhook that comes due on the way is sent at its own
// moment. It returns when they all were tried. A clock does not go back.
func (s *Simulator) Advance(d time.Duration) {
	target := s.Now().Add(d)
	s.Sweep()
	s.DeliverDue(s.running)
	for s.running.Err() == nil && s.step(target) {
		s.DeliverDue(s.running)
	}
}

// step moves the clock to the next delivery that comes due on the way, else to the target. It is false once there. What came due
// since the last deliveries, while real time went on, is sent before the clock moves.
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

// after waits for a duration of real time, or until the context or the simulator ends.
func (s *Simulator) after(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.running.Done():
	}
}
