package pay

import (
	"cmp"
	"encoding/json"
	"time"

	"paygate/journey"
)

// newPaymentJSON is the body of a create (FACTS 2.1).
func newPaymentJSON(p journey.NewPayment) map[string]any {
	body := map[string]any{
		"amount":          p.Amount,
		"reference":       cmp.Or(CleanText(p.Reference), "payment"),
		"description":     cmp.Or(CleanText(p.Description), "Payment"),
		"return_url":      p.ReturnURL,
		"delayed_capture": p.DelayedCapture,
		"language":        "en",
	}
	if p.Language == "cy" {
		body["language"] = "cy"
	}
	if metadata := CleanMetadata(p.Metadata); len(metadata) > 0 {
		body["metadata"] = metadata
	}
	addPrefill(body, p.Prefill)
	return body
}

func addPrefill(body map[string]any, p journey.Prefill) {
	if email := cleanWithin(p.Email, 254); email != "" {
		body["email"] = email
	}
	address := map[string]string{}
	for name, value := range map[string]string{
		"line1": cleanWithin(p.Line1, 255), "line2": cleanWithin(p.Line2, 255), "city": cleanWithin(p.City, 255),
		"postcode": cleanWithin(p.Postcode, 25), "country": country(p.Country),
	} {
		if value != "" {
			address[name] = value
		}
	}
	details := map[string]any{}
	if name := cleanWithin(p.CardholderName, 255); name != "" {
		details["cardholder_name"] = name
	}
	if len(address) > 0 {
		details["billing_address"] = address
	}
	if len(details) > 0 {
		body["prefilled_cardholder_details"] = details
	}
}

type stateJSON struct {
	Status   string `json:"status"`
	Finished bool   `json:"finished"`
	Code     string `json:"code"`
}

// paymentJSON has the fields of a payment that we read. All others, now or in future, are ignored (FACTS 1.1).
type paymentJSON struct {
	PaymentID      string    `json:"payment_id"`
	Amount         *int64    `json:"amount"`
	TotalAmount    int64     `json:"total_amount"`
	Reference      string    `json:"reference"`
	Description    string    `json:"description"`
	Metadata       metadata  `json:"metadata"`
	State          stateJSON `json:"state"`
	DelayedCapture bool      `json:"delayed_capture"`
	ReturnURL      string    `json:"return_url"`
	CreatedDate    string    `json:"created_date"`
	Provider       string    `json:"payment_provider"`
	ProviderID     string    `json:"provider_id"`
	Fee            *int64    `json:"fee"`
	NetAmount      *int64    `json:"net_amount"`
	Refunds        struct {
		Status    string `json:"status"`
		Available int64  `json:"amount_available"`
		Submitted int64  `json:"amount_submitted"`
	} `json:"refund_summary"`
	Settlement struct {
		Captured string `json:"captured_date"`
		Settled  string `json:"settled_date"`
	} `json:"settlement_summary"`
	Links struct {
		NextURL *struct {
			Href string `json:"href"`
		} `json:"next_url"`
	} `json:"_links"`
}

// metadata is what was given at creation. A value that is a number or a boolean is read as its text.
type metadata map[string]string

// UnmarshalJSON implements json.Unmarshaler. It leaves out what cannot be read.
func (m *metadata) UnmarshalJSON(text []byte) error {
	var values map[string]json.RawMessage
	if json.Unmarshal(text, &values) != nil || len(values) == 0 {
		return nil
	}
	*m = metadata{}
	for key, value := range values {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		(*m)[key] = s
	}
	return nil
}

// maxAmount is Pay's own limit in pence, plus a margin for any surcharge.
const maxAmount = 100_000_000

// decode reads one payment. An answer that is not clearly a payment is an error with an unknown outcome.
func (c *Client) decode(call string, body []byte) (journey.PaymentSnapshot, error) {
	var p paymentJSON
	if err := json.Unmarshal(body, &p); err != nil || !p.plausible() {
		return journey.PaymentSnapshot{}, nonsense(call, "not a payment")
	}
	snapshot := journey.PaymentSnapshot{
		ID: p.PaymentID, Reference: p.Reference, Description: p.Description, Metadata: p.Metadata,
		Amount: *p.Amount, Total: p.TotalAmount,
		Status: p.State.Status, Code: p.State.Code, Finished: p.State.Finished,
		DelayedCapture: p.DelayedCapture, ReturnURL: p.ReturnURL, CreatedAt: lenientTime(p.CreatedDate),
		RefundStatus: p.Refunds.Status, RefundAvailable: p.Refunds.Available, RefundSubmitted: p.Refunds.Submitted,
		Provider: p.Provider, ProviderID: p.ProviderID,
		Fee: p.Fee, Net: p.NetAmount, CapturedDate: p.Settlement.Captured, SettledDate: p.Settlement.Settled,
	}
	if next := p.Links.NextURL; next != nil && c.allowed(next.Href) {
		snapshot.NextURL = next.Href
	}
	return snapshot, nil
}

// plausible reports whether the fields that we rely on are there and in range. What can still be refunded is negative
// after too many refunds.
func (p paymentJSON) plausible() bool {
	inRange := func(pence int64) bool { return pence >= 0 && pence <= maxAmount }
	return idPattern.MatchString(p.PaymentID) && p.State.Status != "" && p.Amount != nil && inRange(*p.Amount) &&
		inRange(p.TotalAmount) && p.Refunds.Submitted >= 0 && inRange(max(p.Refunds.Available, -p.Refunds.Available))
}

// lenientTime returns zero for a date that cannot be read: that must not make a journey fail (FACTS 2.4).
func lenientTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
