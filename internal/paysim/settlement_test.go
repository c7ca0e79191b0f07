package paysim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyStripePaysOutWithDatesAndFees(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"sandbox", "worldpay"} {
		b := newBench(t, Options{Provider: provider})
		id := b.paid(nil)
		b.Advance(30 * 24 * time.Hour)
		paid := b.get(id)
		require.Equal(t, provider, paid.at("payment_provider"))
		require.Equal(t, []string{"capture_submit_time", "captured_date"}, fieldsOf(paid.at("settlement_summary")))
		require.NotContains(t, paid.json, "fee")
		require.Len(t, paid.at("provider_id"), 36)
		require.Empty(t, b.found("from_settled_date=2026-01-01"))
	}

	b := newBench(t, Options{Provider: "stripe", RefundDelay: 24 * time.Hour})
	id := b.paid(nil) // on a Monday
	require.NotContains(t, b.get(id).json, "fee", "not collected yet")
	b.Advance(4 * 24 * time.Hour)
	require.Equal(t, "2026-03-03", b.get(id).at("settlement_summary", "captured_date"), "whenever the sweep saw it")
}

func TestStripesSettledDatesAreSearched(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Provider: "stripe"})
	b.Advance(4 * 24 * time.Hour) // a Friday
	id := b.paid(nil)
	paid := b.get(id)
	require.Equal(t, []any{57.0, 2443.0}, []any{paid.at("fee"), paid.at("net_amount")})
	require.Equal(t, 202, b.refundOf(id, `{"amount":500}`).status)
	b.Advance(3 * 24 * time.Hour)
	require.Empty(t, b.found("from_settled_date=2026-01-01"))
	b.Advance(24 * time.Hour)
	require.Equal(t, "2026-03-10", b.get(id).at("settlement_summary", "settled_date"), "not at a weekend")

	for query, want := range map[string]int{
		"from_settled_date=2026-03-10": 1, "from_settled_date=2026-03-11": 0,
		"to_settled_date=2026-03-10": 1, "to_settled_date=2026-03-09": 0,
	} {
		require.Len(t, b.found(query), want, query)
		refunds := b.do("GET", "/v1/refunds?"+query, "")
		require.Equal(t, float64(want), refunds.at("total"), query)
	}
	refund := b.do("GET", "/v1/payments/"+id+"/refunds/"+b.Payments()[0].Refunds[0].ID, "")
	require.Equal(t, map[string]any{"settled_date": "2026-03-10"}, refund.at("settlement_summary"))

	declined := b.newPayment(nil)
	require.NoError(t, b.Pay(declined, "declined"))
	require.Equal(t, []any{5.0, -5.0}, []any{b.get(declined).at("fee"), b.get(declined).at("net_amount")})
}

func TestAnAccountMayTakeTelephonePayments(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Moto: true, RefundDelay: time.Hour})
	id := b.paid(map[string]any{"moto": true})
	require.Equal(t, true, b.get(id).at("moto"))
	require.Equal(t, "unavailable", b.get(id).at("refund_summary", "status"), "while its capture is queued")
	b.Advance(time.Hour)
	require.Equal(t, "available", b.get(id).at("refund_summary", "status"))
	require.Equal(t, "pending", b.get(b.paid(nil)).at("refund_summary", "status"))
	held := b.paid(map[string]any{"delayed_capture": true})
	require.Equal(t, "unavailable", b.get(held).at("refund_summary", "status"))
}
