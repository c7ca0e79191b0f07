package matching

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestPaidRequestIsDeliveredUnchangedOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	contentType, body := testserver.MultipartForm(map[string]string{"name": "Ann", "lang": "cy"},
		testserver.BytesOfAllKinds(50_000))

	p := c.Do(http.MethodPost, "/licences/apply?a=1;b=2&x=100%25", bytes.NewReader(body), "Content-Type", contentType,
		"X-Odd", "travels too")
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Equal(t, "yes", p.Header.Get("Paygate-Answer"))
	require.Empty(t, h.Service.Got(http.MethodPost), "nothing reaches the service before payment")

	h.Pays("success")
	require.Equal(t, "capturable", h.Payments()[0].Status, "money is only reserved until the service accepts")
	done := c.ComesBack()
	require.Equal(t, http.StatusOK, done.Status)
	require.Contains(t, done.Text, "the service's own page")

	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, body, posts[0].Body, "byte for byte")
	require.Equal(t, "/licences/apply?a=1;b=2&x=100%25", posts[0].Target)
	require.Equal(t, contentType, posts[0].Header.Get("Content-Type"))
	require.Equal(t, "travels too", posts[0].Header.Get("X-Odd"))
	require.Equal(t, "success", h.Payments()[0].Status, "taken once the service accepted")
	require.Equal(t, journey.StateReleased, c.State())
}

func TestReleaseHeadersDescribeThePaymentAndVerify(t *testing.T) {
	t.Parallel()
	h, c := testserver.AnnHasPaid(t, testserver.Confirms)
	c.ComesBack()

	got := h.Service.Got(http.MethodPost)[0]
	payment := h.Payments()[0]
	for name, value := range map[string]string{
		"Paygate-Status": "success", "Paygate-Payment-Id": payment.ID, "Paygate-Reference": payment.Reference,
		"Paygate-Amount": "2500", "Paygate-Total": "2500", "Paygate-Currency": "GBP", "Paygate-Mode": "test",
		"Paygate-Route": "licence", "Paygate-Submission": "1", "Paygate-Attempt": "1", "Paygate-Via": "return",
		"Paygate-Journey": c.Status()[0].ID,
	} {
		require.Equal(t, []string{value}, got.Header[name], name)
	}
	for _, check := range h.Verify(t, got) {
		require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
	}
	tampered := got
	tampered.Body = append(bytes.Clone(got.Body), 'x')
	require.True(t, slices.ContainsFunc(h.Verify(t, tampered),
		func(c signature.Check) bool { return c.Name == "body" && !c.Good }))
}

func TestFiftyConcurrentReturnsDeliverOnce(t *testing.T) {
	t.Parallel()
	h, c := testserver.AnnHasPaid(t, testserver.Confirms)
	var all sync.WaitGroup
	answers := make([]testserver.Page, 50)
	for i := range answers {
		all.Go(func() { answers[i] = c.Follow(c.Get("/_pay/return")) })
	}
	all.Wait()
	require.Len(t, h.Service.Got(http.MethodPost), 1)
	for _, p := range answers {
		require.Equal(t, http.StatusOK, p.Status)
		require.NotContains(t, p.Text, "problem")
	}
}

func TestDeclinedPaymentIsRetriedWithTheSameForm(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("declined")
	p := c.ComesBack()
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, "Your payment was declined")
	require.Contains(t, p.Text, "No money has been taken")
	require.Empty(t, h.Service.Got(http.MethodPost))

	again := c.Post("/_pay/again", url.Values{"journey": {c.Status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.Status, again.Text)
	require.Len(t, h.Payments(), 2)
	require.Equal(t, h.Payments()[0].Reference, h.Payments()[1].Reference, "the same reference")
	h.Pays("success")
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Contains(t, string(posts[0].Body), "name=Ann", "nothing had to be filled in again")
}

func TestEachUnpaidOutcomeHasItsPage(t *testing.T) {
	t.Parallel()
	for outcome, says := range map[string]string{
		"declined": "declined", "cancelled": "You cancelled your payment", "expired": "has expired",
		"error":     "problem with your payment",
		"submitted": "You have not finished paying", "started": "You have not finished paying",
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirms)
			c := h.Citizen()
			c.Apply("Ann")
			h.Pays(outcome)
			p := c.ComesBack()
			require.Contains(t, p.Text, says)
			require.Contains(t, p.Text, h.Payments()[0].Reference)
			require.Contains(t, p.Text, "Telephone 0300")
			require.Empty(t, h.Service.Got(http.MethodPost))
		})
	}
}

