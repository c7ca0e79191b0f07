package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

func TestDoctorReportsPayAndKey(t *testing.T) {
	t.Parallel()
	v := examine(t, testserver.FormPage(), "PAYGATE_PAY_API_KEY=api_test_anothersecretkey")
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["GOV.UK Pay"], "wrong: refuses the key (status 401)")

	p := testserver.NewDoctor(t, testserver.FormPage())
	p.Pay.AddFault(paysim.Fault{Call: "get", Kind: "503"})
	v = p.Run()
	require.Zero(t, v.Status)
	require.Contains(t, v.Lines["GOV.UK Pay"], "warning: is in trouble (status 503)")

	v = examine(t, testserver.FormPage(), "PAYGATE_PAY_API_URL=http://127.0.0.1:1")
	require.Contains(t, v.Lines["GOV.UK Pay"], "wrong: cannot be reached at http://127.0.0.1:1")

	p = testserver.NewDoctor(t, testserver.FormPage())
	p.Environ = append(p.Environ, "PAYGATE_PAY_API_URL="+p.Service.Server.URL)
	require.Contains(t, p.Run().Lines["GOV.UK Pay"], "wrong: does not answer as GOV.UK Pay does (status 404)")
}

func TestDoctorComparesClockWithPay(t *testing.T) {
	t.Parallel()
	for says, skew := range map[string]time.Duration{
		"ok: agrees": 0, "warning: 1m": 80 * time.Second,
		"wrong: 1h0m": time.Hour + 30*time.Second, "wrong: 2h": -2*time.Hour - 30*time.Minute,
	} {
		p := testserver.NewDoctor(t, testserver.FormPage())
		late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
			p.Pay.ServeHTTP(w, r)
		}))
		t.Cleanup(late.Close)
		p.Environ = append(p.Environ, "PAYGATE_PAY_API_URL="+late.URL)
		require.Contains(t, p.Run().Lines["clock"], says)
	}
}

func TestDoctorAsksEachAccount(t *testing.T) {
	t.Parallel()
	v := examine(t, testserver.FormPage(),
		"PAYGATE_PAY_ACCOUNTS=parking", "PAYGATE_PAY_PARKING_API_KEY=api_test_revokedsecretkey")
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["GOV.UK Pay"], "ok: accepts the key")
	require.Contains(t, v.Lines["GOV.UK Pay parking"], "wrong: refuses the key (status 401): PAYGATE_PAY_PARKING_")
	require.Contains(t, v.Lines["webhooks parking"], "ok: none")
}
