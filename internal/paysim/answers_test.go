package paysim

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// always has the fields of every payment with card pages (FACTS 2.4).
var always = []string{
	"payment_id", "amount", "description", "reference", "state", "payment_provider", "created_date", "language",
	"delayed_capture",
	"moto", "authorisation_mode", "refund_summary", "return_url", "settlement_summary", "_links",
}

func fieldsOf(value any) []string {
	object, _ := value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

func sorted(names ...string) []string { return slices.Sorted(slices.Values(names)) }

func TestFieldsArePresentOrAbsentAsAtPay(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Surcharge: 250})
	created := b.create(nil)
	id := created.at("payment_id").(string)
	require.Equal(t, sorted(always...), fieldsOf(created.json))
	require.Equal(t, b.url+"/v1/payments/"+id, created.header.Get("Location"))
	require.Equal(t, "no-store", created.header.Get("Cache-Control"))
	require.Equal(t, "no-cache", created.header.Get("Pragma"))
	require.Len(t, id, 26)
	require.Equal(t, "2026-03-02T10:00:00.000Z", created.at("created_date"))
	require.Equal(t, map[string]any{}, created.at("settlement_summary"))
	require.Equal(t, map[string]any{"status": "created", "finished": false}, created.at("state"))

	rich := b.create(map[string]any{"email": "a@example.org", "metadata": map[string]any{"n": 7, "t": true, "s": "x"}})
	require.Equal(t, sorted(append([]string{"email", "metadata"}, always...)...), fieldsOf(rich.json))
	require.Equal(t, map[string]any{"n": 7.0, "t": true, "s": "x"}, rich.at("metadata"))

	require.NoError(t, b.PayWithCard(id, "4111111111111111"))
	paid := b.get(id)
	require.Equal(t, sorted(append([]string{
		"email", "card_details", "card_brand", "provider_id", "corporate_card_surcharge", "total_amount",
	}, always...)...),
		fieldsOf(paid.json))
	require.Equal(t, []any{
		2500.0, 250.0, 2750.0,
	}, []any{paid.at("amount"), paid.at("corporate_card_surcharge"), paid.at("total_amount")})
	require.Equal(t, 2750.0, paid.at("refund_summary", "amount_available"), "with the surcharge")
	require.Equal(t, []string{"capture_submit_time", "captured_date"}, fieldsOf(paid.at("settlement_summary")))
	require.Equal(t, "2026-03-02", paid.at("settlement_summary", "captured_date"))
}

func TestCardDetailsHaveEveryKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	every := sorted("card_brand", "card_type", "cardholder_name", "expiry_date",
		"last_digits_card_number", "first_digits_card_number",
		"wallet_type", "billing_address")

	prefilled := b.create(map[string]any{
		"prefilled_cardholder_details": map[string]any{"cardholder_name": "Ann Angler"},
	})
	require.Equal(t, every, fieldsOf(prefilled.at("card_details")), "prefilled")
	require.Equal(t, "Ann Angler", prefilled.at("card_details", "cardholder_name"))
	require.Empty(t, prefilled.at("card_details", "card_brand"))
	require.NotNil(t, prefilled.at("card_details", "card_brand"))
	require.NotContains(t, prefilled.json, "provider_id")

	unknown := b.newPayment(nil)
	require.NoError(t, b.PayWithCard(unknown, "4000000000000010"))
	require.Equal(t, every, fieldsOf(b.get(unknown).at("card_details")))
	require.Nil(t, b.get(unknown).at("card_details", "card_type"))
	require.Equal(t, "GB", b.get(unknown).at("card_details", "billing_address", "country"))

	country := b.create(map[string]any{
		"prefilled_cardholder_details": map[string]any{"billing_address": map[string]any{"country": "FR"}},
	})
	require.Equal(t, map[string]any{"line1": nil, "line2": nil, "city": nil, "postcode": nil, "country": "FR"},
		country.at("card_details", "billing_address"))
	require.NoError(t, b.Set(map[string]string{"address_collection": "off"}))
	require.Nil(t, b.get(b.paid(nil)).at("card_details", "billing_address"))
}

func TestLinksFollowTheState(t *testing.T) {
	t.Parallel()
	plain := []string{"self", "events", "refunds"}
	open := append([]string{"cancel", "next_url", "next_url_post"}, plain...)
	for outcome, c := range map[string]struct {
		over  map[string]any
		links []string
	}{
		"":          {nil, open},
		"started":   {nil, open},
		"submitted": {nil, open},
		"success":   {nil, plain},
		"declined":  {nil, plain},
		"cancelled": {nil, plain},
		"expired":   {nil, plain},
		"error":     {nil, plain},
	} {
		b := newBench(t, Options{})
		id := b.newPayment(c.over)
		if outcome != "" {
			require.NoError(t, b.Pay(id, outcome))
		}
		require.Equal(t, sorted(c.links...), fieldsOf(b.get(id).at("_links")), outcome)
	}
	b := newBench(t, Options{})
	held := b.paid(map[string]any{"delayed_capture": true})
	require.Equal(t, sorted(append([]string{"cancel", "capture"}, plain...)...), fieldsOf(b.get(held).at("_links")))
}

