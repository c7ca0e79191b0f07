package staff_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
)

func TestEveryPageSaysThatALiveRouteTakesNoPayments(t *testing.T) {
	t.Parallel()
	for _, testMode := range []bool{false, true} {
		l := newListener(t, func(o *staff.Options) { o.TestMode = testMode })
		says := func(page string) bool {
			_, text := l.do(t, http.MethodGet, page, "", "Accept", "text/html")
			return strings.Contains(text, "route licence pass without payment")
		}
		require.False(t, says("/"))
		until := l.now().Add(time.Hour).Format(time.RFC3339)
		answer, text := l.do(t, http.MethodPost, "/routes/licence",
			`{"mode":"free","reason":"outage","until":"`+until+`"}`)
		require.Equal(t, http.StatusOK, answer.StatusCode, text)
		for _, page := range []string{"/", "/journeys", "/finance", "/reconcile", "/routes", "/person", "/nothing"} {
			require.Equal(t, !testMode, says(page), page)
		}
	}
}

func TestTheAuditNamesTheRouteThatWasChanged(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	l.do(t, http.MethodPost, "/routes/licence", `{"mode":"closed","reason":"storm"}`)
	l.do(t, http.MethodPost, "/routes/Ann%20Smith", `{"mode":"closed","reason":"storm"}`)
	_, text := l.do(t, http.MethodGet, "/audit.csv", "")
	require.Contains(t, text, ",route licence,")
	require.NotContains(t, text, "Smith", "what is no route is not repeated")
}
