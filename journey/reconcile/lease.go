package reconcile

import (
	"context"
	"errors"
	"maps"
	"time"

	"paygate/journey"
)

// leaseTime is how long a process that died keeps others from comparing.
const leaseTime = 5 * time.Minute

// ErrRunning means that another comparison is running.
var ErrRunning = errors.New("a comparison is running already")

// lease is the right to compare, which one comparison has at a time.
type lease struct {
	*Reconciler
	holder string
	began  time.Time
}

// take takes the lease, unless wanted returns an error. The error is [ErrRunning] if another comparison has it.
func (r *Reconciler) take(ctx context.Context, wanted func(state) error) (lease, error) {
	l := lease{r, journey.NewKey(), r.Now()}
	return l, update(ctx, r.Store, stateValue, func(s *state) error {
		if left := s.Until.Sub(l.began); left > 0 &&
			left < 2*leaseTime { // one far ahead is from a clock that was wrong
			return ErrRunning
		}
		s.Holder, s.Until = l.holder, l.began.Add(leaseTime)
		return wanted(*s)
	})
}

// renew extends the lease when half of it is over.
func (l lease) renew(ctx context.Context) error {
	s, err := read[state](ctx, l.Store, stateValue)
	if err != nil || s.Holder == l.holder && l.Now().Before(s.Until.Add(-leaseTime/2)) {
		return err
	}
	return l.update(ctx, func(s *state) { s.Until = l.Now().Add(leaseTime) })
}

// end ends the lease. One that another comparison has taken over is left to it.
func (l lease) end(ctx context.Context) error {
	err := l.update(context.WithoutCancel(ctx), func(s *state) { s.Holder, s.Until = "", time.Time{} })
	if errors.Is(err, ErrRunning) {
		return nil
	}
	return err
}

// update changes the state while this comparison has the lease.
func (l lease) update(ctx context.Context, change func(*state)) error {
	return update(ctx, l.Store, stateValue, func(s *state) error {
		if s.Holder != l.holder {
			return ErrRunning
		}
		change(s)
		return nil
	})
}

// keep stores the reports of some accounts as the last comparison. Those of a daily comparison are added to the others
// of the same one; daily is zero if a person asked.
func (l lease) keep(ctx context.Context, daily time.Time, reports map[string]Report) error {
	return update(ctx, l.Store, reportValue, func(last *lastComparison) error {
		if daily.IsZero() || !last.Daily.Equal(daily) {
			*last = lastComparison{Daily: daily, Accounts: map[string]Report{}}
		}
		last.At = l.Now()
		maps.Copy(last.Accounts, reports)
		return nil
	})
}

// count stores the results of a comparison of everything recent.
func (l lease) count(ctx context.Context, reports map[string]Report) error {
	return l.update(ctx, func(s *state) {
		if s.Accounts == nil {
			s.Accounts = map[string]result{}
		}
		for name, report := range reports {
			s.Accounts[name] = result{l.began, report.counts}
		}
	})
}
