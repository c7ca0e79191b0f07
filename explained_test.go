package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

var ownAnswerLink = regexp.MustCompile(`href="([^"]*paygate-reply=[^"]*\.service)"`)

// ownAnswer goes on from our page to the service's own answer.
func (c *citizen) ownAnswer(explained page) page {
	c.h.t.Helper()
	require.Equal(c.h.t, "yes", explained.header.Get("Paygate-Answer"), explained.text)
	link := ownAnswerLink.FindStringSubmatch(explained.text)
	require.NotNil(c.h.t, link, explained.text)
	return c.follow(c.get(strings.ReplaceAll(link[1], "&amp;", "&")))
}

func TestARefusalIsExplainedBeforeTheServiceSpeaks(t *testing.T) {
	t.Parallel()
	for language, says := range map[string][]string{
		"en": {"Your payment of £13.50 is still valid. You do not pay again.", "If you do nothing, you get your money back."},
		"cy": {"Mae eich taliad o £13.50 yn dal yn ddilys.", "Os na wnewch ddim, cewch eich arian yn ôl."},
	} {
		h := newHouse(t, asksAgain, "PAYGATE_LANGUAGE=form:lang")
		c := h.citizen()
		c.applies("/licences/priced", url.Values{"licence": {"8-day"}, "lang": {language}}, "")
		explained := c.comesBack()
		require.Equal(t, http.StatusOK, explained.status)
		for _, text := range says {
			require.Contains(t, explained.text, text)
		}
		require.NotContains(t, explained.text, "name is missing")
		require.Equal(t, []string{"flash=wrong"}, explained.header["Set-Cookie"], "the service knows its citizen in the corrected form")
		own := c.ownAnswer(explained)
		require.Equal(t, http.StatusUnprocessableEntity, own.status)
		require.Equal(t, `<form method="post"><input name="name"></form>`, own.text)
		require.Empty(t, own.header["Paygate-Answer"])
		require.Empty(t, own.header["Set-Cookie"], "once")
		require.Contains(t, c.get("/_pay/status").text, ".service")
		corrected := c.post("/licences/priced?paygate-reply="+c.status()[0].ID+".service", url.Values{"licence": {"8-day"}, "name": {"Ann"}})
		require.Equal(t, "#done", corrected.to()[strings.Index(corrected.to(), "#"):])
		require.Len(t, h.payments(), 1)
	}
}

func TestWhatHappensToARefusalThatIsLeftToStaffIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asksAgain, "PAYGATE_ROUTE_LICENCE_ON_REFUSED=staff", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=90m")
	c := h.citizen()
	c.applies("/licences/apply", url.Values{"name": {""}}, "")
	text := c.comesBack().text
	require.Contains(t, text, "If you do nothing, a member of staff decides what happens to your payment.")
	require.Contains(t, text, "send it again by "+time.Now().Add(90*time.Minute).In(london(t)).Format("3:04pm"))
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return zone
}

func TestARefusalIsShownAtOnceWhereTheSettingsSaySo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asksAgain, "PAYGATE_ROUTE_LICENCE_REFUSED_PAGE=off")
	c := h.citizen()
	c.applies("/licences/apply", url.Values{"name": {""}}, "")
	shown := c.comesBack()
	require.Equal(t, http.StatusUnprocessableEntity, shown.status)
	require.Equal(t, []string{"flash=wrong"}, shown.header["Set-Cookie"])
}

func TestScriptsAndCorrectionsGetTheServicesRefusalAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asksAgain)
	c := h.citizen()
	c.applies("/licences/apply", url.Values{"name": {""}}, "")
	c.comesBack()
	marked := "/licences/apply?paygate-reply=" + c.status()[0].ID
	require.Equal(t, http.StatusUnprocessableEntity, c.get(marked, "Sec-Fetch-Mode", "cors").status)
	again := c.post(marked, url.Values{"name": {""}})
	require.Equal(t, http.StatusUnprocessableEntity, again.status)
	require.Equal(t, []string{"flash=wrong"}, again.header["Set-Cookie"])
	require.Len(t, h.payments(), 1)
}

func TestARefusalThatRedirectsIsExplainedToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Redirect(w, r, "/log-in?next=x", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("log in"))
	})
	c := h.citizen()
	c.applies("/licences/apply", url.Values{"name": {"Ann"}}, "")
	require.Equal(t, "log in", c.ownAnswer(c.comesBack()).text)
}

