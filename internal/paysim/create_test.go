package paysim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInvalidCreatesAreRefusedAsAtPay(t *testing.T) {
	t.Parallel()
	manyPairs := map[string]any{}
	for i := range 16 {
		manyPairs[fmt.Sprint("key", i)] = "v"
	}
	prefill := func(details any) map[string]any { return map[string]any{"prefilled_cardholder_details": details} }
	metadata := func(pairs any) map[string]any { return map[string]any{"metadata": pairs} }
	long := strings.Repeat("x", 256)

	for name, c := range map[string]struct {
		over   map[string]any
		status int
		code   string
		field  any // nil: named in the description alone
	}{
		"no amount":                    {map[string]any{"amount": nil}, 400, "P0101", "amount"},
		"an amount in a string":        {map[string]any{"amount": "2500"}, 400, "P0102", "amount"},
		"a decimal amount":             {map[string]any{"amount": json.Number("25.00")}, 400, "P0102", "amount"},
		"an amount of nothing":         {map[string]any{"amount": 0}, 422, "P0102", "amount"},
		"a negative amount":            {map[string]any{"amount": -1}, 422, "P0102", "amount"},
		"too large an amount":          {map[string]any{"amount": 10_000_001}, 422, "P0102", "amount"},
		"no reference":                 {map[string]any{"reference": nil}, 400, "P0101", "reference"},
		"a blank reference":            {map[string]any{"reference": "  "}, 400, "P0101", "reference"},
		"a reference that is a number": {map[string]any{"reference": 7}, 400, "P0102", "reference"},
		"a reference with a bracket":   {map[string]any{"reference": "a<b"}, 400, "P0102", "reference"},
		"a reference with a bar":       {map[string]any{"reference": "a|b"}, 400, "P0102", "reference"},
		"a reference with a quote":     {map[string]any{"reference": `a"b`}, 400, "P0920", nil},
		"a reference with a backslash": {map[string]any{"reference": `a\b`}, 400, "P0920", nil},
		"too long a reference":         {map[string]any{"reference": long}, 422, "P0102", "reference"},
		"no description":               {map[string]any{"description": nil}, 400, "P0101", "description"},
		"too long a description":       {map[string]any{"description": long}, 422, "P0102", "description"},
		"no return_url":                {map[string]any{"return_url": nil}, 400, "P0101", nil},
		"a return_url that is none":    {map[string]any{"return_url": "back"}, 422, "P0102", nil},
		"a return_url of another kind": {map[string]any{"return_url": "ftp://a.example/b"}, 422, "P0102", nil},
		"too long a return_url": {
			map[string]any{"return_url": "https://a.gov.uk/" + strings.Repeat("x", 2000)}, 422, "P0102", "return_url",
		},
		"a return_url that is a number": {map[string]any{"return_url": 7}, 400, "P0102", "return_url"},
		"an amount over int32":          {map[string]any{"amount": 1 << 31}, 400, "P0102", "amount"},
		"no language at all": {
			map[string]any{"language": json.RawMessage("null")},
			400,
			"P0102", "language",
		},
		"metadata that is null": {metadata(json.RawMessage("null")), 422, "P0102", "metadata"},
		"an agreement of another length": {
			map[string]any{"set_up_agreement": "short"}, 422, "P0102", "set_up_agreement",
		},
		"a mode with a return_url": {map[string]any{"authorisation_mode": "agreement"}, 400, "P0104", nil},
		"the mode of agreements": {
			map[string]any{"authorisation_mode": "agreement", "return_url": nil}, 422, "P0942", nil,
		},
		"another language":            {map[string]any{"language": "fr"}, 422, "P0102", "language"},
		"a language that is a number": {map[string]any{"language": 1}, 400, "P0102", "language"},
		"too long an e-mail":          {map[string]any{"email": strings.Repeat("x", 255)}, 422, "P0102", "email"},
		"delayed_capture in a string": {map[string]any{"delayed_capture": "true"}, 400, "P0102", "delayed_capture"},
		"moto":                        {map[string]any{"moto": true}, 422, "P0196", nil},
		"an unknown mode": {
			map[string]any{"authorisation_mode": "post"}, 422, "P0102", "authorisation_mode",
		},
		"a mode that is not enabled": {
			map[string]any{"authorisation_mode": "moto_api", "return_url": nil}, 422, "P0195", nil,
		},
		"an agreement without the mode": {
			map[string]any{"agreement_id": strings.Repeat("a", 26)}, 400, "P0104", nil,
		},
		"a kind without an agreement": {
			map[string]any{"agreement_payment_type": "recurring"}, 400, "P0104", nil,
		},
		"setting up an agreement": {
			map[string]any{"set_up_agreement": strings.Repeat("a", 26)}, 422, "P0942", nil,
		},
		"metadata that is a list": {metadata([]string{"a"}), 422, "P0102", "metadata"},
		"too many pairs":          {metadata(manyPairs), 422, "P0102", "metadata"},
		"too long a key": {
			metadata(map[string]any{strings.Repeat("k", 31): "v"}), 422, "P0102", "metadata",
		},
		"an empty key":             {metadata(map[string]any{"": "v"}), 422, "P0102", "metadata"},
		"keys that differ in case": {metadata(map[string]any{"a": "v", "A": "v"}), 422, "P0102", "metadata"},
		"too long a value": {
			metadata(map[string]any{"k": strings.Repeat("v", 101)}), 422, "P0102", "metadata",
		},
		"a null value":            {metadata(map[string]any{"k": nil}), 422, "P0102", "metadata"},
		"a nested value":          {metadata(map[string]any{"k": map[string]any{}}), 422, "P0102", "metadata"},
		"a name that is a number": {prefill(map[string]any{"cardholder_name": 7}), 400, "P0102", "cardholder_name"},
		"too long a name": {
			prefill(map[string]any{"cardholder_name": long}), 422, "P0102", "cardholder_name",
		},
		"too long a postcode": {
			prefill(map[string]any{"billing_address": map[string]any{"postcode": strings.Repeat("x", 26)}}),
			422, "P0102", "postcode",
		},
		"wrong in shape and in value": {map[string]any{"amount": 0, "language": 1}, 400, "P0102", "language"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			a := b.do("POST", "/v1/payments", createBody(c.over))
			b.refuses(a, c.status, c.code)
			require.Equal(t, c.field, a.at("field"), a.text)
			require.NotEmpty(t, a.at("description"))
			require.Empty(t, b.Payments(), "nothing was made")
		})
	}
}

func TestCreatesAtTheLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	pairs := map[string]any{"number": 7, "truth": true}
	for i := range 13 {
		pairs[fmt.Sprintf("%030d", i)] = strings.Repeat("v", 100)
	}
	for name, over := range map[string]map[string]any{
		"one penny":   {"amount": 1},
		"the largest": {"amount": 10_000_000},
		"long texts":  {"reference": strings.Repeat("é", 255), "description": strings.Repeat("x", 255)},
		"texts that are null": {
			"email": json.RawMessage("null"), "prefilled_cardholder_details": json.RawMessage("null"),
			"set_up_agreement": json.RawMessage("null"),
		},
		"null details": {"prefilled_cardholder_details": map[string]any{
			"cardholder_name": nil, "billing_address": map[string]any{"line1": nil, "country": nil},
		}},
		"prefill that is a string": {"prefilled_cardholder_details": "Ann"},
		"a local return":           {"return_url": "http://localhost:8000/back"},
		"an internal one":          {"return_url": "https://service.internal/back"},
		"an odd e-mail":            {"email": "not an address"},
		"full metadata":            {"metadata": pairs},
		"a country unknown": {
			"prefilled_cardholder_details": map[string]any{"billing_address": map[string]any{"country": "Wales"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newBench(t, Options{}).create(over)
		})
	}
}

func TestOnlyALiveAccountRequiresHTTPS(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Live: true})
	a := b.do("POST", "/v1/payments", createBody(map[string]any{"return_url": "http://service.example.org/back"}))
	b.refuses(a, 422, "P0920")
	require.Equal(t, "return_url", a.at("field"))
	require.Equal(t, 201,
		b.do("POST", "/v1/payments", createBody(nil), "Authorization", "Bearer api_live_0123456789").status)
}

func TestInvalidJSONIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, body := range []string{"{", "null", "amount=1"} {
		b.refuses(b.do("POST", "/v1/payments", body), 400, "P0197")
	}
	b.refuses(b.do("POST", "/v1/payments", "[]"), 400, "P0101")
	require.Equal(t, 201, b.do("POST", "/v1/payments", createBody(nil)+"{}").status, "what follows is ignored")
}

func TestIdempotencyKeyOfAWebPaymentIsIgnored(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	first := b.do("POST", "/v1/payments", createBody(nil), "Idempotency-Key", "key-1")
	second := b.do("POST", "/v1/payments", createBody(nil), "Idempotency-Key", "key-1")
	require.Equal(t, []int{201, 201}, []int{first.status, second.status})
	require.NotEqual(t, first.at("payment_id"), second.at("payment_id"))
	wrong := b.do("POST", "/v1/payments", createBody(nil), "Idempotency-Key", "key_1")
	b.refuses(wrong, 422, "P0102")
	require.Equal(t, "Idempotency-Key", wrong.at("header"))
}

func TestFirewallRefusesBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	post := func(body string, header ...string) answer { return b.do("POST", "/v1/payments", body, header...) }
	b.refuses(post(createBody(nil), "Content-Type", "text/plain"), 400, "P0920")
	b.refuses(post(createBody(nil), "Content-Type", ""), 400, "P0920")
	b.refuses(post(createBody(nil), "Accept", "text/html"), 400, "P0920")
	b.refuses(post("", "Content-Type", "application/json"), 400, "P0920")
	for _, hidden := range []any{map[string]any{"k": "a|b"}, map[string]any{"a<b": 1}, []any{[]any{`a\b`}}} {
		b.refuses(post(createBody(map[string]any{"metadata": hidden})), 400, "P0920")
	}
	require.Equal(t, 201,
		post(createBody(nil), "Content-Type", "application/json; charset=utf-8", "Accept", "application/json").status)
}

func TestWrongKeyIsAnsweredWithoutJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, authorization := range []string{
		"", "Bearer", "Bearer secret", goodKey, "Bearer api_test_", "Bearer api_test_" + strings.Repeat("x", 59),
	} {
		a := b.do("GET", "/v1/payments", "", "Authorization", authorization)
		require.Equal(t, 401, a.status, authorization)
		require.Nil(t, a.json)
		require.NotContains(t, a.header.Get("Content-Type"), "json")
	}
	one := newBench(t, Options{Keys: []string{"mine"}})
	require.Equal(t, 401, one.do("GET", "/v1/payments", "").status)
	require.Equal(t, 200, one.do("GET", "/v1/payments", "", "Authorization", "Bearer mine").status)
}
