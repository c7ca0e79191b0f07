package main

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/journey"
)

func TestACitizenPaysAndTheServiceReceivesExactlyWhatTheySentOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	contentType, body := multipartForm(map[string]string{"name": "Ann", "lang": "cy"}, bytesOfAllKinds(50_000))

	p := c.do(http.MethodPost, "/licences/apply?a=1;b=2&x=100%25", bytes.NewReader(body), "Content-Type", contentType, "X-Odd", "travels too")
	require.Equal(t, http.StatusSeeOther, p.status, p.text)
	require.Equal(t, "yes", p.header.Get("Paygate-Answer"))
	require.Empty(t, h.service.got(http.MethodPost), "nothing reaches the service before payment")

	h.pays("success")
	require.Equal(t, "capturable", h.payments()[0].Status, "money is only reserved until the service accepts")
	done := c.comesBack()
	require.Equal(t, http.StatusOK, done.status)
	require.Contains(t, done.text, "the service's own page")

	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, body, posts[0].body, "byte for byte")
	require.Equal(t, "/licences/apply?a=1;b=2&x=100%25", posts[0].target)
	require.Equal(t, contentType, posts[0].header.Get("Content-Type"))
	require.Equal(t, "travels too", posts[0].header.Get("X-Odd"))
	require.Equal(t, "success", h.payments()[0].Status, "taken once the service accepted")
	require.Equal(t, journey.StateReleased, c.state())
}

func TestTheReleaseSaysWhatWasPaidAndTheSignatureHolds(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	c.comesBack()

	got := h.service.got(http.MethodPost)[0]
	payment := h.payments()[0]
	for name, value := range map[string]string{
		"Paygate-Status": "success", "Paygate-Payment-Id": payment.ID, "Paygate-Reference": payment.Reference,
		"Paygate-Amount": "2500", "Paygate-Total": "2500", "Paygate-Currency": "GBP", "Paygate-Mode": "test",
		"Paygate-Route": "licence", "Paygate-Submission": "1", "Paygate-Attempt": "1", "Paygate-Via": "return",
		"Paygate-Journey": c.status()[0].ID,
	} {
		require.Equal(t, []string{value}, got.header[name], name)
	}
	for _, check := range h.verify(t, got) {
		require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
	}
	tampered := got
	tampered.body = append(bytes.Clone(got.body), 'x')
	require.True(t, slices.ContainsFunc(h.verify(t, tampered), func(c signature.Check) bool { return c.Name == "body" && !c.Good }))
}

// verify checks a received request with the published keys.
func (h *house) verify(t *testing.T, got received) []signature.Check {
	t.Helper()
	return signature.VerifyRequest(got.captured(), h.keys(t), h.url, time.Now())
}

// captured is the request as it stood on the wire.
func (got received) captured() []byte {
	var captured bytes.Buffer
	captured.WriteString(got.method + " " + got.target + " HTTP/1.1\r\nHost: " + got.host + "\r\n")
	header := got.header.Clone()
	header.Set("Content-Length", "")
	header.Del("Content-Length")
	_ = header.Write(&captured)
	captured.WriteString("Content-Length: " + itoa(len(got.body)) + "\r\n\r\n")
	captured.Write(got.body)
	return captured.Bytes()
}

func TestFiftyReturnsAtOnceDeliverOnce(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	var all sync.WaitGroup
	answers := make([]page, 50)
	for i := range answers {
		all.Go(func() { answers[i] = c.follow(c.get("/_pay/return")) })
	}
	all.Wait()
	require.Len(t, h.service.got(http.MethodPost), 1)
	for _, p := range answers {
		require.Equal(t, http.StatusOK, p.status)
		require.NotContains(t, p.text, "problem")
	}
}

func TestADeclinedCitizenTriesAgainWithTheSameForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("declined")
	p := c.comesBack()
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.text, "Your payment was declined")
	require.Contains(t, p.text, "No money has been taken")
	require.Empty(t, h.service.got(http.MethodPost))

	again := c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.status, again.text)
	require.Len(t, h.payments(), 2)
	require.Equal(t, h.payments()[0].Reference, h.payments()[1].Reference, "the same reference")
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Contains(t, string(posts[0].body), "name=Ann", "nothing had to be filled in again")
}

