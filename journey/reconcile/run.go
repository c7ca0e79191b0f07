package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"paygate/journey"
)

const (
	// everyPage is the pace of the daily comparison.
	everyPage = time.Second
	// lookEvery is how often the time of the daily comparison is looked at; the first time that long after the start.
	lookEvery = 15 * time.Second
	// again is how long after a daily comparison that failed the next attempt is made.
	again = 15 * time.Minute
)

// ErrNotDue means that the day's comparison has been made.
var ErrNotDue = errors.New("the comparison of the day has been made")

// ErrNoAccount means that the settings have no such account.
var ErrNoAccount = errors.New("the settings have no such account at GOV.UK Pay")

// Run makes the daily comparisons until the context ends. One that was missed is made up.
func (r *Reconciler) Run(ctx context.Context) {
	for pause := lookEvery; !r.At.Off && r.Wait(ctx, pause) == nil; {
		pause = lookEvery
		err := r.RunDue(ctx)
		if err != nil && !errors.Is(err, ErrNotDue) && !errors.Is(err, ErrRunning) && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "the comparison with GOV.UK Pay's list failed; it is tried again", "error", err)
			pause = again
		}
	}
}

// RunDue makes the daily comparison at the accounts where it has not been made since the last time of day at which it
// begins. If there is none, the error is [ErrNotDue]. An account that fails does not stop the others.
func (r *Reconciler) RunDue(ctx context.Context) error {
	beginning := r.At.last(r.Now(), r.zone)
	var names []string
	anyDue := func(s state) error {
		names = r.due(s, beginning)
		if len(names) == 0 {
			return ErrNotDue
		}
		return nil
	}
	s, err := read[state](ctx, r.Store, stateValue) // first without a write, which take needs
	if err == nil {
		err = anyDue(s)
	}
	if err != nil {
		return err
	}
	return r.run(ctx, anyDue, func(l lease) error {
		reports, failed := l.compareEach(ctx, names, recent(r.Now(), r.zone), everyPage)
		err := errors.Join(l.keep(ctx, beginning, reports), l.count(ctx, reports))
		if err == nil {
			r.tell(reports)
		}
		return errors.Join(failed, err)
	})
}

// due returns the accounts where the daily comparison that begins at that time has not been made.
func (r *Reconciler) due(s state, beginning time.Time) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.Accounts)) {
		if s.Accounts[name].due(beginning, r.Now()) {
			names = append(names, name)
		}
	}
	return names
}

// tell reports the number of differences at each account.
func (r *Reconciler) tell(reports map[string]Report) {
	for name, report := range reports {
		if n := len(report.Differences) + report.More; n > 0 && r.Found != nil {
			r.Found(name, n)
		}
	}
}

// Compare compares a range now. An empty range is that of the daily comparison. The error is [ErrRunning] while another
// comparison runs.
func (r *Reconciler) Compare(ctx context.Context, wanted Range) (report Report, err error) {
	wanted, everything := r.bounded(wanted)
	names, err := r.chosen(wanted.Account)
	if err != nil {
		return report, err
	}
	return report, r.run(ctx, func(state) error { return nil }, func(l lease) error {
		reports, err := l.compareEach(ctx, names, wanted, 0)
		report = merged(reports)
		if err != nil {
			return err
		}
		if err := l.keep(ctx, time.Time{}, reports); err != nil || !everything {
			return err
		}
		return l.count(ctx, reports)
	})
}

// run compares while it has the lease.
func (r *Reconciler) run(ctx context.Context, wanted func(state) error, compare func(lease) error) error {
	l, err := r.take(ctx, wanted)
	if err != nil {
		return err
	}
	defer func() { // also if it panics
		if ended := l.end(ctx); ended != nil {
			r.Log.WarnContext(ctx, "a comparison could not be ended; its lease will end it", "error", ended)
		}
	}()
	return compare(l)
}

// bounded fills in what is left open, and reports whether the range covers what a daily comparison does.
func (r *Reconciler) bounded(wanted Range) (bounded Range, everything bool) {
	daily := recent(r.Now(), r.zone)
	if wanted.From.IsZero() {
		wanted.From = daily.From
	}
	if wanted.To.IsZero() || wanted.To.After(daily.To) {
		wanted.To = daily.To
	}
	if wanted.To.Before(wanted.From) {
		wanted.To = wanted.From
	}
	return wanted, !wanted.From.After(daily.From) && wanted.To.Equal(daily.To)
}

// chosen returns the names of the accounts that are compared: all, or only one.
func (r *Reconciler) chosen(only *string) ([]string, error) {
	if only == nil {
		return slices.Sorted(maps.Keys(r.Accounts)), nil
	}
	if _, known := r.Accounts[*only]; !known {
		return nil, ErrNoAccount
	}
	return []string{*only}, nil
}

// compareEach compares the accounts, one after the other. The error is of those that failed.
func (l lease) compareEach(
	ctx context.Context, names []string, wanted Range, pace time.Duration,
) (map[string]Report, error) {
	reports := map[string]Report{}
	var failed []error
	for _, name := range names {
		report, err := l.compare(ctx, name, wanted, pace)
		switch {
		case err == nil:
			reports[name] = report
		case errors.Is(err, ErrRunning), ctx.Err() != nil:
			return reports, err
		default:
			failed = append(failed, fmt.Errorf("the account %s: %w", journey.AccountWord(name), err))
		}
	}
	return reports, errors.Join(failed...)
}

// compare compares one account.
func (l lease) compare(ctx context.Context, name string, wanted Range, pace time.Duration) (Report, error) {
	report := Report{From: wanted.From, To: wanted.To, Differences: []Difference{}, counts: map[Kind]int{}}
	c := &comparison{
		lease: l, Range: wanted, account: name, pay: l.Accounts[name], pace: pace, report: &report,
		found: map[Difference]bool{},
	}
	err := c.compare(ctx)
	if err == nil {
		l.Log.InfoContext(ctx, "compared with GOV.UK Pay's list", "account", journey.AccountWord(name),
			"from", report.From, "to", report.To, "checked", report.Checked,
			"differences", len(report.Differences)+report.More)
	}
	return report, err
}
