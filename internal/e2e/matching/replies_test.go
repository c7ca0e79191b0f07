package matching

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestServicePageIsShownAtItsOwnURL(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Paygate-Status", "forged")
		_, _ = w.Write([]byte(`<a href="next">your licence</a>`))
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	p := c.Get("/_pay/return")
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.True(t, strings.HasPrefix(p.Location(), "/licences/apply?paygate-reply="), p.Location())

	shown := c.Get(p.Location())
	require.Equal(t, `<a href="next">your licence</a>`, shown.Text)
	require.NotEmpty(t, shown.Header["Set-Cookie"])
	require.Empty(t, shown.Header.Get("Paygate-Answer"), "it is the service's answer")
	require.Empty(t, shown.Header.Get("Paygate-Status"))
	require.Contains(t, shown.Header.Get("Cache-Control"), "private")

	reload := c.Get(p.Location())
	require.Equal(t, shown.Text, reload.Text)
	require.Empty(t, reload.Header["Set-Cookie"], "cookies are set once")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Empty(t, h.Service.Requests(http.MethodGet), "the marked address is never forwarded")

	stranger := h.Citizen().Get(p.Location())
	require.Equal(t, http.StatusSeeOther, stranger.Status)
	require.Equal(t, "/_pay/status", stranger.Location())
}

func TestServiceRedirectIsResolvedAgainstTheFormURL(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, testserver.Confirm)
	p := c.Get(c.Get("/_pay/return").Location())
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, "/licences/confirmation/RVM-0001", p.Location(), "resolved against the form's URL")
	require.Contains(t, p.Header.Get("Set-Cookie"), "flash=received")
	require.Empty(t, p.Header["Paygate-Answer"], "it is the service's answer")
	require.Equal(t, "private, no-cache", p.Header.Get("Cache-Control"))
}

func TestReplyWithStrictCookiesIsOpenedByANewNavigation(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	form := url.Values{"name": {"Ann"}}
	p := c.Post("/licences/apply", form, "Cookie", "prefs=strict")
	require.Equal(t, http.StatusSeeOther, p.Status)
	h.EndPayment("success")
	shown := c.Get(c.Get("/_pay/return").Location())
	require.Equal(t, http.StatusOK, shown.Status)
	require.Contains(t, shown.Text, `http-equiv="refresh" content="0; url=/licences/confirmation/RVM-0001"`)
	require.Contains(t, shown.Text, `href="/licences/confirmation/RVM-0001"`)
	require.Contains(t, h.Service.Requests(http.MethodPost)[0].Header.Get("Cookie"), "prefs=strict",
		"the held cookie is released")
}

func TestRefusedFormIsCorrectedOnTheSamePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("name") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte("name is missing"))
			return
		}
		testserver.Confirm(w, r)
	})
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {""}})
	require.Equal(t, http.StatusSeeOther, p.Status)
	h.EndPayment("success")
	refused := c.ServicesAnswer(c.ReturnFromPay())
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Equal(t, "name is missing", refused.Text, "the service's own page")
	require.Equal(t, "capturable", h.Payments()[0].Status, "a refusal takes no money")

	corrected := c.Post("/licences/apply?paygate-reply="+c.Journeys()[0].ID, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, corrected.Status, corrected.Text)
	require.Equal(t, "confirmation/RVM-0001", corrected.Location(), "the service's response")
	require.Len(t, h.Payments(), 1, "no second payment")
	require.Equal(t, "success", h.Payments()[0].Status)
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "2", posts[1].Header.Get("Paygate-Submission"))
	require.Equal(t, "/licences/apply", posts[1].Target)
	require.Equal(t, posts[0].Header.Get("Paygate-Journey"), posts[1].Header.Get("Paygate-Journey"))
}