func TestEachEndAtPayHasItsPage(t *testing.T) {
	t.Parallel()
	for outcome, says := range map[string]string{
		"declined": "declined", "cancelled": "You cancelled your payment", "expired": "has expired", "error": "problem with your payment",
		"submitted": "You have not finished paying", "started": "You have not finished paying",
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms)
			c := h.citizen()
			c.apply("Ann")
			h.pays(outcome)
			p := c.comesBack()
			require.Contains(t, p.text, says)
			require.Contains(t, p.text, h.payments()[0].Reference)
			require.Contains(t, p.text, "Telephone 0300")
			require.Empty(t, h.service.got(http.MethodPost))
		})
	}
}

func TestAPaymentCancelledByTheServiceIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "cancelled", "P0040"))
	require.Contains(t, c.comesBack().text, "The service cancelled the payment")
}

// TestADoubleClickOnAFormWithAFileResumesTheSamePayment: a browser makes up another boundary each time.
func TestADoubleClickOnAFormWithAFileResumesTheSamePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	send := func(boundary, name, photo string) {
		body := strings.NewReplacer("BOUNDARY", boundary, "NAME", name, "PHOTO", photo).Replace("--BOUNDARY\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nNAME\r\n" +
			"--BOUNDARY\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nPHOTO\r\n--BOUNDARY--\r\n")
		p := c.do(http.MethodPost, "/licences/apply", strings.NewReader(body), "Content-Type", "multipart/form-data; boundary="+boundary)
		require.Equal(t, http.StatusSeeOther, p.status, p.text)
	}
	send("----WebKitFormBoundary1", "Ann", "one")
	send("----WebKitFormBoundary2", "Ann", "one")
	require.Len(t, h.payments(), 1)
	send("----WebKitFormBoundary3", "Ann", "two")
	require.Len(t, h.payments(), 2, "another file is another form")
	send("----WebKitFormBoundary4", "Bob", "one")
	require.Len(t, h.payments(), 3)
}

func TestADoubleClickResumesTheSamePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	first, second := c.apply("Ann"), c.apply("Ann")
	require.Len(t, h.payments(), 1)
	require.NotEqual(t, first.to(), second.to(), "a next_url works once, so the second click has its own")
	c.apply("Bob")
	require.Len(t, h.payments(), 2, "another form is another payment")
	h.citizen().apply("Ann")
	require.Len(t, h.payments(), 3, "another browser is another citizen")
}

func TestAnOpenPaymentIsResumed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	first := c.apply("Ann")
	require.Contains(t, c.comesBack().text, "You have not finished paying")
	p := c.post("/_pay/resume", url.Values{"journey": {c.status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, p.status)
	require.True(t, strings.HasPrefix(p.to(), h.payURL+"/secure/"))
	require.NotEqual(t, first.to(), p.to())
	require.Len(t, h.payments(), 1)
}

func TestNobodyIsToldThatNothingWasTakenWhileThatIsNotKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success") // in another tab
	id := url.Values{"journey": {c.status()[0].ID}}
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for name, ask := range map[string]func() page{
		"resume": func() page { return c.post("/_pay/resume", id) }, "again": func() page { return c.post("/_pay/again", id) },
		"the same form": func() page {
			return c.post("/licences/apply", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}})
		},
		"the list": func() page { return c.get("/_pay/status") },
	} {
		p := ask()
		require.NotContains(t, p.text, "No money has been taken", name)
		require.NotContains(t, p.text, "You have not finished paying", name)
	}
	h.pay.ClearFaults()
	p := c.post("/_pay/resume", id)
	require.Equal(t, "/_pay/return", p.to(), "paid by now")
	require.Contains(t, c.follow(p).text, "the service's own page")
}

func TestToResumeStartsNoPayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("declined")
	c.comesBack()
	require.Contains(t, c.post("/_pay/resume", url.Values{"journey": {c.status()[0].ID}}).text, "Your payment was declined")
	require.Len(t, h.payments(), 1)
}

func TestOurFormsWorkBehindAProxyThatChangesTheHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("declined")
	c.comesBack()
	public, err := url.Parse(h.url)
	require.NoError(t, err)
	body := "journey=" + c.status()[0].ID
	for origin, status := range map[string]int{h.url: http.StatusSeeOther, "https://elsewhere.example": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodPost, h.url+"/_pay/again", strings.NewReader(body))
		require.NoError(t, err)
		for _, ticket := range c.client.Jar.Cookies(public) {
			r.AddCookie(ticket)
		}
		r.Host = "internal.example"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		answer, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, origin)
	}
}

func TestTwoTabsEachGetTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	c.apply("Bob")
	all := h.payments()
	require.NoError(t, h.pay.Pay(all[0].ID, "success")) // the older tab pays first
	require.Contains(t, c.comesBack().text, "the service's own page", "the journey that moved is shown, not the newest")
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.NoError(t, h.pay.Pay(all[1].ID, "success"))
	require.Contains(t, c.comesBack().text, "the service's own page")
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Contains(t, string(posts[0].body), "Ann")
	require.Contains(t, string(posts[1].body), "Bob")
}

func TestTheServicesPageIsShownAtItsOwnAddressAndStaysThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Paygate-Status", "forged")
		_, _ = w.Write([]byte(`<a href="next">your licence</a>`))
	})
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	p := c.get("/_pay/return")
	require.Equal(t, http.StatusSeeOther, p.status)
	require.True(t, strings.HasPrefix(p.to(), "/licences/apply?paygate-reply="), p.to())

	shown := c.get(p.to())
	require.Equal(t, `<a href="next">your licence</a>`, shown.text)
	require.NotEmpty(t, shown.header["Set-Cookie"])
	require.Empty(t, shown.header.Get("Paygate-Answer"), "it is the service's answer")
	require.Empty(t, shown.header.Get("Paygate-Status"))
	require.Contains(t, shown.header.Get("Cache-Control"), "private")

	reload := c.get(p.to())
	require.Equal(t, shown.text, reload.text)
	require.Empty(t, reload.header["Set-Cookie"], "cookies are set once")
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Empty(t, h.service.got(http.MethodGet), "the marked address is never forwarded")

	stranger := h.citizen().get(p.to())
	require.Equal(t, http.StatusSeeOther, stranger.status)
	require.Equal(t, "/_pay/status", stranger.to())
}

func TestARedirectOfTheServiceIsFollowedFromItsOwnAddress(t *testing.T) {
	t.Parallel()
	_, c := annHasPaid(t, confirms)
	p := c.get(c.get("/_pay/return").to())
	require.Equal(t, http.StatusSeeOther, p.status)
	require.Equal(t, "/licences/confirmation/RVM-0001", p.to(), "resolved against the form's address")
	require.Contains(t, p.header.Get("Set-Cookie"), "flash=received")
	require.Empty(t, p.header["Paygate-Answer"], "it is the service's answer")
	require.Equal(t, "private, no-cache", p.header.Get("Cache-Control"))
}

func TestWhenAStrictCookieStayedBehindAPageOfOursStartsANewNavigation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	form := url.Values{"name": {"Ann"}}
	p := c.post("/licences/apply", form, "Cookie", "prefs=strict")
	require.Equal(t, http.StatusSeeOther, p.status)
	h.pays("success")
	shown := c.get(c.get("/_pay/return").to())
	require.Equal(t, http.StatusOK, shown.status)
	require.Contains(t, shown.text, `http-equiv="refresh" content="0; url=/licences/confirmation/RVM-0001"`)
	require.Contains(t, shown.text, `href="/licences/confirmation/RVM-0001"`)
	require.Contains(t, h.service.got(http.MethodPost)[0].header.Get("Cookie"), "prefs=strict", "the held cookie went with the release")
}

func TestARefusedFormIsCorrectedOnTheSamePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("name") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte("name is missing"))
			return
		}
		confirms(w, r)
	})
	c := h.citizen()
	p := c.post("/licences/apply", url.Values{"name": {""}})
	require.Equal(t, http.StatusSeeOther, p.status)
	h.pays("success")
	refused := c.ownAnswer(c.comesBack())
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Equal(t, "name is missing", refused.text, "the service's own words")
	require.Equal(t, "capturable", h.payments()[0].Status, "nothing is taken for a refusal")

	corrected := c.post("/licences/apply?paygate-reply="+c.status()[0].ID, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, corrected.status, corrected.text)
	require.Equal(t, "confirmation/RVM-0001", corrected.to(), "the service's answer, passed on directly")
	require.Len(t, h.payments(), 1, "no second payment")
	require.Equal(t, "success", h.payments()[0].Status)
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "2", posts[1].header.Get("Paygate-Submission"))
	require.Equal(t, "/licences/apply", posts[1].target)
	require.Equal(t, posts[0].header.Get("Paygate-Journey"), posts[1].header.Get("Paygate-Journey"))
}

