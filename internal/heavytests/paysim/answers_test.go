package paysim

import (
	"strconv"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

// strictDescription is Pay's description, corrected where it is known to be wrong, and made strict: a field that it
// does not list is an error.
func strictDescription(t *testing.T) *openapi3.T {
	t.Helper()
	document := loadDescription(t)
	schemas := document.Components.Schemas
	for _, schema := range schemas {
		if schema.Value.Type.Is("object") {
			no := false
			schema.Value.AdditionalProperties.Has = &no
		}
	}
	// Metadata is plain pairs, not nested objects.
	yes := true
	schemas["ExternalMetadata"].Value.Properties = nil
	schemas["ExternalMetadata"].Value.AdditionalProperties.Has = &yes
	// The parameters of a form are texts, not objects.
	schemas["PostLink"].Value.Properties["params"].Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &yes}
	// What can be null is not said: within card details everything can.
	for _, name := range []string{"CardDetails", "CardDetailsFromResponse", "Address"} {
		for field, property := range schemas[name].Value.Properties {
			if property.Value == nil || property.Ref != "" {
				schemas[name].Value.Properties[field] = &openapi3.SchemaRef{Value: schemas["Address"].Value}
				schemas["Address"].Value.Nullable = true
				continue
			}
			property.Value.Nullable = true
			property.Value.Enum = nil // "null" is a word in one list; wallets are not simulated
		}
	}
	// The answer to a create leaves out what every payment has.
	created := schemas["CreatePaymentResult"].Value.Properties
	for _, name := range []string{"authorisation_mode"} {
		created[name] = schemas["PaymentWithAllLinks"].Value.Properties[name]
	}
	created["card_details"] = schemas["PaymentWithAllLinks"].Value.Properties["card_details"]
	return document
}

// TestAnswersFitPaysPublishedDescription compares one answer of each sort.
func TestAnswersFitPaysPublishedDescription(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]paysim.Options{
		"the sandbox": {Surcharge: 250},
		"Stripe":      {Surcharge: 250, PostLimit: -1, Provider: "stripe", Moto: true, ThreeDSecure: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answersFit(t, strictDescription(t), newServer(t, options), options.Moto)
		})
	}
}

func answersFit(t *testing.T, document *openapi3.T, pay server, moto bool) {
	rich := map[string]any{
		"email": "ann@example.org", "metadata": map[string]any{"n": 7, "s": "x"}, "delayed_capture": true,
		"language": "cy", "moto": moto,
		"prefilled_cardholder_details": map[string]any{
			"cardholder_name": "Ann", "billing_address": map[string]any{"line1": "1 Quay"},
		},
	}
	open, held, paid, failed := pay.newPayment(rich), pay.newPayment(rich), pay.newPayment(nil), pay.newPayment(nil)
	require.NoError(t, pay.Pay(held, "success"))
	require.NoError(t, pay.PayWithCard(paid, "4111111111111111"))
	require.NoError(t, pay.Pay(failed, "declined"))
	challenged := pay.newPayment(nil)
	require.NoError(t, pay.PayWithCard(challenged, "4000002500003155"))
	refund := func(body string) answer { return pay.do("POST", "/v1/payments/"+paid+"/refunds", body) }
	made := refund(`{"amount":500,"refund_amount_available":2750}`)

	const one = "/v1/payments/{paymentId}"
	for _, c := range []struct {
		method, template string
		answer           answer
	}{
		{"POST", "/v1/payments", pay.created(nil)},
		{"POST", "/v1/payments", pay.created(rich)},
		{"POST", "/v1/payments", pay.create(map[string]any{"amount": nil})},
		{"POST", "/v1/payments", pay.create(map[string]any{"amount": -1})},
		{"GET", "/v1/payments", pay.do("GET", "/v1/payments?display_size=2&page=2", "")},
		{"GET", "/v1/payments", pay.do("GET", "/v1/payments?state=capturable", "")},
		{"GET", "/v1/payments", pay.do("GET", "/v1/payments?page=9", "")},
		{"GET", one, pay.do("GET", "/v1/payments/"+open, "")},
		{"GET", one, pay.do("GET", "/v1/payments/"+held, "")},
		{"GET", one, pay.do("GET", "/v1/payments/"+paid, "")},
		{"GET", one, pay.do("GET", "/v1/payments/"+failed, "")},
		{"GET", one, pay.do("GET", "/v1/payments/"+challenged, "")},
		{"GET", one, pay.do("GET", "/v1/payments/nothing", "")},
		{"GET", one + "/events", pay.do("GET", "/v1/payments/"+paid+"/events", "")},
		{"POST", one + "/cancel", pay.do("POST", "/v1/payments/"+paid+"/cancel", "{}")},
		{"POST", one + "/capture", pay.do("POST", "/v1/payments/"+failed+"/capture", "{}")},
		{"POST", one + "/refunds", made},
		{"POST", one + "/refunds", refund(`{"amount":1,"refund_amount_available":1}`)},
		{"GET", one + "/refunds", pay.do("GET", "/v1/payments/"+paid+"/refunds", "")},
		{"GET", one + "/refunds/{refundId}", pay.do("GET", "/v1/payments/"+paid+"/refunds/"+made.at("refund_id"), "")},
		{"GET", "/v1/refunds", pay.do("GET", "/v1/refunds?display_size=1", "")},
		{"GET", "/v1/refunds", pay.do("GET", "/v1/refunds?page=none", "")},
		{"GET", "/v1/refunds", pay.do("GET", "/v1/refunds?page=9", "")},
	} {
		fitsPublished(t, document, c.method, c.template, c.answer)
	}
	pay.Advance(10 * 24 * time.Hour) // Stripe has paid out
	for path, template := range map[string]string{
		"/v1/payments": "/v1/payments", "/v1/refunds": "/v1/refunds", "/v1/payments/" + paid: one,
		"/v1/payments/" + paid + "/refunds": one + "/refunds",
	} {
		fitsPublished(t, document, "GET", template, pay.do("GET", path, ""))
	}
}

// unlisted are answers that Pay gives and describes nowhere, or under another status, with what they look like.
var unlisted = map[string]string{
	"GET /v1/payments 404":                      "ErrorResponse",
	"GET /v1/refunds 404":                       "ErrorResponse",
	"POST /v1/payments/{paymentId}/refunds 202": "Refund",
	"POST /v1/payments/{paymentId}/refunds 412": "ErrorResponse",
}

func fitsPublished(t *testing.T, document *openapi3.T, method, template string, a answer) {
	t.Helper()
	name := method + " " + template + " " + strconv.Itoa(a.status)
	schema := document.Components.Schemas[unlisted[name]]
	if schema == nil {
		response := document.Paths.Value(template).GetOperation(method).Responses.Status(a.status)
		require.NotNil(t, response, "%s is not described", name)
		content := response.Value.Content.Get("application/json")
		require.NotNil(t, content, "%s has no body", name)
		schema = content.Schema
	}
	require.NoError(t, schema.Value.VisitJSON(a.json, openapi3.MultiErrors()), name)
}
