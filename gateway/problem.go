package gateway

import (
	"encoding/json"
	"net/http"

	"paygate/gateway/pages"
	"paygate/journey"
)

// problem is a problem document.
func (g *Gateway) problem(w http.ResponseWriter, a answer) {
	title := http.StatusText(a.status)
	document := map[string]any{"type": "about:blank", "title": title, "status": a.status, "detail": g.Pages.Summary(a.page, a.view)}
	if a.view.Reference != "" {
		document["reference"], document["amount_pence"] = a.view.Reference, a.view.AmountPence
	}
	writeProblem(w, a.status, document)
}

// paymentRequired tells a script where its citizen pays.
func (g *Gateway) paymentRequired(w http.ResponseWriter, began journey.Began) {
	terms := began.Journey.Terms
	writeProblem(w, http.StatusPaymentRequired, map[string]any{
		"type": "about:blank", "title": "Payment Required", "status": http.StatusPaymentRequired,
		"detail":       terms.Description + ": " + pages.Pounds(terms.Amount) + ". Send the citizen to pay_url; the request is sent when they have paid.",
		"amount_pence": terms.Amount, "reference": terms.Reference, "pay_url": began.NextURL,
	})
}

func writeProblem(w http.ResponseWriter, status int, document map[string]any) {
	ownHeader(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}
