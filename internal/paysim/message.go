package paysim

import "encoding/json"

// webhookWords maps a failed payment to its words in messages, which differ from those of the API (FACTS 7.3).
var webhookWords = map[string]string{"P0010": "declined", "P0020": "timedout", "P0030": "cancelled"}

// webhookState returns a state in the words of messages. A cancellation by the service has the code of one by the user
// (FACTS 7.3).
func webhookState(status, code string) map[string]any {
	word, isFailure := webhookWords[code]
	if !isFailure {
		word = status
	}
	if code == "P0040" {
		code = "P0030"
	}
	state := stateOf(status, code)
	state["status"] = word
	return state
}

// message returns the payment as it is when the message is built, not when the event happened.
func (s *Simulator) message(d *delivery) []byte {
	resource := s.brief(d.payment, s.now())
	for _, left := range []string{"_links", "provider_id", "authorisation_mode", "card_brand"} {
		delete(resource, left)
	}
	delete(object("settlement_summary", resource), "settled_date")
	if details, known := resource["card_details"].(map[string]any); known {
		delete(details, "wallet_type")
		resource["authorisation_summary"] = secured(d.payment.secured) // also when it was not required
	}
	resource["state"] = webhookState(d.payment.status, d.payment.code)
	body, err := json.Marshal(map[string]any{
		"webhook_message_id": d.id, "api_version": 1, "created_date": milliseconds(d.at), "resource_id": d.payment.id,
		"resource_type": "PAYMENT", "event_type": d.event, "resource": resource,
	})
	if err != nil {
		panic(err) // plain values only
	}
	return body
}