func TestPaymentCancelledByTheServiceHasItsPage(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "cancelled", "P0040"))
	require.Contains(t, c.ComesBack().Text, "The service cancelled the payment")
}

// TestDoubleClickOnAFileUploadResumesThePayment: a browser makes up another boundary each time.
func TestDoubleClickOnAFileUploadResumesThePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	send := func(boundary, name, photo string) {
		body := strings.NewReplacer("BOUNDARY", boundary, "NAME", name, "PHOTO",
			photo).Replace("--BOUNDARY\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nNAME\r\n" +
			"--BOUNDARY\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: " +
			"image/jpeg\r\n\r\nPHOTO\r\n--BOUNDARY--\r\n")
		p := c.Do(http.MethodPost, "/licences/apply", strings.NewReader(body), "Content-Type",
			"multipart/form-data; boundary="+boundary)
		require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	}
	send("----WebKitFormBoundary1", "Ann", "one")
	send("----WebKitFormBoundary2", "Ann", "one")
	require.Len(t, h.Payments(), 1)
	send("----WebKitFormBoundary3", "Ann", "two")
	require.Len(t, h.Payments(), 2, "another file is another form")
	send("----WebKitFormBoundary4", "Bob", "one")
	require.Len(t, h.Payments(), 3)
}

func TestDoubleClickResumesThePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	first, second := c.Apply("Ann"), c.Apply("Ann")
	require.Len(t, h.Payments(), 1)
	require.NotEqual(t, first.To(), second.To(), "a next_url works once, so the second click has its own")
	c.Apply("Bob")
	require.Len(t, h.Payments(), 2, "another form is another payment")
	h.Citizen().Apply("Ann")
	require.Len(t, h.Payments(), 3, "another browser is another citizen")
}

func TestOpenPaymentIsResumed(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	first := c.Apply("Ann")
	require.Contains(t, c.ComesBack().Text, "You have not finished paying")
	p := c.Post("/_pay/resume", url.Values{"journey": {c.Status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.True(t, strings.HasPrefix(p.To(), h.PayURL+"/secure/"))
	require.NotEqual(t, first.To(), p.To())
	require.Len(t, h.Payments(), 1)
}

func TestUnknownPaymentIsNotReportedAsUntaken(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("success") // in another tab
	id := url.Values{"journey": {c.Status()[0].ID}}
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for name, ask := range map[string]func() testserver.Page{
		"resume": func() testserver.Page { return c.Post("/_pay/resume", id) },
		"again":  func() testserver.Page { return c.Post("/_pay/again", id) },
		"the same form": func() testserver.Page {
			return c.Post("/licences/apply", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}})
		},
		"the list": func() testserver.Page { return c.Get("/_pay/status") },
	} {
		p := ask()
		require.NotContains(t, p.Text, "No money has been taken", name)
		require.NotContains(t, p.Text, "You have not finished paying", name)
	}
	h.Pay.ClearFaults()
	p := c.Post("/_pay/resume", id)
	require.Equal(t, "/_pay/return", p.To(), "paid by now")
	require.Contains(t, c.Follow(p).Text, "the service's own page")
}

func TestResumeStartsNoPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("declined")
	c.ComesBack()
	require.Contains(t, c.Post("/_pay/resume", url.Values{"journey": {c.Status()[0].ID}}).Text,
		"Your payment was declined")
	require.Len(t, h.Payments(), 1)
}

