package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/metrics"
)

func TestReconciliationIsReadFromTheStore(t *testing.T) {
	t.Parallel()
	var at time.Time
	var failed error
	m := metrics.New(&fakeStore{}, nil, nil, func() time.Time { return now })
	m.AddReconciliation(func(context.Context) (map[string]int, time.Time, error) {
		return map[string]int{"state": 2, "refund": 0}, at, failed
	}, func() time.Time { return now })

	_, text := scrape(t, m)
	require.NotContains(t, text, "paygate_reconcile_last_success_seconds ", "there was none")
	at = now.Add(-90 * time.Second)
	status, text := scrape(t, m)
	require.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`paygate_reconcile_differences{kind="refund"} 0`, `paygate_reconcile_differences{kind="state"} 2`,
		"paygate_reconcile_last_success_seconds 90",
	} {
		require.Contains(t, strings.Split(text, "\n"), line)
	}
	failed = errors.New("the database is away")
	_, text = scrape(t, m)
	require.NotContains(t, text, "paygate_reconcile_differences{", "an old figure would hide the failure")
}
