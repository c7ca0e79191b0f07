package paysim

import "time"

func stateOf(status, code string) map[string]any {
	state := map[string]any{"status": status, "finished": finished(status)}
	if code != "" {
		state["code"], state["message"] = code, codeMessages[code]
	}
	return state
}

func (s *Simulator) link(method, path string) map[string]any {
	return map[string]any{"href": s.options.PublicURL + path, "method": method}
}

// full is a payment as create and get show it, with a new next_url if the citizen still has to act (FACTS 2.4, 3.5).
func (s *Simulator) full(p *payment) map[string]any {
	body := s.brief(p, s.now())
	links := body["_links"].(map[string]any)
	if finished(p.status) {
		return body
	}
	links["cancel"] = s.link("POST", "/v1/payments/"+p.id+"/cancel")
	if p.status == "capturable" {
		links["capture"] = s.link("POST", "/v1/payments/"+p.id+"/capture")
		return body
	}
	token := s.newToken(p)
	links["next_url"] = s.link("GET", "/secure/"+token)
	links["next_url_post"] = map[string]any{
		"type": "application/x-www-form-urlencoded", "params": map[string]any{"chargeTokenId": token},
		"href": s.options.PublicURL + "/secure", "method": "POST",
	}
	return body
}

// brief is a payment as search shows it at a time. Which fields are present, absent or null follows FACTS 2.4.
func (s *Simulator) brief(p *payment, at time.Time) map[string]any {
	body := map[string]any{
		"payment_id": p.id, "amount": p.request.Amount, "reference": p.request.Reference,
		"description": p.request.Description,
		"state":       stateOf(p.status, p.code), "payment_provider": p.provider,
		"created_date": milliseconds(p.created),
		"language":     p.request.Language, "delayed_capture": p.request.DelayedCapture, "moto": p.request.Moto,
		"authorisation_mode": "web",
		"return_url":         p.request.ReturnURL, "settlement_summary": p.settlement(at),
		"refund_summary": map[string]any{
			"status": p.refundStatus(), "amount_available": p.total() - p.refunded(), "amount_submitted": p.refunded(),
		},
		"_links": map[string]any{
			"self":    s.link("GET", "/v1/payments/"+p.id),
			"events":  s.link("GET", "/v1/payments/"+p.id+"/events"),
			"refunds": s.link("GET", "/v1/payments/"+p.id+"/refunds"),
		},
	}
	if email := p.email(); email != "" {
		body["email"] = email
	}
	if p.request.Metadata != nil {
		body["metadata"] = p.request.Metadata
	}
	if p.surcharge > 0 {
		body["corporate_card_surcharge"], body["total_amount"] = p.surcharge, p.total()
	}
	if p.secured {
		body["authorisation_summary"] = secured(true)
	}
	switch {
	case p.card != nil:
		body["card_details"], body["card_brand"], body["provider_id"] = p.card.json(), p.card.brand, p.providerID
	case len(p.request.prefilled()) > 0:
		body["card_details"] = p.request.card().json()
	}
	if fee := p.fee(); fee > 0 {
		body["fee"], body["net_amount"] = fee, p.received()-fee
	}
	return body
}

func secured(required bool) map[string]any {
	return map[string]any{"three_d_secure": map[string]any{"required": required}}
}

func (p *payment) email() string {
	if p.card != nil && p.card.email != "" {
		return p.card.email
	}
	return p.request.Email
}

// card returns what is known about a card from the prefilled fields only.
func (c createRequest) card() *card {
	return &card{
		name: c.Cardholder, line1: c.Line1, line2: c.Line2, city: c.City, postcode: c.Postcode, country: c.Country,
	}
}

// json has every key, with null for unknown values (FACTS 2.4).
func (c *card) json() map[string]any {
	return map[string]any{
		"card_brand": c.brand, // "" while the details are only prefilled
		"card_type":  orNull(c.kind), "cardholder_name": orNull(c.name),
		"expiry_date":             orNull(c.expiry),
		"last_digits_card_number": orNull(c.last), "first_digits_card_number": orNull(c.first), "wallet_type": nil,
		"billing_address": c.address(),
	}
}

// address is null if none was collected.
func (c *card) address() any {
	if c.line1+c.line2+c.city+c.postcode+c.country == "" {
		return nil
	}
	return map[string]any{
		"line1": orNull(c.line1), "line2": orNull(c.line2), "city": orNull(c.city), "postcode": orNull(c.postcode),
		"country": orNull(c.country),
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func milliseconds(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
