package simulator

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

// full is a payment as create and get show it, with another live next_url while it is unfinished.
func (s *Simulator) full(p *payment) map[string]any {
	body := s.brief(p)
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

// brief is a payment as search shows it. What is there, absent or null follows FACTS 2.4.
func (s *Simulator) brief(p *payment) map[string]any {
	body := map[string]any{
		"payment_id": p.id, "amount": p.request.Amount, "reference": p.request.Reference, "description": p.request.Description,
		"state": stateOf(p.status, p.code), "payment_provider": "sandbox", "created_date": milliseconds(p.created),
		"language": p.request.Language, "delayed_capture": p.request.DelayedCapture, "moto": false, "authorisation_mode": "web",
		"return_url": p.request.ReturnURL, "settlement_summary": p.settlement(),
		"refund_summary": map[string]any{
			"status": s.refundStatus(p), "amount_available": p.total() - p.refunded(), "amount_submitted": p.refunded(),
		},
		"_links": map[string]any{
			"self":    s.link("GET", "/v1/payments/"+p.id),
			"events":  s.link("GET", "/v1/payments/"+p.id+"/events"),
			"refunds": s.link("GET", "/v1/payments/"+p.id+"/refunds"),
		},
	}
	if p.request.Email != "" {
		body["email"] = p.request.Email
	}
	if p.request.Metadata != nil {
		body["metadata"] = p.request.Metadata
	}
	if p.surcharge > 0 {
		body["corporate_card_surcharge"], body["total_amount"] = p.surcharge, p.total()
	}
	if p.card != nil {
		body["email"] = p.card.email
		body["card_details"], body["card_brand"], body["provider_id"] = p.card.json(), p.card.brand, "sandbox-"+p.id
	}
	return body
}

func (p *payment) settlement() map[string]any {
	if p.captured.IsZero() {
		return map[string]any{}
	}
	return map[string]any{"capture_submit_time": milliseconds(p.captured), "captured_date": p.captured.Format("2006-01-02")}
}

// json has every key, and null where nothing is known (FACTS trap 19).
func (c *card) json() map[string]any {
	return map[string]any{
		"card_brand": c.brand, "card_type": c.kind, "cardholder_name": c.name, "expiry_date": c.expiry,
		"last_digits_card_number": c.last, "first_digits_card_number": c.first, "wallet_type": nil,
		"billing_address": map[string]any{
			"line1": c.line1, "line2": c.line2, "city": c.city, "postcode": c.postcode, "country": c.country,
		},
	}
}
