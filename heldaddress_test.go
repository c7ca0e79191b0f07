package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// applies sends a form to a pay route with these cookies, and pays for it.
func (c *citizen) applies(target string, form url.Values, cookies string) {
	c.h.t.Helper()
	p := c.post(target, form, "Cookie", cookies)
	require.Equal(c.h.t, http.StatusSeeOther, p.status, p.text)
	c.h.pays("success")
}

func TestTheReleaseHasTheCookiesThatTheBrowserSendsAtTheHeldAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ held, atReturn, atHeld, sent string }{
		"two of one name":        {"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=A; JSESSIONID=B", "JSESSIONID=A; JSESSIONID=B"},
		"a new value":            {"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=C; JSESSIONID=B", "JSESSIONID=C; JSESSIONID=B"},
		"a new cookie":           {"a=1", "evil=1", "a=1; b=2", "a=1; b=2"},
		"strict ones stay":       {"a=1; strict=2", "a=7", "a=1", "a=1; strict=2"},
		"none but ours":          {"a=1", "a=2", "", "a=1"},
		"the return's are never": {"a=1", "a=2; b=3", "a=1", "a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms)
			ann := h.citizen()
			ann.applies("/licences/apply", url.Values{"name": {"Ann"}}, c.held)
			back := ann.get("/_pay/return", "Cookie", c.atReturn)
			require.Empty(t, h.service.got(http.MethodPost), "the return delivers nothing itself")
			require.Equal(t, "capturable", h.payments()[0].Status)
			require.Equal(t, journey.StateConfirmed, ann.state())
			ann.follow(ann.get(back.to(), "Cookie", c.atHeld))
			posts := h.service.got(http.MethodPost)
			require.Len(t, posts, 1)
			require.Equal(t, c.sent, posts[0].header.Get("Cookie"))
		})
	}
}

func TestWhatDecidedThePriceIsNotTakenFromANewerCookie(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.applies("/licences/priced", url.Values{"licence": {"1-day"}}, "a=1; licence=1-day")
	c.follow(c.get(c.get("/_pay/return").to(), "Cookie", "a=2; licence=8-day"))
	require.Equal(t, "a=2; licence=1-day", h.service.got(http.MethodPost)[0].header.Get("Cookie"))
}

func TestOnlyItsOwnersVisitHasARequestDelivered(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	hop := c.get("/_pay/return").to()
	require.Equal(t, "/licences/apply?paygate-reply="+c.status()[0].ID, hop)
	for name, ask := range map[string]func() page{
		"HEAD":               func() page { return c.do(http.MethodHead, hop, nil) },
		"a prefetch":         func() page { return c.get(hop, "Sec-Purpose", "prefetch") },
		"a script":           func() page { return c.get(hop, "Sec-Fetch-Mode", "cors") },
		"an image":           func() page { return c.get(hop, "Sec-Fetch-Mode", "no-cors") },
		"somebody else":      func() page { return h.citizen().get(hop) },
		"another address":    func() page { return c.get(strings.Replace(hop, "apply", "other", 1)) },
		"another query":      func() page { return c.get(strings.Replace(hop, "?", "?page=2&", 1)) },
		"another journey":    func() page { return c.get("/licences/apply?paygate-reply=01AAAAAAAAAAAAAA") },
		"under our own path": func() page { return c.get("/_pay/keys?paygate-reply=" + c.status()[0].ID) },
		"the list":           func() page { return c.get("/_pay/status") },
	} {
		ask()
		require.Empty(t, h.service.got(http.MethodPost), name)
		require.Empty(t, h.service.got(http.MethodGet), name)
		require.Empty(t, h.service.got(http.MethodHead), name)
		require.Equal(t, journey.StateConfirmed, c.state(), name)
	}
	require.Contains(t, c.follow(c.get(hop)).text, "the service's own page")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestTwoPaidFormsAreDeliveredEachAtItsReturn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.apply("Bob")
	h.pays("success")
	for _, name := range []string{"Bob", "Ann"} {
		require.Contains(t, c.comesBack().text, "the service's own page")
		posts := h.service.got(http.MethodPost)
		require.Contains(t, string(posts[len(posts)-1].body), name)
	}
	require.Len(t, h.service.got(http.MethodPost), 2)
}

