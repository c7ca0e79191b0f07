package signature

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Release is what the headers of a paid request say.
type Release struct {
	PaymentID  string
	Reference  string
	Amount     int64     // pence, the price
	Total      int64     // pence that the citizen paid, with any card surcharge
	PaidAt     time.Time // when Paygate first read Pay's confirmation; not used while pending
	State      string    // success, capturable, or pending if released before Pay confirmed
	Live       bool
	Route      string
	Journey    string
	Submission int
	Attempt    int
	Via        string // return, mopup, webhook, staff or pass

	CardBrand, CardLast4, PayerEmail string // of the payer; empty if unknown or not shared

	Method, Path, Query string // as they are sent
	Body                []byte
}

// Signer makes the headers of paid requests. It is safe for concurrent use.
type Signer struct {
	Keys     Keys
	Issuer   string // the public URL
	Audience string
	Now      func() time.Time
}

// Errors that prevent headers from saying paid without a confirmation.
var (
	ErrUnpaid  = errors.New("the payment is neither success, capturable nor pending")
	ErrUndated = errors.New("it is not known when the payment was confirmed")
)

const (
	pending         = "pending"
	assertionHeader = "Paygate-Assertion"
	statusHeader    = "Paygate-Status"
)

// Headers returns all headers that say what was paid, including the assertion. The caller sets them, and never adds
// them to others. Errors are [ErrUnpaid], [ErrUndated], [ErrNoKey], or those of signing.
func (s Signer) Headers(r Release) (http.Header, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return s.headers(s.claims(r))
}

func (s Signer) headers(claims Claims) (http.Header, error) {
	token, err := s.Sign(claims)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	for _, line := range clearText(claims) {
		if line.value != "" {
			h.Set(line.name, line.value)
		}
	}
	h.Set(assertionHeader, token)
	return h, nil
}

func (r Release) check() error {
	switch r.State {
	case pending:
		return nil
	case "success", "capturable":
		if r.PaidAt.IsZero() {
			return ErrUndated
		}
		return nil
	default:
		return ErrUnpaid
	}
}

func (s Signer) claims(r Release) Claims {
	now := s.Now()
	claims := Claims{
		Issuer: s.Issuer, Audience: s.Audience,
		IssuedAt: now.Unix(), Expires: now.Add(lifetime).Unix(), TokenID: tokenID(),
		Subject: r.PaymentID, Method: r.Method, Path: r.Path, Query: r.Query, BodySHA256: Digest(r.Body),
		Journey: r.Journey, Submission: r.Submission, Attempt: r.Attempt, Via: r.Via, Route: r.Route,
		Payment: Payment{
			ID: r.PaymentID, Ref: r.Reference, Amount: r.Amount, Total: r.Total, Currency: "GBP",
			State: r.State, Live: r.Live, CardBrand: r.CardBrand, CardLast4: r.CardLast4, Email: r.PayerEmail,
		},
	}
	if r.State != pending && !r.PaidAt.IsZero() {
		paidAt := r.PaidAt.UTC().Truncate(time.Second)
		claims.Payment.PaidAt = &paidAt
	}
	return claims
}

// headerLine is one header in clear text. It is absent if the value is empty.
type headerLine struct{ name, value string }

// clearText returns the headers that say the same as the assertion, for signing and verifying.
func clearText(c Claims) []headerLine {
	if c.Event != nil {
		return []headerLine{{statusHeader, eventStatus}}
	}
	return []headerLine{
		{statusHeader, status(c.Payment.State)},
		{"Paygate-Payment-Id", printable(c.Payment.ID)},
		{"Paygate-Reference", printable(c.Payment.Ref)},
		{"Paygate-Amount", strconv.FormatInt(c.Payment.Amount, 10)},
		{"Paygate-Total", strconv.FormatInt(c.Payment.Total, 10)},
		{"Paygate-Currency", c.Payment.Currency},
		{"Paygate-Paid-At", paidAt(c.Payment.PaidAt)},
		{"Paygate-Mode", mode(c.Payment.Live)},
		{"Paygate-Card-Brand", printable(c.Payment.CardBrand)},
		{"Paygate-Card-Last4", printable(c.Payment.CardLast4)},
		{"Paygate-Payer-Email", printable(c.Payment.Email)},
		{"Paygate-Route", c.Route},
		{"Paygate-Journey", c.Journey},
		{"Paygate-Submission", strconv.Itoa(c.Submission)},
		{"Paygate-Attempt", strconv.Itoa(c.Attempt)},
		{"Paygate-Via", c.Via},
	}
}

func status(state string) string {
	if state == pending {
		return pending
	}
	return "success"
}

func paidAt(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// printable makes a header value of a text that is not ours: characters other than printable ASCII become question
// marks, and blanks around it are removed, as they are in transit. The assertion has the text itself.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text))
}
