package matching

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

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

// TestInjectedCookiesDoNotHideTheTicket: a sibling site can put cookies of our name beside ours, and anybody can send many.
func TestInjectedCookiesDoNotHideTheTicket(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	hold := func(name string) string {
		answer := d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, "name="+name))
		require.Equal(t, http.StatusSeeOther, answer.Status)
		return answer.Ticket()
	}
	anns, evas := hold("Ann"), hold("Eve")
	for _, payment := range d.Pay.Payments() {
		require.NoError(t, d.Pay.Pay(payment.ID, "submitted"))
	}
	waits := func(cookies string) string {
		return d.Send("GET /_pay/return?looked HTTP/1.1\r\nHost: apply.example\r\nCookie: " + cookies +
			"\r\n\r\n").Answers[0].Body
	}
	references := map[string]string{}
	for _, payment := range d.Pay.Payments() {
		references[payment.Reference] = payment.ID
	}
	require.Len(t, references, 2)
	own := waits(anns)
	for _, cookies := range []string{
		"paygate=; " + anns, anns + "; paygate=", "paygate=tossed; " + anns + "; paygate=tossed",
		"paygate=" + strings.Repeat("x", 5000) + "; " + anns, anns + "; " + anns,
		strings.Repeat("paygate=tossed; ", 500) + anns, "$Version=1; " + anns + "; $Path=/",
		"__Host-paygate=tossed; " + anns, "\u2000paygate=tossed; " + anns, anns + "\r\nCookie: paygate=tossed",
		"paygate=tossed\r\nCookie: " + anns, strings.ToUpper(anns[:3]) + "=x; " + anns,
		strings.Replace(evas, "=", "=x", 1) + "; " + anns,
	} {
		require.Equal(t, own, waits(cookies), "%.80q", cookies)
	}
	both := d.Send("GET /_pay/status HTTP/1.1\r\nHost: apply.example\r\nAccept: application/json\r\nCookie: " + evas +
		"; " + anns + "\r\n\r\n").Answers[0].Body
	for reference := range references {
		require.Contains(t, both, reference, "a ticket that was tossed adds a journey, and takes none away")
	}
	require.Contains(t, waits(strings.Replace(anns, "paygate", "Paygate", 1)), "We cannot find your payment",
		"names of cookies are told apart by case")
	require.Empty(t, d.Service.Take())
}

// TestJourneyIDAloneOpensNoReply: the public id stands in addresses, logs and headers; the key is in the ticket.
func TestJourneyIDAloneOpensNoReply(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the secret page") })
	anns, eve := h.Citizen(), h.Citizen()
	anns.Apply("Ann")
	h.Pays("success")
	require.Equal(t, "the secret page", anns.ComesBack().Text)
	id := anns.Status()[0].ID
	eve.Apply("Eve")
	for _, target := range []string{
		"/licences/apply?paygate-reply=" + id, "/licences/apply?x&paygate-reply=" + id, "/?paygate-reply=" + id,
		"/licences/apply?paygate-reply=" + strings.ToLower(id), "/licences/apply?paygate-reply=" + eve.Status()[0].ID,
		"/licences/apply?paygate-reply=../" + id, "/licences/apply?paygate-reply=%00",
		"/licences/apply?paygate-reply=" + strings.Repeat("A", 30_000),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			p := eve.Do(method, target, nil)
			require.Equal(t, "/_pay/status", p.To(), "%s %.60s", method, target)
			require.Empty(t, p.Text)
		}
	}
	for _, address := range []string{"/_pay/again", "/_pay/resume"} {
		require.Equal(t, http.StatusNotFound, eve.Post(address, url.Values{"journey": {id}}).Status)
	}
	require.NotContains(t, eve.Get("/_pay/status").Text, id)
	require.Empty(t, h.Service.Got(http.MethodGet), "a marked address is never forwarded")
	eve.Do(http.MethodOptions, "/licences/apply?paygate-reply="+id, nil)
	require.Equal(t, "/licences/apply", h.Service.Got(http.MethodOptions)[0].Target, "OPTIONS goes without its query")
	require.Equal(t, "the secret page", anns.Get("/licences/apply?paygate-reply="+id).Text)
}

// paysAFine is a citizen on their way to Pay, on a route that takes the money at once.
func paysAFine(h *testserver.Harness) *testserver.Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	return c
}