func TestTheAnswerToAReleaseIsCleanedAsAnyOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'self'; form-action 'self'")
		header["PAYGATE_ANSWER"] = []string{"evil"}
		header.Set("Paygate-Answer", "evil")
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	requireClean := func(p page) {
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Equal(t, "default-src 'self'; form-action 'self' "+h.payURL, p.header.Get("Content-Security-Policy"), "the form may lead to Pay again")
		for name := range p.header {
			require.NotContains(t, strings.ToLower(name), "paygate")
		}
	}
	c := h.citizen()
	c.post("/licences/apply", url.Values{"name": {"Ann"}})
	h.pays("success")
	requireClean(c.ownAnswer(c.comesBack()))
	requireClean(c.post("/licences/apply", url.Values{"name": {"Bob"}}))

	c.get("/register/2026")
	h.pays("success")
	requireClean(c.get("/register/2026"))
}

func TestAPassIsPaidOnceAndFetchedForAWhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600, s-maxage=900")
		http.ServeContent(w, r, "register.pdf", time.Time{}, strings.NewReader("%PDF-1.4 the register"))
	})
	c := h.citizen()
	require.Equal(t, http.StatusPaymentRequired, c.do(http.MethodHead, "/register/2026", nil).status)
	require.Empty(t, h.payments(), "a HEAD starts no payment")

	p := c.get("/register/2026?from=a;b")
	require.Equal(t, http.StatusSeeOther, p.status)
	require.Empty(t, h.service.got(http.MethodGet))
	h.pays("success")
	back := c.get("/_pay/return")
	require.Equal(t, "/register/2026?from=a;b", back.to(), "back to the address they asked for")
	require.Equal(t, "capturable", h.payments()[0].Status, "taken with the first fetch")

	first := c.get(back.to())
	require.Equal(t, "%PDF-1.4 the register", first.text)
	require.Equal(t, "private, max-age=600", first.header.Get("Cache-Control"))
	require.Equal(t, "success", h.payments()[0].Status)

	part := c.get("/register/2026?from=a;b", "Range", "bytes=0-3")
	require.Equal(t, http.StatusPartialContent, part.status)
	require.Equal(t, "%PDF", part.text)
	require.Equal(t, http.StatusOK, c.do(http.MethodHead, "/register/2026?from=a;b", nil).status)
	for _, got := range append(h.service.got(http.MethodGet), h.service.got(http.MethodHead)...) {
		require.Equal(t, "pass", got.header.Get("Paygate-Via"))
		require.Equal(t, "1", got.header.Get("Paygate-Attempt"))
		for _, check := range h.verify(t, got) {
			require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
		}
	}
	require.Len(t, h.payments(), 1)
	require.Contains(t, c.get("/_pay/status").text, `href="/register/2026?from=a;b"`, "the way back to it")
	require.Equal(t, http.StatusSeeOther, c.get("/register/2025").status, "another path has to be paid for")
	require.Equal(t, http.StatusSeeOther, h.citizen().get("/register/2026").status, "so has another browser")
}

// TestAPassIsFetchedWithTheCookiesThatStayedBehind: coming from Pay, a browser keeps SameSite=Strict cookies back, and a service
// that does not know its citizen would ask them to log in.
func TestAPassIsFetchedWithTheCookiesThatStayedBehind(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.get("/register/2026?a=1", "Cookie", "session=strict").status)
	h.pays("success")
	p := c.get("/_pay/return")
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.text, `http-equiv="refresh" content="0; url=/register/2026?a=1"`, "a navigation of the site's own")
	require.Contains(t, p.text, "Get what you paid for")
	require.Empty(t, h.service.got(http.MethodGet))
}

func TestAScriptLearnsWhereToPay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	for name, value := range map[string]string{"Accept": "application/json", "Sec-Fetch-Mode": "cors", "X-Requested-With": "XMLHttpRequest"} {
		p := h.citizen().post("/licences/apply", url.Values{"name": {name}}, name, value)
		require.Equal(t, http.StatusPaymentRequired, p.status, name)
		require.Equal(t, "application/problem+json", p.header.Get("Content-Type"))
		require.Contains(t, p.text, `"amount_pence":2500`)
		require.Contains(t, p.text, `"pay_url":"`+h.payURL+"/secure/")
		require.NotEmpty(t, p.header["Set-Cookie"])
	}
}

