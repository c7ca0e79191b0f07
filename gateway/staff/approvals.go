package staff

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
)

// approve carries out an order that waits for a second person.
func (s entrance) approve(w http.ResponseWriter, r *http.Request, m member) {
	asked := askedOf(r)
	s.orderAtOnce(w, r, m, "approve", approvedNotice, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Approve(ctx, id, m.Person(), asked)
	})
}

// askedOf returns when the order was asked for that the page showed, so that nobody agrees to another one. A page that
// does not say so agrees to none; a program may agree to whatever order waits.
func askedOf(r *http.Request) time.Time {
	seconds, err := strconv.ParseInt(r.PostFormValue("asked"), 10, 64)
	if err != nil && !wantsHTML(r) {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// reject ends the wait of an order. The person who asked withdraws it so.
func (s entrance) reject(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong == "" {
		wrong = wrongReason(o.Reason)
	}
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.orderAtOnce(w, r, m, "reject", rejectedNotice, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Reject(ctx, id, m.Person(), o.Reason)
	})
}

// approvedNotice says what became of the order that waited.
func approvedNotice(before, after journey.Journey, err error) signin.Notice {
	a := before.Approval
	o := order{AmountPence: a.Amount}
	for word, as := range settleAs {
		if as == a.As {
			o.As = word
		}
	}
	return orderResult(task{name: a.What}, o, before, after, err)
}

func rejectedNotice(_, _ journey.Journey, err error) signin.Notice {
	if _, detail, _ := foreseen(err); err != nil {
		return signin.Notice{Text: "Nothing was done. " + detail}
	}
	return signin.Notice{Done: true, Text: "The request has ended, and nothing was given back."}
}
