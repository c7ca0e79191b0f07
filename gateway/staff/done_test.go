package staff_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
)

func TestOverviewSaysWhatWasDoneLast(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.Backup = func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "the store")
			return err
		}
	})
	_, text := l.do(t, http.MethodGet, "/", "", "Accept", "text/html")
	require.Contains(t, text, "None yet with <code>paygate backup</code>")
	require.NoError(t, staff.NoteDone(t.Context(), l.store, staff.DoneSweep,
		staff.Done{At: t0, Counts: map[string]int{"visited": 7, "released": 3, "failed": 1}}))
	answer, _ := l.do(t, http.MethodGet, "/backup", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	_, text = l.do(t, http.MethodGet, "/", "", "Accept", "text/html")
	require.Contains(t, text, "7 visited, 3 delivered, 0 collected, 0 returned, 0 now need a decision, 1 failed")
	require.NotContains(t, text, "None yet with <code>paygate backup</code>")
}
