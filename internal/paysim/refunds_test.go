package paysim

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (b *bench) refundOf(id, body string) answer {
	b.t.Helper()
	return b.do("POST", "/v1/payments/"+id+"/refunds", body)
}

func TestRefundIsAcceptedAndListed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.paid(nil)
	made := b.refundOf(id, `{"amount":500,"refund_amount_available":2500}`)
	require.Equal(t, 202, made.status, made.text)
	require.Equal(t, "success", made.at("status"), "at once, as in test modes")
	require.Equal(t, 500.0, made.at("amount"))
	refundID := made.at("refund_id").(string)

	one := b.do("GET", "/v1/payments/"+id+"/refunds/"+refundID, "")
	require.Equal(t, made.json, one.json)
	list := b.do("GET", "/v1/payments/"+id+"/refunds", "")
	require.Equal(t, []any{made.at()}, list.at("_embedded", "refunds"))
	require.Equal(t, map[string]any{"status": "available", "amount_available": 2000.0, "amount_submitted": 500.0},
		b.get(id).at("refund_summary"))
	require.Equal(t, int64(500), b.Payments()[0].Refunded)

	require.Equal(t, 202, b.refundOf(id, `{"amount":2000}`).status, "without a guard")
	require.Equal(t, "full", b.get(id).at("refund_summary", "status"))
	b.refuses(b.do("GET", "/v1/payments/"+id+"/refunds/nothing", ""), 404, "P0700")
	b.refuses(b.do("GET", "/v1/payments/nothing/refunds/"+refundID, ""), 404, "P0700")
	b.refuses(b.do("GET", "/v1/payments/nothing/refunds", ""), 404, "P0800")
}

