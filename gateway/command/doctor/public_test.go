package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestDoctorReportsWhatElseAnswersAtPublicAddress(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(testserver.Plain))
	t.Cleanup(other.Close)
	leads := httptest.NewServer(http.RedirectHandler("https://www.example.org/", http.StatusFound))
	t.Cleanup(leads.Close)
	closed := testserver.QuietListener(t)
	require.NoError(t, closed.Close())
	public := []string{other.URL, leads.URL, "http://" + closed.Addr().String()}
	v := examine(t, testserver.FormPage(), "PAYGATE_PUBLIC_URL="+strings.Join(public, ","))
	said := v.Lines["public address"]
	require.Contains(t, said, "warning: "+other.URL+" is answered by something other than Paygate")
	require.Contains(t, said, "warning: "+leads.URL+" redirects to https://www.example.org")
	require.Contains(t, said, "note: http://"+closed.Addr().String()+" did not answer: ")
}
