package staff_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
)

func TestLivenessDiffersFromReadiness(t *testing.T) {
	t.Parallel()
	var trouble error
	listener := httptest.NewServer(staff.New(staff.Options{Ready: func(context.Context) error { return trouble }}))
	t.Cleanup(listener.Close)

	status, text := get(t, listener.URL+"/readyz")
	require.Equal(t, http.StatusOK, status, text)

	trouble = errors.New("the store is full")
	status, text = get(t, listener.URL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "the store is full")

	status, _ = get(t, listener.URL+"/livez")
	require.Equal(t, http.StatusOK, status)
	status, _ = get(t, listener.URL+"/healthz")
	require.Equal(t, http.StatusOK, status, "a process that cannot take work is alive all the same")

	status, _ = get(t, listener.URL+"/journeys")
	require.Equal(t, http.StatusNotFound, status)
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Get(address)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}