func TestInvalidRefundsAreRefusedAsAtPay(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PostLimit: -1})
	id := b.paid(nil)
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{"refund_amount_available":2500}`:               {400, "P0601"},
		`{"amount":"500"}`:                               {400, "P0602"},
		`{"amount":5.5}`:                                 {400, "P0602"},
		`{"amount":500,"refund_amount_available":"all"}`: {412, "P0604"},
		`{"amount":500,"refund_amount_available":null}`:  {412, "P0604"},
		`{"amount":500,"refund_amount_available":[]}`:    {412, "P0604"},
		`{"amount":null}`:                                {400, "P0601"},
		`{"amount":2147483648}`:                          {400, "P0602"},
		`[]`:                                             {400, "P0601"},
		`{"amount":0}`:                                   {422, "P0602"},
		`{"amount":10000001}`:                            {422, "P0602"},
		`{`:                                              {400, "P0697"},
		`{"amount":500,"refund_amount_available":2499}`:   {412, "P0604"},
		`{"amount":2501,"refund_amount_available":2500}`:  {400, "P0603"},
		`{"amount":2501,"refund_amount_available":99999}`: {412, "P0604"},
	} {
		b.refuses(b.refundOf(id, body), want.status, want.code)
	}
	b.refuses(b.refundOf("nothing", `{"amount":500}`), 404, "P0600")
	require.Zero(t, b.Payments()[0].Refunded)
	require.Equal(t, 202, b.refundOf(id, `{"amount":500,"refund_amount_available":"2500"}`).status,
		"a number all the same")
}

func TestRefundNeedsCollectedMoney(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RefundDelay: 10 * time.Minute})
	reason := func(id string) string {
		t.Helper()
		a := b.refundOf(id, `{"amount":500}`)
		b.refuses(a, 400, "P0603")
		words := strings.Fields(a.at("description").(string))
		return words[len(words)-1]
	}
	id := b.paid(nil)
	require.Equal(t, "pending", reason(id), "success is not enough")
	require.Equal(t, []string{"capture_submit_time"}, fieldsOf(b.get(id).at("settlement_summary")))
	require.Equal(t, "pending", reason(b.newPayment(nil)))
	failed := b.newPayment(nil)
	require.NoError(t, b.Pay(failed, "declined"))
	require.Equal(t, "unavailable", reason(failed))

	b.Advance(10 * time.Minute)
	require.Equal(t, 202, b.refundOf(id, `{"amount":2500}`).status)
	require.Equal(t, "full", reason(id))
}

func TestRefundCanTakeTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RefundTakes: 30 * time.Minute})
	id := b.paid(nil)
	made := b.refundOf(id, `{"amount":500,"refund_amount_available":2500}`)
	require.Equal(t, "submitted", made.at("status"))
	require.Equal(t, 2000.0, b.get(id).at("refund_summary", "amount_available"), "counts already")
	b.Advance(30 * time.Minute)
	require.Equal(t, "success",
		b.do("GET", "/v1/payments/"+id+"/refunds/"+made.at("refund_id").(string), "").at("status"))
}

func TestRefundOutcomes(t *testing.T) {
	t.Parallel()
	for outcome, c := range map[string]struct {
		answer       int
		first, after string
		given        int64
	}{
		"success":              {202, "success", "success", 500},
		"error":                {500, "error", "error", 0},
		"delayed":              {202, "submitted", "success", 500},
		"submitted-then-error": {202, "submitted", "error", 0},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{RefundOutcome: "error"})
			id := b.paid(nil)
			require.NoError(t, b.SetRefundOutcome(id, outcome))
			made := b.refundOf(id, `{"amount":500,"refund_amount_available":2500}`)
			require.Equal(t, c.answer, made.status, made.text)
			if c.answer == 500 {
				require.Equal(t, "P0698", made.at("code"))
			}
			require.Equal(t, c.first, b.Payments()[0].Refunds[0].Status)
			b.Advance(30 * time.Minute)
			require.Equal(t, c.after, b.Payments()[0].Refunds[0].Status)
			require.Equal(t, c.given, b.Payments()[0].Refunded)
		})
	}
}

func TestEachTryOfARefusedRefundLeavesOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RefundOutcome: "error"})
	id := b.paid(nil)
	for range 3 {
		b.refuses(b.refundOf(id, `{"amount":2500,"refund_amount_available":2500}`), 500, "P0698")
	}
	list := b.do("GET", "/v1/payments/"+id+"/refunds", "").at("_embedded", "refunds").([]any)
	require.Len(t, list, 3)
	require.Equal(t, "error", list[2].(map[string]any)["status"])
	require.NoError(t, b.SetRefundOutcome(id, "success"))
	require.Equal(t, 202, b.refundOf(id, `{"amount":2500,"refund_amount_available":2500}`).status)
	require.Error(t, b.SetRefundOutcome(id, "lost"))
	require.Error(t, b.SetRefundOutcome("nothing", "error"))
}

func TestMoreThanWasPaidCanBeGivenBackInPaysOwnTool(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RefundOutcome: "error"})
	id := b.paid(nil)
	for range 2 {
		require.Equal(t, 200, b.do("POST", "/control/payments/"+id+"/refunds", `{"amount":2500}`).status)
	}
	require.Equal(t, map[string]any{"status": "full", "amount_available": -2500.0, "amount_submitted": 5000.0},
		b.get(id).at("refund_summary"))
	refund := b.Payments()[0].Refunds[1].ID
	corrected := b.do("POST", "/control/payments/"+id+"/refunds/"+refund+"/correct", `{"status":"error"}`)
	require.Equal(t, 200, corrected.status, corrected.text)
	require.Equal(t, 0.0, b.get(id).at("refund_summary", "amount_available"))
	require.Equal(t, "error", b.do("GET", "/v1/payments/"+id+"/refunds/"+refund, "").at("status"))
	require.Error(t, b.CorrectRefund(id, refund, "lost"))
	require.Error(t, b.CorrectRefund(id, "nothing", "error"))
	require.Error(t, b.CorrectRefund("nothing", refund, "error"))
	_, err := b.Refund(id, 0)
	require.Error(t, err)
}

func TestRefundsAreSearched(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: time.Minute, RefundTakes: 10 * time.Minute})
	first, second := b.paid(nil), b.paid(nil)
	b.refundOf(first, `{"amount":1}`)
	b.Advance(2 * time.Minute)
	b.refundOf(second, `{"amount":2}`)
	b.Advance(time.Minute)
	b.refundOf(first, `{"amount":3}`)

	found := func(query string) (amounts []any) {
		t.Helper()
		a := b.do("GET", "/v1/refunds?"+query, "")
		require.Equal(t, 200, a.status, a.text)
		for _, one := range a.json["results"].([]any) {
			amounts = append(amounts, one.(map[string]any)["amount"])
		}
		return amounts
	}
	require.Equal(t, []any{2.0, 1.0}, found(""), "newest first; the index lags")
	b.Advance(9 * time.Minute)
	require.Equal(t, []any{3.0, 2.0, 1.0}, found(""))
	require.Equal(t, []any{3.0}, found("from_date=2026-03-02T10:02:00Z"), "strictly greater")
	require.Equal(t, []any{1.0}, found("to_date=2026-03-02T10:02:00Z"))
	require.Empty(t, found("from_settled_date=2026-01-01"), "only for Stripe")
	require.Equal(t, []any{1.0}, found("display_size=2&page=2"))
	b.refuses(b.do("GET", "/v1/refunds?display_size=2&page=3", ""), 404, "P1100")
	b.refuses(b.do("GET", "/v1/refunds?from_date=today", ""), 422, "P1101")

	a := b.do("GET", "/v1/refunds?display_size=1&page=3", "")
	require.Equal(t, b.url+"/v1/refunds?display_size=1&page=2", a.at("_links", "prev_page", "href"))
	one := answer{json: a.json["results"].([]any)[0].(map[string]any)}
	require.Equal(t, sorted("amount", "created_date", "payment_id", "refund_id", "settlement_summary", "status",
		"_links"), fieldsOf(one.at()))
	require.Equal(t, []any{first, "submitted"}, []any{one.at("payment_id"), one.at("status")}, "as the index has it")
}
