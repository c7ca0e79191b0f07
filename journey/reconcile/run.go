package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"
)

const (
	// everyPage is the pace of the daily comparison.
	everyPage = time.Second
	// lookEvery is how often the time of the daily comparison is looked at; the first time that long after the start.
	lookEvery = time.Minute
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

// RunDue makes the daily comparison unless it has been made since the last time of day at which it begins: then the
// error is [ErrNotDue].
func (r *Reconciler) RunDue(ctx context.Context) error {
	due := func(s state) error {
		if now := r.Now(); !s.DoneAt.Before(r.At.last(now, r.zone)) && !s.DoneAt.After(now) {
			return ErrNotDue
		}
		return nil
	}
	s, err := r.state(ctx) // without a write, which take needs
	if err == nil {
		err = due(s)
	}
	if err != nil {
		return err
	}
	report, err := r.run(ctx, Range{}, due, everyPage)
	if err == nil && r.Found != nil {
		report.tell(r.Found)
	}
	return err
}

// tell calls found for each account with differences.
func (r Report) tell(found func(account string, differences int)) {
	counts := map[string]int{}
	for _, d := range r.Differences {
		counts[d.Account]++
	}
	for account, n := range counts {
		found(account, n)
	}
}

// Compare compares a range now. An empty range is that of the daily comparison. The error is [ErrRunning] while another
// comparison runs.
func (r *Reconciler) Compare(ctx context.Context, wanted Range) (Report, error) {
	always := func(state) error { return nil }
	return r.run(ctx, wanted, always, 0)
}

// run compares, unless due returns an error, and stores the result.
func (r *Reconciler) run(
	ctx context.Context, wanted Range, due func(state) error, pace time.Duration,
) (report Report, err error) {
	wanted, everything := r.bounded(wanted)
	accounts, err := r.chosen(wanted)
	if err != nil {
		return report, err
	}
	began := r.Now()
	l, err := r.take(ctx, due)
	if err != nil {
		return report, err
	}
	var result *state
	defer func() { err = errors.Join(err, l.end(ctx, result)) }()
	if report, err = l.compare(ctx, accounts, wanted, pace); err != nil {
		return report, err
	}
	if err := r.keep(ctx, Last{Report: report, At: r.Now(), Account: wanted.Account}); err != nil {
		return report, err
	}
	if everything {
		result = &state{DoneAt: began, Counts: report.counts}
	}
	r.Log.InfoContext(ctx, "compared with GOV.UK Pay's list", "from", report.From, "to", report.To,
		"checked", report.Checked, "differences", len(report.Differences)+report.More)
	return report, nil
}

// bounded fills in what is left open, and reports whether the range covers what a daily comparison does.
func (r *Reconciler) bounded(wanted Range) (Range, bool) {
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
	return wanted, wanted.Account == nil && !wanted.From.After(daily.From) && wanted.To.Equal(daily.To)
}

// chosen returns the names of the accounts that are compared.
func (r *Reconciler) chosen(wanted Range) ([]string, error) {
	if wanted.Account == nil {
		return slices.Sorted(maps.Keys(r.Accounts)), nil
	}
	if _, known := r.Accounts[*wanted.Account]; !known {
		return nil, ErrNoAccount
	}
	return []string{*wanted.Account}, nil
}

// compare compares the accounts, one after the other.
func (l lease) compare(
	ctx context.Context, accounts []string, wanted Range, pace time.Duration,
) (Report, error) {
	report := Report{From: wanted.From, To: wanted.To, Differences: []Difference{}, counts: map[Kind]int{}}
	for _, name := range accounts {
		c := &comparison{
			lease: l, Range: wanted, account: name, pay: l.Accounts[name], pace: pace, report: &report,
			found: map[Difference]bool{},
		}
		if err := c.compare(ctx); err != nil {
			return report, err
		}
	}
	return report, nil
}

func (r *Reconciler) keep(ctx context.Context, last Last) error {
	text, err := json.Marshal(last)
	if err == nil {
		_, err = r.Store.UpdateValue(ctx, reportValue, func([]byte) ([]byte, error) { return text, nil })
	}
	return err
}
