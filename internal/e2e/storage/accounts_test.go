package storage

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestRemovingNeededAccountStopsStart(t *testing.T) {
	t.Parallel()
	const key = "api_test_finesfinesfinesfines"
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		store := "PAYGATE_STORE=" + kind.Setting(t)
		with := []string{
			store, "PAYGATE_PAY_ACCOUNTS=fines", "PAYGATE_PAY_FINES_API_KEY=" + key,
			"PAYGATE_ROUTE_IMMEDIATE_ACCOUNT=fines",
		}
		h := testserver.NewWithPay(t, paysim.Options{
			PostLimit: -1, Accounts: []paysim.Account{{Name: "fines", Keys: []string{key}}},
		}, testserver.Confirm, with...)
		c := h.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
		require.Equal(t, http.StatusSeeOther, h.Citizen().Post("/fines/pay", url.Values{"n": {"2"}}).Status)
		h.Citizen().Apply("Ann")
		h.Close()

		settings, err := config.Load(append(h.Environ(h.Store), store))
		require.NoError(t, err)
		_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
		require.ErrorContains(t, err,
			`2 unfinished journeys belong to the account "fines", which PAYGATE_PAY_ACCOUNTS does not`)

		h.Open(h.ListenAgain(), with...)
		for _, payment := range h.Payments() {
			require.NoError(t, h.Pay.Pay(payment.ID, "success"))
		}
		h.Ann().Order(c.Journeys()[0].ID, "check", nil)
		c.WaitForState(journey.StateReleased)
		h.Close()
		_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
		require.ErrorContains(t, err, "1 unfinished journeys belong")
		h.Open(h.ListenAgain(), with...) // so that it can be closed
	})
}

// A refund that is under way when the journey has ended needs its account too.
func TestRemovingAnAccountWithARefundUnderWayStopsStart(t *testing.T) {
	t.Parallel()
	const key = "api_test_finesfinesfinesfines"
	with := []string{
		"PAYGATE_PAY_ACCOUNTS=fines", "PAYGATE_PAY_FINES_API_KEY=" + key, "PAYGATE_ROUTE_IMMEDIATE_ACCOUNT=fines",
	}
	h := testserver.Build(t, paysim.Options{
		PostLimit: -1, Accounts: []paysim.Account{{Name: "fines", Keys: []string{key}}},
	}, testserver.Confirm)
	h.Now = h.Pay.Now
	h.Start(with...)
	require.NoError(t, h.Pay.Set(map[string]string{"refund_takes": "10h"}))
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	_, status, text := h.Ann().Order(c.Journeys()[0].ID, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	h.Close()

	settings, err := config.Load(h.Environ(h.Store))
	require.NoError(t, err)
	_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
	require.ErrorContains(t, err, `1 unfinished journeys belong to the account "fines"`)

	h.Open(h.ListenAgain(), with...)
	h.Pay.Advance(11 * time.Hour)
	h.Sweep()
	h.Restart()
}
