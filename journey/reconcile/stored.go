package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"paygate/journey"
)

// Names of the values in the store. The small one is read often, and written while a comparison runs.
const (
	stateValue  = "reconciliation"
	reportValue = "reconciliation report"
)

// state is what the processes on one store know of each other's comparisons.
type state struct {
	Holder string    `json:"holder,omitempty"` // the comparison that runs
	Until  time.Time `json:"until,omitzero"`

	// Accounts has the last comparison of everything recent at each account.
	Accounts map[string]result `json:"accounts,omitempty"`
}

// result is the result of a comparison at one account.
type result struct {
	At     time.Time    `json:"at"` // when it began
	Counts map[Kind]int `json:"counts,omitempty"`
}

// due reports whether a daily comparison that begins at that time has yet to be made. A time after now is from a clock
// that was wrong.
func (r result) due(beginning, now time.Time) bool { return r.At.Before(beginning) || r.At.After(now) }

// lastComparison is the last comparison, by account.
type lastComparison struct {
	At time.Time `json:"at"`
	// Daily is the beginning of a daily comparison, whose accounts may be compared one after the other.
	Daily    time.Time         `json:"daily,omitzero"`
	Accounts map[string]Report `json:"accounts"`
}

// Last is the last comparison.
type Last struct {
	Report
	At time.Time // when it ended
}

// Last returns the last comparison. The error is [journey.ErrNotFound] if there was none.
func (r *Reconciler) Last(ctx context.Context) (Last, error) {
	last, err := read[lastComparison](ctx, r.Store, reportValue)
	if err == nil && last.At.IsZero() {
		err = journey.ErrNotFound
	}
	return Last{merged(last.Accounts), last.At}, err
}

// merged returns the reports of the accounts as one.
func merged(accounts map[string]Report) Report {
	all := Report{Differences: []Difference{}}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		r := accounts[name]
		if all.From.IsZero() || r.From.Before(all.From) {
			all.From = r.From
		}
		if r.To.After(all.To) {
			all.To = r.To
		}
		all.Checked, all.More = all.Checked+r.Checked, all.More+r.More
		all.Differences = append(all.Differences, r.Differences...)
	}
	return all
}

// Counts returns how many differences of each kind the last comparison of everything recent found, and when it began:
// at the account where that is longest ago. The time is zero if there was none for one of the accounts.
func (r *Reconciler) Counts(ctx context.Context) (map[string]int, time.Time, error) {
	s, err := read[state](ctx, r.Store, stateValue)
	counts, oldest := map[string]int{}, time.Time{}
	for _, kind := range Kinds() {
		counts[string(kind)] = 0
	}
	isFirst := true
	for name := range r.Accounts {
		result := s.Accounts[name]
		if isFirst || result.At.Before(oldest) {
			oldest, isFirst = result.At, false
		}
		for kind, n := range result.Counts {
			counts[string(kind)] += n
		}
	}
	return counts, oldest, err
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

// update changes a named value.
func update[T any](ctx context.Context, store Store, name string, change func(*T) error) error {
	_, err := store.UpdateValue(ctx, name, func(old []byte) ([]byte, error) {
		var value T
		if len(old) > 0 {
			if err := json.Unmarshal(old, &value); err != nil {
				return nil, err
			}
		}
		if err := change(&value); err != nil {
			return nil, err
		}
		return json.Marshal(value)
	})
	return err
}
