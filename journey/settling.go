package journey

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

func (j Journey) captured(f Captured) (Journey, string, error) {
	j, detail, err := j.move(f, StateReleased, StateAccepted)
	if err == nil && j.State == StateReleased {
		j = j.withPayment(j.PaidWith, func(p *Payment) {
			if p.Status == StatusCapturable {
				p.Status = StatusSuccess // as Pay says at once after a capture (FACTS 3.6)
			}
		})
	}
	return j, detail, err
}

func (j Journey) resubmitted(f Resubmitted) (Journey, string, error) {
	if j.State != StateRefused || j.Returning || !j.Paid() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.State, j.ReplyUntil, j.Fingerprint, j.Doubtful = StateConfirmed, time.Time{}, f.Fingerprint, false
	j.Email = f.Email
	if j.Terms.Kind == KindSubmission {
		j.Submission, j.Attempt = j.Submission+1, 0
	}
	return j, fmt.Sprintf("submission %d", j.Submission), nil
}

// returnDecided is stored before the money moves, so that nothing is delivered while it goes back. A person can decide
// so only if the service cannot have got the request.
func (j Journey) returnDecided(f ReturnDecided, by By) (Journey, string, error) {
	switch {
	case by.isStaff() && j.refunding():
		return j, "", ErrRefunding
	case by.isStaff() && j.Doubtful, j.State != StateConfirmed && j.State != StateRefused:
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.State, j.Returning = StateRefused, true
	return j, cmp.Or(f.Reason, "the money goes back"), nil
}

func (j Journey) moneyReturned(f MoneyReturned) (Journey, string, error) {
	p := j.payment(f.PaymentID)
	if p == nil {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	detail := strings.TrimSpace(f.PaymentID + " " + f.Detail)
	switch {
	case j.State == StateRefused && j.Returning && f.PaymentID == j.PaidWith:
		j.State = StateReversed
		return j, detail, nil
	case j.State.AtRest(): // a surplus payment
		return j, detail, nil
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
}
