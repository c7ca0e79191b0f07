package journey

import (
	"context"
	"fmt"
)

// ask reads at Pay every payment whose result may still move the journey.
func (r *Runner) ask(ctx context.Context, j Journey, by By) (Journey, error) {
	for i, p := range j.Payments {
		if earlier := i < len(j.Payments)-1; earlier && p.Finished() && j.State == StatePaying {
			continue // an earlier attempt, already over; the second look reads it again
		}
		snapshot, err := r.at(j).Get(ctx, p.ID)
		if err != nil {
			return r.fail(ctx, j, by, fmt.Errorf("asking for the payment: %w", err))
		}
		if j, err = r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{}); err != nil {
			return j, err
		}
	}
	return j, nil
}

func (r *Runner) look(ctx context.Context, j Journey, by By) (Journey, error) {
	looked := Looked{j.NudgedAt}
	if _, known := r.Accounts[j.Terms.Account]; !known && j.State.AtRest() && by == ByMopup {
		// The settings dropped the account after the journey had ended, so Pay cannot be asked.
		return r.apply(ctx, j.ID, looked, by, Change{})
	}
	j, err := r.ask(ctx, j, by)
	if err != nil {
		return j, err
	}
	if j, err = r.readRefunds(ctx, j, by); err != nil {
		return j, err
	}
	return r.apply(ctx, j.ID, looked, by, Change{})
}

// capture takes the reserved money; repeating it is safe (FACTS 3.6). If Pay refuses, a new snapshot decides.
func (r *Runner) capture(ctx context.Context, j Journey, by By) (Journey, error) {
	err := r.at(j).Capture(ctx, j.PaidWith)
	if err == nil {
		return r.apply(ctx, j.ID, Captured{}, by, Change{})
	}
	if isRefusal(err) {
		snapshot, getErr := r.at(j).Get(ctx, j.PaidWith)
		if getErr == nil {
			after, applyErr := r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{})
			if applyErr != nil || after.State != j.State {
				return after, applyErr
			}
		}
	}
	return r.noteFailedTry(ctx, j, EffectCapture, err, isRefusal(err), by)
}

func (r *Runner) forget(ctx context.Context, j Journey) error {
	err := r.Store.Forget(ctx, j.ID)
	if err == nil {
		r.Log.InfoContext(ctx, "journey forgotten", "journey_id", j.ID)
	}
	return err
}
