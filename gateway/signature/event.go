package signature

import (
	"encoding/json"
	"net/http"
	"time"
)

const eventStatus = "event"

// Event is what the service is told about a payment after the release.
type Event struct {
	ID            string    `json:"id"` // the same on every attempt
	What          string    `json:"what"`
	Amount        int64     `json:"amount"`         // pence
	RefundedTotal int64     `json:"refunded_total"` // pence that the citizen has back, with this event
	At            time.Time `json:"at"`             // UTC, whole seconds: when Paygate learnt of it
}

// eventBody is the body of the request, with the same words as the claims.
type eventBody struct {
	Journey string  `json:"jny"`
	Route   string  `json:"route"`
	Payment Payment `json:"pay"`
	Event   *Event  `json:"evt"`
}

// Event returns the headers and the body of a request that tells the service about an event. The state of the payment
// may be any word of Pay.
func (s Signer) Event(r Release, e Event) (http.Header, []byte, error) {
	e.At = e.At.UTC().Truncate(time.Second)
	claims := s.claims(r)
	claims.Event = &e
	body, err := json.Marshal(eventBody{claims.Journey, claims.Route, claims.Payment, claims.Event})
	if err != nil {
		return nil, nil, err
	}
	claims.BodySHA256 = Digest(body)
	h, err := s.headers(claims)
	return h, body, err
}
