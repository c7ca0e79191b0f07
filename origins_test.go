package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// twoOrigins is a house that citizens reach at 127.0.0.1 and at localhost; the second address is returned.
func twoOrigins(t *testing.T, answer http.HandlerFunc) (*house, string) {
	t.Helper()
	h := newHouse(t, answer)
	second := strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	h.restart("PAYGATE_PUBLIC_URL=" + h.url + "," + second)
	return h, second
}

func TestACitizenComesBackToTheOriginTheyStartedAt(t *testing.T) {
	t.Parallel()
	h, second := twoOrigins(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://"+r.Context().Value(http.LocalAddrContextKey).(interface{ String() string }).String()+"/licences/confirmation/1")
			w.WriteHeader(http.StatusSeeOther)
		}
	})
	for i, at := range []string{h.url, second} {
		c := h.citizen()
		require.Equal(t, http.StatusSeeOther, c.post(at+"/licences/apply", url.Values{"name": {at}}).status)
		require.Equal(t, at+"/_pay/return", h.payments()[i].ReturnURL)
		h.pays("success")
		shown := c.get(at + c.get(at+"/_pay/return").to())
		require.Equal(t, at+"/licences/confirmation/1", shown.to(), "the service's own origin is turned into the one that the citizen is at")
	}
}

func TestPassesComeBackToTheOriginTheyStartedAt(t *testing.T) {
	t.Parallel()
	h, second := twoOrigins(t, plain)
	require.Equal(t, http.StatusSeeOther, h.citizen().get(second+"/register/2026").status)
	require.Equal(t, second+"/_pay/return", h.payments()[0].ReturnURL)
}

func TestNobodyPaysAtAHostThatIsNotListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain)
	elsewhere := strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	c := h.citizen()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, target := range []string{"/licences/apply", "/licences/apply?a=1;b=%20", "/register/2026?x", "/licences/apply;jsessionid=1"} {
			led := c.do(method, elsewhere+target, nil)
			require.Equal(t, http.StatusPermanentRedirect, led.status, target)
			require.Equal(t, h.url+target, led.to())
			require.Equal(t, "yes", led.header.Get("Paygate-Answer"))
		}
		require.Equal(t, http.StatusOK, c.do(method, elsewhere+"/licences/other", nil).status, "free traffic passes")
	}
	require.Equal(t, http.StatusOK, c.post(elsewhere+"/free", nil).status, "free traffic passes")
	require.Equal(t, http.StatusOK, c.get(elsewhere+"/_pay/status").status, "our own addresses are there")
	require.NotContains(t, h.log.String(), `"level":"ERROR"`)
	for range 3 {
		for _, target := range []string{"/licences/apply", "/licences/priced?licence=1-day", "/fines/pay"} {
			refused := c.post(elsewhere+target, url.Values{"licence": {"1-day"}})
			require.Equal(t, http.StatusMisdirectedRequest, refused.status, target)
			require.Contains(t, refused.text, `href="`+h.url+target)
			require.Contains(t, refused.text, "This has not taken any money")
		}
	}
	require.Contains(t, c.post(elsewhere+"/fines/pay", nil, "Accept-Language", "cy").text, "Ni allwch dalu yn y cyfeiriad hwn")
	require.Empty(t, h.payments())
	require.Equal(t, 1, strings.Count(h.log.String(), `"level":"ERROR"`), "once a minute at most")
}

func TestAFormThatCostsNothingPassesAtAnyHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay", "PAYGATE_ROUTE_IMMEDIATE_MODE=free")
	elsewhere := strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	c := h.citizen()
	require.Equal(t, http.StatusOK, c.post(elsewhere+"/licences/apply", url.Values{"action": {"save"}}).status)
	require.Equal(t, http.StatusMisdirectedRequest, c.post(elsewhere+"/licences/apply", url.Values{"action": {"pay"}}).status)
	require.Contains(t, h.log.String(), `"level":"ERROR","msg":"a pay request was refused at a host that PAYGATE_PUBLIC_URL does not list","host":"localhost:`)
	require.Equal(t, http.StatusOK, c.post(elsewhere+"/fines/pay", nil).status)
	require.Equal(t, http.StatusOK, c.get(elsewhere+"/fines/pay").status)
}

func TestAFormAtAnotherHostMayLeadToTheMainOrigin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "form-action 'self'")
	})
	elsewhere := strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	require.Equal(t, "form-action 'self' "+h.payURL+" "+h.url, h.citizen().get(elsewhere+"/years").header.Get("Content-Security-Policy"))
	require.Equal(t, "form-action 'self' "+h.payURL, h.citizen().get("/years").header.Get("Content-Security-Policy"))
}

func TestAServiceThatWantsHTTPSNeedsNoTrustedProxy(t *testing.T) {
	t.Parallel()
	insists := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-Proto") != "https" {
			http.Redirect(w, r, "https://apply.example.org"+r.RequestURI, http.StatusMovedPermanently)
			return
		}
		plain(w, r)
	}
	h := newHouse(t, insists, "PAYGATE_PUBLIC_URL=https://apply.example.org")
	require.Equal(t, http.StatusOK, h.citizen().get("/").status)
	require.Equal(t, []string{"https"}, h.service.got(http.MethodGet)[0].header["X-Forwarded-Proto"])
}

func TestTheTicketOutlivesAReplyThatClearsCookies(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Clear-Site-Data", `"*"`)
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "new", Path: "/"})
		plain(w, r)
	})
	at := c.get("/_pay/return").to()
	shown := c.get(at, "Cookie", "old=1")
	require.Equal(t, `"cache", "storage", "executionContexts"`, shown.header.Get("Clear-Site-Data"))
	require.Equal(t, "old=; Max-Age=0; Path=/", shown.header.Get("Set-Cookie"))
	require.Contains(t, shown.header["Set-Cookie"], "sid=new; Path=/")
	again := c.get(at)
	require.Equal(t, http.StatusOK, again.status, "the browser still has its ticket")
	require.Empty(t, again.header.Get("Clear-Site-Data"), "what was set since is not cleared by a reload")
	require.Empty(t, again.header["Set-Cookie"])
	require.Contains(t, c.get("/_pay/status").text, "Fishing licence")
	require.Len(t, h.payments(), 1)
}