func TestPaygateFormsWorkBehindAHostRewritingProxy(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("declined")
	c.ComesBack()
	public, err := url.Parse(h.URL)
	require.NoError(t, err)
	body := "journey=" + c.Status()[0].ID
	for origin, status := range map[string]int{
		h.URL:                       http.StatusSeeOther,
		"https://elsewhere.example": http.StatusForbidden,
	} {
		r, err := http.NewRequest(http.MethodPost, h.URL+"/_pay/again", strings.NewReader(body))
		require.NoError(t, err)
		for _, ticket := range c.Client.Jar.Cookies(public) {
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

func TestTwoTabsEachFinishTheirJourney(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	c.Apply("Bob")
	all := h.Payments()
	require.NoError(t, h.Pay.Pay(all[0].ID, "success")) // the older tab pays first
	require.Contains(t, c.ComesBack().Text, "the service's own page", "the journey that moved is shown, not the newest")
	require.Len(t, h.Service.Got(http.MethodPost), 1)
	require.NoError(t, h.Pay.Pay(all[1].ID, "success"))
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Contains(t, string(posts[0].Body), "Ann")
	require.Contains(t, string(posts[1].Body), "Bob")
}

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
	h.Pays("success")
	p := c.Get("/_pay/return")
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.True(t, strings.HasPrefix(p.To(), "/licences/apply?paygate-reply="), p.To())

	shown := c.Get(p.To())
	require.Equal(t, `<a href="next">your licence</a>`, shown.Text)
	require.NotEmpty(t, shown.Header["Set-Cookie"])
	require.Empty(t, shown.Header.Get("Paygate-Answer"), "it is the service's answer")
	require.Empty(t, shown.Header.Get("Paygate-Status"))
	require.Contains(t, shown.Header.Get("Cache-Control"), "private")

	reload := c.Get(p.To())
	require.Equal(t, shown.Text, reload.Text)
	require.Empty(t, reload.Header["Set-Cookie"], "cookies are set once")
	require.Len(t, h.Service.Got(http.MethodPost), 1)
	require.Empty(t, h.Service.Got(http.MethodGet), "the marked address is never forwarded")

	stranger := h.Citizen().Get(p.To())
	require.Equal(t, http.StatusSeeOther, stranger.Status)
	require.Equal(t, "/_pay/status", stranger.To())
}

func TestServiceRedirectIsResolvedAgainstTheFormURL(t *testing.T) {
	t.Parallel()
	_, c := testserver.AnnHasPaid(t, testserver.Confirms)
	p := c.Get(c.Get("/_pay/return").To())
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, "/licences/confirmation/RVM-0001", p.To(), "resolved against the form's address")
	require.Contains(t, p.Header.Get("Set-Cookie"), "flash=received")
	require.Empty(t, p.Header["Paygate-Answer"], "it is the service's answer")
	require.Equal(t, "private, no-cache", p.Header.Get("Cache-Control"))
}

func TestReplyWithStrictCookiesIsOpenedByANewNavigation(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	form := url.Values{"name": {"Ann"}}
	p := c.Post("/licences/apply", form, "Cookie", "prefs=strict")
	require.Equal(t, http.StatusSeeOther, p.Status)
	h.Pays("success")
	shown := c.Get(c.Get("/_pay/return").To())
	require.Equal(t, http.StatusOK, shown.Status)
	require.Contains(t, shown.Text, `http-equiv="refresh" content="0; url=/licences/confirmation/RVM-0001"`)
	require.Contains(t, shown.Text, `href="/licences/confirmation/RVM-0001"`)
	require.Contains(t, h.Service.Got(http.MethodPost)[0].Header.Get("Cookie"), "prefs=strict",
		"the held cookie went with the release")
}

func TestRefusedFormIsCorrectedOnTheSamePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("name") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte("name is missing"))
			return
		}
		testserver.Confirms(w, r)
	})
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {""}})
	require.Equal(t, http.StatusSeeOther, p.Status)
	h.Pays("success")
	refused := c.OwnAnswer(c.ComesBack())
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Equal(t, "name is missing", refused.Text, "the service's own words")
	require.Equal(t, "capturable", h.Payments()[0].Status, "nothing is taken for a refusal")

	corrected := c.Post("/licences/apply?paygate-reply="+c.Status()[0].ID, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, corrected.Status, corrected.Text)
	require.Equal(t, "confirmation/RVM-0001", corrected.To(), "the service's answer, passed on directly")
	require.Len(t, h.Payments(), 1, "no second payment")
	require.Equal(t, "success", h.Payments()[0].Status)
	posts := h.Service.Got(http.MethodPost)
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
			"the form may lead to Pay again")
		for name := range p.Header {
			require.NotContains(t, strings.ToLower(name), "paygate")
		}
	}
	c := h.Citizen()
	c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	h.Pays("success")
	requireClean(c.OwnAnswer(c.ComesBack()))
	requireClean(c.Post("/licences/apply", url.Values{"name": {"Bob"}}))

	c.Get("/register/2026")
	h.Pays("success")
	requireClean(c.Get("/register/2026"))
}

