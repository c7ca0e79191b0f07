package matching

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestPassIsPaidOnceAndFetchedAgain(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600, s-maxage=900")
		http.ServeContent(w, r, "register.pdf", time.Time{}, strings.NewReader("%PDF-1.4 the register"))
	})
	c := h.Citizen()
	require.Equal(t, http.StatusPaymentRequired, c.Do(http.MethodHead, "/register/2026", nil).Status)
	require.Empty(t, h.Payments(), "a HEAD starts no payment")

	p := c.Get("/register/2026?from=a;b")
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Empty(t, h.Service.Requests(http.MethodGet))
	h.EndPayment("success")
	back := c.Get("/_pay/return")
	require.Equal(t, "/register/2026?from=a;b", back.Location(), "back to the requested address")
	require.Equal(t, "capturable", h.Payments()[0].Status, "captured with the first fetch")

	first := c.Get(back.Location())
	require.Equal(t, "%PDF-1.4 the register", first.Text)
	require.Equal(t, "private, max-age=600", first.Header.Get("Cache-Control"))
	require.Equal(t, "success", h.Payments()[0].Status)

	part := c.Get("/register/2026?from=a;b", "Range", "bytes=0-3")
	require.Equal(t, http.StatusPartialContent, part.Status)
	require.Equal(t, "%PDF", part.Text)
	require.Equal(t, http.StatusOK, c.Do(http.MethodHead, "/register/2026?from=a;b", nil).Status)
	for _, got := range append(h.Service.Requests(http.MethodGet), h.Service.Requests(http.MethodHead)...) {
		require.Equal(t, "pass", got.Header.Get("Paygate-Via"))
		require.Equal(t, "1", got.Header.Get("Paygate-Attempt"))
		for _, check := range h.Verify(t, got) {
			require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
		}
	}
	require.Len(t, h.Payments(), 1)
	require.Contains(t, c.Get("/_pay/status").Text, `href="/register/2026?from=a;b"`, "a link to it")
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2025").Status, "another path must be paid for")
	require.Equal(t, http.StatusSeeOther, h.Citizen().Get("/register/2026").Status, "so must another browser")
}

// A browser sends no SameSite=Strict cookies on the way back from Pay. Without its session cookie, a service would ask
// the citizen to log in.
func TestPassWithStrictCookiesIsOpenedByANewNavigation(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2026?a=1", "Cookie", "session=strict").Status)
	h.EndPayment("success")
	p := c.Get("/_pay/return")
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, `http-equiv="refresh" content="0; url=/register/2026?a=1"`,
		"a navigation from the same site")
	require.Contains(t, p.Text, "Get what you paid for")
	require.Empty(t, h.Service.Requests(http.MethodGet))
}
