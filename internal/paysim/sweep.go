package paysim

import "time"

// How long things last (FACTS 3.4).
const (
	expireAfter  = 90 * time.Minute
	touchSpares  = 5 * time.Minute
	captureUntil = 120 * time.Hour // from creation, not from confirmation
	tokensLast   = 7 * 24 * time.Hour
)

// Sweep expires payments that are old enough, as Pay's timer does. Nothing else looks at a payment's age, so a payment
// may succeed until the sweep. Sweep also completes what the provider is doing. The simulator sweeps every second
// of real time and whenever Advance is called.
func (s *Simulator) Sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
}

func (s *Simulator) sweep() {
	for _, p := range s.list {
		if s.isOverdue(p) {
			s.to(p, "failed", "P0020")
		}
		s.collectDue(p)
		s.settleRefunds(p)
	}
	for name, t := range s.tokens {
		if s.now().Sub(t.payment.created) >= tokensLast {
			delete(s.tokens, name)
		}
	}
}

func (s *Simulator) isOverdue(p *payment) bool {
	age := s.now().Sub(p.created)
	switch {
	case finished(p.status):
		return false
	case p.status == "capturable":
		return age >= captureUntil
	default:
		return age >= expireAfter && s.now().Sub(p.touched) >= touchSpares
	}
}
