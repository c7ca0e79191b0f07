package paying

import (
	"net/http"
	"net/url"
	"paygate/internal/testserver"
	"paygate/journey"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReleaseUsesCookiesOfHeldAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ held, atReturn, atHeld, sent string }{
		"two of one name": {"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=A; JSESSIONID=B",
			"JSESSIONID=A; JSESSIONID=B"},
		"a new value": {"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=C; JSESSIONID=B",
			"JSESSIONID=C; JSESSIONID=B"},
		"a new cookie":           {"a=1", "evil=1", "a=1; b=2", "a=1; b=2"},
		"strict ones stay":       {"a=1; strict=2", "a=7", "a=1", "a=1; strict=2"},
		"none but ours":          {"a=1", "a=2", "", "a=1"},
		"the return's are never": {"a=1", "a=2; b=3", "a=1", "a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			ann := h.Citizen()
			ann.Applies("/licences/apply", url.Values{"name": {"Ann"}}, c.held)
			back := ann.Get("/_pay/return", "Cookie", c.atReturn)
			require.Empty(t, h.Service.Requests(http.MethodPost), "the return delivers nothing itself")
			require.Equal(t, "capturable", h.Payments()[0].Status)
			require.Equal(t, journey.StateConfirmed, ann.State())
			ann.Follow(ann.Get(back.Location(), "Cookie", c.atHeld))
			posts := h.Service.Requests(http.MethodPost)
			require.Len(t, posts, 1)
			require.Equal(t, c.sent, posts[0].Header.Get("Cookie"))
		})
	}
}

func TestPriceCookieIsNotReplacedAtRelease(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Applies("/licences/priced", url.Values{"licence": {"1-day"}}, "a=1; licence=1-day")
	c.Follow(c.Get(c.Get("/_pay/return").Location(), "Cookie", "a=2; licence=8-day"))
	require.Equal(t, "a=2; licence=1-day", h.Service.Requests(http.MethodPost)[0].Header.Get("Cookie"))
}

func TestOnlyOwnersNavigationDelivers(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	hop := c.Get("/_pay/return").Location()
	require.Equal(t, "/licences/apply?paygate-reply="+c.Journeys()[0].ID, hop)
	for name, ask := range map[string]func() testserver.Page{
		"HEAD":               func() testserver.Page { return c.Do(http.MethodHead, hop, nil) },
		"a prefetch":         func() testserver.Page { return c.Get(hop, "Sec-Purpose", "prefetch") },
		"a script":           func() testserver.Page { return c.Get(hop, "Sec-Fetch-Mode", "cors") },
		"an image":           func() testserver.Page { return c.Get(hop, "Sec-Fetch-Mode", "no-cors") },
		"somebody else":      func() testserver.Page { return h.Citizen().Get(hop) },
		"another address":    func() testserver.Page { return c.Get(strings.Replace(hop, "apply", "other", 1)) },
		"another query":      func() testserver.Page { return c.Get(strings.Replace(hop, "?", "?page=2&", 1)) },
		"another journey":    func() testserver.Page { return c.Get("/licences/apply?paygate-reply=01AAAAAAAAAAAAAA") },
		"under our own path": func() testserver.Page { return c.Get("/_pay/keys?paygate-reply=" + c.Journeys()[0].ID) },
		"the list":           func() testserver.Page { return c.Get("/_pay/status") },
	} {
		ask()
		require.Empty(t, h.Service.Requests(http.MethodPost), name)
		require.Empty(t, h.Service.Requests(http.MethodGet), name)
		require.Empty(t, h.Service.Requests(http.MethodHead), name)
		require.Equal(t, journey.StateConfirmed, c.State(), name)
	}
	require.Contains(t, c.Follow(c.Get(hop)).Text, "the service's own page")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestEachReturnDeliversOneForm(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.Apply("Bob")
	h.EndPayment("success")
	for _, name := range []string{"Bob", "Ann"} {
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		posts := h.Service.Requests(http.MethodPost)
		require.Contains(t, string(posts[len(posts)-1].Body), name)
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
}

// TestReturnShowsNewestPaymentBeforeOlderUndelivered: the citizen learns what became of the payment they come
// from.
func TestReturnShowsNewestPaymentBeforeOlderUndelivered(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	require.Contains(t, c.ReturnFromPay().Text, "Your payment is safe")
	c.Apply("Bob")
	h.EndPayment("declined")
	require.Contains(t, c.ReturnFromPay().Text, "Your payment was declined")
	h.Service.SetAnswer(testserver.Confirm)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Contains(t, string(h.Service.Requests(http.MethodPost)[1].Body), "Ann")
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
	testserver.Plain(w, r)
}

func TestReplyAddressKeepsHeldQuery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, asksAgain, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/index.php")
	c := h.Citizen()
	c.Applies("/index.php?page=apply&id=123", url.Values{"name": {""}}, "")
	marked := c.Get("/_pay/return").Location()
	id := c.Journeys()[0].ID
	require.Equal(t, "/index.php?page=apply&id=123&paygate-reply="+id, marked)
	require.Contains(t, c.Get(marked).Text+c.Get(marked+".service").Text, `<form method="post">`)
	require.Contains(t, c.Get("/_pay/status").Text, `href="/index.php?page=apply&amp;id=123&amp;paygate-reply=`+id)
	require.Equal(t, "/index.php?page=apply&id=123", h.Service.Requests(http.MethodPost)[0].Target)

	corrected := c.Post(marked, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusFound, corrected.Status, corrected.Text)
	require.Equal(t, "/index.php?page=apply&id=123#done", corrected.Location())
	require.Len(t, h.Payments(), 1, "corrected on the same payment")
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "/index.php?page=apply&id=123", posts[1].Target)
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, "/index.php?page=apply&id=123#done", c.Get(marked).Location(),
		"the kept reply leads there as well")
}