func TestReleaseReplyLosesPaygateHeaders(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'self'; form-action 'self'")
		header["PAYGATE_ANSWER"] = []string{"evil"}
		header.Set("Paygate-Answer", "evil")
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	requireClean := func(p testserver.Page) {
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
		require.Equal(t, "default-src 'self'; form-action 'self' "+h.PayURL, p.Header.Get("Content-Security-Policy"),
			"the form can lead to Pay again")
		for name := range p.Header {
			require.NotContains(t, strings.ToLower(name), "paygate")
		}
	}
	c := h.Citizen()
	c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	h.EndPayment("success")
	requireClean(c.ServicesAnswer(c.ReturnFromPay()))
	requireClean(c.Post("/licences/apply", url.Values{"name": {"Bob"}}))

	c.Get("/register/2026")
	h.EndPayment("success")
	requireClean(c.Get("/register/2026"))
}

func TestRefusalIsNotShownOnceTheMoneyIsReturned(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte("correct the form"))
	}, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Call: "cancel", Kind: "500"})
	require.Equal(t, "correct the form", c.ServicesAnswer(c.ReturnFromPay()).Text)
	require.Eventually(t, func() bool { h.Sweep(); return h.Ann().Journey(c.Journeys()[0].ID).Note != "" },
		testserver.LongTimeout, 1)
	require.Equal(t, journey.StateRefused, c.State())
	require.Contains(t, c.ReturnFromPay().Text, "Your money is being given back")
}

// A form without an action is sent to the address of its page, which can have the marker.
func TestReplyMarkerNeverReachesTheService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_WHEN=form:do=pay")
	c := h.Citizen()
	for target, arrives := range map[string]string{
		"/licences/apply?paygate-reply=0T45QC88T55VKQVH": "/licences/apply",
		"/licences/apply?a=1;b&paygate-reply=X&c=%zz":    "/licences/apply?a=1;b&c=%zz",
		"/licences/apply?": "/licences/apply?",
	} {
		c.Post(target, url.Values{"do": {"save"}})
		posts := h.Service.Requests(http.MethodPost)
		require.Equal(t, arrives, posts[len(posts)-1].Target)
	}
	require.Empty(t, h.Payments())
}

func TestLargeReplyIsStreamed(t *testing.T) {
	t.Parallel()
	large := testserver.BinaryContent(3 << 20)
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/zip")
		_, _ = w.Write(large)
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	p := c.ReturnFromPay()
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "application/zip", p.Header.Get("Content-Type"))
	require.True(t, p.Text == string(large), "complete")
	require.Contains(t, c.ReturnFromPay().Text, "We have received your payment and your form")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// The journey ID is public, in addresses, logs and headers; the key is in the ticket.
func TestJourneyIDAloneOpensNoReply(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the secret page") })
	anns, eve := h.Citizen(), h.Citizen()
	anns.Apply("Ann")
	h.EndPayment("success")
	require.Equal(t, "the secret page", anns.ReturnFromPay().Text)
	id := anns.Journeys()[0].ID
	eve.Apply("Eve")
	for _, target := range []string{
		"/licences/apply?paygate-reply=" + id, "/licences/apply?x&paygate-reply=" + id, "/?paygate-reply=" + id,
		"/licences/apply?paygate-reply=" + strings.ToLower(id), "/licences/apply?paygate-reply=" + eve.Journeys()[0].ID,
		"/licences/apply?paygate-reply=../" + id, "/licences/apply?paygate-reply=%00",
		"/licences/apply?paygate-reply=" + strings.Repeat("A", 30_000),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			p := eve.Do(method, target, nil)
			require.Equal(t, "/_pay/status", p.Location(), "%s %.60s", method, target)
			require.Empty(t, p.Text)
		}
	}
	for _, address := range []string{"/_pay/again", "/_pay/resume"} {
		require.Equal(t, http.StatusNotFound, eve.Post(address, url.Values{"journey": {id}}).Status)
	}
	require.NotContains(t, eve.Get("/_pay/status").Text, id)
	require.Empty(t, h.Service.Requests(http.MethodGet), "a marked address is never forwarded")
	eve.Do(http.MethodOptions, "/licences/apply?paygate-reply="+id, nil)
	require.Equal(t, "/licences/apply", h.Service.Requests(http.MethodOptions)[0].Target,
		"OPTIONS passes without its query")
	require.Equal(t, "the secret page", anns.Get("/licences/apply?paygate-reply="+id).Text)
}