// TestReleaseOnReturnNeedsPaysConfirmation: the citizen has to be back, and Pay has to say at least submitted just then.
func TestReleaseOnReturnNeedsPaysConfirmation(t *testing.T) {
	t.Parallel()
	onReturn := []string{
		"PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret,
	}
	for _, status := range []string{"created", "started", "declined", "cancelled", "expired", "error"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirms, onReturn...)
			c := paysAFine(h)
			if status != "created" {
				h.Pays(status)
			}
			c.ComesBack()
			require.Empty(t, h.Service.Got(http.MethodPost))
		})
	}
	// a GET on a reused connection is repeated by net/http
	for fault, times := range map[string]int{
		"500": 1, "429": 1, "reset": 2, "lost": 2, "html": 1, "garbage": 1,
		"empty": 1,
	} {
		t.Run("Pay cannot be asked: "+fault, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirms, onReturn...)
			c := paysAFine(h)
			h.Pays("submitted")
			h.Pay.AddFault(paysim.Fault{Call: "get", Kind: fault, Times: times})
			require.Contains(t, c.ComesBack().Text, "checking")
			require.Empty(t, h.Service.Got(http.MethodPost))
			require.Contains(t, c.ComesBack().Text, "the service's own page")
			require.Len(t, h.Service.Got(http.MethodPost), 1)
		})
	}
	t.Run("nobody is back", func(t *testing.T) {
		t.Parallel()
		h := testserver.New(t, testserver.Confirms, onReturn...)
		c := paysAFine(h)
		h.Pays("submitted")
		h.Sweeps()
		h.Ann().Do(http.MethodPost, "/journeys/"+c.Status()[0].ID+"/check", nil)
		_, status, _ := h.Ann().Order(c.Status()[0].ID, "release", testserver.WithReason())
		require.Equal(t, http.StatusConflict, status)
		require.Equal(t, http.StatusServiceUnavailable, c.Get("/_pay/return", "Sec-Purpose", "prefetch").Status)
		require.Equal(t, http.StatusNotFound, h.Citizen().Get("/_pay/return?looked").Status, "another browser's return")
		require.Empty(t, h.Service.Got(http.MethodPost))
		require.Equal(t, journey.StatePaying, c.State())
	})
}

// TestConcurrentQuotesStaySeparate: each request has the price that the service named for it.
func TestConcurrentQuotesStaySeparate(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "quote" {
			w.Header().Set("Paygate-Price", r.FormValue("pence"))
			w.Header().Set("Paygate-Reference", "REF-"+r.FormValue("pence"))
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		testserver.Confirms(w, r)
	}, upstreamPriced...)
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			p := h.Citizen().Post("/licences/apply", url.Values{"pence": {testserver.Itoa(1000 + n)}})
			if p.Status != http.StatusSeeOther {
				t.Errorf("%d: %s", p.Status, p.Text)
			}
		})
	}
	all.Wait()
	payments := h.Payments()
	require.Len(t, payments, 40)
	for _, payment := range payments {
		require.Equal(t, fmt.Sprintf("REF-%d", payment.Amount), payment.Reference)
		require.NoError(t, h.Pay.Pay(payment.ID, "success"))
	}
}

// TestPriceChangeDoesNotAlterAQuotedJourney: what was quoted is what is paid, told and signed.
func TestPriceChangeDoesNotAlterAQuotedJourney(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("1234", "LIC-1", "Licence"), upstreamPriced...)
	c := h.Citizen()
	c.Apply("Ann")
	h.Service.AnswersBy(prices("1", "LIC-2", "Cheap"))
	c.Apply("Ann")
	require.Len(t, h.Payments(), 1, "the double click resumes what was quoted")
	h.Pays("declined")
	c.ComesBack()
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Status()[0].ID}}).Status)
	require.EqualValues(t, 1234, h.Payments()[1].Amount)
	h.Pays("success")
	c.ComesBack()
	posts := h.Service.Got(http.MethodPost)
	require.Equal(t, []string{"quote", "success"}, testserver.Statuses(posts))
	require.Equal(t, "1234", posts[1].Header.Get("Paygate-Amount"))
	require.Equal(t, "LIC-1", posts[1].Header.Get("Paygate-Reference"))
	h.RequireVerified(t, true, posts[1])
}

// TestClientCannotRequestAQuote: no client makes a service answer as if it were asked for a price.
func TestClientCannotRequestAQuote(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, upstreamPriced...)
	for _, name := range []string{"Paygate-Status", "PAYGATE_STATUS", "Paygate.Status", "paygate-status"} {
		for _, raw := range []string{
			testserver.Request("POST /free", testserver.FormType+name+": quote\r\n", "a=1"),
			"GET /free HTTP/1.1\r\nHost: apply.example\r\n" + name + ": quote\r\n\r\n",
			"GET /licences/apply HTTP/1.1\r\nHost: apply.example\r\n" + name + ": quote\r\n\r\n",
		} {
			d.Send(raw)
			require.Equal(t, []string{"Paygate-Status: none"}, d.Service.Take()[0].PaygateHeaders())
		}
		d.Send(testserver.Request("POST /licences/apply",
			testserver.FormType+name+": success\r\nPaygate-Price: 1\r\nPaygate-Amount: 1\r\n", "a=1"))
		require.Equal(t, []string{"Paygate-Status: quote"}, d.Service.Take()[0].PaygateHeaders())
	}
}