func TestReplyMarkerNeverReachesService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply")
	c := h.Citizen()
	for _, target := range []string{
		"/free?paygate-reply=X", "/free?a=1&paygate-reply=X", "/free?paygate-reply=X&a=1;b=2",
		"/free?a=1;PAYGATE-REPLY=X", "/free?paygate%2dreply=X", "/free?%2570aygate-reply",
	} {
		c.Post(target, url.Values{"a": {"1"}}, "Referer", h.URL+"/licences/apply?page=1&paygate-reply=X",
			"HX-Current-URL", h.URL+"/x?paygate-reply=X#reply", "Turbolinks-Referrer", h.URL+"/x?paygate-reply=X")
		c.Get(target)
		c.Do(http.MethodDelete, target, nil)
		c.Do(http.MethodOptions, target, nil)
		c.Do(http.MethodHead, target, nil)
	}
	c.Post("/licences/apply?paygate%2Dreply=X&b=1", url.Values{"name": {"Ann"}}, "Referer",
		h.URL+"/licences/apply?paygate-reply=X")
	h.EndPayment("success")
	c.ReturnFromPay()
	h.Service.Mu.Lock()
	defer h.Service.Mu.Unlock()
	require.Len(t, h.Service.Received, 6*3+1)
	for _, r := range h.Service.Received {
		require.NotContains(t, strings.ToLower(r.Target), "reply", r.Method)
		require.NotContains(t,
			r.Header.Get("Referer")+r.Header.Get("Hx-Current-Url")+r.Header.Get("Turbolinks-Referrer"), "paygate-reply",
			r.Method)
	}
	require.Equal(t, "/licences/apply?b=1", h.Service.Received[18].Target)
	require.Equal(t, h.URL+"/licences/apply", h.Service.Received[18].Header.Get("Referer"))
}