// TestAChallengeIsNotShownForTheBrowserToAnswer: the kept answer would be the same, however often the browser asks.
func TestAChallengeIsNotShownForTheBrowserToAnswer(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"on", "off"} {
		h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n", stale=true`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			confirms(w, r)
		}, "PAYGATE_ROUTE_LICENCE_REFUSED_PAGE="+setting)
		c := h.citizen()
		c.applies("/licences/apply", url.Values{"name": {"Ann"}}, "")
		explained := c.comesBack()
		require.Equal(t, http.StatusOK, explained.status)
		require.Empty(t, explained.header["Www-Authenticate"])
		require.Contains(t, explained.text, "Your payment of £25 is still valid. You do not pay again.")
		require.Contains(t, explained.text, "Go back to the form and send it again")
		require.NotContains(t, explained.text, ".service")
		require.Equal(t, http.StatusOK, c.get("/licences/apply?paygate-reply="+c.status()[0].ID+".service", "Authorization", "Digest x").status)
		require.Len(t, h.service.got(http.MethodPost), 1, "nothing is delivered again by itself")

		asked := c.post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Equal(t, http.StatusUnauthorized, asked.status)
		require.NotEmpty(t, asked.header["Www-Authenticate"], "the browser can answer it")
		require.Contains(t, c.post("/licences/apply", url.Values{"name": {"Ann"}}, "Authorization", "Digest y").to(), "confirmation")
		require.Len(t, h.payments(), 1)
		require.Equal(t, journey.StateReleased, c.state())
	}
}

func TestAnAnswerWithoutContentIsAPageThatSaysItIsDone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusResetContent} {
		h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
			w.WriteHeader(status)
		})
		c := h.citizen()
		c.apply("Ann")
		h.pays("success")
		done := c.comesBack()
		require.Equal(t, http.StatusOK, done.status)
		require.Contains(t, done.text, "Payment received and request completed")
		require.Contains(t, done.text, "You have paid £25.")
		require.Equal(t, []string{"flash=once"}, done.header["Set-Cookie"])
		require.Equal(t, status, c.get("/licences/apply?paygate-reply="+c.status()[0].ID, "Accept", "application/json").status)

		c.get("/register/2026")
		h.pays("success")
		c.comesBack()
		require.Contains(t, c.get("/register/2026").text+c.get("/_pay/status").text, "£6")
	}
}

func TestARefusalWithoutContentIsExplained(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"on", "off"} {
		h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
			"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=", "PAYGATE_ROUTE_LICENCE_REFUSED_PAGE="+page)
		c := h.citizen()
		c.apply("Ann")
		h.pays("success")
		require.Contains(t, c.comesBack().text, "is still valid")
		corrected := c.post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Contains(t, corrected.text, "is still valid", "a browser shows nothing of a 204")
	}
}

func TestAReturnWithoutATicketLooksOnceMoreAndThenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	stranger := h.citizen()
	first := stranger.get("/_pay/return", "Sec-Fetch-Site", "cross-site", "Accept-Language", "cy")
	require.Equal(t, http.StatusOK, first.status)
	require.Contains(t, first.text, `lang="cy"`)
	leads := regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=(/_pay/return[^"]*)">`).FindStringSubmatch(first.text)
	require.NotNil(t, leads, first.text)
	second := stranger.get(leads[1])
	require.Equal(t, http.StatusNotFound, second.status)
	require.Contains(t, second.text, "We cannot find your payment in this browser")
	require.Contains(t, second.text, "bank")
	require.NotContains(t, second.text, "refresh")

	require.Equal(t, "/licences/apply?paygate-reply="+c.status()[0].ID, c.get(leads[1]).to(), "with the cookie the return goes on")
	require.Equal(t, http.StatusNotFound, stranger.get("/_pay/return", "Accept", "application/json").status, "a script leads nowhere")
	require.Equal(t, http.StatusServiceUnavailable, stranger.get("/_pay/return", "Sec-Purpose", "prefetch").status)
}

func TestOnlyAMissingCookieNeedsAnotherNavigation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held, sent, site string
		page             bool
	}{
		"a JSON cookie":        {`prefs={"a":1,"b":"2"}; sid=1`, `prefs={"a":1,"b":"2"}; sid=1`, "cross-site", false},
		"a strict cookie":      {"sid=1", "", "cross-site", true},
		"an old browser":       {"sid=1", "", "", true},
		"a same-site visit":    {"sid=1", "", "same-origin", false},
		"the address is typed": {"sid=1", "", "none", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms)
			ann := h.citizen()
			ann.applies("/licences/apply", url.Values{"name": {"Ann"}}, c.held)
			shown := ann.get(ann.get("/_pay/return").to(), "Cookie", c.sent, "Sec-Fetch-Site", c.site)
			require.Equal(t, c.page, shown.status == http.StatusOK, shown.text)
		})
	}
}

// TestARefusalThatBreaksOffIsExplained: there is no answer of the service to go on to, and the payment is valid all the same.
func TestARefusalThatBreaksOffIsExplained(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("not he"))
	})
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	explained := c.comesBack()
	require.Contains(t, explained.text, "Your payment of £25 is still valid.")
	require.NotContains(t, explained.text, ".service")
}
