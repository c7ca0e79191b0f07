package paysim

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// found returns the references of the payments that a search finds.
func (b *bench) found(query string) []string {
	b.t.Helper()
	a := b.do("GET", "/v1/payments?"+query, "")
	require.Equal(b.t, 200, a.status, a.text)
	references := []string{}
	for _, result := range a.json["results"].([]any) {
		references = append(references, result.(map[string]any)["reference"].(string))
	}
	return references
}

func TestSearchCombinesFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.paid(map[string]any{"reference": "one", "email": "ann@example.org"})
	b.Advance(time.Minute)
	b.newPayment(map[string]any{"reference": "two", "email": "bob@example.org"})
	b.Advance(time.Minute)
	declined := b.newPayment(map[string]any{"reference": "Two"})
	require.NoError(t, b.PayWithCard(declined, "4000000000000002"))

	for query, want := range map[string][]string{
		"":                                 {"Two", "two", "one"},
		"reference=TWO":                    {"Two", "two"},
		"reference=tw":                     {},
		"email=ANN":                        {"one"},
		"state=success":                    {"one"},
		"state=failed&reference=two":       {"Two"},
		"state=success&reference=two":      {},
		"card_brand=visa":                  {"Two", "one"},
		"card_brand=master-card":           {},
		"cardholder_name=citiz":            {"Two", "one"},
		"first_digits_card_number=444433":  {"one"},
		"last_digits_card_number=0002":     {"Two"},
		"from_date=2026-03-02T10:00:00Z":   {"Two", "two"}, // strictly greater
		"from_date=2026-03-02T09:59:59Z":   {"Two", "two", "one"},
		"to_date=2026-03-02T10:01:00.000Z": {"one"},
		"from_settled_date=2026-01-01":     {}, // only for Stripe
	} {
		require.Equal(t, want, b.found(query), query)
	}
}

func TestSearchRefusesWhatPayRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.newPayment(nil)
	for _, query := range []string{
		"state=capturable", "state=paid", "page=0", "page=x", "page=%2B1", "display_size=0", "display_size=501",
		"from_date=yesterday",
		"to_date=2026-03-02", "from_settled_date=2026-3-2", "first_digits_card_number=12345",
		"last_digits_card_number=x123", "state=SUCCESS", "reference=" + strings.Repeat("x", 256),
		"email=" + strings.Repeat("x", 255), "card_brand=" + strings.Repeat("x", 21),
	} {
		a := b.do("GET", "/v1/payments?"+query, "")
		b.refuses(a, 422, "P0401")
		name, _, _ := cutAtEquals(query)
		require.Contains(t, a.at("description"), name)
	}
	b.refuses(b.do("GET", "/v1/payments?page=2", ""), 404, "P0402")
	require.Empty(t, b.found("reference=none&page=7"), "without results, any page is valid")
	require.Empty(t, b.found("agreement_id=a"), "not checked")
	require.Len(t, b.found("reference=&state=%20&page="), 1, "blank ones do not count")
}

func cutAtEquals(query string) (name, value string, err error) {
	values, err := url.ParseQuery(query)
	for name := range values {
		return name, values.Get(name), err
	}
	return "", "", err
}

func TestSearchHasPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, reference := range []string{"1", "2", "3", "4", "5"} {
		b.newPayment(map[string]any{"reference": reference})
	}
	a := b.do("GET", "/v1/payments?display_size=2&page=2", "")
	require.Equal(t, []any{5.0, 2.0, 2.0}, []any{a.at("total"), a.at("count"), a.at("page")})
	require.Equal(t, sorted("self", "first_page", "last_page", "prev_page", "next_page"), fieldsOf(a.at("_links")))
	require.Equal(t, []string{"3", "2"}, b.found("display_size=2&page=2"), "newest first")

	next, err := url.Parse(a.at("_links", "next_page", "href").(string))
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, b.found(next.RawQuery))
	last := b.do("GET", "/v1/payments?"+next.RawQuery, "")
	require.Equal(t, sorted("self", "first_page", "last_page", "prev_page"), fieldsOf(last.at("_links")))
}

func TestSearchGivesNoNextURLAndNoCapture(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.newPayment(nil)
	b.paid(map[string]any{"delayed_capture": true})
	for _, result := range b.do("GET", "/v1/payments", "").json["results"].([]any) {
		require.Equal(t, []string{"events", "refunds", "self"}, fieldsOf(result.(map[string]any)["_links"]))
	}
}

func TestSearchLagsInPaymentsAndInStates(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: time.Minute})
	id := b.newPayment(nil)
	require.Empty(t, b.found(""))
	require.Equal(t, "created", b.status(id), "reading does not lag")
	b.Advance(time.Minute)
	require.Len(t, b.found("state=created"), 1)

	require.NoError(t, b.Pay(id, "success"))
	require.Equal(t, "success", b.status(id))
	require.Len(t, b.found("state=created"), 1)
	require.Empty(t, b.found("state=success"))
	shown := b.do("GET", "/v1/payments", "").json["results"].([]any)[0].(map[string]any)
	require.Equal(t, "created", shown["state"].(map[string]any)["status"])
	require.Empty(t, shown["settlement_summary"])
	require.NotContains(t, shown, "card_details")
	b.refundOf(id, `{"amount":500}`)
	require.Empty(t, b.do("GET", "/v1/payments/"+id+"/refunds", "").at("_embedded", "refunds"))
	b.Advance(time.Minute)
	require.Len(t, b.found("state=success"), 1)
	b.refundOf(id, `{"amount":700}`)
	shown = b.do("GET", "/v1/payments", "").json["results"].([]any)[0].(map[string]any)
	require.Equal(t, 500.0, shown["refund_summary"].(map[string]any)["amount_submitted"], "the second one lags")
	require.Len(t, b.do("GET", "/v1/payments/"+id+"/refunds", "").at("_embedded", "refunds"), 1)
}
