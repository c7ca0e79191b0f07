package staff_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
	"paygate/journey"
)

// addRefunded stores a paid journey of July of which a part was refunded in August.
func (l *listener) addRefunded(t *testing.T) {
	t.Helper()
	at := time.Date(2026, 7, 9, 23, 30, 0, 0, time.UTC) // the 10th in the United Kingdom
	j := journey.Hold(journey.NewID(at), "key", journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-1",
		Metadata: map[string]string{"ledger": "4711"},
	}, journey.Fingerprint{Method: "POST", Path: "/apply"}, at)
	j.PaidAt, j.PaidWith = at, "pay1"
	j.Payments = []journey.Payment{{
		ID: "pay1", Status: journey.StatusSuccess, Total: 2500, Refunded: 500, CapturedDate: "2026-07-12",
		Refunds: []journey.Refund{{ID: "ref1", Amount: 500, Status: "success", CreatedAt: at.AddDate(0, 1, 0)}},
	}}
	require.NoError(t, l.store.Create(t.Context(), j, journey.HeldRequest{Method: "POST", Path: "/apply"}))
}

func TestFinanceFilesGoByEachDate(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	l.addRefunded(t)
	for path, rows := range map[string]int{
		"/export.csv?from=2026-07-10&to=2026-07-11":               1,
		"/export.csv?by=started&from=2026-07-10&to=2026-07-11":    1,
		"/export.csv?by=paid&from=2026-07-10&to=2026-07-11":       1,
		"/export.csv?by=captured&from=2026-07-10&to=2026-07-11":   0,
		"/export.csv?by=captured&from=2026-07-12&to=2026-07-13":   1,
		"/export.csv?by=settled&from=2026-07-01&to=2026-09-01":    0,
		"/export.csv?by=refunded&from=2026-08-01&to=2026-09-01":   1,
		"/refunds.csv?from=2026-08-10&to=2026-08-11":              1,
		"/refunds.csv?by=refunded&from=2026-08-01&to=2026-08-10":  0,
		"/refunds.csv?by=settled&from=2026-08-01&to=2026-09-01":   0,
		"/export.csv?by=started&units=pounds&from=2026-07-10":     1,
		"/refunds.csv?units=pence&from=2026-08-01&to=2026-09-01":  1,
		"/refunds.csv?units=pounds&from=2026-08-01&to=2026-09-01": 1,
	} {
		answer, text := l.do(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Equal(t, rows, strings.Count(text, "\n")-1, path)
	}
	answer, text := l.do(t, http.MethodGet, "/refunds.csv?units=pounds&from=2026-08-01&to=2026-09-01", "")
	require.Equal(t, `attachment; filename="paygate-refunds-2026-08-01-to-2026-09-01.csv"`,
		answer.Header.Get("Content-Disposition"))
	require.Contains(t, text, ",5.00,success,")
	require.Equal(t, "1", answer.Trailer.Get("Paygate-Export-Rows"))
	require.Equal(t, "500", answer.Trailer.Get("Paygate-Export-Refunded-Pence"))
	answer, _ = l.do(t, http.MethodGet, "/export.csv?by=captured&from=2026-07-12", "")
	require.Equal(t, `attachment; filename="paygate-captured-2026-07-12.csv"`, answer.Header.Get("Content-Disposition"))
	require.Equal(t, "2500", answer.Trailer.Get("Paygate-Export-Taken-Pence"))
}

func TestFinanceFilesRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for _, wrong := range []string{
		"/export.csv?by=returned", "/refunds.csv?by=captured", "/export.csv?units=euros", "/refunds.csv?from=x",
		"/refunds.csv?from=2026-02-02&to=2026-02-01",
	} {
		answer, _ := l.do(t, http.MethodGet, wrong, "")
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, wrong)
	}
	_, text := l.do(t, http.MethodGet, "/refunds.csv?by=captured", "")
	require.Contains(t, text, "by must be one of refunded settled.")
}

func TestFinanceFilesHaveTheMetadataOfTheSettings(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) { o.Metadata = []string{"office"} })
	l.addRefunded(t)
	for _, path := range []string{"/export.csv", "/refunds.csv"} {
		_, text := l.do(t, http.MethodGet, path, "")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		last := len(rows[0]) - 2
		require.Equal(t, []string{"metadata_ledger", "metadata_office"}, rows[0][last:], path)
		require.Equal(t, []string{"4711", ""}, rows[1][last:], path)
	}
}

func TestFinancePageLeadsToTheFiles(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	_, text := l.do(t, http.MethodGet, "/finance", "", "Accept", html)
	for _, wanted := range []string{
		`action="/export.csv"`, `action="/refunds.csv"`, `value="settled"`,
		`value="pounds"`,
	} {
		require.Contains(t, text, wanted)
	}
}
