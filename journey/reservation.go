package journey

import "time"

// ReservedUntil returns when Pay lets go of the money that is reserved, the first of it. It is zero if none is.
func (j Journey) ReservedUntil() (first time.Time) {
	for _, p := range j.Payments {
		until := p.begun().Add(CaptureWindow)
		if p.Status == StatusCapturable && (first.IsZero() || until.Before(first)) {
			first = until
		}
	}
	return first
}

// DecideBy returns by when a person should decide what becomes of reserved money. It is zero if there is nothing to
// decide, or no such time.
func (j Journey) DecideBy() time.Time {
	until := j.ReservedUntil()
	if j.State != StateStuck || until.IsZero() {
		return time.Time{}
	}
	return until.Add(-j.Terms.CaptureMargin)
}