func TestTheChoiceOfPriceHasToBeClear(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	for name, body := range map[string]string{
		"missing": "name=Ann", "unknown": "licence=season", "repeated": "licence=1-day&licence=8-day", "repeated alike": "licence=1-day&licence=1-day",
		"as an array": "licence=1-day&licence[]=8-day", "in another case": "licence=1-day&Licence=8-day", "semicolon": "licence=1-day;licence=8-day",
		"broken": "licence=1-day&x%zz=1", "empty": "",
	} {
		p := h.citizen().do(http.MethodPost, "/licences/priced", strings.NewReader(body), "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusUnprocessableEntity, p.status, name)
		require.Contains(t, p.text, "No money has been taken", name)
	}
	p := h.citizen().do(http.MethodPost, "/licences/priced?licence=8-day", strings.NewReader("licence=1-day"), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusUnprocessableEntity, p.status, "the query says another")
	require.Empty(t, h.payments())
	require.Empty(t, h.service.got(http.MethodPost))

	for _, c := range []struct{ kind, body string }{
		{"application/x-www-form-urlencoded", "licence=8-day&name=Ann"}, {"application/x-www-form-urlencoded", "licence=8-day&name=100%+Ann;+Bob"}, {"application/json", `{"licence":"8-day","n":[1,{"licence":"1-day"}]}`},
	} {
		p := h.citizen().do(http.MethodPost, "/licences/priced", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, http.StatusSeeOther, p.status, p.text)
		all := h.payments()
		require.EqualValues(t, 1350, all[len(all)-1].Amount)
	}
}

func TestWhatIsTooLargeIsRefusedBeforeAnyPayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	body := bytes.Repeat([]byte("x"), 20<<20)
	p := h.citizen().do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, p.status)
	require.Contains(t, p.text, "10 MB")
	chunked := h.citizen().do(http.MethodPost, "/licences/apply", onlyReader{bytes.NewReader(body)}, "Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, chunked.status)
	require.Empty(t, h.payments())
	free := h.citizen().do(http.MethodPost, "/elsewhere", bytes.NewReader(body))
	require.Equal(t, http.StatusSeeOther, free.status, "what is free has no limit of ours")
	require.Len(t, h.service.got(http.MethodPost)[0].body, 20<<20)
}

func TestACardNumberIsRefusedAndWrittenNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	for _, number := range []string{"4444333322221111", "4444 3333 2222 1111", "my card is 4444-3333-2222-1111 thanks"} {
		p := h.citizen().post("/licences/apply", url.Values{"name": {number}})
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.text, "Do not enter a card number")
	}
	require.Empty(t, h.payments())
	require.NotContains(t, h.log.String(), "4444")
}

func TestAFieldMayBeExemptFromTheSearchForCardNumbers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_LICENCE_CARD_EXEMPT=microchip,tag")
	p := h.citizen().post("/licences/apply", url.Values{"microchip": {"372222222222226"}, "tag": {"372222222222226"}, "name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, p.status, p.text)
	for _, form := range []url.Values{
		{"Microchip": {"372222222222226"}},
		{"microchip[]": {"372222222222226"}},
		{"microchip": {"372222222222226"}, "name": {"372222222222226"}},
		{"372222222222226": {"microchip"}},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, h.citizen().post("/licences/apply", form).status, form)
	}
	require.Equal(t, http.StatusUnprocessableEntity, h.citizen().post("/licences/apply?microchip=372222222222226", url.Values{"name": {"Ann"}}).status)
	for _, c := range []struct {
		kind, body string
		status     int
	}{
		{"application/json", `{"microchip":"372222222222226"}`, http.StatusSeeOther},
		{"application/json", `{"microchip":372222222222226}`, http.StatusSeeOther},
		{"application/json", `{"pet":{"microchip":"372222222222226"}}`, http.StatusUnprocessableEntity},
		{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\n372222222222226\r\n--b--\r\n", http.StatusSeeOther},
		{"text/plain", "microchip=372222222222226", http.StatusUnprocessableEntity},
	} {
		p := h.citizen().do(http.MethodPost, "/licences/apply", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, c.status, p.status, c.body)
	}
}

func TestWhatPayAnswersWronglyTakesNoMoney(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"500", "429", "reset", "lost", "html", "garbage", "empty", "huge", "hostile_next_url"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms)
			c := h.citizen()
			h.pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
			p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
			require.Contains(t, []int{http.StatusBadGateway, http.StatusServiceUnavailable}, p.status)
			require.Contains(t, p.text, "No money has been taken")
			require.Empty(t, p.to())
			require.NotEmpty(t, p.header.Get("Retry-After"))
			require.LessOrEqual(t, len(h.payments()), 1, "a create is never repeated by itself")
			require.Empty(t, h.service.got(http.MethodPost))

			again := c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}})
			require.Equal(t, http.StatusSeeOther, again.status, again.text)
			h.pays("success")
			require.Contains(t, c.comesBack().text, "the service's own page")
			require.Len(t, h.service.got(http.MethodPost), 1)
		})
	}
}