func TestPassIsPaidOnceAndFetchedAgain(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600, s-maxage=900")
		http.ServeContent(w, r, "register.pdf", time.Time{}, strings.NewReader("%PDF-1.4 the register"))
	})
	c := h.Citizen()
	require.Equal(t, http.StatusPaymentRequired, c.Do(http.MethodHead, "/register/2026", nil).Status)
	require.Empty(t, h.Payments(), "a HEAD starts no payment")

	p := c.Get("/register/2026?from=a;b")
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Empty(t, h.Service.Got(http.MethodGet))
	h.Pays("success")
	back := c.Get("/_pay/return")
	require.Equal(t, "/register/2026?from=a;b", back.To(), "back to the address they asked for")
	require.Equal(t, "capturable", h.Payments()[0].Status, "taken with the first fetch")

	first := c.Get(back.To())
	require.Equal(t, "%PDF-1.4 the register", first.Text)
	require.Equal(t, "private, max-age=600", first.Header.Get("Cache-Control"))
	require.Equal(t, "success", h.Payments()[0].Status)

	part := c.Get("/register/2026?from=a;b", "Range", "bytes=0-3")
	require.Equal(t, http.StatusPartialContent, part.Status)
	require.Equal(t, "%PDF", part.Text)
	require.Equal(t, http.StatusOK, c.Do(http.MethodHead, "/register/2026?from=a;b", nil).Status)
	for _, got := range append(h.Service.Got(http.MethodGet), h.Service.Got(http.MethodHead)...) {
		require.Equal(t, "pass", got.Header.Get("Paygate-Via"))
		require.Equal(t, "1", got.Header.Get("Paygate-Attempt"))
		for _, check := range h.Verify(t, got) {
			require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
		}
	}
	require.Len(t, h.Payments(), 1)
	require.Contains(t, c.Get("/_pay/status").Text, `href="/register/2026?from=a;b"`, "the way back to it")
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2025").Status, "another path has to be paid for")
	require.Equal(t, http.StatusSeeOther, h.Citizen().Get("/register/2026").Status, "so has another browser")
}

// TestPassWithStrictCookiesIsOpenedByANewNavigation: coming from Pay, a browser keeps SameSite=Strict cookies back, and
// a service that does not know its citizen would ask them to log in.
func TestPassWithStrictCookiesIsOpenedByANewNavigation(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2026?a=1", "Cookie", "session=strict").Status)
	h.Pays("success")
	p := c.Get("/_pay/return")
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, `http-equiv="refresh" content="0; url=/register/2026?a=1"`,
		"a navigation of the site's own")
	require.Contains(t, p.Text, "Get what you paid for")
	require.Empty(t, h.Service.Got(http.MethodGet))
}

func TestScriptGetsThePayURLAsJSON(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	for name, value := range map[string]string{
		"Accept": "application/json", "Sec-Fetch-Mode": "cors",
		"X-Requested-With": "XMLHttpRequest",
	} {
		p := h.Citizen().Post("/licences/apply", url.Values{"name": {name}}, name, value)
		require.Equal(t, http.StatusPaymentRequired, p.Status, name)
		require.Equal(t, "application/problem+json", p.Header.Get("Content-Type"))
		require.Contains(t, p.Text, `"amount_pence":2500`)
		require.Contains(t, p.Text, `"pay_url":"`+h.PayURL+"/secure/")
		require.NotEmpty(t, p.Header["Set-Cookie"])
	}
}

