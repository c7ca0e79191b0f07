package staff_test

import (
	"net/http"
	"net/url"
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

func TestTheFormOfARouteSaysWhatIsWrongAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	answer, text := b.do("/routes/licence", url.Values{
		"mode": {"free"}, "reason": {""}, "until": {"2026-11-22T10:00"}, "message": {"<b>Back"},
	})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, "<title>Error: Routes")
	require.Contains(t, text, `<a href="#until-licence">Until must be in the future.</a>`)
	require.Contains(t, text, `<a href="#reason-licence">Give a reason`)
	require.Contains(t, text, `<details class="govuk-details" open>`)
	require.Contains(t, text, `<option value="free" selected>`)
	require.Contains(t, text, `value="2026-11-22T10:00"`)
	require.Contains(t, text, `value="&lt;b&gt;Back"`)
	require.Contains(t, text, `id="until-licence-error"`)
	answer, _ = b.do("/routes/licence", url.Values{"mode": {"open"}, "reason": {"x"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	answer, _ = b.do("/routes/other", url.Values{"mode": {"closed"}, "until": {"x"}})
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

func TestARouteSaysWhatBecameOfItsChange(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	closing := url.Values{"mode": {"closed"}, "reason": {"storm"}}
	_, text := b.do("/routes/licence", closing)
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		closing.Set(m[1], m[2])
	}
	answer, text := b.do("/routes/licence", closing)
	require.Equal(t, "/routes", answer.Request.URL.Path)
	require.Contains(t, text, "The mode of licence is now closed.")
	answer, text = b.do("/routes/licence", closing)
	require.Equal(t, http.StatusConflict, answer.StatusCode)
	require.Contains(t, text, "the route has changed since you looked")
	require.Contains(t, text, "closed (the setting says on)", "it shows the route as it is")
	_, text = b.do("/routes", nil)
	require.NotContains(t, text, "is now closed", "it is said once")
}
