package paying

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestStaffListenerRequiresToken(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	for _, token := range []string{
		"", "wrong", testserver.AnnsToken + "x",
		testserver.AnnsToken[:len(testserver.AnnsToken)-1], "ann:" + testserver.AnnsToken,
	} {
		stranger := testserver.StaffClient{H: h, Token: token}
		h.Restart() // refused sign-ins are braked, in memory
		for _, address := range []string{"/journeys", "/journeys/" + id, "/export.csv", "/backup", "/", "/nothing"} {
			p := stranger.Do(http.MethodGet, address, nil)
			require.Equal(t, http.StatusUnauthorized, p.Status, address)
			require.NotContains(t, p.Text, id)
			require.Equal(t, `Bearer realm="paygate"`, p.Header.Get("WWW-Authenticate"))
		}
		for _, address := range []string{"/journeys/" + id + "/check", "/journeys/" + id + "/settle", "/mopup"} {
			require.Equal(t, http.StatusUnauthorized,
				stranger.Do(http.MethodPost, address, testserver.WithReason()).Status, address)
		}
		for _, address := range []string{"/healthz", "/readyz", "/metrics"} {
			require.Equal(t, http.StatusOK, stranger.Do(http.MethodGet, address, nil).Status, address)
		}
	}
	for _, address := range []string{"/journeys", "/metrics", "/healthz", "/login"} {
		require.Contains(t, h.Citizen().Get(address).Text, "the service's own page", "not on the public listener")
	}
}

func TestStaffListenerRejectsInvalidRequests(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	ann := h.Ann()
	for _, c := range []struct {
		method, path string
		body         any
		status       int
	}{
		{http.MethodGet, "/journeys/NONE", nil, 404},
		{http.MethodPost, "/journeys/NONE/check", nil, 404},
		{http.MethodPost, "/journeys/NONE/release", testserver.WithReason(), 404},
		{http.MethodPost, "/journeys/NONE/settle", testserver.WithReason("as", "released"), 404},
		{http.MethodPost, "/journeys/NONE/settle", testserver.WithReason("as", "given"), 422},
		{http.MethodPost, "/journeys/NONE/settle", "{", 422},
		{http.MethodPost, "/journeys/NONE/settle", "[]", 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":1.5}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":99999999999999999999}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"` + strings.Repeat("x", 70_000) + `"}`, 422},
		{http.MethodPost, "/journeys/NONE/release", map[string]any{}, 422},
		{http.MethodPost, "/journeys/NONE/refund", map[string]any{"reason": " \t", "amount_pence": 1}, 422},
		{http.MethodPost, "/journeys/NONE/settle", map[string]any{"as": "released"}, 422},
		{http.MethodPost, "/journeys/NONE/burn", testserver.WithReason(), 404},
		{http.MethodGet, "/export.csv?from=tomorrow", nil, 422},
		{http.MethodGet, "/export.csv?from=2026-02-01&to=2026-01-01", nil, 422},
	} {
		p := ann.Do(c.method, c.path, c.body)
		require.Equal(t, c.status, p.Status, "%s %s: %s", c.method, c.path, p.Text)
	}
}

func TestStaffLogInRejectsCrossSiteRequests(t *testing.T) {
	t.Parallel()
	h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/licences/apply")
	b := h.Citizen()
	staff := h.Staff.URL
	p := b.Get(staff+"/journeys/"+id, "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, "/login?to=%2Fjourneys%2F"+id, p.Location())
	p = b.Post(staff+"/login", url.Values{"token": {"wrong"}, "to": {"/journeys"}})
	require.Equal(t, http.StatusUnauthorized, p.Status)
	require.Contains(t, p.Text, "This token is not known")
	for to, wanted := range map[string]string{
		"/journeys/" + id: "/journeys/" + id, "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/",
		"": "/", "/\tx": "/",
	} {
		p = b.Post(staff+"/login", url.Values{"token": {testserver.AnnsToken}, "to": {to}})
		require.Equal(t, http.StatusSeeOther, p.Status)
		require.Equal(t, wanted, p.Location(), to)
	}
	cookie := p.Header.Get("Set-Cookie")
	require.Contains(t, cookie, "HttpOnly")
	require.Contains(t, cookie, "SameSite=Strict")
	require.NotContains(t, cookie, testserver.AnnsToken)

	p = b.Get(staff+"/journeys/"+id, "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Contains(t, p.Text, "A person has to decide.")

	form := url.Values{"as": {"reversed"}, "reason": {"no longer wanted"}}
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		p = b.Post(staff+"/journeys/"+id+"/settle", form, append(header, "Accept", testserver.AcceptHTML)...)
		require.Equal(t, http.StatusForbidden, p.Status, header)
	}
	require.Equal(t, journey.StateStuck, h.Ann().Journey(id).State)
	p = b.Post(staff+"/journeys/"+id+"/settle", form, "Sec-Fetch-Site", "same-origin", "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Equal(t, journey.StateStuck, h.Ann().Journey(id).State, "it is to be checked first")
	form.Set("confirmed", "yes")
	form.Set("seen", regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(p.Text)[1])
	p = b.Post(staff+"/journeys/"+id+"/settle", form, "Sec-Fetch-Site", "same-origin", "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Equal(t, "/journeys/"+id, p.Location())
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)

	b.Post(staff+"/logout", nil, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, b.Get(staff+"/journeys", "Accept", testserver.AcceptHTML).Status,
		"signed out")
}

func TestRemovedStaffTokenEndsItsSession(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	b := h.Citizen()
	require.Equal(t, http.StatusSeeOther,
		b.Post(h.Staff.URL+"/login", url.Values{"token": {testserver.AnnsToken}}).Status)
	require.Equal(t, http.StatusOK, b.Get(h.Staff.URL+"/journeys", "Accept", testserver.AcceptHTML).Status)
	before := h.Staff.URL
	h.Restart("PAYGATE_STAFF_TOKENS=ann:another-token-for-ann,bob:" + testserver.BobsToken)
	u, err := url.Parse(before)
	require.NoError(t, err)
	now, err := url.Parse(h.Staff.URL)
	require.NoError(t, err)
	b.Client.Jar.SetCookies(now, b.Client.Jar.Cookies(u))
	require.Equal(t, http.StatusSeeOther, b.Get(h.Staff.URL+"/journeys", "Accept", testserver.AcceptHTML).Status)
}