func TestUnclearPriceChoiceIsRefused(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	for name, body := range map[string]string{
		"missing": "name=Ann", "unknown": "licence=season", "repeated": "licence=1-day&licence=8-day",
		"repeated alike": "licence=1-day&licence=1-day",
		"as an array":    "licence=1-day&licence[]=8-day", "in another case": "licence=1-day&Licence=8-day",
		"semicolon": "licence=1-day;licence=8-day",
		"broken":    "licence=1-day&x%zz=1", "empty": "",
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/priced", strings.NewReader(body), "Content-Type",
			"application/x-www-form-urlencoded")
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, name)
		require.Contains(t, p.Text, "No money has been taken", name)
	}
	p := h.Citizen().Do(http.MethodPost, "/licences/priced?licence=8-day", strings.NewReader("licence=1-day"),
		"Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusUnprocessableEntity, p.Status, "the query says another")
	require.Empty(t, h.Payments())
	require.Empty(t, h.Service.Got(http.MethodPost))

	for _, c := range []struct{ kind, body string }{
		{"application/x-www-form-urlencoded", "licence=8-day&name=Ann"},
		{"application/x-www-form-urlencoded", "licence=8-day&name=100%+Ann;+Bob"},
		{"application/json", `{"licence":"8-day","n":[1,{"licence":"1-day"}]}`},
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/priced", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
		all := h.Payments()
		require.EqualValues(t, 1350, all[len(all)-1].Amount)
	}
}

func TestOversizedRequestIsRefusedBeforePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	body := bytes.Repeat([]byte("x"), 20<<20)
	p := h.Citizen().Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, p.Status)
	require.Contains(t, p.Text, "10 MB")
	chunked := h.Citizen().Do(http.MethodPost, "/licences/apply", testserver.OnlyReader{Reader: bytes.NewReader(body)},
		"Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, chunked.Status)
	require.Empty(t, h.Payments())
	free := h.Citizen().Do(http.MethodPost, "/elsewhere", bytes.NewReader(body))
	require.Equal(t, http.StatusSeeOther, free.Status, "what is free has no limit of ours")
	require.Len(t, h.Service.Got(http.MethodPost)[0].Body, 20<<20)
}

func TestCardNumberIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	for _, number := range []string{
		"4444333322221111", "4444 3333 2222 1111",
		"my card is 4444-3333-2222-1111 thanks",
	} {
		p := h.Citizen().Post("/licences/apply", url.Values{"name": {number}})
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
		require.Contains(t, p.Text, "Do not enter a card number")
	}
	require.Empty(t, h.Payments())
	require.NotContains(t, h.Log.String(), "4444")
}

func TestCardExemptFieldsAreNotSearched(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_ROUTE_LICENCE_CARD_EXEMPT=microchip,tag")
	p := h.Citizen().Post("/licences/apply",
		url.Values{"microchip": {"372222222222226"}, "tag": {"372222222222226"}, "name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	for _, form := range []url.Values{
		{"Microchip": {"372222222222226"}},
		{"microchip[]": {"372222222222226"}},
		{"microchip": {"372222222222226"}, "name": {"372222222222226"}},
		{"372222222222226": {"microchip"}},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, h.Citizen().Post("/licences/apply", form).Status, form)
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		h.Citizen().Post("/licences/apply?microchip=372222222222226", url.Values{"name": {"Ann"}}).Status)
	for _, c := range []struct {
		kind, body string
		status     int
	}{
		{"application/json", `{"microchip":"372222222222226"}`, http.StatusSeeOther},
		{"application/json", `{"microchip":372222222222226}`, http.StatusSeeOther},
		{"application/json", `{"pet":{"microchip":"372222222222226"}}`, http.StatusUnprocessableEntity},
		{
			"multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\n372222222222226\r\n--b--\r\n",
			http.StatusSeeOther,
		},
		{"text/plain", "microchip=372222222222226", http.StatusUnprocessableEntity},
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/apply", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, c.status, p.Status, c.body)
	}
}

func TestInvalidPayResponseTakesNoMoney(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"500", "429", "reset", "lost", "html", "garbage", "empty", "huge",
		"hostile_next_url",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirms)
			c := h.Citizen()
			h.Pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
			p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
			require.Contains(t, []int{http.StatusBadGateway, http.StatusServiceUnavailable}, p.Status)
			require.Contains(t, p.Text, "No money has been taken")
			require.Empty(t, p.To())
			require.NotEmpty(t, p.Header.Get("Retry-After"))
			require.LessOrEqual(t, len(h.Payments()), 1, "a create is never repeated by itself")
			require.Empty(t, h.Service.Got(http.MethodPost))

			again := c.Post("/_pay/again", url.Values{"journey": {c.Status()[0].ID}})
			require.Equal(t, http.StatusSeeOther, again.Status, again.Text)
			h.Pays("success")
			require.Contains(t, c.ComesBack().Text, "the service's own page")
			require.Len(t, h.Service.Got(http.MethodPost), 1)
		})
	}
}