func TestWhilePayCannotBeAskedWeSayThatWeAreChecking(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.comesBack()
	require.Contains(t, p.text, "We are checking your payment")
	require.Equal(t, "5; url=/_pay/return", p.header.Get("Refresh"), "it reloads by itself")
	require.Contains(t, p.text, h.payments()[0].Reference)
	require.Empty(t, h.service.got(http.MethodPost))
	h.pay.ClearFaults()
	require.Contains(t, c.comesBack().text, "the service's own page")
}

func TestAnAnswerOfPayThatMayBeOldIsNotTakenForTheTruth(t *testing.T) {
	t.Parallel()
	h := newHouseAtPay(t, paysim.Options{PostLimit: -1, SearchLag: time.Minute}, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("started")
	h.pay.Advance(2 * time.Minute)
	h.pays("success")
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "stale"})
	id := c.status()[0].ID
	for _, p := range []page{c.comesBack(), c.get("/_pay/status"), c.post("/_pay/resume", url.Values{"journey": {id}})} {
		require.Contains(t, p.text, "We are checking your payment")
		require.NotContains(t, p.text, "You have not finished paying")
	}
	require.Equal(t, journey.StatePaying, c.state())
	h.pay.ClearFaults()
	require.Contains(t, c.comesBack().text, "the service's own page")
}

// TestNobodyIsToldThatNothingWasPaidWhilePayCannotBeAsked: the same form again, and the buttons of a page that is still open, lead
// back to a payment that may have been paid meanwhile.
func TestNobodyIsToldThatNothingWasPaidWhilePayCannotBeAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	applied, visits := h.citizen(), h.citizen()
	applied.apply("Ann")
	h.pays("success")
	visits.get("/register/2026")
	h.pays("success")
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	button := url.Values{"journey": {applied.status()[0].ID}}
	for name, p := range map[string]page{
		"the same form":  applied.post("/licences/apply", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}),
		"try again":      applied.post("/_pay/again", button),
		"go on paying":   applied.post("/_pay/resume", button),
		"the same pass":  visits.get("/register/2026"),
		"back from Pay":  applied.comesBack(),
		"back to a pass": visits.comesBack(),
	} {
		require.Equal(t, http.StatusOK, p.status, name)
		require.Contains(t, p.text, "We are checking your payment", name)
		require.NotContains(t, p.text, "No money has been taken", name)
	}
	h.pay.ClearFaults()
	require.Contains(t, applied.comesBack().text, "the service's own page")
	require.Len(t, h.payments(), 2)
}

func TestWhileTheServiceIsDownThePaymentIsSafe(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	h.service.server.Close()
	p := c.comesBack()
	require.Contains(t, p.text, "Your payment is safe")
	require.Equal(t, journey.StateConfirmed, c.state())
	require.Equal(t, "capturable", h.payments()[0].Status)

	h.service.restart(t)
	require.Contains(t, c.comesBack().text, "the service's own page")
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "2", posts[0].header.Get("Paygate-Attempt"))
	require.Equal(t, "success", h.payments()[0].Status)
}

func TestWhenNobodyKnowsWhetherTheServiceGotItAPersonDecides(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]act{"reset": breaksStill, "broken": failsDone, "too late": hangsDone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, c := annHasPaid(t, does.answer, "PAYGATE_UPSTREAM_TIMEOUT=2s")
			p := c.comesBack()
			require.Contains(t, p.text, "We are looking into your payment")
			require.Contains(t, p.text, h.payments()[0].Reference)
			c.comesBack()
			require.Len(t, h.service.got(http.MethodPost), 1, "never sent twice")
			require.Equal(t, journey.StateStuck, c.state())
			require.Equal(t, "capturable", h.payments()[0].Status, "never captured until known")
		})
	}
}

func TestWhenTheMoneyGoesBackTheServicesRefusalIsNotShownAnyMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte("correct the form"))
	}, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.pay.AddFault(paysim.Fault{Call: "cancel", Kind: "500"})
	require.Equal(t, "correct the form", c.ownAnswer(c.comesBack()).text)
	require.Eventually(t, func() bool { h.sweeps(); return h.ann().shown(c.status()[0].ID).Note != "" }, soon, 1)
	require.Equal(t, journey.StateRefused, c.state())
	require.Contains(t, c.comesBack().text, "Your money is being given back")
}

