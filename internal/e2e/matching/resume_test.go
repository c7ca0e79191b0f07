package matching

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestDeclinedPaymentIsRetriedWithTheSameForm(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	p := c.ReturnFromPay()
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, "Your payment was declined")
	require.Contains(t, p.Text, "No money has been taken")
	require.Empty(t, h.Service.Requests(http.MethodPost))

	again := c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.Status, again.Text)
	require.Len(t, h.Payments(), 2)
	require.Equal(t, h.Payments()[0].Reference, h.Payments()[1].Reference, "the same reference")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Contains(t, string(posts[0].Body), "name=Ann", "the held form is delivered")
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
			h := testserver.New(t, testserver.Confirm)
			c := h.Citizen()
			c.Apply("Ann")
			h.EndPayment(outcome)
			p := c.ReturnFromPay()
			require.Contains(t, p.Text, says)
			require.Contains(t, p.Text, h.Payments()[0].Reference)
			require.Contains(t, p.Text, "Telephone 0300")
			require.Empty(t, h.Service.Requests(http.MethodPost))
		})
	}
}

func TestPaymentCancelledByTheServiceHasItsPage(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "cancelled", "P0040"))
	require.Contains(t, c.ReturnFromPay().Text, "We cancelled the payment")
}

func TestDoubleClickResumesThePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	first, second := c.Apply("Ann"), c.Apply("Ann")
	require.Len(t, h.Payments(), 1)
	require.NotEqual(t, first.Location(), second.Location(), "a next_url works once, so the second click gets another")
	c.Apply("Bob")
	require.Len(t, h.Payments(), 2, "another form is another payment")
	h.Citizen().Apply("Ann")
	require.Len(t, h.Payments(), 3, "another browser has its own payment")
}

// A browser sends another boundary each time.
func TestDoubleClickOnAFileUploadResumesThePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
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

func TestOpenPaymentIsResumed(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	first := c.Apply("Ann")
	require.Contains(t, c.ReturnFromPay().Text, "You have not finished paying")
	p := c.Post("/_pay/resume", url.Values{"journey": {c.Journeys()[0].ID}})
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.True(t, strings.HasPrefix(p.Location(), h.PayURL+"/secure/"))
	require.NotEqual(t, first.Location(), p.Location())
	require.Len(t, h.Payments(), 1)
}

func TestResumeStartsNoPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	c.ReturnFromPay()
	require.Contains(t, c.Post("/_pay/resume", url.Values{"journey": {c.Journeys()[0].ID}}).Text,
		"Your payment was declined")
	require.Len(t, h.Payments(), 1)
}

func TestPaygateFormsWorkBehindAHostRewritingProxy(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	c.ReturnFromPay()
	public, err := url.Parse(h.URL)
	require.NoError(t, err)
	body := "journey=" + c.Journeys()[0].ID
	for origin, status := range map[string]int{
		h.URL:                   http.StatusSeeOther,
		"https://other.example": http.StatusForbidden,
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