func TestPayOutageShowsTheCheckingPage(t *testing.T) {
	t.Parallel()
	h, c := testserver.AnnHasPaid(t, testserver.Confirms)
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.ComesBack()
	require.Contains(t, p.Text, "We are checking your payment")
	require.Equal(t, "5; url=/_pay/return", p.Header.Get("Refresh"), "it reloads by itself")
	require.Contains(t, p.Text, h.Payments()[0].Reference)
	require.Empty(t, h.Service.Got(http.MethodPost))
	h.Pay.ClearFaults()
	require.Contains(t, c.ComesBack().Text, "the service's own page")
}

func TestStalePayResponseIsNotTrusted(t *testing.T) {
	t.Parallel()
	h := testserver.NewWithPay(t, paysim.Options{PostLimit: -1, SearchLag: time.Minute}, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("started")
	h.Pay.Advance(2 * time.Minute)
	h.Pays("success")
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "stale"})
	id := c.Status()[0].ID
	for _, p := range []testserver.Page{
		c.ComesBack(), c.Get("/_pay/status"),
		c.Post("/_pay/resume", url.Values{"journey": {id}}),
	} {
		require.Contains(t, p.Text, "We are checking your payment")
		require.NotContains(t, p.Text, "You have not finished paying")
	}
	require.Equal(t, journey.StatePaying, c.State())
	h.Pay.ClearFaults()
	require.Contains(t, c.ComesBack().Text, "the service's own page")
}

// TestPayOutageNeverReportsAnUnpaidPayment: the same form again, and the buttons of a page that is still
// open, lead back to a payment that may have been paid meanwhile.
func TestPayOutageNeverReportsAnUnpaidPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	applied, visits := h.Citizen(), h.Citizen()
	applied.Apply("Ann")
	h.Pays("success")
	visits.Get("/register/2026")
	h.Pays("success")
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	button := url.Values{"journey": {applied.Status()[0].ID}}
	for name, p := range map[string]testserver.Page{
		"the same form":  applied.Post("/licences/apply", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}),
		"try again":      applied.Post("/_pay/again", button),
		"go on paying":   applied.Post("/_pay/resume", button),
		"the same pass":  visits.Get("/register/2026"),
		"back from Pay":  applied.ComesBack(),
		"back to a pass": visits.ComesBack(),
	} {
		require.Equal(t, http.StatusOK, p.Status, name)
		require.Contains(t, p.Text, "We are checking your payment", name)
		require.NotContains(t, p.Text, "No money has been taken", name)
	}
	h.Pay.ClearFaults()
	require.Contains(t, applied.ComesBack().Text, "the service's own page")
	require.Len(t, h.Payments(), 2)
}

func TestServiceOutageKeepsThePayment(t *testing.T) {
	t.Parallel()
	h, c := testserver.AnnHasPaid(t, testserver.Confirms)
	h.Service.Server.Close()
	p := c.ComesBack()
	require.Contains(t, p.Text, "Your payment is safe")
	require.Equal(t, journey.StateConfirmed, c.State())
	require.Equal(t, "capturable", h.Payments()[0].Status)

	h.Service.Restart(t)
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "2", posts[0].Header.Get("Paygate-Attempt"))
	require.Equal(t, "success", h.Payments()[0].Status)
}

func TestUnknownDeliveryOutcomeNeedsAPerson(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]testserver.Act{
		"reset": testserver.BreaksStill, "broken": testserver.FailsDone,
		"too late": testserver.HangsDone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, c := testserver.AnnHasPaid(t, does.Answer, "PAYGATE_UPSTREAM_TIMEOUT=2s")
			p := c.ComesBack()
			require.Contains(t, p.Text, "We are looking into your payment")
			require.Contains(t, p.Text, h.Payments()[0].Reference)
			c.ComesBack()
			require.Len(t, h.Service.Got(http.MethodPost), 1, "never sent twice")
			require.Equal(t, journey.StateStuck, c.State())
			require.Equal(t, "capturable", h.Payments()[0].Status, "never captured until known")
		})
	}
}