// TestAnOlderFormThatCannotBeDeliveredYetHidesNoNewerOutcome: the citizen learns what became of the payment they come from.
func TestAnOlderFormThatCannotBeDeliveredYetHidesNoNewerOutcome(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	require.Contains(t, c.comesBack().text, "Your payment is safe")
	c.apply("Bob")
	h.pays("declined")
	require.Contains(t, c.comesBack().text, "Your payment was declined")
	h.service.answersBy(confirms)
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Contains(t, string(h.service.got(http.MethodPost)[1].body), "Ann")
}

// asksAgain refuses a form without a name, by a page whose form has no action, and confirms any other.
func asksAgain(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.FormValue("name") == "" {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "wrong"})
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`<form method="post"><input name="name"></form>`))
		return
	}
	if r.Method == http.MethodPost {
		w.Header().Set("Location", "#done")
		w.WriteHeader(http.StatusFound)
		return
	}
	plain(w, r)
}

func TestTheHeldQueryStaysWhereTheReplyIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asksAgain, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/index.php")
	c := h.citizen()
	c.applies("/index.php?page=apply&id=123", url.Values{"name": {""}}, "")
	marked := c.get("/_pay/return").to()
	id := c.status()[0].ID
	require.Equal(t, "/index.php?page=apply&id=123&paygate-reply="+id, marked)
	require.Contains(t, c.get(marked).text+c.get(marked+".service").text, `<form method="post">`)
	require.Contains(t, c.get("/_pay/status").text, `href="/index.php?page=apply&amp;id=123&amp;paygate-reply=`+id)
	require.Equal(t, "/index.php?page=apply&id=123", h.service.got(http.MethodPost)[0].target)

	corrected := c.post(marked, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusFound, corrected.status, corrected.text)
	require.Equal(t, "/index.php?page=apply&id=123#done", corrected.to())
	require.Len(t, h.payments(), 1, "corrected on the same payment")
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "/index.php?page=apply&id=123", posts[1].target)
	require.Equal(t, journey.StateReleased, c.state())
	require.Equal(t, "/index.php?page=apply&id=123#done", c.get(marked).to(), "the kept reply leads there as well")
}

func TestTheMarkerNeverReachesTheService(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply")
	c := h.citizen()
	for _, target := range []string{
		"/free?paygate-reply=X", "/free?a=1&paygate-reply=X", "/free?paygate-reply=X&a=1;b=2", "/free?a=1;PAYGATE-REPLY=X", "/free?paygate%2dreply=X", "/free?%2570aygate-reply",
	} {
		c.post(target, url.Values{"a": {"1"}}, "Referer", h.url+"/licences/apply?page=1&paygate-reply=X", "HX-Current-URL", h.url+"/x?paygate-reply=X#reply", "Turbolinks-Referrer", h.url+"/x?paygate-reply=X")
		c.get(target)
		c.do(http.MethodDelete, target, nil)
		c.do(http.MethodOptions, target, nil)
		c.do(http.MethodHead, target, nil)
	}
	c.post("/licences/apply?paygate%2Dreply=X&b=1", url.Values{"name": {"Ann"}}, "Referer", h.url+"/licences/apply?paygate-reply=X")
	h.pays("success")
	c.comesBack()
	h.service.mu.Lock()
	defer h.service.mu.Unlock()
	require.Len(t, h.service.received, 6*3+1)
	for _, r := range h.service.received {
		require.NotContains(t, strings.ToLower(r.target), "reply", r.method)
		require.NotContains(t, r.header.Get("Referer")+r.header.Get("Hx-Current-Url")+r.header.Get("Turbolinks-Referrer"), "paygate-reply", r.method)
	}
	require.Equal(t, "/licences/apply?b=1", h.service.received[18].target)
	require.Equal(t, h.url+"/licences/apply", h.service.received[18].header.Get("Referer"))
}

func TestAHeadOrAPrefetchOfAKeptReplySpendsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
		_, _ = w.Write([]byte("accepted"))
	})
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	marked := c.get("/_pay/return").to()
	_, err := h.parts.Sweep(t.Context())
	require.NoError(t, err)

	head := c.do(http.MethodHead, marked, nil)
	require.Equal(t, http.StatusOK, head.status)
	require.Empty(t, head.header["Set-Cookie"])
	require.Empty(t, head.header["Paygate-Answer"])
	early := c.get(marked, "Sec-Purpose", "prefetch;prerender")
	require.Equal(t, http.StatusServiceUnavailable, early.status)
	require.Contains(t, early.text, `href="/_pay/status"`, "which leads to the reply")
	shown := c.get(marked)
	require.Equal(t, "accepted", shown.text)
	require.Equal(t, []string{"flash=once"}, shown.header["Set-Cookie"])
}