func TestHeadAndPrefetchDoNotUseUpStoredReply(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
		_, _ = w.Write([]byte("accepted"))
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	marked := c.Get("/_pay/return").Location()
	_, err := h.App.Sweep(t.Context())
	require.NoError(t, err)

	head := c.Do(http.MethodHead, marked, nil)
	require.Equal(t, http.StatusOK, head.Status)
	require.Empty(t, head.Header["Set-Cookie"])
	require.Empty(t, head.Header["Paygate-Answer"])
	early := c.Get(marked, "Sec-Purpose", "prefetch;prerender")
	require.Equal(t, http.StatusServiceUnavailable, early.Status)
	require.Contains(t, early.Text, `href="/_pay/status"`, "which leads to the reply")
	shown := c.Get(marked)
	require.Equal(t, "accepted", shown.Text)
	require.Equal(t, []string{"flash=once"}, shown.Header["Set-Cookie"])
}

func TestLargeReplyIsStreamedAndTruncationIsVisible(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 2<<20)
	var breaks atomic.Bool
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Paygate-Answer", "forged")
		_, _ = w.Write([]byte(large))
		if breaks.Load() {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	p := c.ReturnFromPay()
	require.Len(t, p.Text, len(large))
	require.Empty(t, p.Header["Paygate-Answer"])
	require.Equal(t, "private, no-cache", p.Header.Get("Cache-Control"))

	breaks.Store(true)
	c.Apply("Bob")
	h.EndPayment("success")
	text, err := c.ReadsOn(c.Get("/_pay/return").Location())
	require.Error(t, err, "not a complete answer")
	require.Len(t, text, len(large), "all that came")
}

// TestTruncatedReplyIsShownInPart: some old services count their pages wrong.
func TestTruncatedReplyIsShownInPart(t *testing.T) {
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
		h, c := testserver.NewWithPayment(t, does)
		text, err := c.ReadsOn(c.Get("/_pay/return").Location())
		require.Error(t, err, "%s: not a complete answer", name)
		require.Equal(t, "licence LIC-7 give", text, name)
		require.Len(t, h.Service.Requests(http.MethodPost), 1, name)
		require.Equal(t, journey.StateReleased, c.State(), name)
		require.Contains(t, c.ReturnFromPay().Text, "application sent", name)
	}
}

func TestTruncatedRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			testserver.Plain(w, r)
			return
		}
		w.Header().Set("Location", "/licences/confirmation/1")
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(http.StatusFound)
	})
	answer, err := c.Client.Get(c.H.URL + c.Get("/_pay/return").Location())
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "/licences/confirmation/1", answer.Header.Get("Location"))
}

// TestEmptyTruncatedReplyShowsOwnPage: a broken blank page would tell the citizen nothing.
func TestEmptyTruncatedReplyShowsOwnPage(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
	})
	require.Contains(t, c.ReturnFromPay().Text, "application sent")
}

// TestPaymentListResumesInterruptedReturn: the tab was closed between the return and the delivery.
func TestPaymentListResumesInterruptedReturn(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	c.Get("/_pay/return")
	list := c.Get("/_pay/status").Text
	require.Contains(t, list, "Your payment is safe")
	require.Contains(t, list, `href="/licences/apply?paygate-reply=`+c.Journeys()[0].ID+`">Send it now<`)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Contains(t, c.Follow(c.Get("/licences/apply?paygate-reply="+c.Journeys()[0].ID)).Text,
		"the service's own page")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// TestHeadDoesNotCountAsReadingRefusal: the time for a correction begins when the citizen has read that there is one.
func TestHeadDoesNotCountAsReadingRefusal(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, asksAgain)
	c := h.Citizen()
	c.Applies("/licences/apply", url.Values{"name": {""}}, "")
	c.Get("/_pay/return")
	h.Sweep()
	marked := "/licences/apply?paygate-reply=" + c.Journeys()[0].ID
	for _, target := range []string{marked, marked + ".service", "/_pay/return", "/_pay/status"} {
		c.Do(http.MethodHead, target, nil)
	}
	h.Pay.Advance(20 * time.Hour)
	h.Sweep()
	require.Equal(t, journey.StateRefused, c.State())
	require.Contains(t, c.ReturnFromPay().Text, "is still valid")
	h.Pay.Advance(61 * time.Minute)
	h.Sweep()
	require.Equal(t, journey.StateReversed, c.State())
}
