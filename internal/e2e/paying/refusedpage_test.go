package paying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestRefusalIsExplainedBeforeServicesOwnAnswer(t *testing.T) {
	t.Parallel()
	for language, says := range map[string][]string{
		"en": {
			"Your payment of £13.50 is still valid. You do not pay again.",
			"If you do nothing, you will get your money back.",
		},
		"cy": {"Mae eich taliad o £13.50 yn dal yn ddilys.", "Os na wnewch ddim, cewch eich arian yn ôl."},
	} {
		h := testserver.New(t, refuseWithoutName, "PAYGATE_LANGUAGE=form:lang")
		c := h.Citizen()
		applyAndPay(c, "/licences/priced", url.Values{"licence": {"8-day"}, "lang": {language}}, "")
		explained := c.ReturnFromPay()
		require.Equal(t, http.StatusOK, explained.Status)
		for _, text := range says {
			require.Contains(t, explained.Text, text)
		}
		require.NotContains(t, explained.Text, "name is missing")
		require.Equal(t, []string{"flash=wrong"}, explained.Header["Set-Cookie"],
			"the service recognises the citizen in the corrected form")
		own := c.ServicesAnswer(explained)
		require.Equal(t, http.StatusUnprocessableEntity, own.Status)
		require.Equal(t, `<form method="post"><input name="name"></form>`, own.Text)
		require.Empty(t, own.Header["Paygate-Answer"])
		require.Empty(t, own.Header["Set-Cookie"], "once")
		require.Contains(t, c.Get("/_pay/status").Text, ".service")
		corrected := c.Post("/licences/priced?paygate-reply="+c.Journeys()[0].ID+".service",
			url.Values{"licence": {"8-day"}, "name": {"Ann"}})
		require.Equal(t, "#done", corrected.Location()[strings.Index(corrected.Location(), "#"):])
		require.Len(t, h.Payments(), 1)
	}
}

func TestRefusedPageExplainsStaffDecision(t *testing.T) {
	t.Parallel()
	clock := testserver.NewMovableClock() // 10:00
	h := testserver.Build(t, paysim.Options{Now: clock.Now, PostLimit: -1}, refuseWithoutName)
	h.Now = clock.Now
	h.Start("PAYGATE_ROUTE_LICENCE_ON_REFUSED=staff", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=90m")
	c := h.Citizen()
	applyAndPay(c, "/licences/apply", url.Values{"name": {""}}, "")
	text := c.ReturnFromPay().Text
	require.Contains(t, text, "If you do nothing, we will decide what happens to your payment.")
	require.Contains(t, text, "send it again by 11:30am")
}

func TestRefusedPageOffShowsServicesAnswerDirectly(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, refuseWithoutName, "PAYGATE_ROUTE_LICENCE_REFUSED_PAGE=off")
	c := h.Citizen()
	applyAndPay(c, "/licences/apply", url.Values{"name": {""}}, "")
	shown := c.ReturnFromPay()
	require.Equal(t, http.StatusUnprocessableEntity, shown.Status)
	require.Equal(t, []string{"flash=wrong"}, shown.Header["Set-Cookie"])
}

func TestScriptsAndCorrectionsGetServicesRefusalDirectly(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, refuseWithoutName)
	c := h.Citizen()
	applyAndPay(c, "/licences/apply", url.Values{"name": {""}}, "")
	c.ReturnFromPay()
	marked := "/licences/apply?paygate-reply=" + c.Journeys()[0].ID
	require.Equal(t, http.StatusUnprocessableEntity, c.Get(marked, "Sec-Fetch-Mode", "cors").Status)
	again := c.Post(marked, url.Values{"name": {""}})
	require.Equal(t, http.StatusUnprocessableEntity, again.Status)
	require.Equal(t, []string{"flash=wrong"}, again.Header["Set-Cookie"])
	require.Len(t, h.Payments(), 1)
}

func TestRefusalByRedirectIsExplained(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Redirect(w, r, "/log-in?next=x", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("log in"))
	})
	c := h.Citizen()
	applyAndPay(c, "/licences/apply", url.Values{"name": {"Ann"}}, "")
	require.Equal(t, "log in", c.ServicesAnswer(c.ReturnFromPay()).Text)
}

// TestAuthenticationChallengeIsNotShownToBrowser: a stored challenge would never change, however the browser answers
// it.
func TestAuthenticationChallengeIsNotShownToBrowser(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"on", "off"} {
		h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n", stale=true`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			testserver.Confirm(w, r)
		}, "PAYGATE_ROUTE_LICENCE_REFUSED_PAGE="+setting)
		c := h.Citizen()
		applyAndPay(c, "/licences/apply", url.Values{"name": {"Ann"}}, "")
		explained := c.ReturnFromPay()
		require.Equal(t, http.StatusOK, explained.Status)
		require.Empty(t, explained.Header["Www-Authenticate"])
		require.Contains(t, explained.Text, "Your payment of £25 is still valid. You do not pay again.")
		require.Contains(t, explained.Text, "Go back to the form and send it again")
		require.NotContains(t, explained.Text, ".service")
		require.Equal(t, http.StatusOK,
			c.Get("/licences/apply?paygate-reply="+c.Journeys()[0].ID+".service", "Authorization", "Digest x").Status)
		require.Len(t, h.Service.Requests(http.MethodPost), 1, "nothing is delivered again without the citizen")

		challenged := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Equal(t, http.StatusUnauthorized, challenged.Status)
		require.NotEmpty(t, challenged.Header["Www-Authenticate"], "the browser can answer it")
		require.Contains(t, c.Post("/licences/apply", url.Values{"name": {"Ann"}}, "Authorization",
			"Digest y").Location(),
			"confirmation")
		require.Len(t, h.Payments(), 1)
		require.Equal(t, journey.StateReleased, c.State())
	}
}

func TestRefusalWithoutContentIsExplained(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"on", "off"} {
		_, c := testserver.NewWithPayment(t,
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
			"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=",
			"PAYGATE_ROUTE_LICENCE_REFUSED_PAGE="+page)
		require.Contains(t, c.ReturnFromPay().Text, "is still valid")
		corrected := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Contains(t, corrected.Text, "is still valid", "a browser shows nothing for a 204")
	}
}

// TestTruncatedRefusalIsExplained proves that the payment stays valid although the service's answer cannot be shown.
func TestTruncatedRefusalIsExplained(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("not he"))
	})
	explained := c.ReturnFromPay()
	require.Contains(t, explained.Text, "Your payment of £25 is still valid.")
	require.NotContains(t, explained.Text, ".service")
}
