package paysim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

// exampleOf returns the example that Pay's description gives for a schema: its own, or that of each of its fields. An
// object whose own example is a text has none that could be sent.
func exampleOf(schema *openapi3.Schema) any {
	if !schema.Type.Is("object") {
		return schema.Example
	}
	fields := map[string]any{}
	for name, property := range schema.Properties {
		if example := exampleOf(property.Value); example != nil {
			fields[name] = example
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// exampleBody returns the example of a request's body without the fields that are left out on purpose, and with others
// instead of some.
func exampleBody(t *testing.T, spec *openapi3.T, schema string, over map[string]any) string {
	t.Helper()
	fields := exampleOf(spec.Components.Schemas[schema].Value).(map[string]any)
	maps.DeleteFunc(fields, func(name string, _ any) bool { return strings.Contains(name, "agreement") })
	require.NotEmpty(t, fields)
	maps.Copy(fields, over)
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(body)
}

// exampleQuery returns the example of a search: every parameter that has one.
func exampleQuery(operation *openapi3.Operation) url.Values {
	query := url.Values{}
	for _, parameter := range operation.Parameters {
		if example, given := parameter.Value.Example.(string); given && parameter.Value.In == "query" {
			query.Set(parameter.Value.Name, example)
		}
	}
	return query
}

// TestPublishedExamplesAreUnderstood sends what Pay's own description gives as examples.
func TestPublishedExamplesAreUnderstood(t *testing.T) {
	t.Parallel()
	spec := loadDescription(t)
	pay := newServer(t, paysim.Options{PostLimit: -1})
	enough := map[string]any{"amount": 200000} // for the example of a refund
	made := pay.do("POST", "/v1/payments", exampleBody(t, spec, "CreateCardPaymentRequest", enough))
	require.Equal(t, http.StatusCreated, made.status, made.json)
	require.Equal(t, "New passport application", made.at("description"))
	require.Equal(t, "address line 1", made.at("card_details", "billing_address", "line1"))
	id := made.at("payment_id")
	require.NoError(t, pay.Pay(id, "success"))
	refunded := pay.do("POST", "/v1/payments/"+id+"/refunds", exampleBody(t, spec, "PaymentRefundRequest", nil))
	require.Equal(t, http.StatusAccepted, refunded.status, refunded.json)

	for path, item := range spec.Paths.Map() {
		operation := item.Get
		if operation == nil || strings.Contains(path, "{") || slices.Contains(leftOut, path) {
			continue
		}
		found := pay.do("GET", path+"?"+exampleQuery(operation).Encode(), "")
		require.Equal(t, http.StatusOK, found.status, "%s: %v", path, found.json)
	}
}

// leftOut are the searches that the simulator leaves out on purpose.
var leftOut = []string{"/v1/agreements", "/v1/disputes"}
