package storage

import (
	"net/http"
	"net/url"
	"testing"

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
		require.ErrorContains(t, err, `2 open journeys belong to the account "fines", which PAYGATE_PAY_ACCOUNTS does not`)

		h.Open(h.ListenAgain(), with...)
		for _, payment := range h.Payments() {
			require.NoError(t, h.Pay.Pay(payment.ID, "success"))
		}
		h.Ann().Order(c.Journeys()[0].ID, "check", nil)
		c.WaitForState(journey.StateReleased)
		h.Close()
		_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
		require.ErrorContains(t, err, "1 open journeys belong")
		h.Open(h.ListenAgain(), with...) // so that it can be closed
	})
}