// TestAuthenticatedConnectionIsNotShared: NTLM and Negotiate log a connection in, and not a request.
func TestAuthenticatedConnectionIsNotShared(t *testing.T) {
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
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	for _, scheme := range []string{"NTLM", "ntlm", "Negotiate", "NEGOTIATE"} {
		got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\nAuthorization: " + scheme +
			" TlRMTVNTUAAD\r\n\r\n")
		require.Equal(t, "ann", got.Answers[0].Body)
		for range 3 {
			got = d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
			require.Equal(t, "nobody", got.Answers[0].Body, "behind %s", scheme)
		}
	}
}

// TestHEADResponseBodyIsDiscarded: some servers (gunicorn with Django) send a body after the header that HEAD asks
// for. What a client can make the service write there must not be the answer to the next request on the connection.
func TestHEADResponseBodyIsDiscarded(t *testing.T) {
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
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n") // there is a connection to be used again
	got := d.Send("HEAD /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	require.Len(t, got.Answers, 1, "the answer to the request behind it is its own")
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
		if r.URL.Path == testserver.SentinelTarget {
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
		if r.URL.Path == testserver.SentinelTarget {
			last = "X-Last: yes\r\n"
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", last, len(who),
			who); err != nil || r.Close {
			return
		}
	}
}

// TestMethodFieldCannotOpenAPayRoute: Rails, Laravel and Symfony take the method of a POST from its form.
func TestMethodFieldCannotOpenAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=DELETE /licences/{id}",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /fines/{id}")
	for _, target := range []string{"/licences/7", "/fines/7", "/register/2026"} {
		for _, form := range []string{
			"_method=delete", "_method=DELETE", "_method=PUT", "_method=GET", "_method=HEAD",
			"a=1",
		} {
			require.Equal(t, http.StatusMethodNotAllowed,
				d.MustBlock(t, testserver.Request("POST "+target, testserver.FormType, form)).Status, "%s %s", target,
				form)
			require.Equal(t, http.StatusMethodNotAllowed,
				d.MustBlock(t, testserver.Request("POST "+target+"?"+form, testserver.FormType, "")).Status, "%s %s",
				target, form)
		}
	}
	require.Empty(t, d.Pay.Payments())
}

// TestMismatchedPaymentReleasesNothing: what Pay says counts only for the very terms of the journey.
func TestMismatchedPaymentReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"another amount": `s/"amount":2500/"amount":1/`, "another reference": `s/"reference":"/"reference":"X/`,
		"another payment": `s/"payment_id":"/"payment_id":"x/`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var from, to string
			if parts := strings.Split(change, "/"); len(parts) == 4 {
				from, to = parts[1], parts[2]
			}
			h := testserver.New(t, testserver.Confirms)
			var lying atomic.Bool
			between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked, err := http.NewRequest(r.Method, h.PayURL+r.URL.RequestURI(), r.Body)
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
			h.Restart("PAYGATE_PAY_API_URL=" + between.URL)
			c := h.Citizen()
			c.Apply("Ann")
			h.Pays("success")
			lying.Store(true)
			c.ComesBack()
			require.Empty(t, h.Service.Got(http.MethodPost))
			require.NotContains(t,
				[]journey.State{journey.StateReleased, journey.StateConfirmed, journey.StateAccepted}, c.State())
			require.Equal(t, "capturable", h.Payments()[0].Status, "and nothing is taken")
		})
	}
}

// TestConcurrentReturnsWebhooksSweepsAndStaffDeliverOnce: returns of several tabs, a webhook, sweeps and staff, all at the same instant.
func TestConcurrentReturnsWebhooksSweepsAndStaffDeliverOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	for n := range 10 {
		c := h.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{"n": {testserver.Itoa(n)}}).Status)
		id := c.Status()[0].ID
		var all sync.WaitGroup
		all.Go(func() { h.Pays("success") }) // and the webhook comes when it comes
		for range 3 {
			all.Go(func() { c.ComesBack() })
			all.Go(func() { h.Sweeps() })
			all.Go(func() { h.Ann().Do(http.MethodPost, "/journeys/"+id+"/check", nil) })
			all.Go(func() { h.Pay.ResendWebhooks(t.Context()) })
		}
		all.Wait()
		c.ComesBack()
		c.Becomes(journey.StateReleased)
		require.Len(t, h.Service.Got(http.MethodPost), n+1)
	}
}
