package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"paygate/journey"
)

// Names of the values in the store. The small one is read often, and written while a comparison runs.
const (
	stateValue  = "reconciliation"
	reportValue = "reconciliation report"
)

// leaseTime is how long a process that died keeps others from comparing.
const leaseTime = 5 * time.Minute

// ErrRunning means that another comparison is running.
var ErrRunning = errors.New("a comparison is running already")

// state is what the processes on one store know of each other's comparisons.
type state struct {
	Holder string    `json:"holder,omitempty"` // the process that compares
	Until  time.Time `json:"until,omitzero"`

	// These are of the last comparison of everything recent.
	DoneAt time.Time    `json:"done_at,omitzero"` // when it began
	Counts map[Kind]int `json:"counts,omitempty"`
}

// Last is the last comparison.
type Last struct {
	Report
	At      time.Time `json:"at"` // when it ended
	Account *string   `json:"account,omitempty"`
}

func (r *Reconciler) state(ctx context.Context) (state, error) {
	return read[state](ctx, r.Store, stateValue)
}

// Last returns the last comparison. The error is [journey.ErrNotFound] if there was none.
func (r *Reconciler) Last(ctx context.Context) (Last, error) {
	last, err := read[Last](ctx, r.Store, reportValue)
	if err == nil && last.At.IsZero() {
		return last, journey.ErrNotFound
	}
	return last, err
}

// Counts returns the number of differences of each kind that the last comparison of everything recent found, and when
// it began. The time is zero if there was none.
func (r *Reconciler) Counts(ctx context.Context) (map[string]int, time.Time, error) {
	s, err := r.state(ctx)
	counts := map[string]int{}
	for _, kind := range Kinds() {
		counts[string(kind)] = s.Counts[kind]
	}
	return counts, s.DoneAt, err
}

// read reads a named value; it is zero if there is none.
func read[T any](ctx context.Context, store Store, name string) (value T, err error) {
	text, err := store.Value(ctx, name)
	if errors.Is(err, journey.ErrNotFound) {
		return value, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	return value, err
}

// lease is the right to compare, which one comparison has at a time.
type lease struct {
	*Reconciler
	holder string
}

// take takes the lease, unless wanted returns an error. The error is [ErrRunning] if another comparison has it.
func (r *Reconciler) take(ctx context.Context, wanted func(state) error) (lease, error) {
	l := lease{r, journey.NewKey()}
	return l, r.update(ctx, func(s *state) error {
		if left := s.Until.Sub(r.Now()); left > 0 && left < 2*leaseTime { // one far ahead is from a clock that was wrong
			return ErrRunning
		}
		s.Holder, s.Until = l.holder, r.Now().Add(leaseTime)
		return wanted(*s)
	})
}

// renew extends the lease when half of it is over.
func (l lease) renew(ctx context.Context) error {
	s, err := l.state(ctx)
	if err != nil || s.Holder == l.holder && l.Now().Before(s.Until.Add(-leaseTime/2)) {
		return err
	}
	return l.update(ctx, func(s *state) error {
		if s.Holder != l.holder {
			return ErrRunning
		}
		s.Until = l.Now().Add(leaseTime)
		return nil
	})
}

// end ends the lease, and stores the result of a comparison of everything recent.
func (l lease) end(ctx context.Context, result *state) error {
	return l.update(context.WithoutCancel(ctx), func(s *state) error {
		if s.Holder == l.holder {
			s.Holder, s.Until = "", time.Time{}
		}
		if result != nil {
			s.DoneAt, s.Counts = result.DoneAt, result.Counts
		}
		return nil
	})
}

func (r *Reconciler) update(ctx context.Context, change func(*state) error) error {
	_, err := r.Store.UpdateValue(ctx, stateValue, func(old []byte) ([]byte, error) {
		var s state
		if len(old) > 0 {
			if err := json.Unmarshal(old, &s); err != nil {
				return nil, err
			}
		}
		if err := change(&s); err != nil {
			return nil, err
		}
		return json.Marshal(s)
	})
	return err
}
