package pay

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"paygate/journey"
)

// refundJSON has the fields of a refund that we read.
type refundJSON struct {
	RefundID    string `json:"refund_id"`
	Amount      int64  `json:"amount"`
	Status      string `json:"status"`
	CreatedDate string `json:"created_date"`
	Settlement  struct {
		Settled string `json:"settled_date"`
	} `json:"settlement_summary"`
}

func (r refundJSON) refund() journey.Refund {
	return journey.Refund{
		ID: r.RefundID, Amount: r.Amount, Status: r.Status, CreatedAt: lenientTime(r.CreatedDate),
		SettledDate: r.Settlement.Settled,
	}
}

// Refund gives money back if exactly available pence can still be refunded. If Pay accepts the refund with an answer
// that cannot be read, the id of the refund that is returned is empty.
func (c *Client) Refund(ctx context.Context, id string, amount, available int64) (journey.Refund, error) {
	path, err := paymentPath("refund", id, "/refunds")
	if err != nil {
		return journey.Refund{}, err
	}
	order := map[string]int64{"amount": amount, "refund_amount_available": available}
	body, err := c.do(ctx, call{"refund", http.MethodPost, path, order}, http.StatusAccepted)
	if err != nil {
		return journey.Refund{}, err
	}
	var made refundJSON
	if json.Unmarshal(body, &made) != nil {
		made = refundJSON{}
	}
	return made.refund(), nil
}

// Refunds lists every refund of a payment, oldest first.
func (c *Client) Refunds(ctx context.Context, id string) ([]journey.Refund, error) {
	path, err := paymentPath("refunds", id, "/refunds")
	if err != nil {
		return nil, err
	}
	body, err := c.do(ctx, call{"refunds", http.MethodGet, path, nil}, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Embedded struct {
			Refunds []refundJSON `json:"refunds"`
		} `json:"_embedded"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, nonsense("refunds", "not a list of refunds")
	}
	refunds := []journey.Refund{}
	for _, r := range answer.Embedded.Refunds {
		refunds = append(refunds, r.refund())
	}
	slices.SortStableFunc(refunds, func(a, b journey.Refund) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return refunds, nil
}