// TestTheMarkerOfAKeptReplyNeverReachesTheService: a form without an action of its own posts to where it stands.
func TestTheMarkerOfAKeptReplyNeverReachesTheService(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_LICENCE_WHEN=form:do=pay")
	c := h.citizen()
	for target, arrives := range map[string]string{
		"/licences/apply?paygate-reply=0T45QC88T55VKQVH": "/licences/apply", "/licences/apply?a=1;b&paygate-reply=X&c=%zz": "/licences/apply?a=1;b&c=%zz",
		"/licences/apply?": "/licences/apply?",
	} {
		c.post(target, url.Values{"do": {"save"}})
		posts := h.service.got(http.MethodPost)
		require.Equal(t, arrives, posts[len(posts)-1].target)
	}
	require.Empty(t, h.payments())
}

func TestALargeReplyIsStreamed(t *testing.T) {
	t.Parallel()
	large := bytesOfAllKinds(3 << 20)
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/zip")
		_, _ = w.Write(large)
	})
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	p := c.comesBack()
	require.Equal(t, http.StatusOK, p.status)
	require.Equal(t, "application/zip", p.header.Get("Content-Type"))
	require.True(t, p.text == string(large), "the whole of it")
	require.Contains(t, c.comesBack().text, "Payment received and application sent")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestForeignAndTamperedTicketsOpenNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	id := c.status()[0].ID
	for name, value := range map[string]string{"none": "", "nonsense": "paygate=nonsense", "tampered": "paygate=MTc5NTUyMzE1NHx"} {
		stranger := h.citizen()
		p := stranger.get("/_pay/return?looked", "Cookie", value)
		require.Equal(t, http.StatusNotFound, p.status, name)
		require.Contains(t, p.text, "We cannot find your payment")
		require.Equal(t, http.StatusNotFound, stranger.post("/_pay/again", url.Values{"journey": {id}}).status, "an id alone opens nothing")
	}
}

func TestOurAddressesAreOursAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	for target, status := range map[string]int{
		"/_pay": 404, "/_pay/": 404, "/_pay/nothing": 404, "/_pay/return/": 404, "/_pay//return": 404, "/_pay/webhook": 404,
		"/_pay/assets/": 404, "/_pay/assets/nothing.css": 404, "/_pay/again": 405, "/_pay/resume": 405, "/_pay/status": 200, "/_pay/keys": 200,
	} {
		p := c.get(target)
		require.Equal(t, status, p.status, target)
		require.Equal(t, "yes", p.header.Get("Paygate-Answer"), target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.post("/_pay/return", nil).status)
	require.Empty(t, h.service.got(http.MethodGet))
	require.Equal(t, http.StatusForbidden, c.post("/_pay/again", nil, "Sec-Fetch-Site", "cross-site").status)
}

func TestAPrefetchStartsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	require.Equal(t, http.StatusServiceUnavailable, c.get("/register/2026", "Sec-Purpose", "prefetch;prerender").status)
	c.apply("Ann")
	h.pays("success")
	require.Equal(t, http.StatusServiceUnavailable, c.get("/_pay/return", "Purpose", "prefetch").status)
	require.Empty(t, h.service.got(http.MethodPost))
}

func TestARouteCanBeClosedOrFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_LICENCE_MODE=closed", "PAYGATE_ROUTE_REGISTER_MODE=free")
	c := h.citizen()
	p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusServiceUnavailable, p.status)
	require.Contains(t, p.text, "Payments are closed")
	require.Equal(t, http.StatusOK, c.get("/register/2026").status)
	require.Contains(t, h.log.String(), "pay route is free")
	require.Equal(t, "none", h.service.got(http.MethodGet)[0].header.Get("Paygate-Status"))
	require.Empty(t, h.payments())
}