func TestRefusalIsNotShownOnceTheMoneyIsReturned(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte("correct the form"))
	}, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("success")
	h.Pay.AddFault(paysim.Fault{Call: "cancel", Kind: "500"})
	require.Equal(t, "correct the form", c.OwnAnswer(c.ComesBack()).Text)
	require.Eventually(t, func() bool { h.Sweeps(); return h.Ann().Shown(c.Status()[0].ID).Note != "" },
		testserver.Soon, 1)
	require.Equal(t, journey.StateRefused, c.State())
	require.Contains(t, c.ComesBack().Text, "Your money is being given back")
}

// TestReplyMarkerNeverReachesTheService: a form without an action of its own posts to where it stands.
func TestReplyMarkerNeverReachesTheService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_ROUTE_LICENCE_WHEN=form:do=pay")
	c := h.Citizen()
	for target, arrives := range map[string]string{
		"/licences/apply?paygate-reply=0T45QC88T55VKQVH": "/licences/apply",
		"/licences/apply?a=1;b&paygate-reply=X&c=%zz":    "/licences/apply?a=1;b&c=%zz",
		"/licences/apply?": "/licences/apply?",
	} {
		c.Post(target, url.Values{"do": {"save"}})
		posts := h.Service.Got(http.MethodPost)
		require.Equal(t, arrives, posts[len(posts)-1].Target)
	}
	require.Empty(t, h.Payments())
}

func TestLargeReplyIsStreamed(t *testing.T) {
	t.Parallel()
	large := testserver.BytesOfAllKinds(3 << 20)
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/zip")
		_, _ = w.Write(large)
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.Pays("success")
	p := c.ComesBack()
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "application/zip", p.Header.Get("Content-Type"))
	require.True(t, p.Text == string(large), "the whole of it")
	require.Contains(t, c.ComesBack().Text, "Payment received and application sent")
	require.Len(t, h.Service.Got(http.MethodPost), 1)
}

func TestForeignOrTamperedTicketOpensNothing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Status()[0].ID
	for name, value := range map[string]string{
		"none": "", "nonsense": "paygate=nonsense",
		"tampered": "paygate=MTc5NTUyMzE1NHx",
	} {
		stranger := h.Citizen()
		p := stranger.Get("/_pay/return?looked", "Cookie", value)
		require.Equal(t, http.StatusNotFound, p.Status, name)
		require.Contains(t, p.Text, "We cannot find your payment")
		require.Equal(t, http.StatusNotFound, stranger.Post("/_pay/again", url.Values{"journey": {id}}).Status,
			"an id alone opens nothing")
	}
}

func TestPaygateAddressesNeverReachTheService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	for target, status := range map[string]int{
		"/_pay": 404, "/_pay/": 404, "/_pay/nothing": 404, "/_pay/return/": 404, "/_pay//return": 404,
		"/_pay/webhook": 404,
		"/_pay/assets/": 404, "/_pay/assets/nothing.css": 404, "/_pay/again": 405, "/_pay/resume": 405,
		"/_pay/status": 200, "/_pay/keys": 200,
	} {
		p := c.Get(target)
		require.Equal(t, status, p.Status, target)
		require.Equal(t, "yes", p.Header.Get("Paygate-Answer"), target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.Post("/_pay/return", nil).Status)
	require.Empty(t, h.Service.Got(http.MethodGet))
	require.Equal(t, http.StatusForbidden, c.Post("/_pay/again", nil, "Sec-Fetch-Site", "cross-site").Status)
}

func TestPrefetchStartsNothing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	require.Equal(t, http.StatusServiceUnavailable, c.Get("/register/2026", "Sec-Purpose", "prefetch;prerender").Status)
	c.Apply("Ann")
	h.Pays("success")
	require.Equal(t, http.StatusServiceUnavailable, c.Get("/_pay/return", "Purpose", "prefetch").Status)
	require.Empty(t, h.Service.Got(http.MethodPost))
}

