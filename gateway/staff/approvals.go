package staff

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
)

// approve carries out an order that waits for a second person.
func (s entrance) approve(w http.ResponseWriter, r *http.Request, m member) {
	read, wrong := agreedOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.orderAtOnce(w, r, m, "approve", approvedNotice, func(ctx context.Context, id journey.ID) (journey.Journey,
		error,
	) {
		return s.Runner.Approve(ctx, id, m.Person(), read)
	})
}

// agreedOf returns what a person agrees to, so that they agree to nothing else: the page says when the order was asked
// for that it showed, and a program how much is given back.
func agreedOf(r *http.Request) (read journey.Agreed, wrong string) {
	o, wrong := orderOf(r)
	if seconds, err := strconv.ParseInt(r.PostFormValue("asked"), 10, 64); err == nil {
		return journey.Agreed{To: time.Unix(seconds, 0)}, wrong
	}
	if wrong == "" && o.Amount == "" && o.AmountPence == 0 {
		wrong = "Give the amount that you agree to give back, as amount_pence or amount."
	}
	wrong = cmp.Or(wrong, o.wrongAmount(0))
	return journey.Agreed{Pence: o.AmountPence}, wrong
}

// reject ends the wait of an order. The person who asked withdraws it so.
func (s entrance) reject(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong == "" {
		wrong = wrongReason(o.Reason)
	}
	switch {
	case wrong != "" && wantsHTML(r):
		setResult(w, resultRefused)
		s.showResult(w, r, m, signin.Notice{Text: "Nothing was done. " + wrong})
		return
	case wrong != "":
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.orderAtOnce(w, r, m, "reject", rejectedNotice, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Reject(ctx, id, m.Person(), o.Reason)
	})
}

// approvedNotice says what became of the order that waited.
func approvedNotice(before, after journey.Journey, err error) signin.Notice {
	if errors.Is(err, journey.ErrNoApproval) {
		return signin.Notice{Text: changedSince}
	}
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