func TestALargeReplyIsTheServicesOwnAndSaysThatItBrokeOff(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 2<<20)
	var breaks atomic.Bool
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Paygate-Answer", "forged")
		_, _ = w.Write([]byte(large))
		if breaks.Load() {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	p := c.comesBack()
	require.Len(t, p.text, len(large))
	require.Empty(t, p.header["Paygate-Answer"])
	require.Equal(t, "private, no-cache", p.header.Get("Cache-Control"))

	breaks.Store(true)
	c.apply("Bob")
	h.pays("success")
	text, err := c.readsOn(c.get("/_pay/return").to())
	require.Error(t, err, "not a complete answer")
	require.Len(t, text, len(large), "all that came")
}

// TestASmallReplyThatBreaksOffIsShownAsFarAsItCame: some old services count their pages wrong.
func TestASmallReplyThatBreaksOffIsShownAsFarAsItCame(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]http.HandlerFunc{
		"one too long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "19")
			_, _ = w.Write([]byte("licence LIC-7 given"[:18]))
		},
		"in a chunk": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("licence LIC-7 given"[:18]))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		h, c := annHasPaid(t, does)
		text, err := c.readsOn(c.get("/_pay/return").to())
		require.Error(t, err, "%s: not a complete answer", name)
		require.Equal(t, "licence LIC-7 give", text, name)
		require.Len(t, h.service.got(http.MethodPost), 1, name)
		require.Equal(t, journey.StateReleased, c.state(), name)
		require.Contains(t, c.comesBack().text, "application sent", name)
	}
}

func TestARedirectThatBreaksOffIsFollowed(t *testing.T) {
	t.Parallel()
	_, c := annHasPaid(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			plain(w, r)
			return
		}
		w.Header().Set("Location", "/licences/confirmation/1")
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(http.StatusFound)
	})
	answer, err := c.client.Get(c.h.url + c.get("/_pay/return").to())
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "/licences/confirmation/1", answer.Header.Get("Location"))
}

// TestAReplyOfWhichNothingCameIsAPageOfOurs: a broken blank page would tell the citizen nothing.
func TestAReplyOfWhichNothingCameIsAPageOfOurs(t *testing.T) {
	t.Parallel()
	_, c := annHasPaid(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
	})
	require.Contains(t, c.comesBack().text, "application sent")
}

// readsOn is a GET that may break off: what came, and why it ended.
func (c *citizen) readsOn(target string) (string, error) {
	c.h.t.Helper()
	answer, err := c.client.Get(c.h.url + target)
	require.NoError(c.h.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// TestWhoeverLeavesBeforeTheHeldAddressGoesOnFromTheList: the tab was closed between the return and the delivery.
func TestWhoeverLeavesBeforeTheHeldAddressGoesOnFromTheList(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	c.get("/_pay/return")
	list := c.get("/_pay/status").text
	require.Contains(t, list, "Your payment is safe")
	require.Contains(t, list, `href="/licences/apply?paygate-reply=`+c.status()[0].ID+`">Send it now<`)
	require.Empty(t, h.service.got(http.MethodPost))
	require.Contains(t, c.follow(c.get("/licences/apply?paygate-reply="+c.status()[0].ID)).text, "the service's own page")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

// TestAHeadOfARefusalIsNoReading: the time for a correction begins when the citizen has read that there is one.
func TestAHeadOfARefusalIsNoReading(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, asksAgain)
	c := h.citizen()
	c.applies("/licences/apply", url.Values{"name": {""}}, "")
	c.get("/_pay/return")
	h.sweeps()
	marked := "/licences/apply?paygate-reply=" + c.status()[0].ID
	for _, target := range []string{marked, marked + ".service", "/_pay/return", "/_pay/status"} {
		c.do(http.MethodHead, target, nil)
	}
	h.pay.Advance(20 * time.Hour)
	h.sweeps()
	require.Equal(t, journey.StateRefused, c.state())
	require.Contains(t, c.comesBack().text, "is still valid")
	h.pay.Advance(61 * time.Minute)
	h.sweeps()
	require.Equal(t, journey.StateReversed, c.state())
}