func TestRouteCanBeClosedOrFree(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_ROUTE_LICENCE_MODE=closed", "PAYGATE_ROUTE_REGISTER_MODE=free")
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Contains(t, p.Text, "Payments are closed")
	require.Equal(t, http.StatusOK, c.Get("/register/2026").Status)
	require.Contains(t, h.Log.String(), "pay route is free")
	require.Equal(t, "none", h.Service.Got(http.MethodGet)[0].Header.Get("Paygate-Status"))
	require.Empty(t, h.Payments())
}

func TestCitizensLanguageReachesPayAndThePages(t *testing.T) {
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
			h := testserver.New(t, testserver.Confirms, "PAYGATE_LANGUAGE=form:lang,cookie:lang,cookie:PLAY_LANG")
			citizen := h.Citizen()
			require.Equal(t, http.StatusSeeOther, citizen.Post("/licences/apply", c.form, c.header...).Status)
			require.Equal(t, c.wanted, h.Payments()[0].Language)
			h.Pays("declined")
			text := citizen.ComesBack().Text
			require.Contains(t, text, `<html lang="`+c.wanted+`"`)
			if c.wanted == "cy" {
				require.Equal(t, "Trwydded bysgota", h.Payments()[0].Description)
				require.Contains(t, text, "Gwrthodwyd eich taliad")
				require.Contains(t, text, "Trwyddedau pysgota")
			}
		})
	}
}

func TestLanguageIsReadFromTheConfiguredSource(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms, "PAYGATE_LANGUAGE=path:/licences/cy,query:iaith,form:iaith",
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
		before := len(h.Payments())
		require.Equal(t, http.StatusSeeOther, h.Citizen().Post(c.target, c.form).Status, c.target)
		require.Equal(t, c.wanted, h.Payments()[before].Language, c.target)
	}
	refused := h.Citizen().Post("/licences/priced", url.Values{"iaith": {"cy"}, "licence": {"none"}})
	require.Contains(t, refused.Text, "Dewiswch beth rydych am dalu amdano",
		"a page before the payment speaks the form's language")
	byDefault := testserver.New(t, testserver.Confirms).Citizen()
	require.Contains(t, byDefault.Get("/_pay/status?lang=cy").Text, `<html lang="cy"`,
		"pages without a journey go by their own request")
	require.Contains(t, byDefault.Get("/_pay/status", "Cookie", "lang=cy").Text, `<html lang="cy"`)
}

func TestImmediateCaptureTakesTheMoneyAtOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	require.False(t, h.Payments()[0].DelayedCapture)
	h.Pays("success")
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	for _, request := range h.Pay.Requests() {
		require.NotEqual(t, "capture", request.Call)
	}
}

func TestRouteCanReleaseOnReturn(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms,
		append(testserver.Eager, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_SECOND_LOOK=10ms")...)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.Pays("started")
	require.Contains(t, c.ComesBack().Text, "You have not finished paying", "not before Pay says at least submitted")
	h.Pays("submitted")
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	got := h.Service.Got(http.MethodPost)
	require.Len(t, got, 1)
	require.Equal(t, "pending", got[0].Header.Get("Paygate-Status"))
	require.Empty(t, got[0].Header["Paygate-Paid-At"])
	for _, check := range h.Verify(t, got[0]) {
		require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
	}
	require.Equal(t, journey.StateReleased, c.State())
}

func TestUnpaidReleaseOnReturnNeedsAPerson(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms,
		append(testserver.Eager, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return",
			"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)...)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.Pays("submitted")
	c.ComesBack()
	require.Equal(t, journey.StateReleased, c.State())
	h.Pays("expired")
	c.Becomes(journey.StateStuck)
	require.Len(t, h.Service.Got(http.MethodPost), 1)
}

func TestDrainingRefusesNewPayments(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	c := h.Citizen()
	c.Apply("Ann")
	require.NoError(t, h.Parts.Drain(t.Context()))
	p := c.Post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Equal(t, "60", p.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, c.Get("/free").Status)
	h.Pays("success")
	require.Contains(t, c.ComesBack().Text, "the service's own page", "what is under way is finished")
}
