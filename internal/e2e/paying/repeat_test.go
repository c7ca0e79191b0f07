package paying

import (
	"bytes"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestRepeatedFormNeedsConfirmationToPayAgain(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	h.Pay.Advance(9 * time.Minute)

	for range 2 { // reloading repeats the question
		question := c.Post("/licences/apply", annsForm)
		require.Equal(t, http.StatusOK, question.Status)
		require.Contains(t, question.Text, "Do you want to pay again?")
		require.Contains(t, question.Text, `action="/_pay/again"`)
		require.NotContains(t, question.Text, "No money has been taken")
		require.Len(t, c.Journeys(), 2)
		require.Equal(t, journey.StateHeld, c.State())
		require.Len(t, h.Payments(), 1, "no payment is created")
	}
	require.Contains(t, c.ReturnFromPay().Text, "Do you want to pay again?")
	require.Contains(t, c.Get("/_pay/status").Text, "Do you want to pay again?")

	again := c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
	require.Contains(t, again.Location(), "/secure/")
	require.Len(t, h.Payments(), 2)
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
	require.Equal(t, journey.StateReleased, c.State())
}

func TestRepeatQuestionOnlyForSameFormInSameBrowser(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Apply("Bob") // another form
	require.Equal(t, http.StatusPaymentRequired,
		c.Post("/licences/apply", annsForm, "Accept", "application/json").Status, "a script cannot ask")
	h.Citizen().Apply("Ann") // another browser
	require.Len(t, h.Payments(), 4)
	h.Pay.Advance(11 * time.Minute)
	c.Apply("Ann")
	require.Len(t, h.Payments(), 4, "the payment of the script is resumed")
}

func TestSameFormAfterTenMinutesIsNewJourney(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.Pay.Advance(30 * time.Minute)
	c.ReturnFromPay()
	h.Pay.Advance(9*time.Minute + 59*time.Second)
	require.Contains(t, c.Post("/licences/apply", annsForm).Text, "Do you want to pay again?", "since it was released")

	d := h.Citizen()
	d.Apply("Ann")
	h.EndPayment("success")
	d.ReturnFromPay()
	h.Pay.Advance(10 * time.Minute)
	d.Apply("Ann")
}

func TestRepeatedFormIsRecognisedByItsFields(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	send := func(token string, file []byte) testserver.Page {
		contentType, body := testserver.MultipartForm(map[string]string{"name": "Ann", "csrfmiddlewaretoken": token},
			file)
		return c.Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", contentType)
	}
	require.Contains(t, send("one", []byte("photo")).Location(), "/secure/")
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Contains(t, send("two", []byte("photo")).Text, "Do you want to pay again?")
	require.Contains(t, send("three", []byte("another photo")).Location(), "/secure/")
	require.Len(t, h.Payments(), 2)
}

func TestUnansweredRepeatQuestionIsAbandonedWithoutSearchAtPay(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Post("/licences/apply", annsForm)
	before := len(h.Pay.Requests())
	h.Pay.Advance(2*time.Hour - time.Second)
	h.Sweep()
	require.Equal(t, journey.StateHeld, c.State())
	h.Pay.Advance(time.Second)
	require.Contains(t, h.Sweep(), `"abandoned":1`)
	require.Equal(t, journey.StateAbandoned, c.State())
	for _, r := range h.Pay.Requests()[before:] {
		require.Equal(t, "get", r.Call, "of the payment that was created")
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Contains(t, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Text,
		"This payment was not made")
	require.Len(t, h.Payments(), 1)
}

// TestConcurrentClicksCreateOnePayment makes Pay slow, so that the later clicks come before the payment is created.
func TestConcurrentClicksCreateOnePayment(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Post("/licences/apply", annsForm)
	id := c.Journeys()[0].ID
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "slow", Delay: 300 * time.Millisecond, Times: 1})
	var clicks sync.WaitGroup
	for range 3 {
		clicks.Go(func() {
			clicked := c.Post("/_pay/again", url.Values{"journey": {id}})
			assert.Contains(t, clicked.Location(), "/secure/", clicked.Text)
		})
	}
	clicks.Wait()
	require.Len(t, h.Payments(), 2)
}

// TestRepeatedFormIsNotPaidWhileFirstIsStuck sends the second form with another token of the service.
func TestRepeatedFormIsNotPaidWhileFirstIsStuck(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	c := h.Citizen()
	c.Post("/licences/apply", url.Values{"name": {"Ann"}, "csrf_token": {"one"}})
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateStuck, c.State())
	again := c.Post("/licences/apply", url.Values{"name": {"Ann"}, "csrf_token": {"two"}})
	require.Equal(t, "/_pay/return", again.Location(), again.Text)
	require.Len(t, h.Payments(), 1)
	require.Contains(t, c.Post("/licences/apply", url.Values{"name": {"Bob"}, "csrf_token": {"two"}}).Location(),
		"/secure/")
}
