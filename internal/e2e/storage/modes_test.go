package storage

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
)

// TestAModeHoldsOnAllReplicas also proves that a route that is free in the store answers 503 while the store is away.
func TestAModeHoldsOnAllReplicas(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	database := server.Database(t)
	w := newClusterOn(t, database, testserver.Confirm)
	a, b := w.start(), w.start()
	apply := func() int { return b.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}}).Status }
	change := func(mode string) {
		order := testserver.WithReason("mode", mode)
		if mode == "free" {
			order["until"] = time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
		}
		p := a.Ann().Do(http.MethodPost, "/routes/licence", order)
		require.Equal(t, http.StatusOK, p.Status, p.Text)
	}
	becomes := func(status int) {
		require.Eventually(t, func() bool { return apply() == status }, testserver.LongTimeout, 100*time.Millisecond)
	}
	require.Equal(t, http.StatusSeeOther, apply())
	change("closed")
	becomes(http.StatusServiceUnavailable)
	change("free")
	becomes(http.StatusSeeOther)
	passed := len(w.service.Requests(http.MethodPost))
	require.NotZero(t, passed)

	outages()["stopped"].begin(t, server, database)
	becomes(http.StatusServiceUnavailable)
	passed = len(w.service.Requests(http.MethodPost))
	require.Equal(t, http.StatusServiceUnavailable, apply())
	require.Len(t, w.service.Requests(http.MethodPost), passed)
	require.Equal(t, http.StatusOK, b.Citizen().Get("/free").Status)

	outages()["stopped"].end(t, server, database)
	becomes(http.StatusSeeOther)
	require.Greater(t, len(w.service.Requests(http.MethodPost)), passed, "it is free again")
}
