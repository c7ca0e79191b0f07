package proxying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// twoOrigins starts Paygate at the origins 127.0.0.1 and localhost, and returns the second.
func twoOrigins(t *testing.T, answer http.HandlerFunc) (*testserver.Harness, string) {
	t.Helper()
	h := testserver.New(t, answer)
	second := strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	h.Restart("PAYGATE_PUBLIC_URL=" + h.URL + "," + second)
	return h, second
}

func TestCitizenReturnsToTheOriginTheyStartedAt(t *testing.T) {
	t.Parallel()
	h, second := twoOrigins(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location",
				"http://"+r.Context().Value(http.LocalAddrContextKey).(interface{ String() string }).String()+
					"/licences/confirmation/1")
			w.WriteHeader(http.StatusSeeOther)
		}
	})
	for i, at := range []string{h.URL, second} {
		c := h.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post(at+"/licences/apply", url.Values{"name": {at}}).Status)
		require.Equal(t, at+"/_pay/return", h.Payments()[i].ReturnURL)
		h.EndPayment("success")
		shown := c.Get(at + c.Get(at+"/_pay/return").Location())
		require.Equal(t, at+"/licences/confirmation/1", shown.Location(),
			"the service's own origin becomes the citizen's")
	}
}

func TestPassReturnsToTheOriginItStartedAt(t *testing.T) {
	t.Parallel()
	h, second := twoOrigins(t, testserver.Plain)
	require.Equal(t, http.StatusSeeOther, h.Citizen().Get(second+"/register/2026").Status)
	require.Equal(t, second+"/_pay/return", h.Payments()[0].ReturnURL)
}

func TestNoPaymentAtAnUnlistedHost(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	other := strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	c := h.Citizen()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, target := range []string{
			"/licences/apply", "/licences/apply?a=1;b=%20", "/register/2026?x",
			"/licences/apply;jsessionid=1",
		} {
			answer := c.Do(method, other+target, nil)
			require.Equal(t, http.StatusPermanentRedirect, answer.Status, target)
			require.Equal(t, h.URL+target, answer.Location())
			require.Equal(t, "yes", answer.Header.Get("Paygate-Answer"))
		}
		require.Equal(t, http.StatusOK, c.Do(method, other+"/licences/other", nil).Status, "free traffic passes")
	}
	require.Equal(t, http.StatusOK, c.Post(other+"/free", nil).Status, "free traffic passes")
	require.Equal(t, http.StatusOK, c.Get(other+"/_pay/status").Status, "Paygate's own addresses answer")
	require.NotContains(t, h.Log.String(), `"level":"ERROR"`)
	for range 3 {
		for _, target := range []string{"/licences/apply", "/licences/priced?licence=1-day", "/fines/pay"} {
			refused := c.Post(other+target, url.Values{"licence": {"1-day"}})
			require.Equal(t, http.StatusMisdirectedRequest, refused.Status, target)
			require.Contains(t, refused.Text, `href="`+h.URL+target)
			require.Contains(t, refused.Text, "This has not taken any money")
		}
	}
	require.Contains(t, c.Post(other+"/fines/pay", nil, "Accept-Language", "cy").Text,
		"Ni allwch dalu yn y cyfeiriad hwn")
	require.Empty(t, h.Payments())
	require.Equal(t, 1, strings.Count(h.Log.String(), `"level":"ERROR"`), "once a minute at most")
}

func TestFreeFormPassesAtAnyHost(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_IMMEDIATE_MODE=free")
	other := strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	c := h.Citizen()
	require.Equal(t, http.StatusOK, c.Post(other+"/licences/apply", url.Values{"action": {"save"}}).Status)
	require.Equal(t, http.StatusMisdirectedRequest,
		c.Post(other+"/licences/apply", url.Values{"action": {"pay"}}).Status)
	require.Contains(t, h.Log.String(), `"level":"ERROR",`+
		`"msg":"a pay request was refused at a host that PAYGATE_PUBLIC_URL does not list","host":"localhost:`)
	require.Equal(t, http.StatusOK, c.Post(other+"/fines/pay", nil).Status)
	require.Equal(t, http.StatusOK, c.Get(other+"/fines/pay").Status)
}

func TestCSPAllowsFormsToTheMainOrigin(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "form-action 'self'")
	})
	other := strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	require.Equal(t, "form-action 'self' "+h.PayURL+" "+h.URL,
		h.Citizen().Get(other+"/years").Header.Get("Content-Security-Policy"))
	require.Equal(t, "form-action 'self' "+h.PayURL, h.Citizen().Get("/years").Header.Get("Content-Security-Policy"))
}

func TestHTTPSOnlyServiceNeedsNoTrustedProxy(t *testing.T) {
	t.Parallel()
	redirectToHTTPS := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-Proto") != "https" {
			http.Redirect(w, r, "https://apply.example.org"+r.RequestURI, http.StatusMovedPermanently)
			return
		}
		testserver.Plain(w, r)
	}
	h := testserver.New(t, redirectToHTTPS, "PAYGATE_PUBLIC_URL=https://apply.example.org")
	require.Equal(t, http.StatusOK, h.Citizen().Get("/").Status)
	require.Equal(t, []string{"https"}, h.Service.Requests(http.MethodGet)[0].Header["X-Forwarded-Proto"])
}

func TestTicketSurvivesClearSiteData(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Clear-Site-Data", `"*"`)
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "new", Path: "/"})
		testserver.Plain(w, r)
	})
	at := c.Get("/_pay/return").Location()
	shown := c.Get(at, "Cookie", "old=1")
	require.Equal(t, `"cache", "storage", "executionContexts"`, shown.Header.Get("Clear-Site-Data"))
	require.Equal(t, "old=; Max-Age=0; Path=/", shown.Header.Get("Set-Cookie"))
	require.Contains(t, shown.Header["Set-Cookie"], "sid=new; Path=/")
	again := c.Get(at)
	require.Equal(t, http.StatusOK, again.Status, "the browser still has its ticket")
	require.Empty(t, again.Header.Get("Clear-Site-Data"), "a reload does not clear later cookies")
	require.Empty(t, again.Header["Set-Cookie"])
	require.Contains(t, c.Get("/_pay/status").Text, "Fishing licence")
	require.Len(t, h.Payments(), 1)
}
