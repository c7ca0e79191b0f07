package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
)

// TestTossedCookiesHideNoTicket: a sibling site can put cookies of our name beside ours, and anybody can send many.
func TestTossedCookiesHideNoTicket(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	hold := func(name string) string {
		answer := d.isNotFree(t, withForm("POST /licences/apply", formType, "name="+name))
		require.Equal(t, http.StatusSeeOther, answer.status)
		return cookieOf(answer)
	}
	anns, evas := hold("Ann"), hold("Eve")
	for _, payment := range d.pay.Payments() {
		require.NoError(t, d.pay.Pay(payment.ID, "submitted"))
	}
	waits := func(cookies string) string {
		return d.speak("GET /_pay/return?looked HTTP/1.1\r\nHost: apply.example\r\nCookie: " + cookies + "\r\n\r\n").answers[0].body
	}
	references := map[string]string{}
	for _, payment := range d.pay.Payments() {
		references[payment.Reference] = payment.ID
	}
	require.Len(t, references, 2)
	own := waits(anns)
	for _, cookies := range []string{
		"paygate=; " + anns, anns + "; paygate=", "paygate=tossed; " + anns + "; paygate=tossed", "paygate=" + strings.Repeat("x", 5000) + "; " + anns, anns + "; " + anns,
		strings.Repeat("paygate=tossed; ", 500) + anns, "$Version=1; " + anns + "; $Path=/", "__Host-paygate=tossed; " + anns, "\u2000paygate=tossed; " + anns, anns + "\r\nCookie: paygate=tossed",
		"paygate=tossed\r\nCookie: " + anns, strings.ToUpper(anns[:3]) + "=x; " + anns, strings.Replace(evas, "=", "=x", 1) + "; " + anns,
	} {
		require.Equal(t, own, waits(cookies), "%.80q", cookies)
	}
	both := d.speak("GET /_pay/status HTTP/1.1\r\nHost: apply.example\r\nAccept: application/json\r\nCookie: " + evas + "; " + anns + "\r\n\r\n").answers[0].body
	for reference := range references {
		require.Contains(t, both, reference, "a ticket that was tossed adds a journey, and takes none away")
	}
	require.Contains(t, waits(strings.Replace(anns, "paygate", "Paygate", 1)), "We cannot find your payment", "names of cookies are told apart by case")
	require.Empty(t, d.service.take())
}

// TestAnIDAloneOpensNoReply: the public id stands in addresses, logs and headers; the key is in the ticket.
func TestAnIDAloneOpensNoReply(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the secret page") })
	anns, eve := h.citizen(), h.citizen()
	anns.apply("Ann")
	h.pays("success")
	require.Equal(t, "the secret page", anns.comesBack().text)
	id := anns.status()[0].ID
	eve.apply("Eve")
	for _, target := range []string{
		"/licences/apply?paygate-reply=" + id, "/licences/apply?x&paygate-reply=" + id, "/?paygate-reply=" + id, "/licences/apply?paygate-reply=" + strings.ToLower(id), "/licences/apply?paygate-reply=" + eve.status()[0].ID,
		"/licences/apply?paygate-reply=../" + id, "/licences/apply?paygate-reply=%00", "/licences/apply?paygate-reply=" + strings.Repeat("A", 30_000),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			p := eve.do(method, target, nil)
			require.Equal(t, "/_pay/status", p.to(), "%s %.60s", method, target)
			require.Empty(t, p.text)
		}
	}
	for _, address := range []string{"/_pay/again", "/_pay/resume"} {
		require.Equal(t, http.StatusNotFound, eve.post(address, url.Values{"journey": {id}}).status)
	}
	require.NotContains(t, eve.get("/_pay/status").text, id)
	require.Empty(t, h.service.got(http.MethodGet), "a marked address is never forwarded")
	eve.do(http.MethodOptions, "/licences/apply?paygate-reply="+id, nil)
	require.Equal(t, "/licences/apply", h.service.got(http.MethodOptions)[0].target, "OPTIONS goes without its query")
	require.Equal(t, "the secret page", anns.get("/licences/apply?paygate-reply="+id).text)
}

