package journey

import (
	"context"
	"time"
)

// Clocks can be wrong: Pay's by hours, and ours by a year until it is set right. So times are compared, and one that
// cannot be right does not count.

// maxSkew is the greatest difference between two clocks that are both taken for right.
const maxSkew = 24 * time.Hour

// clockJump is more than our own clocks, on several replicas, ever differ.
const clockJump = time.Hour

// tooLong reports whether a pause ends so late that it was begun while our clock was ahead. longest is the longest
// pause that there is: a replica whose clock is a little behind must keep that one too.
func tooLong(until, now time.Time, longest time.Duration) bool {
	return until.After(now.Add(longest + clockJump))
}

// windowCloses returns when an uncaptured payment must be settled: a margin before Pay releases the money.
func (j Journey) windowCloses(p Payment) time.Time {
	return p.begun().Add(CaptureWindow - j.Terms.CaptureMargin)
}

// begun returns when Pay's capture window began: the earlier of Pay's time and ours. If they differ by more than a day,
// ours was wrong.
func (p Payment) begun() time.Time {
	ours := p.AskedAt
	if ours.IsZero() || ours.Sub(p.CreatedAt).Abs() > maxSkew || p.CreatedAt.Before(ours) {
		return p.CreatedAt
	}
	return ours
}

// Misdated lists open journeys that are due now although the store lists them for later: our clock was ahead when they
// were stored. Its cost follows the open journeys.
func Misdated(ctx context.Context, s Store, now time.Time) (due []Due, err error) {
	for _, state := range States() {
		if state.AtRest() {
			continue
		}
		found, err := misdatedIn(ctx, s, state, now)
		if err != nil {
			return nil, err
		}
		due = append(due, found...)
	}
	return due, nil
}

func misdatedIn(ctx context.Context, s Store, state State, now time.Time) (due []Due, err error) {
	for after := ID(""); ; {
		page, err := s.List(ctx, Filter{State: state, After: after, Limit: 500})
		if err != nil || len(page) == 0 {
			return due, err
		}
		for _, j := range page {
			if j.isMisdated(now) {
				due = append(due, Due{At: j.DueAt, ID: j.ID})
			}
		}
		after = page[len(page)-1].ID
	}
}

func (j Journey) isMisdated(now time.Time) bool {
	due := j.Due(now)
	return j.DueAt.After(now) && !due.IsZero() && !due.After(now)
}

// fromTheFuture reports whether the journey entered its state in the future, or is due later than any step can be. Our
// clock was set back since, so the step is due now. What is only erased waits.
func (j Journey) fromTheFuture(step Step, due, now time.Time) bool {
	switch step {
	case StepForget, StepEraseReply, StepEraseEmail, StepEndApproval:
		return false
	default:
		return j.Since.After(now.Add(clockJump)) || due.After(now.Add(j.longestWait()))
	}
}

// setRight replaces what was noted for the future, while our clock was ahead.
func (j Journey) setRight(at time.Time) Journey {
	for _, noted := range []*time.Time{
		&j.Since, &j.AskedAt, &j.NudgedAt, &j.LookedAt, &j.RefundAskedAt, &j.PaidAt, &j.OwedAt, &j.TriedAt,
	} {
		if noted.After(at.Add(clockJump)) {
			*noted = at
		}
	}
	return j
}

// longestWait is longer than any step of the journey is put off, apart from erasing.
func (j Journey) longestWait() time.Duration {
	t := j.Terms
	return max(CaptureWindow, t.RetryFor+t.MopupMinAge, t.ResubmitFor, t.UnseenFor, t.SecondLook, t.ClaimFor) +
		time.Hour
}