func TestTheCitizensLanguageReachesPayAndThePages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		wanted string
	}{
		"by the browser":             {url.Values{}, []string{"Accept-Language", "cy,en;q=0.8"}, "cy"},
		"the service's field counts": {url.Values{"lang": {"cy"}}, []string{"Accept-Language", "en-GB"}, "cy"},
		"values that begin with cy":  {url.Values{"lang": {"Cymraeg"}}, nil, "cy"},
		"of two cookies one is ours": {url.Values{}, []string{"Cookie", "lang=fr; lang=cy-GB"}, "cy"},
		"another cookie":             {url.Values{}, []string{"Cookie", "PLAY_LANG=cy", "Accept-Language", "en"}, "cy"},
		"no other cookie":            {url.Values{}, []string{"Cookie", "language=cy"}, "en"},
		"another language":           {url.Values{"lang": {"fr"}}, []string{"Accept-Language", "cy"}, "cy"},
		"the service's cookie":       {url.Values{}, []string{"Cookie", "lang=cy"}, "cy"},
		"field before cookie":        {url.Values{"lang": {"en"}}, []string{"Cookie", "lang=cy"}, "en"},
		"anything else is English":   {url.Values{}, []string{"Accept-Language", "fr"}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms, "PAYGATE_LANGUAGE=form:lang,cookie:lang,cookie:PLAY_LANG")
			citizen := h.citizen()
			require.Equal(t, http.StatusSeeOther, citizen.post("/licences/apply", c.form, c.header...).status)
			require.Equal(t, c.wanted, h.payments()[0].Language)
			h.pays("declined")
			text := citizen.comesBack().text
			require.Contains(t, text, `<html lang="`+c.wanted+`"`)
			if c.wanted == "cy" {
				require.Equal(t, "Trwydded bysgota", h.payments()[0].Description)
				require.Contains(t, text, "Gwrthodwyd eich taliad")
				require.Contains(t, text, "Trwyddedau pysgota")
			}
		})
	}
}

func TestTheLanguageIsReadWhereTheServiceKeepsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_LANGUAGE=path:/licences/cy,query:iaith,form:iaith",
		"PAYGATE_ROUTE_LICENCE_ALIASES=POST /licences/cy/apply,POST /licences/cyan/apply")
	for _, c := range []struct {
		target string
		form   url.Values
		wanted string
	}{
		{"/licences/cy/apply", nil, "cy"},
		{"/licences/cyan/apply", nil, "en"},
		{"/licences/apply?iaith=CY", nil, "cy"},
		{"/licences/apply?iaith=en", url.Values{"iaith": {"cy"}}, "en"},
		{"/licences/apply?lang=cy", nil, "en"},
		{"/licences/apply", url.Values{"iaith": {"cy"}}, "cy"},
	} {
		before := len(h.payments())
		require.Equal(t, http.StatusSeeOther, h.citizen().post(c.target, c.form).status, c.target)
		require.Equal(t, c.wanted, h.payments()[before].Language, c.target)
	}
	refused := h.citizen().post("/licences/priced", url.Values{"iaith": {"cy"}, "licence": {"none"}})
	require.Contains(t, refused.text, "Dewiswch beth rydych am dalu amdano", "a page before the payment speaks the form's language")
	byDefault := newHouse(t, confirms).citizen()
	require.Contains(t, byDefault.get("/_pay/status?lang=cy").text, `<html lang="cy"`, "pages without a journey go by their own request")
	require.Contains(t, byDefault.get("/_pay/status", "Cookie", "lang=cy").text, `<html lang="cy"`)
}

func TestImmediateCaptureTakesTheMoneyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{}).status)
	require.False(t, h.payments()[0].DelayedCapture)
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	for _, request := range h.pay.Requests() {
		require.NotEqual(t, "capture", request.Call)
	}
}

func TestARouteMayReleaseOnReturn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, append(eager, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_SECOND_LOOK=10ms")...)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("started")
	require.Contains(t, c.comesBack().text, "You have not finished paying", "not before Pay says at least submitted")
	h.pays("submitted")
	require.Contains(t, c.comesBack().text, "the service's own page")
	got := h.service.got(http.MethodPost)
	require.Len(t, got, 1)
	require.Equal(t, "pending", got[0].header.Get("Paygate-Status"))
	require.Empty(t, got[0].header["Paygate-Paid-At"])
	for _, check := range h.verify(t, got[0]) {
		require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
	}
	require.Equal(t, journey.StateReleased, c.state())
}

func TestWhatIsReleasedOnReturnAndThenNotPaidGoesToAPerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, append(eager, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)...)
	h.pay.SetWebhook(h.url+"/_pay/webhook", webhookSecret)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("submitted")
	c.comesBack()
	require.Equal(t, journey.StateReleased, c.state())
	h.pays("expired")
	c.becomes(journey.StateStuck)
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestWhileDrainingPayRoutesSaySo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	require.NoError(t, h.parts.Drain(t.Context()))
	p := c.post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, p.status)
	require.Equal(t, "60", p.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, c.get("/free").status)
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page", "what is under way is finished")
}
