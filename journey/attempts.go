package journey

import (
	"errors"
	"fmt"
	"time"
)

// Effect is something that Pay is asked to do with money until it is done.
type Effect string

const (
	EffectCapture Effect = "capture"
	EffectCancel  Effect = "cancel"
	EffectRefund  Effect = "refund"
)

// Attempts counts the tries at one [Effect]. Their back-off binds every caller, that of readings only sweeps.
type Attempts struct {
	Tries     int       `json:"tries,omitempty"`
	Refused   int       `json:"refused,omitempty"` // of these, how many Pay has refused
	BusyUntil time.Time `json:"busy_until,omitzero"`
	NotBefore time.Time `json:"not_before,omitzero"`
}

const (
	// maxRefusals is how often Pay may refuse before a person decides.
	maxRefusals = 5
	// maxRefunds is how many refunds of a journey are tried at most: more than there is time for in [maxOutage].
	maxRefunds = 20
	// maxOutage is how long a step may fail for other reasons before a person decides.
	maxOutage = 7 * 24 * time.Hour
	// MaxBackOff is the longest back-off after failures, except that of refunds.
	MaxBackOff = 30 * time.Minute
)

// refundPauses are the back-offs of refunds, which Pay may make although its answer says that they failed.
var refundPauses = [...]time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// pause returns how long to wait after so many tries.
func (e Effect) pause(tries int) time.Duration {
	if e == EffectRefund {
		return refundPauses[min(tries, len(refundPauses))-1]
	}
	return shortPause(tries)
}

// shortPause is a second at first, then twice as long each time, at most [MaxBackOff].
func shortPause(tries int) time.Duration { return min(MaxBackOff, time.Second<<min(tries-1, 20)) }

// from returns the earliest time of the next try.
func (a Attempts) from(now time.Time) time.Time {
	from := latest(a.NotBefore, a.BusyUntil)
	if tooLong(from, now, refundPauses[len(refundPauses)-1]) {
		return time.Time{}
	}
	return from
}

// attempts returns the journey's tries at an effect, to be changed.
func (j *Journey) attempts(e Effect) *Attempts {
	switch e {
	case EffectCapture:
		return &j.CaptureTries
	case EffectCancel:
		return &j.CancelTries
	default:
		return &j.RefundTries
	}
}

// errBusy means that another caller is returning the money.
var errBusy = errors.New("the money is being returned")

// tried records the intent of a cancel or refund, so that no other caller asks for the same, not even after a crash.
func (j Journey) tried(f Tried, at time.Time) (Journey, string, error) {
	if j.owedPayment() != f.PaymentID || f.PaymentID == "" {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	a := j.attempts(f.Effect)
	if at.Before(a.BusyUntil) && !tooLong(a.BusyUntil, at, refundLease) {
		return j, "", errBusy
	}
	a.Tries++
	a.BusyUntil, a.NotBefore = at.Add(refundLease), at.Add(f.Effect.pause(a.Tries))
	return j, "", nil
}

// tryFailed records that Pay has not done what it was asked for. A person decides once it has refused too often. Of the
// failures in a row, the history has the first, the refusals, and those that a person saw.
func (j Journey) tryFailed(f TryFailed, by By, at time.Time) (Journey, string, error) {
	captures := f.Effect == EffectCapture
	if captures && j.State != StateAccepted || !captures && j.owedPayment() == "" {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	a := j.attempts(f.Effect)
	if captures { // its intent is not stored: a repeat is safe (FACTS 3.6)
		a.Tries++
	}
	a.BusyUntil, a.NotBefore = time.Time{}, at.Add(f.Effect.pause(max(1, a.Tries)))
	j.TriedAt, j.Note = at, f.Detail
	switch {
	case f.Refused:
		return j.refused(f.Effect), f.Detail, nil
	case a.Tries <= 1 || by.isStaff():
		return j, f.Detail, nil
	default:
		return j, "", nil
	}
}

// refused counts a refusal.
func (j Journey) refused(e Effect) Journey {
	a := j.attempts(e)
	if a.Refused++; a.Refused < maxRefusals {
		return j
	}
	trouble := TroubleReturn
	if e == EffectCapture {
		trouble = TroubleCapture
	}
	return j.stuck(trouble, fmt.Sprintf("GOV.UK Pay has refused the %s %d times: %s", e, a.Refused, j.Note))
}

// isRefusal reports whether an error of Pay means that the same call would be refused again.
func isRefusal(err error) bool {
	refused := errors.Is(err, ErrPayRefused) || errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrPaymentNotFound)
	return refused && !errors.Is(err, ErrNotNow) && !errors.Is(err, ErrPayAccount)
}
