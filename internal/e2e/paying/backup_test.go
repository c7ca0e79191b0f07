package paying

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

// TestBackupCanBeRestored follows the documented steps: stop, replace the store with the copy, start.
func TestBackupCanBeRestored(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	backup := h.Ann().Do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusOK, backup.Status)
	h.EndPayment("success")

	h.Close()
	require.NoError(t, os.WriteFile(h.Store, []byte("the disk broke"), 0o600))
	require.NoError(t, os.Remove(h.Store))
	require.NoError(t, os.WriteFile(h.Store, []byte(backup.Text), 0o600))
	h.Open(h.ListenAgain())
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, journey.StateReleased, c.State())
}

// TestRestoringOldBackupDeliversNothingTwice: if Pay has captured the money, the request may have been delivered.
func TestRestoringOldBackupDeliversNothingTwice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	paying, paid := h.Citizen(), h.Citizen()
	paying.Apply("Ann")
	h.Service.Server.Close()
	paid.Apply("Ben")
	h.EndPayment("success")
	paid.ReturnFromPay()
	require.Equal(t, journey.StateConfirmed, paid.State())
	older := h.Ann().Do(http.MethodGet, "/backup", nil).Text

	h.Service.Restart(t)
	require.NoError(t, h.Pay.Pay(h.Payments()[0].ID, "success"))
	paying.ReturnFromPay()
	paid.ReturnFromPay()
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
	h.Close()
	require.NoError(t, os.WriteFile(h.Store, []byte(older), 0o600))
	h.Open(h.ListenAgain())
	for _, c := range []*testserver.Citizen{paying, paid} {
		h.Ann().Do(http.MethodPost, "/journeys/"+c.Journeys()[0].ID+"/check", nil)
		require.Contains(t, c.ReturnFromPay().Text, "We are looking into your payment")
		require.Equal(t, journey.StateStuck, c.State())
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
}
