package pay

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"paygate/journey"
)

// searchPageSize is the number of entries on a page of a list.
const searchPageSize = 100

// FindByReference searches the payments created from a time on. It reads every page.
func (c *Client) FindByReference(
	ctx context.Context, reference string, from time.Time,
) ([]journey.PaymentSnapshot, error) {
	var found []journey.PaymentSnapshot
	for page := 1; ; page++ {
		query := searchQuery(journey.Search{From: from, Page: page})
		query.Set("reference", reference)
		list, err := c.searchPage(ctx, "/v1/payments", query)
		if code(err) == pastPayments {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for _, row := range list.Rows {
			snapshot, err := c.decode("search", row)
			if err != nil {
				return nil, err
			}
			if strings.EqualFold(snapshot.Reference, reference) {
				found = append(found, snapshot)
			}
		}
		if len(list.Rows) == 0 || page*searchPageSize >= list.Total {
			return found, nil
		}
	}
}

// Codes of a page past the end.
const (
	pastPayments = "P0402"
	pastRefunds  = "P1100"
)

// SearchPayments reads a page of the account's payments. An entry that is not clearly a payment has its id only. The
// error is [journey.ErrNoPage] past the end, unless the list is empty.
func (c *Client) SearchPayments(
	ctx context.Context, s journey.Search,
) (page journey.Page[journey.PaymentSnapshot], err error) {
	list, err := c.searchPage(ctx, "/v1/payments", searchQuery(s))
	if err != nil {
		return page, orNoPage(err, pastPayments)
	}
	page.Total = list.Total
	for _, row := range list.Rows {
		snapshot, err := c.decode("search", row)
		if err != nil {
			snapshot = journey.PaymentSnapshot{ID: idOf(row)}
		}
		page.Rows = append(page.Rows, snapshot)
	}
	return page, nil
}

func idOf(row []byte) string {
	var p struct {
		PaymentID string `json:"payment_id"`
	}
	_ = json.Unmarshal(row, &p)
	return idPattern.FindString(p.PaymentID)
}

// SearchRefunds reads a page of the account's refunds. The error is [journey.ErrNoPage] past the end, unless the list
// is empty.
func (c *Client) SearchRefunds(
	ctx context.Context, s journey.Search,
) (page journey.Page[journey.ListedRefund], err error) {
	list, err := c.searchPage(ctx, "/v1/refunds", searchQuery(s))
	if err != nil {
		return page, orNoPage(err, pastRefunds)
	}
	page.Total = list.Total
	for _, row := range list.Rows {
		var r refundJSON
		if json.Unmarshal(row, &r) != nil || r.RefundID == "" {
			return page, nonsense("search", "not a list of refunds")
		}
		page.Rows = append(page.Rows, journey.ListedRefund{PaymentID: idOf(row), Refund: r.refund()})
	}
	return page, nil
}

func orNoPage(err error, past string) error {
	if code(err) == past {
		return journey.ErrNoPage
	}
	return err
}

func searchQuery(s journey.Search) url.Values {
	query := url.Values{"page": {strconv.Itoa(s.Page)}, "display_size": {strconv.Itoa(searchPageSize)}}
	for name, at := range map[string]time.Time{"from_date": s.From, "to_date": s.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
	}
	return query
}

func (c *Client) searchPage(
	ctx context.Context, path string, query url.Values,
) (page journey.Page[json.RawMessage], err error) {
	body, err := c.do(ctx, call{"search", http.MethodGet, path + "?" + query.Encode(), nil}, http.StatusOK)
	if err != nil {
		return page, err
	}
	var answer struct {
		Total   int               `json:"total"`
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return page, nonsense("search", "not JSON")
	}
	return journey.Page[json.RawMessage]{Total: answer.Total, Rows: answer.Results}, nil
}
