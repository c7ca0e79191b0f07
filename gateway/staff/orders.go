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

// mostReason is how long a reason may be, in characters.
const mostReason = 500

// order is what a person asks for.
type order struct {
	Reason      string `json:"reason"`
	AmountPence int64  `json:"amount_pence"`
	As          string `json:"as"`
	// Amount is the amount in pounds, as people type it into the form.
	Amount string `json:"-"`
	// RefundedPence is what the person saw to be refunded before; an order that was sent twice does not fit any more.
	RefundedPence *int64 `json:"refunded_pence"`
}

// orderOf reads an order from JSON or a form; the text says what is wrong with it.
func orderOf(r *http.Request) (o order, wrong string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&o); err != nil {
			return o, "The body is not the JSON that is expected: reason, and amount_pence or as."
		}
	case "application/x-www-form-urlencoded", "multipart/form-data":
		o = order{Reason: r.PostFormValue("reason"), As: r.PostFormValue("as"), Amount: r.PostFormValue("amount")}
		var err error
		if text := r.PostFormValue("amount_pence"); text != "" {
			if o.AmountPence, err = strconv.ParseInt(text, 10, 64); err != nil {
				return o, "amount_pence must be a whole number of pence."
			}
		}
		if text := r.PostFormValue("refunded_pence"); text != "" {
			seen, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return o, "refunded_pence must be a whole number of pence."
			}
			o.RefundedPence = &seen
		}
	default:
		return o, "The body must be JSON or a form."
	}
	o.Reason = strings.TrimSpace(o.Reason)
	switch {
	case o.Reason == "":
		return o, "Give a reason: it stays in the history, with your name."
	case utf8.RuneCountInString(o.Reason) > mostReason:
		return o, "The reason may have 500 characters."
	case !utf8.ValidString(o.Reason) || strings.ContainsFunc(o.Reason, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' }):
		return o, "The reason has characters that are no text."
	}
	return o, ""
}

func (d *door) check(w http.ResponseWriter, r *http.Request, m member) {
	d.carryOut(w, r, m, "check", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		progress, err := d.Runner.Check(ctx, id, journey.Visit{By: m.by()})
		_ = progress.Reply.Close()
		if err != nil && progress.Journey.ID != "" {
			err = &journey.AtPayError{Err: err}
		}
		return progress.Journey, err
	})
}

func (d *door) release(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong != "" {
		d.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	d.carryOut(w, r, m, "release", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return d.Runner.Release(ctx, id, m.by(), o.Reason)
	})
}

func (d *door) refund(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	if wrong == "" && o.Amount != "" {
		var err error
		if o.AmountPence, err = journey.ParsePounds(strings.TrimPrefix(strings.TrimSpace(o.Amount), "£")); err != nil {
			wrong = "The amount " + err.Error() + "."
		}
	}
	if wrong == "" && o.AmountPence <= 0 {
		wrong = "Say how much: at least a penny."
	}
	if wrong != "" {
		d.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	d.carryOut(w, r, m, "refund", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		if o.RefundedPence != nil {
			j, err := d.Store.Get(ctx, id)
			if err != nil {
				return j, err
			}
			if export.Of(j).RefundedPence != *o.RefundedPence {
				return j, errRefundedMeanwhile
			}
		}
		return d.Runner.Refund(ctx, id, o.AmountPence, m.by(), o.Reason)
	})
}

var errRefundedMeanwhile = errors.New("money was refunded since you looked")

func (d *door) settle(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := orderOf(r)
	as, known := map[string]journey.State{
		"released": journey.StateReleased, "reversed": journey.StateReversed, "retry": journey.StateConfirmed,
	}[o.As]
	if wrong == "" && !known {
		wrong = "Say how: as released, reversed or retry."
	}
	if wrong != "" {
		d.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	d.carryOut(w, r, m, "settle", func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return d.Runner.Settle(ctx, id, as, m.by(), o.Reason)
	})
}

// carryOut does an order and answers with the journey after it.
func (d *door) carryOut(w http.ResponseWriter, r *http.Request, m member, name string, do func(context.Context, journey.ID) (journey.Journey, error)) {
	id := journey.ID(r.PathValue("id"))
	j, err := do(context.WithoutCancel(r.Context()), id)
	d.Log.InfoContext(r.Context(), "staff order", "order", name, "journey_id", id, "by", m.by(), "to", j.State, "done", err == nil)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case readsHTML(r):
		http.Redirect(w, r, "/journeys/"+string(id)+"?done="+name, http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

// mopup sweeps now.
func (d *door) mopup(w http.ResponseWriter, r *http.Request, m member) {
	counts, err := d.Sweep(r.Context())
	d.Log.InfoContext(r.Context(), "staff order", "order", "mopup", "by", m.by(), "done", err == nil)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case readsHTML(r):
		http.Redirect(w, r, "/?swept="+strconv.Itoa(counts["visited"]), http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", counts)
	}
}
