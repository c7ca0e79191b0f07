package pay_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey/pay"
)

func TestKeyStatusByAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		body    string
		verdict pay.KeyStatus
	}{
		{401, "Credentials are required to access this resource.", pay.KeyRefused},
		{401, `{"code":"P0200"}`, pay.KeyRefused},
		{404, `{"code":"P0200","description":"Not found"}`, pay.KeyAccepted},
		{403, `{"code":"P0941"}`, pay.KeyAccepted},
		{422, `{"code":"P0401"}`, pay.KeyAccepted},
		{429, `{"code":"P0900"}`, pay.KeyAccepted},
		{400, `{"code":"P0920"}`, pay.KeyUnclear},
		{404, "<h1>Not found</h1>", pay.KeyUnclear},
		{404, `{"code":"no code of Pay's"}`, pay.KeyUnclear},
		{302, "", pay.KeyUnclear},
		{503, "", pay.KeyUnclear},
		{500, `{"code":"P0298"}`, pay.KeyUnclear},
	} {
		got, err := client(t, says(c.status, c.body)).CheckKey(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.verdict, got.Key, "%d %s", c.status, c.body)
		require.Equal(t, c.status, got.HTTPStatus)
	}
}

func TestCheckKeyReadsANonexistentPayment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 10, 41, 7, 0, time.UTC)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "GET /v1/payments/00000000000000000000000000", r.Method+" "+r.RequestURI)
		require.Equal(t, "Bearer api_test_topsecret", r.Header.Get("Authorization"))
		w.Header().Set("Date", at.Format(http.TimeFormat))
		says(404, `{"code":"P0200"}`)(w, r)
	})
	got, err := c.CheckKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, at, got.Date)
	require.Equal(t, "P0200", got.Code)
	gone := client(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err = gone.CheckKey(t.Context())
	require.ErrorContains(t, err, "the connection failed")
	require.NotContains(t, err.Error(), "topsecret")
}