// paysAFine is a citizen on their way to Pay, on a route that takes the money at once.
func paysAFine(h *house) *citizen {
	c := h.citizen()
	require.Equal(h.t, http.StatusSeeOther, c.post("/fines/pay", url.Values{}).status)
	return c
}

// TestReleaseOnReturnTrustsNobodyButPay: the citizen has to be back, and Pay has to say at least submitted just then.
func TestReleaseOnReturnTrustsNobodyButPay(t *testing.T) {
	t.Parallel()
	onReturn := []string{"PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_PAY_WEBHOOK_SECRETS=" + webhookSecret}
	for _, status := range []string{"created", "started", "declined", "cancelled", "expired", "error"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms, onReturn...)
			c := paysAFine(h)
			if status != "created" {
				h.pays(status)
			}
			c.comesBack()
			require.Empty(t, h.service.got(http.MethodPost))
		})
	}
	for fault, times := range map[string]int{"500": 1, "429": 1, "reset": 2, "lost": 2, "html": 1, "garbage": 1, "empty": 1} { // a GET on a reused connection is repeated by net/http
		t.Run("Pay cannot be asked: "+fault, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms, onReturn...)
			c := paysAFine(h)
			h.pays("submitted")
			h.pay.AddFault(paysim.Fault{Call: "get", Kind: fault, Times: times})
			require.Contains(t, c.comesBack().text, "checking")
			require.Empty(t, h.service.got(http.MethodPost))
			require.Contains(t, c.comesBack().text, "the service's own page")
			require.Len(t, h.service.got(http.MethodPost), 1)
		})
	}
	t.Run("nobody is back", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, confirms, onReturn...)
		c := paysAFine(h)
		h.pays("submitted")
		h.sweeps()
		h.ann().do(http.MethodPost, "/journeys/"+c.status()[0].ID+"/check", nil)
		_, status, _ := h.ann().order(c.status()[0].ID, "release", because())
		require.Equal(t, http.StatusConflict, status)
		require.Equal(t, http.StatusServiceUnavailable, c.get("/_pay/return", "Sec-Purpose", "prefetch").status)
		require.Equal(t, http.StatusNotFound, h.citizen().get("/_pay/return?looked").status, "another browser's return")
		require.Empty(t, h.service.got(http.MethodPost))
		require.Equal(t, journey.StatePaying, c.state())
	})
}

// TestQuotesAtOnceAreNotMixedUp: each request has the price that the service named for it.
func TestQuotesAtOnceAreNotMixedUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "quote" {
			w.Header().Set("Paygate-Price", r.FormValue("pence"))
			w.Header().Set("Paygate-Reference", "REF-"+r.FormValue("pence"))
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		confirms(w, r)
	}, upstreamPriced...)
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			p := h.citizen().post("/licences/apply", url.Values{"pence": {itoa(1000 + n)}})
			if p.status != http.StatusSeeOther {
				t.Errorf("%d: %s", p.status, p.text)
			}
		})
	}
	all.Wait()
	payments := h.payments()
	require.Len(t, payments, 40)
	for _, payment := range payments {
		require.Equal(t, fmt.Sprintf("REF-%d", payment.Amount), payment.Reference)
		require.NoError(t, h.pay.Pay(payment.ID, "success"))
	}
}

