package journey

import (
	"errors"
	"time"
)

// Early delivery is for a citizen who pays and does not come back. Sessions and form tokens of the service live for
// minutes, but a sweep comes hours later. So an open payment is read at Pay from time to time. Terms.ReturnGrace after
// Pay first said that the money is there, the held request is delivered.
//
// Early delivery never delays another delivery. What it finds does not change when a sweep comes, and its failures
// delay only itself.

// Early is the state of early delivery for one journey.
type Early struct {
	// Found means that early delivery has read how the payment ended, and no other caller has advanced the journey
	// since. Sweeps leave the journey to its citizen, as if Pay had not been asked.
	Found bool `json:"found,omitempty"`
	// TakenUntil excludes other replicas while one works on the journey.
	TakenUntil time.Time `json:"taken_until,omitzero"`
	Failures   int       `json:"failures,omitempty"`
	NotBefore  time.Time `json:"not_before,omitzero"`
}

// readTimes are the minutes after which an open payment is read. Pay ends one after 90 minutes (FACTS 3.4).
var readTimes = [...]time.Duration{5, 10, 15, 20, 30, 45, 60, 75, 90, 100}

const (
	// earlyLease is how long a visit excludes other replicas: longer than a visit usually takes.
	earlyLease = 2 * time.Minute
	// minEarlyBackOff and maxEarlyBackOff bound how long early delivery waits after a failure.
	minEarlyBackOff, maxEarlyBackOff = time.Minute, 30 * time.Minute
)

// ErrNotDue means that early delivery has visited the journey in the meantime, or another caller has moved it.
var ErrNotDue = errors.New("not due for early delivery")

// earlyDue returns when early delivery visits the journey; see [Journey.EarlyAt]. The zero time means never.
func (j Journey) earlyDue() time.Time {
	from := j.earlyFrom()
	if from.IsZero() {
		return from
	}
	return latest(from, j.Early.TakenUntil)
}

// earlyFrom returns the time from which early delivery has something to do.
func (j Journey) earlyFrom() time.Time {
	if j.Terms.ReturnGrace == 0 || j.Terms.Kind != KindSubmission || j.refunding() {
		return time.Time{}
	}
	var from time.Time
	switch {
	case j.State == StatePaying:
		from = j.nextRead()
	case j.State == StateConfirmed && j.Paid():
		from = j.PaidAt.Add(j.Terms.ReturnGrace)
	}
	if from.IsZero() {
		return from
	}
	return latest(from, j.NotBefore, j.Early.NotBefore)
}

// nextRead returns the next time to read the payment, by our own clock; see readTimes.
func (j Journey) nextRead() time.Time {
	if len(j.Payments) == 0 {
		return time.Time{}
	}
	p := j.Payments[len(j.Payments)-1]
	for _, minutes := range readTimes {
		if at := j.AskedAt.Add(minutes * time.Minute); !p.Finished() && at.After(p.ReadAt) {
			return at
		}
	}
	return time.Time{}
}

// owedEarly is [Journey.Owed] for early delivery, which only asks, delivers what Pay has confirmed, and takes the money
// for what it has just delivered.
func (j Journey) owedEarly(now time.Time) Step {
	if j.State == StateAccepted && !now.Before(j.CaptureTries.from(now)) {
		return StepCapture
	}
	if from := j.earlyFrom(); from.IsZero() || now.Before(from) {
		return StepNone
	}
	step, _ := j.next(now)
	switch {
	case step == StepLook, step == StepAsk, step == StepDeliver && j.Paid():
		return step
	case step == StepDeliver: // on trust, as a returning citizen would
		return StepAsk
	default:
		return StepNone
	}
}

// owedTo returns the step that is owed now and that this caller does.
func (j Journey) owedTo(by By, now time.Time) Step {
	if by == ByEarly {
		return j.owedEarly(now)
	}
	return j.Owed(now)
}

// earlyBegun reserves the journey for a visit that found it due at that time.
func (j Journey) earlyBegun(f EarlyBegun, at time.Time) (Journey, string, error) {
	if f.Due.IsZero() || !f.Due.Equal(j.EarlyAt) {
		return j, "", ErrNotDue
	}
	j.Early.TakenUntil = at.Add(earlyLease)
	return j, "", nil
}

// noteEarly updates the state of early delivery after a fact.
func (j Journey) noteEarly(before Journey, f Fact, by By) Journey {
	early := by == ByEarly
	switch f.(type) {
	case EarlyBegun:
		return j
	case PaymentSeen:
		j.Early.Found = early && j.State != StatePaying && (before.Early.Found || before.leftAlone())
		if before.State == StatePaying { // Pay can be asked again
			j.Early.Failures, j.Early.NotBefore = 0, time.Time{}
		}
	case Claimed:
		j.Early.Found = early && before.Early.Found
	case PaymentAsked:
		j.Early = Early{}
	}
	if early {
		j.Early.TakenUntil = time.Time{}
	}
	switch j.State {
	case StatePaying, StateUnpaid, StateConfirmed, StateReleasing:
		return j
	default:
		j.Early = Early{}
		return j
	}
}

// failedEarly records that early delivery could not do its step.
func (j Journey) failedEarly(at time.Time) Journey {
	j.Early.Failures++
	j.Early.NotBefore = at.Add(min(maxEarlyBackOff, minEarlyBackOff<<min(j.Early.Failures-1, 10)))
	return j
}

// RetryUntil returns the time until which a citizen whose payment ended without money can try again. It is no sooner
// if early delivery was the first to read the payment.
func (j Journey) RetryUntil() time.Time {
	from := j.Since
	if j.Early.Found {
		from = latest(from, j.leftToCitizen())
	}
	return from.Add(j.Terms.RetryFor)
}
