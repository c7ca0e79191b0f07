package paysim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey/pay"
)

func withKey(key string) []string { return []string{"Authorization", "Bearer " + key} }

func TestAnAccountSeesOnlyItsOwnPayments(t *testing.T) {
	t.Parallel()
	parking := withKey("api_test_parking")
	b := newBench(t, Options{Accounts: []Account{{Name: "parking", Keys: []string{"api_test_parking"}}}})
	mine := b.paid(nil)
	theirs := b.do("POST", "/v1/payments", createBody(nil), parking...).at("payment_id").(string)
	require.NoError(t, b.Pay(theirs, "success"))
	for _, id := range []string{mine, theirs} {
		require.Equal(t, 202, b.do("POST", "/v1/payments/"+id+"/refunds", `{"amount":1}`, keyOf(id, theirs)...).status)
	}

	for _, c := range []struct {
		sees, misses string
		header       []string
	}{{mine, theirs, nil}, {theirs, mine, parking}} {
		for _, path := range []string{"", "/events", "/refunds"} {
			require.Equal(t, 200, b.do("GET", "/v1/payments/"+c.sees+path, "", c.header...).status)
			require.Equal(t, 404, b.do("GET", "/v1/payments/"+c.misses+path, "", c.header...).status)
		}
		for _, path := range []string{"/cancel", "/capture", "/refunds"} {
			a := b.do("POST", "/v1/payments/"+c.misses+path, `{"amount":1}`, c.header...)
			require.Equal(t, 404, a.status, path)
		}
		for _, path := range []string{"/v1/payments", "/v1/refunds"} {
			a := b.do("GET", path, "", c.header...)
			require.Equal(t, 1.0, a.at("total"), path)
			require.Equal(t, c.sees, a.json["results"].([]any)[0].(map[string]any)["payment_id"])
		}
	}
	require.Equal(t, []string{"", "parking"}, []string{b.Payments()[0].Account, b.Payments()[1].Account})
}

func keyOf(id, parking string) []string {
	if id == parking {
		return withKey("api_test_parking")
	}
	return nil
}

func TestAccountsHaveTheirOwnLimitsFaultsAndWebhooks(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PostLimit: 1, Accounts: []Account{
		{Name: "parking", Keys: []string{"api_test_parking"}, WebhookSecret: "webhook_test_parking"},
	}})
	r := b.hears(200)
	parking := withKey("api_test_parking")
	require.Equal(t, 201, b.do("POST", "/v1/payments", createBody(nil)).status)
	require.Equal(t, 429, b.do("POST", "/v1/payments", createBody(nil)).status)
	made := b.do("POST", "/v1/payments", createBody(nil), parking...)
	require.Equal(t, 201, made.status, "each account has its own allowance")

	b.AddFault(Fault{Account: "parking", Call: "get", Kind: "403", Code: "P0941"})
	b.refuses(b.do("GET", "/v1/payments/"+made.at("payment_id").(string), "", parking...), 403, "P0941")
	b.get(b.Payments()[0].ID)

	b.ClearFaults()
	b.AddFault(Fault{Account: "first", Call: "get", Kind: "401"})
	require.Equal(t, 200, b.do("GET", "/v1/payments/"+made.at("payment_id").(string), "", parking...).status)
	require.Equal(t, 401, b.do("GET", "/v1/payments/"+b.Payments()[0].ID, "").status)
	require.Panics(t, func() { b.AddFault(Fault{Account: "licences", Kind: "401"}) })

	require.NoError(t, b.Pay(made.at("payment_id").(string), "declined"))
	b.DeliverDue(t.Context())
	message := r.messages()[0]
	require.Equal(t, pay.Sign("webhook_test_parking", message.body), message.signature)
	require.NoError(t, b.SetAccountWebhook("parking", "http://127.0.0.1:1/", ""))
	require.Error(t, b.SetAccountWebhook("licences", "http://127.0.0.1:1/", ""))
}