// TestAPriceThatChangesAfterTheQuoteAltersNoJourneyUnderWay: what was quoted is what is paid, told and signed.
func TestAPriceThatChangesAfterTheQuoteAltersNoJourneyUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, prices("1234", "LIC-1", "Licence"), upstreamPriced...)
	c := h.citizen()
	c.apply("Ann")
	h.service.answersBy(prices("1", "LIC-2", "Cheap"))
	c.apply("Ann")
	require.Len(t, h.payments(), 1, "the double click resumes what was quoted")
	h.pays("declined")
	c.comesBack()
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).status)
	require.EqualValues(t, 1234, h.payments()[1].Amount)
	h.pays("success")
	c.comesBack()
	posts := h.service.got(http.MethodPost)
	require.Equal(t, []string{"quote", "success"}, statuses(posts))
	require.Equal(t, "1234", posts[1].header.Get("Paygate-Amount"))
	require.Equal(t, "LIC-1", posts[1].header.Get("Paygate-Reference"))
	h.requireVerified(t, true, posts[1])
}

// TestAQuoteIsAskedByPaygateAlone: no client makes a service answer as if it were asked for a price.
func TestAQuoteIsAskedByPaygateAlone(t *testing.T) {
	t.Parallel()
	d := openDoor(t, upstreamPriced...)
	for _, name := range []string{"Paygate-Status", "PAYGATE_STATUS", "Paygate.Status", "paygate-status"} {
		for _, raw := range []string{
			withForm("POST /free", formType+name+": quote\r\n", "a=1"), "GET /free HTTP/1.1\r\nHost: apply.example\r\n" + name + ": quote\r\n\r\n",
			"GET /licences/apply HTTP/1.1\r\nHost: apply.example\r\n" + name + ": quote\r\n\r\n",
		} {
			d.speak(raw)
			require.Equal(t, []string{"Paygate-Status: none"}, d.service.take()[0].ours())
		}
		d.speak(withForm("POST /licences/apply", formType+name+": success\r\nPaygate-Price: 1\r\nPaygate-Amount: 1\r\n", "a=1"))
		require.Equal(t, []string{"Paygate-Status: quote"}, d.service.take()[0].ours())
	}
}

// TestAConnectionThatLoggedSomebodyInIsNotShared: NTLM and Negotiate log a connection in, and not a request.
func TestAConnectionThatLoggedSomebodyInIsNotShared(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { answersWhoIsLoggedIn(conn) })
			all.Go(func() { <-ended; _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); close(ended); all.Wait() })
	d := openDoorTo(t, "http://"+listener.Addr().String())
	for _, scheme := range []string{"NTLM", "ntlm", "Negotiate", "NEGOTIATE"} {
		got := d.speak("GET /page HTTP/1.1\r\nHost: apply.example\r\nAuthorization: " + scheme + " TlRMTVNTUAAD\r\n\r\n")
		require.Equal(t, "ann", got.answers[0].body)
		for range 3 {
			got = d.speak("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
			require.Equal(t, "nobody", got.answers[0].body, "behind %s", scheme)
		}
	}
}

// TestTheBodyOfAHeadIsNobodysAnswer: some servers (gunicorn with Django) send a body after the header that HEAD asks for. What
// a client can make the service write there must not be the answer to the next request on the connection.
func TestTheBodyOfAHeadIsNobodysAnswer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answersHeadsTooLong(conn)
		}
	}()
	d := openDoorTo(t, "http://"+listener.Addr().String())
	d.speak("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n") // there is a connection to be used again
	got := d.speak("HEAD /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	require.Len(t, got.answers, 1, "the answer to the request behind it is its own")
}

// answersHeadsTooLong is a service that sends the body of a HEAD as soon as there is a next request.
func answersHeadsTooLong(conn net.Conn) {
	defer conn.Close()
	late := ""
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		header, body := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "page"
		if r.URL.Path == afterthoughtTarget {
			header = strings.Replace(header, "\r\n", "\r\nX-Last: yes\r\n", 1)
		}
		now := late + header
		if r.Method == http.MethodHead {
			late = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
		} else {
			now += body
		}
		if _, err := io.WriteString(conn, now); err != nil || r.Close {
			return
		}
	}
}