func TestEachGetReturnsANewNextURL(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.create(nil)
	id := made.at("payment_id").(string)
	seen := map[any]bool{made.at("_links", "next_url", "href"): true}
	for range 3 {
		again := b.get(id)
		href := again.at("_links", "next_url", "href")
		require.False(t, seen[href])
		seen[href] = true
		require.Equal(t, b.url+"/secure/"+again.at("_links", "next_url_post", "params", "chargeTokenId").(string), href)
	}
	for href := range seen {
		require.Equal(t, 200, b.citizen().visit(href.(string)).status, "they do not cancel each other")
	}
}

func TestFinishedPaymentsHavePaysCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for outcome, status := range map[string]string{
		"success": "success", "declined": "failed P0010", "expired": "failed P0020", "cancelled": "failed P0030",
		"error": "error P0050",
	} {
		id := b.newPayment(nil)
		require.NoError(t, b.Pay(id, outcome))
		require.Equal(t, status, b.status(id))
		require.Equal(t, true, b.get(id).at("state", "finished"))
		require.Equal(t, status != "success", b.get(id).at("state", "message") != nil)
		require.Error(t, b.Pay(id, "success"), "it is over")
	}
}

func TestCancelIsNotRepeatable(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	cancel := func(id string) answer { return b.do("POST", "/v1/payments/"+id+"/cancel", "{}") }
	for _, outcome := range []string{"", "started", "submitted", "held"} {
		id := b.newPayment(map[string]any{"delayed_capture": outcome == "held"})
		switch outcome {
		case "":
		case "held":
			require.NoError(t, b.Pay(id, "success"))
		default:
			require.NoError(t, b.Pay(id, outcome))
		}
		first := cancel(id)
		require.Equal(t, 204, first.status, outcome)
		require.Empty(t, first.text)
		require.Equal(t, "cancelled P0040", b.status(id))
		b.refuses(cancel(id), 400, "P0501")
	}
	b.refuses(cancel(b.paid(nil)), 400, "P0501")
	b.refuses(cancel("nothing"), 404, "P0500")
}

func TestCaptureIsRepeatable(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	capture := func(id string) answer { return b.do("POST", "/v1/payments/"+id+"/capture", "{}") }
	held := b.paid(map[string]any{"delayed_capture": true})
	require.Equal(t, "capturable", b.status(held))
	require.False(t, b.Payments()[0].Captured)
	for range 2 {
		require.Equal(t, 204, capture(held).status)
		require.Equal(t, "success", b.status(held))
	}
	require.True(t, b.Payments()[0].Captured)
	require.Equal(t, 204, capture(b.paid(nil)).status, "a plain payment that succeeded")
	for _, outcome := range []string{"submitted", "declined", "cancelled", "error"} {
		id := b.newPayment(nil)
		require.NoError(t, b.Pay(id, outcome))
		b.refuses(capture(id), 409, "P1003")
	}
	b.refuses(capture("nothing"), 404, "P1000")
}

func TestEmptyBodiesCanBeRefused(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		b := newBench(t, Options{RefuseEmptyBodies: strict})
		id := b.paid(map[string]any{"delayed_capture": true})
		for _, call := range []string{"capture", "cancel"} {
			a := b.do("POST", "/v1/payments/"+id+"/"+call, "")
			require.Equal(t, strict, a.at("code") == "P0920", a.text)
		}
	}
}

func TestEventsIncludeRefundsUnmarked(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.newPayment(nil)
	b.Advance(time.Minute)
	require.NoError(t, b.Pay(id, "success"))
	b.Advance(time.Minute)
	require.Equal(t, 202,
		b.do("POST", "/v1/payments/"+id+"/refunds", `{"amount":100,"refund_amount_available":2500}`).status)
	a := b.do("GET", "/v1/payments/"+id+"/events", "")
	require.Equal(t, id, a.at("payment_id"))
	var words []string
	for _, e := range a.json["events"].([]any) {
		line := answer{json: e.(map[string]any)}
		require.Equal(t, []string{"_links", "payment_id", "state", "updated"}, fieldsOf(e))
		words = append(words, line.at("state", "status").(string)+line.at("updated").(string)[13:16])
	}
	require.Equal(t, "created:00 started:01 submitted:01 success:01 submitted:02 success:02", strings.Join(words, " "))
	b.refuses(b.do("GET", "/v1/payments/nothing/events", ""), 404, "P0300")
	b.refuses(b.do("GET", "/v1/payments/nothing", ""), 404, "P0200")
}

func TestCorrectChangesAFinishedPayment(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.paid(nil)
	require.NoError(t, b.Correct(id, "error", ""))
	require.Equal(t, "error P0050", b.status(id))
	require.False(t, b.Payments()[0].Captured)
	require.Equal(t, "unavailable", b.get(id).at("refund_summary", "status"))
	require.NoError(t, b.Correct(id, "success", ""))
	require.Equal(t, "success", b.status(id))
	require.Equal(t, "available", b.get(id).at("refund_summary", "status"))
	require.Error(t, b.Correct(id, "paid", ""))
	require.Error(t, b.Correct("nothing", "success", ""))
}
