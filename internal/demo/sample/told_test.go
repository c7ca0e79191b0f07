package sample

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const refund = `{"jny":"01TEST","pay":{"ref":"RVM-1"},"evt":{"id":"re1","what":"refunded","amount":500,` +
	`"refunded_total":1250,"at":"2026-11-24T09:12:40Z"}}`

func TestAnEventIsShownOnce(t *testing.T) {
	t.Parallel()
	s := New(time.Now)
	post := func(status, body string) int {
		r := httptest.NewRequest(http.MethodPost, "/paygate/events", strings.NewReader(body))
		r.Header.Set("Paygate-Status", status)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		return answer.Code
	}
	require.Equal(t, http.StatusNoContent, post("event", refund))
	require.Equal(t, http.StatusNoContent, post("event", refund))
	require.Equal(t, http.StatusBadRequest, post("none", refund))
	require.Equal(t, http.StatusBadRequest, post("event", "{"))
	page := httptest.NewRecorder()
	s.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/told", nil))
	require.Equal(t, 1, strings.Count(page.Body.String(),
		"<td>refunded</td><td>RVM-1</td><td>£5.00</td><td>£12.50</td>"))
}
