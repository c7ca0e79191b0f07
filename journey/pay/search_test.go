package pay_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

var november = journey.Search{
	From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 30, 12, 0, 0, 5e6, time.UTC), Page: 3,
}

// list is a page of a list at Pay.
func list(total int, rows ...any) string {
	text, _ := json.Marshal(map[string]any{"total": total, "results": rows})
	return string(text)
}

func TestSearchPaymentsReadsOnePage(t *testing.T) {
	t.Parallel()
	var asked string
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		says(200, list(207,
			map[string]any{
				"payment_id": "pay1", "amount": 2500, "reference": "LIC-1",
				"state":    map[string]any{"status": "success"},
				"metadata": map[string]any{"ledger": "4711", "year": 2026, "paper": true},
			},
			map[string]any{"payment_id": "pay2", "amount": "a lot"},
			map[string]any{"payment_id": "../pay3"},
		))(w, r)
	})
	page, err := c.SearchPayments(t.Context(), november)
	require.NoError(t, err)
	require.Equal(t, "/v1/payments?display_size=100&from_date=2026-11-01T00%3A00%3A00.000Z&page=3"+
		"&to_date=2026-11-30T12%3A00%3A00.005Z", asked)
	require.Equal(t, journey.Page[journey.PaymentSnapshot]{Total: 207, Rows: []journey.PaymentSnapshot{
		{
			ID: "pay1", Reference: "LIC-1", Amount: 2500, Status: "success",
			Metadata: map[string]string{"ledger": "4711", "year": "2026", "paper": "true"},
		},
		{ID: "pay2"},
		{},
	}}, page, "an entry that is no payment counts, and its id can be asked for")
}

func TestSearchRefundsReadsOnePage(t *testing.T) {
	t.Parallel()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/v1/refunds", r.URL.Path)
		says(200, list(1, map[string]any{
			"refund_id": "ref1", "payment_id": "pay1", "amount": 500, "status": "success",
			"created_date": "2026-11-22T10:41:07.123Z",
		}))(w, r)
	})
	page, err := c.SearchRefunds(t.Context(), november)
	require.NoError(t, err)
	require.Equal(t, journey.Page[journey.ListedRefund]{Total: 1, Rows: []journey.ListedRefund{{
		PaymentID: "pay1", Refund: journey.Refund{
			ID: "ref1", Amount: 500, Status: "success", CreatedAt: time.Date(2026, 11, 22, 10, 41, 7, 123e6, time.UTC),
		},
	}}}, page)
}

func TestSearchTellsTheEndFromTrouble(t *testing.T) {
	t.Parallel()
	for code, past := range map[string]bool{"P0402": true, "P1100": true, "P0401": false, "P0498": false, "": false} {
		c := client(t, says(404, `{"code":"`+code+`"}`))
		_, payments := c.SearchPayments(t.Context(), november)
		_, refunds := c.SearchRefunds(t.Context(), november)
		require.Error(t, payments)
		require.Error(t, refunds)
		require.Equal(t, past, errors.Is(errors.Join(payments, refunds), journey.ErrNoPage), code)
	}
	c := client(t, says(200, `"no object"`))
	_, err := c.SearchPayments(t.Context(), november)
	require.ErrorContains(t, err, "not JSON")
}
