package signature

import (
	"net/http"
	"strconv"
	"time"
)

// Release is all that the headers of a paid request say.
type Release struct {
	PaymentID  string
	Reference  string
	Amount     int64 // pence, the price
	Total      int64 // pence the citizen paid, with any card surcharge
	PaidAt     time.Time
	State      string // success, capturable, or pending when released before Pay confirmed
	Live       bool
	Route      string
	Journey    string
	Submission int
	Attempt    int
	Via        string

	Method, Path, Query string // as they are sent
	Body                []byte
}

// Signer makes the headers of paid requests. Safe for concurrent use.
type Signer struct {
	Keys     Keys
	Issuer   string // the public URL
	Audience string
	Now      func() time.Time
}

// Headers are all headers that say what was paid, with the assertion over them.
func (s Signer) Headers(r Release) (http.Header, error) {
	token, err := s.Keys[0].sign(s.claims(r))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Paygate-Status", "success")
	h.Set("Paygate-Payment-Id", r.PaymentID)
	h.Set("Paygate-Reference", asciiOf(r.Reference))
	h.Set("Paygate-Amount", strconv.FormatInt(r.Amount, 10))
	h.Set("Paygate-Total", strconv.FormatInt(r.Total, 10))
	h.Set("Paygate-Currency", "GBP")
	h.Set("Paygate-Mode", mode(r.Live))
	h.Set("Paygate-Route", r.Route)
	h.Set("Paygate-Journey", r.Journey)
	h.Set("Paygate-Submission", strconv.Itoa(r.Submission))
	h.Set("Paygate-Attempt", strconv.Itoa(r.Attempt))
	h.Set("Paygate-Via", r.Via)
	h.Set("Paygate-Assertion", token)
	if r.State == "pending" {
		h.Set("Paygate-Status", "pending")
	} else {
		h.Set("Paygate-Paid-At", r.PaidAt.UTC().Format(time.RFC3339))
	}
	return h, nil
}

func (s Signer) claims(r Release) Claims {
	now := s.Now()
	claims := Claims{
		Issuer: s.Issuer, Audience: s.Audience, IssuedAt: now.Unix(), Expires: now.Add(lifetime).Unix(), TokenID: tokenID(),
		Subject: r.PaymentID, Method: r.Method, Path: r.Path, Query: r.Query, BodySHA256: Digest(r.Body),
		Journey: r.Journey, Submission: r.Submission, Attempt: r.Attempt, Via: r.Via, Route: r.Route,
		Payment: Payment{
			ID: r.PaymentID, Ref: r.Reference, Amount: r.Amount, Total: r.Total, Currency: "GBP", State: r.State, Live: r.Live,
		},
	}
	if r.State != "pending" {
		paidAt := r.PaidAt.UTC().Truncate(time.Second)
		claims.Payment.PaidAt = &paidAt
	}
	return claims
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// asciiOf makes a header's value of a reference: other characters become question marks. The assertion has the
// reference itself.
func asciiOf(text string) string {
	out := []byte{}
	for _, r := range text {
		if r < ' ' || r > '~' {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return string(out)
}
