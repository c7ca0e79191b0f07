package staff

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"paygate/journey"
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
	// Part is full or part, as people choose it in the form of a refund.
	Part string `json:"-"`
	// Confirmed and Seen come from the page on which a person checks the order: Seen is how the journey was then.
	Confirmed bool   `json:"-"`
	Seen      string `json:"-"`
	// RefundedPence is what had been refunded when the person looked, so that an order sent twice no longer matches.
	RefundedPence *int64 `json:"refunded_pence"`
}

// orderOf reads an order. If it cannot be read, wrong says why.
func orderOf(r *http.Request) (o order, wrong string) {
	o, wrong = readOrder(r, "reason, and amount_pence or as", orderOfForm)
	o.Reason = strings.TrimSpace(o.Reason)
	return o, wrong
}

func orderOfForm(form url.Values) (o order, wrong string) {
	o = order{
		Reason: form.Get("reason"), As: form.Get("as"), Part: form.Get("part"),
		Amount:    strings.TrimSpace(form.Get("amount")),
		Confirmed: form.Get("confirmed") == "yes", Seen: form.Get("seen"),
	}
	var err error
	if text := form.Get("amount_pence"); text != "" {
		if o.AmountPence, err = strconv.ParseInt(text, 10, 64); err != nil {
			return o, "amount_pence must be a whole number of pence."
		}
	}
	if text := form.Get("refunded_pence"); text != "" {
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

// faults lists what is wrong with an order, for a journey of which this much money can be refunded.
func (o *order) faults(t task, left int64) (all []fault) {
	if t.name == "refund" {
		if says := o.wrongAmount(left); says != "" {
			all = append(all, fault{"amount", says})
		}
	}
	if _, known := settleAs[o.As]; t.name == "settle" && !known {
		all = append(all, fault{"as", "Choose how to settle: as released, reversed or retry."})
	}
	if says := wrongReason(o.Reason); says != "" {
		all = append(all, fault{"reason", says})
	}
	return all
}

// wrongAmount sets the amount in pence, or says what is wrong with it. Only Pay knows for sure how much is left.
func (o *order) wrongAmount(left int64) string {
	switch {
	case o.Part == "full":
		o.AmountPence = left
	case o.Part == "part" && o.Amount == "":
		return "Enter how much to give back, in pounds, such as 5.00."
	case o.Amount != "" && o.AmountPence != 0:
		return "Give amount, in pounds, or amount_pence, but not both."
	case o.Amount != "":
		pence, err := journey.ParsePounds(strings.TrimPrefix(o.Amount, "£"))
		if err != nil {
			return "The amount " + err.Error() + "."
		}
		o.AmountPence = pence
	}
	switch {
	case o.AmountPence <= 0:
		return "Give an amount of at least a penny."
	case o.Part != "" && o.AmountPence > left:
		return "Enter an amount of " + journey.Pounds(left) + " or less: that is what is left of the payment."
	default:
		return ""
	}
}