// answersWhoIsLoggedIn is a service that remembers, for a connection, that somebody logged in.
func answersWhoIsLoggedIn(conn net.Conn) {
	defer conn.Close()
	who := "nobody"
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Authorization") != "" {
			who = "ann"
		}
		last := ""
		if r.URL.Path == afterthoughtTarget {
			last = "X-Last: yes\r\n"
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", last, len(who), who); err != nil || r.Close {
			return
		}
	}
}

// TestAFieldThatNamesAnotherMethodOpensNoPayRoute: Rails, Laravel and Symfony take the method of a POST from its form.
func TestAFieldThatNamesAnotherMethodOpensNoPayRoute(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_LICENCE_MATCH=DELETE /licences/{id}", "PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /fines/{id}")
	for _, target := range []string{"/licences/7", "/fines/7", "/register/2026"} {
		for _, form := range []string{"_method=delete", "_method=DELETE", "_method=PUT", "_method=GET", "_method=HEAD", "a=1"} {
			require.Equal(t, http.StatusMethodNotAllowed, d.isNotFree(t, withForm("POST "+target, formType, form)).status, "%s %s", target, form)
			require.Equal(t, http.StatusMethodNotAllowed, d.isNotFree(t, withForm("POST "+target+"?"+form, formType, "")).status, "%s %s", target, form)
		}
	}
	require.Empty(t, d.pay.Payments())
}

// TestAPaymentOfAnotherAmountReleasesNothing: what Pay says counts only for the very terms of the journey.
func TestAPaymentOfAnotherAmountReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"another amount": `s/"amount":2500/"amount":1/`, "another reference": `s/"reference":"/"reference":"X/`, "another payment": `s/"payment_id":"/"payment_id":"x/`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var from, to string
			if parts := strings.Split(change, "/"); len(parts) == 4 {
				from, to = parts[1], parts[2]
			}
			h := newHouse(t, confirms)
			var lying atomic.Bool
			between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked, err := http.NewRequest(r.Method, h.payURL+r.URL.RequestURI(), r.Body)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				asked.Header = r.Header.Clone()
				answer, err := http.DefaultClient.Do(asked)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				defer answer.Body.Close()
				text, _ := io.ReadAll(answer.Body)
				if lying.Load() {
					text = []byte(strings.Replace(string(text), from, to, 1))
				}
				w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
				w.WriteHeader(answer.StatusCode)
				_, _ = w.Write(text)
			}))
			t.Cleanup(between.Close)
			h.restart("PAYGATE_PAY_API_URL=" + between.URL)
			c := h.citizen()
			c.apply("Ann")
			h.pays("success")
			lying.Store(true)
			c.comesBack()
			require.Empty(t, h.service.got(http.MethodPost))
			require.NotContains(t, []journey.State{journey.StateReleased, journey.StateConfirmed, journey.StateAccepted}, c.state())
			require.Equal(t, "capturable", h.payments()[0].Status, "and nothing is taken")
		})
	}
}

// TestAllDoorsAtOnceDeliverOnce: returns of several tabs, a webhook, sweeps and staff, all at the same instant.
func TestAllDoorsAtOnceDeliverOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)
	h.pay.SetWebhook(h.url+"/_pay/webhook", webhookSecret)
	for n := range 10 {
		c := h.citizen()
		require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{"n": {itoa(n)}}).status)
		id := c.status()[0].ID
		var all sync.WaitGroup
		all.Go(func() { h.pays("success") }) // and the webhook comes when it comes
		for range 3 {
			all.Go(func() { c.comesBack() })
			all.Go(func() { h.sweeps() })
			all.Go(func() { h.ann().do(http.MethodPost, "/journeys/"+id+"/check", nil) })
			all.Go(func() { h.pay.ResendWebhooks(t.Context()) })
		}
		all.Wait()
		c.comesBack()
		c.becomes(journey.StateReleased)
		require.Len(t, h.service.got(http.MethodPost), n+1)
	}
}
