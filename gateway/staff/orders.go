package staff

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"paygate/journey"
	"paygate/journey/export"
)

// maxReason is how long a reason may be, in characters.
const maxReason = 500

// order is what a person orders.
type order struct {
	Reason      string `json:"reason"`
	AmountPence int64  `json:"amount_pence"`
	As          string `json:"as"`
	// Amount is the amount in pounds, as people type it into the form.
	Amount string `json:"-"`
	// RefundedPence is what had been refunded when the person looked, so that an order sent twice no longer matches.
	RefundedPence *int64 `json:"refunded_pence"`
}

// orderOf reads an order from JSON or a form. If it is not valid, wrong says why.
func orderOf(r *http.Request) (o order, wrong string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&o); err != nil {
			return o, "The body is not the expected JSON: reason, and amount_pence or as."
		}
	case "application/x-www-form-urlencoded", "multipart/form-data":
		if o, wrong = orderOfForm(r); wrong != "" {
			return o, wrong
		}
	default:
		return o, "The body must be JSON or a form."
	}
	o.Reason = strings.TrimSpace(o.Reason)
	return o, wrongReason(o.Reason)
}

func orderOfForm(r *http.Request) (o order, wrong string) {
	o = order{Reason: r.PostFormValue("reason"), As: r.PostFormValue("as"), Amount: r.PostFormValue("amount")}
	var err error
	if text := r.PostFormValue("amount_pence"); text != "" {
		if o.AmountPence, err = strconv.ParseInt(text, 10, 64); err != nil {
			return o, "amount_pence must be a whole number of pence."
		}
	}
	if text := r.PostFormValue("refunded_pence"); text != "" {
		refunded, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return o, "refunded_pence must be a whole number of pence."
		}
		o.RefundedPence = &refunded
	}
	return o, ""
}

func wrongReason(reason string) string {
	isControl := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' }
	switch {
	case reason == "":
		return "Give a reason: it stays in the history, with your name."
	case utf8.RuneCountInString(reason) > maxReason:
		return "The reason must be 500 characters or fewer."
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, isControl):
		return "The reason contains characters that are not text."
	default:
		return ""
	}
}

func (s *server) check(w http.ResponseWriter, r *http.Request, m member) {
	s.carryOut(w, r, m, "check", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		progress, err := s.Runner.Check(ctx, id, journey.Visit{By: m.By()})
		_ = progress.Reply.Close()
		if err != nil && progress.Journey.ID != "" {
			err = &journey.AtPayError{Err: err}
		}
		if after, tellErr := s.Runner.TellAll(ctx, progress.Journey, m.By()); tellErr == nil {
			progress.Journey = after
		}
		return progress.Journey, err
	})
}

func (s *server) release(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.carryOut(w, r, m, "release", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Release(ctx, id, m.By(), o.Reason)
	})
}

func (s *server) refund(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong == "" && o.Amount != "" {
		var err error
		pounds := strings.TrimPrefix(strings.TrimSpace(o.Amount), "£")
		if o.AmountPence, err = journey.ParsePounds(pounds); err != nil {
			wrong = "The amount " + err.Error() + "."
		}
	}
	if wrong == "" && o.AmountPence <= 0 {
		wrong = "Give an amount of at least a penny."
	}
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.carryOut(w, r, m, "refund", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		if o.RefundedPence != nil {
			j, err := s.Store.Get(ctx, id)
			if err != nil {
				return j, err
			}
			if export.Of(j).RefundedPence != *o.RefundedPence {
				return j, errRefundedSince
			}
		}
		return s.Runner.Refund(ctx, id, o.AmountPence, m.By(), o.Reason)
	})
}

var errRefundedSince = errors.New("money has been refunded since you looked")

func (s *server) settle(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	as, known := map[string]journey.State{
		"released": journey.StateReleased, "reversed": journey.StateReversed, "retry": journey.StateConfirmed,
	}[o.As]
	if wrong == "" && !known {
		wrong = "Choose how to settle: as released, reversed or retry."
	}
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	s.carryOut(w, r, m, "settle", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.Runner.Settle(ctx, id, as, m.By(), o.Reason)
	})
}

// carryOut carries out an order and answers with the journey after it.
func (s *server) carryOut(
	w http.ResponseWriter, r *http.Request, m member, name string,
	do func(context.Context, journey.ID) (journey.Journey, error),
) {
	id := journey.ID(r.PathValue("id"))
	j, err := do(context.WithoutCancel(r.Context()), id)
	s.Log.InfoContext(r.Context(), "staff order",
		"order", name, "journey_id", id, "by", m.By(), "to", j.State, "done", err == nil)
	switch {
	case errors.Is(err, journey.ErrSecondPerson) && wantsHTML(r):
		http.Redirect(w, r, "/journeys/"+string(id)+"?done=ask", http.StatusSeeOther)
	case errors.Is(err, journey.ErrSecondPerson):
		answerJSON(w, http.StatusAccepted, "application/json", export.WholeOf(j))
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		http.Redirect(w, r, "/journeys/"+string(id)+"?done="+name, http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

// mopup sweeps now.
func (s *server) mopup(w http.ResponseWriter, r *http.Request, m member) {
	counts, err := s.Sweep(r.Context())
	s.Log.InfoContext(r.Context(), "staff order", "order", "mopup", "by", m.By(), "done", err == nil)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		http.Redirect(w, r, "/?swept="+strconv.Itoa(counts["visited"]), http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", counts)
	}
}
