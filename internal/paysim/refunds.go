package paysim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// refundRequest is the request for a refund.
type refundRequest struct {
	amount int64
	guard  *int64 // what the client believes is left; nil: not compared (FACTS 6)
}

// parseRefund distinguishes wrong shapes (400) from wrong values (422).
func parseRefund(body []byte) (refundRequest, *apiError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || value == nil {
		return refundRequest{}, &apiError{status: 400, Code: "P0697", Text: "Unable to parse JSON"}
	}
	fields, _ := value.(map[string]any)
	amount, isInt := whole(fields["amount"])
	switch {
	case fields["amount"] == nil:
		return refundRequest{}, refuseRefund(400, "P0601", "amount", "Missing mandatory attribute: amount")
	case !isInt:
		return refundRequest{}, invalidRefund(400, "amount", "a valid numeric format")
	case amount < 1:
		return refundRequest{}, invalidRefund(422, "amount", "greater than or equal to 1")
	case amount > 10_000_000:
		return refundRequest{}, invalidRefund(422, "amount", "less than or equal to 10000000")
	}
	return refundRequest{amount: amount, guard: guardOf(fields)}, nil
}

// guardOf reads the guard as leniently as Pay does: what is no number counts as 0 (FACTS, Corrections).
func guardOf(fields map[string]any) *int64 {
	raw, given := fields["refund_amount_available"]
	if !given {
		return nil
	}
	var guard int64
	switch v := raw.(type) {
	case json.Number, string:
		number, _ := strconv.ParseFloat(strings.TrimSpace(fmt.Sprint(v)), 64)
		guard = int64(number)
	}
	return &guard
}

func invalidRefund(status int, field, must string) *apiError {
	return refuseRefund(status, "P0602", field, "Invalid attribute value: "+field+". Must be "+must)
}

func refuseRefund(status int, code, field, text string) *apiError {
	return &apiError{status: status, Code: code, Field: field, Text: text}
}

// refund checks availability first, then compares the guard (FACTS 6).
func (s *Simulator) refund(a asked) reply {
	request, wrong := parseRefund(a.body)
	if wrong != nil {
		return refusal(wrong)
	}
	p, wrong := s.find(a, "P0600")
	if wrong == nil {
		wrong = p.refusesRefund(request)
	}
	if wrong != nil {
		return refusal(wrong)
	}
	made := s.makeRefund(p, request.amount, cmp.Or(p.outcome, s.options.RefundOutcome))
	if made.status == "error" { // the provider refused; the refund is there all the same (FACTS, Corrections)
		return refusal(downstreamError("refund"))
	}
	return reply{status: 202, body: s.refundJSON(made, s.now())}
}

func (p *payment) refusesRefund(request refundRequest) *apiError {
	left := p.total() - p.refunded()
	switch status := p.refundStatus(); {
	case status != "available":
		return notRefundable(status)
	case request.guard != nil && *request.guard != left:
		return &apiError{status: 412, Code: "P0604", Text: "Refund amount available mismatch."}
	case request.amount > left:
		return notRefundable("amount_not_available")
	default:
		return nil
	}
}

func notRefundable(why string) *apiError {
	return &apiError{
		status: 400, Code: "P0603", Text: "The payment is not available for refund. Payment refund status: " + why,
	}
}

// refundJSON is a refund as it was at a time.
func (s *Simulator) refundJSON(made *refund, at time.Time) map[string]any {
	p := made.payment
	return map[string]any{
		"refund_id": made.id, "amount": made.amount, "created_date": milliseconds(made.created),
		"status":             made.statusAt(at),
		"settlement_summary": made.settlement(at),
		"_links": map[string]any{
			"self":    s.link("GET", "/v1/payments/"+p.id+"/refunds/"+made.id),
			"payment": s.link("GET", "/v1/payments/"+p.id),
		},
	}
}

// getRefunds lags, as search does (FACTS 6).
func (s *Simulator) getRefunds(_ asked, p *payment) reply {
	list := []map[string]any{}
	for _, made := range p.refunds {
		if s.isIndexed(made.created) {
			list = append(list, s.refundJSON(made, s.indexedUntil()))
		}
	}
	return reply{status: 200, body: map[string]any{
		"payment_id": p.id, "_embedded": map[string]any{"refunds": list},
		"_links": map[string]any{
			"self": s.link("GET", "/v1/payments/"+p.id+"/refunds"), "payment": s.link("GET", "/v1/payments/"+p.id),
		},
	}}
}

func (s *Simulator) getRefund(a asked, p *payment) reply {
	if made := p.findRefund(a.PathValue("refund")); made != nil {
		return reply{status: 200, body: s.refundJSON(made, s.now())}
	}
	return refusal(notFound("P0700"))
}
