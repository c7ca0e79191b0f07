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
	b := newBench(t, Options{})
	id := b.paid(nil)
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{"refund_amount_available":2500}`:               {400, "P0601"},
		`{"amount":"500"}`:                               {400, "P0602"},
		`{"amount":5.5}`:                                 {400, "P0602"},
		`{"amount":500,"refund_amount_available":"all"}`: {400, "P0602"},
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
