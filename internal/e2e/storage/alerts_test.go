package storage

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

func TestStaffAreToldOnceByAllReplicas(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		clock, channel := testserver.NewMovableClock(), testserver.NewChannel(t)
		h := testserver.Build(t, testserver.UnlimitedPay, testserver.BreakOff)
		h.Now = clock.Now
		all := testserver.StartReplicas(t, kind, h, "PAYGATE_ALERT_WEBHOOK="+channel.Server.URL+"/topsecret",
			"PAYGATE_STAFF_PUBLIC_URL=https://staff.example.org", "PAYGATE_ROUTE_REGISTER_MODE=free")
		alert := func() {
			t.Helper()
			for _, replica := range all {
				require.NoError(t, replica.App.Alert(t.Context()))
			}
		}
		alert()
		require.Empty(t, channel.Messages(), "a free route is told only when live")

		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		c.ReturnFromPay()
		reference := c.Journeys()[0].Reference
		alert()
		require.Len(t, channel.Messages(), 1)
		require.Contains(t, channel.Messages()[0], "1 journey on the route licence waits for a person.")
		require.Contains(t, channel.Messages()[0], "https://staff.example.org/journeys?state=stuck")
		require.NotContains(t, channel.Messages()[0], reference)
		clock.Advance(23 * time.Hour)
		alert()
		require.Len(t, channel.Messages(), 1, "staff know it")
		clock.Advance(time.Hour)
		alert()
		require.Len(t, channel.Messages(), 2, "the reminder")
		require.NotContains(t, h.Log.String(), "topsecret")
	})
}

func TestStaffAreToldOfFiveRefusalsByText(t *testing.T) {
	t.Parallel()
	channel := testserver.NewChannel(t)
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Thank you") },
		"PAYGATE_ALERT_WEBHOOK="+channel.Server.URL, "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=Application received")
	for range 4 {
		payAndReturn(h)
	}
	require.NoError(t, h.App.Alert(t.Context()))
	require.Empty(t, channel.Messages())
	payAndReturn(h)
	require.NoError(t, h.App.Alert(t.Context()))
	require.Len(t, channel.Messages(), 1)
	require.Contains(t, channel.Messages()[0], "Has its confirmation page changed?")
	require.Contains(t, h.Log.String(), "has its confirmation page changed?", "the log says so too")
}

func payAndReturn(h *testserver.Harness) {
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
}

func TestStaffAreToldWhenPayRefusesTheKey(t *testing.T) {
	t.Parallel()
	channel := testserver.NewChannel(t)
	atPay := paysim.Options{PostLimit: -1, Keys: []string{"api_test_anotherkeyanotherkey"}}
	h := testserver.NewWithPay(t, atPay, testserver.Confirm, "PAYGATE_ALERT_WEBHOOK="+channel.Server.URL,
		"PAYGATE_ALERT_FORMAT=teams")
	page := h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.NotEqual(t, http.StatusSeeOther, page.Status)
	require.NoError(t, h.App.Alert(t.Context()))
	require.Len(t, channel.Messages(), 1)
	require.Contains(t, channel.Messages()[0], "GOV.UK Pay refuses the API key of the default account")
}

func TestStaffAreToldOfAReturnThatIsOverdue(t *testing.T) {
	t.Parallel()
	channel := testserver.NewChannel(t)
	refuse := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) }
	h := testserver.NewOnPayClock(t, refuse, "PAYGATE_ALERT_WEBHOOK="+channel.Server.URL,
		"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1h", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")
	payAndReturn(h)
	h.Pay.AddFault(paysim.Fault{Call: "refund", Kind: "503"})
	h.Pay.Advance(2 * time.Hour)
	h.Sweep()
	h.Pay.Advance(23 * time.Hour)
	require.NoError(t, h.App.Alert(t.Context()))
	require.Empty(t, channel.Messages())
	h.Pay.Advance(2 * time.Hour)
	h.Sweep()
	require.NoError(t, h.App.Alert(t.Context()))
	require.Len(t, channel.Messages(), 1)
	require.Contains(t, channel.Messages()[0], "1 return of money on the route licence is more than a day late.")
}
