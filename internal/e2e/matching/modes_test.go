package matching

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey/boltstore"
)

// setMode changes a route as a member of staff, and returns the status.
func setMode(h *testserver.Harness, route, mode string, more ...any) testserver.Page {
	return h.Ann().Do(http.MethodPost, "/routes/"+route, testserver.WithReason(append(more, "mode", mode)...))
}

func tomorrow(h *testserver.Harness) string { return h.Now().Add(24 * time.Hour).Format(time.RFC3339) }

func apply(c *testserver.Citizen, header ...string) testserver.Page {
	return c.Post("/licences/apply", url.Values{"name": {"Ann"}}, header...)
}

func requireToPay(t *testing.T, h *testserver.Harness, p testserver.Page) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Contains(t, p.Header.Get("Location"), h.PayURL)
}

func TestStaffCloseAndOpenARouteWhilePaygateRuns(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	p := setMode(h, "licence", "closed", "message", "Closed <b>until</b> Monday", "message_cy", "Ar gau")
	require.Equal(t, http.StatusOK, p.Status, p.Text)

	p = apply(h.Citizen())
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Contains(t, p.Text, "Closed &lt;b&gt;until&lt;/b&gt; Monday")
	p = apply(h.Citizen(), "Accept-Language", "cy")
	require.Contains(t, p.Text, "Ar gau")
	require.NotContains(t, p.Text, `lang="en">Closed`)
	p = apply(h.Citizen(), "Accept", "application/json")
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Contains(t, p.Text, "Monday", "scripts read the message too")
	require.Equal(t, http.StatusOK, c.Get("/free").Status)

	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page", "what began before goes on")

	require.Equal(t, http.StatusOK, setMode(h, "licence", "closed", "message", "Only English").Status)
	require.Contains(t, apply(h.Citizen(), "Accept-Language", "cy").Text, `lang="en">Only English`)

	require.Equal(t, http.StatusOK, setMode(h, "licence", "on").Status)
	requireToPay(t, h, apply(h.Citizen()))
	require.NotContains(t, h.Ann().Do(http.MethodGet, "/routes", nil).Text, "Monday")
}

func TestARouteThatStaffMadeFreeEndsByItself(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		h := testserver.NewOnPayClock(t, testserver.Confirm)
		require.Equal(t, http.StatusUnprocessableEntity, setMode(h, "licence", mode).Status)
		requireToPay(t, h, apply(h.Citizen()))
		require.Equal(t, http.StatusOK, setMode(h, "licence", mode, "until", tomorrow(h)).Status)
		require.Equal(t, http.StatusOK, setMode(h, "register", mode, "until", tomorrow(h)).Status)

		sent := len(h.Service.Requests(http.MethodPost))
		apply(h.Citizen())
		require.Len(t, h.Service.Requests(http.MethodPost), sent+1)
		require.Equal(t, "none", h.Service.Requests(http.MethodPost)[sent].Header.Get("Paygate-Status"))
		require.Equal(t, http.StatusOK, h.Citizen().Get("/register/2026").Status)
		require.Equal(t, http.StatusOK, h.Citizen().Get("/register//2026").Status, "its other spellings are free too")
		require.Equal(t, mode == "shadow", strings.Contains(h.Log.String(), `"what":"held"`))

		h.Pay.Advance(24 * time.Hour)
		requireToPay(t, h, apply(h.Citizen()))
		requireToPay(t, h, h.Citizen().Get("/register/2026"))
		require.NotEqual(t, http.StatusOK, h.Citizen().Get("/register//2026").Status)
		require.Len(t, h.Service.Requests(http.MethodPost), sent+1)
	}
}

func TestASettingThatChangesEndsTheChangeOfStaff(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	require.Equal(t, http.StatusOK, setMode(h, "licence", "free", "until", tomorrow(h)).Status)
	h.Restart()
	apply(h.Citizen())
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "it outlives a restart")
	h.Restart("PAYGATE_ROUTE_LICENCE_MODE=closed")
	require.Equal(t, http.StatusServiceUnavailable, apply(h.Citizen()).Status)
}

func TestAModeThatCannotBeReadLetsNothingPass(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	const unknown = `{"licence":{"mode":"gratis","replaces":"on"},"register":{"mode":"gratis","replaces":"on"}}`
	for _, text := range []string{unknown, `{`} {
		h.Close()
		h.WithStore(func(s *boltstore.Store) {
			_, err := s.UpdateValue(t.Context(), "routes", func([]byte) ([]byte, error) { return []byte(text), nil })
			require.NoError(t, err)
		})
		h.Open(h.ListenAgain())
		require.Equal(t, http.StatusServiceUnavailable, apply(h.Citizen()).Status)
		require.Equal(t, http.StatusServiceUnavailable, h.Citizen().Get("/register/2026").Status)
		require.Equal(t, http.StatusOK, h.Citizen().Get("/free").Status)
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Empty(t, h.Payments())
	}
}

func TestStaffPagesAndMetricsShowTheModes(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	require.Equal(t, http.StatusOK, setMode(h, "licence", "closed", "message", "Back soon").Status)
	p := h.Ann().Do(http.MethodGet, "/routes", nil, "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, "closed (the setting says on)")
	require.Contains(t, p.Text, "the citizen called")
	require.Contains(t, p.Text, "Back soon")
	metrics := h.Ann().Do(http.MethodGet, "/metrics", nil).Text
	require.Contains(t, metrics, `paygate_route_mode{mode="closed",route="licence"} 1`)
	require.Contains(t, metrics, `paygate_route_mode{mode="on",route="licence"} 0`)
	require.Contains(t, metrics, `paygate_route_mode{mode="on",route="register"} 1`)

	press := func(body string) testserver.Page {
		return h.Ann().Do(http.MethodPost, "/routes/licence", body, "Accept", testserver.AcceptHTML,
			"Content-Type", "application/x-www-form-urlencoded")
	}
	p = press("mode=on&reason=done")
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Contains(t, p.Text, "You are about to have licence take payments.")
	require.Contains(t, h.Ann().Do(http.MethodGet, "/routes", nil).Text, `"mode":"closed"`, "not before it is checked")
	seen := regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(p.Text)
	require.NotNil(t, seen, p.Text)
	checked := "mode=on&reason=done&confirmed=yes&seen=" + seen[1]
	require.Equal(t, http.StatusSeeOther, press(checked).Status)
	p = press(checked)
	require.Equal(t, http.StatusConflict, p.Status, "pressed twice")
	require.Contains(t, p.Text, "the route has changed since you looked")
	require.Equal(t, http.StatusUnprocessableEntity, press("mode=free&reason=done").Status, "no until")
	require.Equal(t, http.StatusNotFound, setMode(h, "other", "closed").Status)
}

// A citizen who was asked whether to pay again has not begun to pay.
func TestNoFirstPaymentBeginsOnARouteThatWasClosedMeanwhile(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	requireToPay(t, h, apply(c))
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Contains(t, apply(c).Text, "Do you want to pay again?")
	require.Equal(t, http.StatusOK, setMode(h, "licence", "closed", "message", "Back on Monday").Status)
	again := url.Values{"journey": {c.Journeys()[0].ID}}
	p := c.Post("/_pay/again", again)
	require.Equal(t, http.StatusServiceUnavailable, p.Status, p.Text)
	require.Contains(t, p.Text, "Back on Monday")
	require.Len(t, h.Payments(), 1)
	require.Equal(t, http.StatusOK, setMode(h, "licence", "on").Status)
	requireToPay(t, h, c.Post("/_pay/again", again))
}
