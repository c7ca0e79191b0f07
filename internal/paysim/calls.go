package paysim

import (
	"regexp"
	"strings"
)

var idempotencyKeyPattern = regexp.MustCompile(`^[A-Za-z0-9-]*$`)

func (s *Simulator) create(a asked) reply {
	request, wrong := parseCreate(a.body)
	if wrong == nil {
		wrong = s.refusesPayment(request)
	}
	if wrong == nil {
		wrong = refusesIdempotencyKey(a.Header.Values("Idempotency-Key"))
	}
	if wrong != nil {
		return refusal(wrong)
	}
	p := &payment{
		id: newID(), account: a.account, request: request, created: s.now(), browsers: map[string]bool{},
		provider: s.options.Provider, providerID: newProviderID(s.options.Provider),
	}
	s.record(p, "created", "")
	s.payments[p.id] = p
	s.list = append(s.list, p)
	return reply{status: 201, body: s.full(p), location: s.options.PublicURL + "/v1/payments/" + p.id}
}

// refusesIdempotencyKey checks the form of the header. For card pages it has no other effect (FACTS 2.3).
func refusesIdempotencyKey(keys []string) *apiError {
	wrong := &apiError{status: 422, Code: "P0102", Header: "Idempotency-Key"}
	switch {
	case len(keys) == 0:
		return nil
	case keys[0] == "", length(keys[0]) > 255:
		wrong.Text = "Header [Idempotency-Key] can have a size between 1 and 255"
	case !idempotencyKeyPattern.MatchString(keys[0]):
		wrong.Text = "Header [Idempotency-Key] can only contain alphanumeric characters and hyphens"
	default:
		return nil
	}
	return wrong
}

// refusesPayment returns the error if the account does not allow the payment.
func (s *Simulator) refusesPayment(c createRequest) *apiError {
	switch {
	case c.Mode == "moto_api":
		return &apiError{
			status: 422, Code: "P0195", Text: "Using authorisation_mode of moto_api is not allowed for this account",
		}
	case c.Moto && !s.options.Moto:
		return &apiError{status: 422, Code: "P0196", Text: "MOTO payments are not enabled for this account"}
	case c.SetUpAgreement, c.Mode == "agreement":
		return &apiError{
			status: 422, Code: "P0942", Text: "Recurring card payments are currently disabled for this service",
		}
	case c.Amount < 30 && s.options.Provider == "stripe":
		return invalid("amount", "Must be greater than or equal to 30")
	case c.Amount < 1: // 0 is only for accounts for which Pay has allowed it
		return invalid("amount", "Must be greater than or equal to 1")
	case s.options.Live && !strings.HasPrefix(c.ReturnURL, "https://"):
		return &apiError{
			status: 422, Code: "P0920", Field: "return_url",
			Text: "Invalid attribute value: return_url. Must begin with https:// for a live gateway account",
		}
	default:
		return nil
	}
}

// find returns a payment of the account, or a 404 with the call's own code.
func (s *Simulator) find(a asked, code string) (*payment, *apiError) {
	p := s.payments[a.PathValue("id")]
	if p == nil || p.account != a.account {
		return nil, notFound(code)
	}
	return p, nil
}

func notFound(code string) *apiError { return &apiError{status: 404, Code: code, Text: "Not found"} }

// of wraps a call that needs a payment. If there is no such payment, it answers with the call's own code.
func (s *Simulator) of(code string, serve func(asked, *payment) reply) serveFunc {
	return func(a asked) reply {
		p, wrong := s.find(a, code)
		if wrong != nil {
			return refusal(wrong)
		}
		return serve(a, p)
	}
}

func (s *Simulator) get(_ asked, p *payment) reply {
	return reply{status: 200, body: s.full(p)}
}

// getFromIndex answers a get while Pay is in trouble: the payment is as the lagging index has it, and without a
// next_url (FACTS 3.5). The index may not know it yet.
func (s *Simulator) getFromIndex(_ asked, p *payment) reply {
	if !s.isIndexed(p.created) {
		return refusal(notFound("P0200"))
	}
	return reply{status: 200, body: s.brief(p.asOf(s.indexedUntil()), s.indexedUntil())}
}

// getEvents includes the states of refunds without marking them, as Pay does (FACTS 3.6).
func (s *Simulator) getEvents(_ asked, p *payment) reply {
	list := []map[string]any{}
	for _, e := range p.events {
		list = append(list, map[string]any{
			"payment_id": p.id, "state": stateOf(e.status, e.code), "updated": milliseconds(e.at),
			"_links": map[string]any{"payment_url": s.link("GET", "/v1/payments/"+p.id)},
		})
	}
	return reply{status: 200, body: map[string]any{
		"payment_id": p.id, "events": list,
		"_links": map[string]any{"self": s.link("GET", "/v1/payments/"+p.id+"/events")},
	}}
}

// cancel is not repeatable: a second cancel is refused (FACTS 3.6).
func (s *Simulator) cancel(_ asked, p *payment) reply {
	if finished(p.status) {
		return refusal(&apiError{status: 400, Code: "P0501", Text: "Cancellation of payment failed"})
	}
	s.to(p, "cancelled", "P0040")
	return reply{status: 204}
}

// capture is repeatable (FACTS 3.6).
func (s *Simulator) capture(_ asked, p *payment) reply {
	switch {
	case p.status == "success":
		return reply{status: 204}
	case p.status != "capturable":
		return refusal(&apiError{status: 409, Code: "P1003", Text: "Payment cannot be captured"})
	}
	s.take(p)
	return reply{status: 204}
}
