package main

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
	"paygate/journey"
)

var annsForm = url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}

func TestTheSameFormAgainIsPaidForOnlyIfItsCitizenSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	h.pay.Advance(9 * time.Minute)

	for range 2 { // the answer to a reload is the same question
		asked := c.post("/licences/apply", annsForm)
		require.Equal(t, http.StatusOK, asked.status)
		require.Contains(t, asked.text, "Do you want to pay again?")
		require.Contains(t, asked.text, `action="/_pay/again"`)
		require.NotContains(t, asked.text, "No money has been taken")
		require.Len(t, c.status(), 2)
		require.Equal(t, journey.StateHeld, c.state())
		require.Len(t, h.payments(), 1, "no payment is made")
	}
	require.Contains(t, c.comesBack().text, "Do you want to pay again?")
	require.Contains(t, c.get("/_pay/status").text, "Do you want to pay again?")

	again := c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}})
	require.Contains(t, again.to(), "/secure/")
	require.Len(t, h.payments(), 2)
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Len(t, h.service.got(http.MethodPost), 2)
	require.Equal(t, journey.StateReleased, c.state())
}

func TestWhatIsNotAskedAboutIsPaidForAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	c.apply("Bob") // another form
	require.Equal(t, http.StatusPaymentRequired, c.post("/licences/apply", annsForm, "Accept", "application/json").status, "a script asks nobody")
	h.citizen().apply("Ann") // another browser
	require.Len(t, h.payments(), 4)
	h.pay.Advance(11 * time.Minute)
	c.apply("Ann")
	require.Len(t, h.payments(), 4, "the script's payment is resumed")
}

func TestTenMinutesLaterTheSameFormIsANewOne(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.pay.Advance(30 * time.Minute)
	c.comesBack()
	h.pay.Advance(9*time.Minute + 59*time.Second)
	require.Contains(t, c.post("/licences/apply", annsForm).text, "Do you want to pay again?", "since it was released")

	d := h.citizen()
	d.apply("Ann")
	h.pays("success")
	d.comesBack()
	h.pay.Advance(10 * time.Minute)
	d.apply("Ann")
}

func TestTheSameFormIsKnownByItsFieldsWhateverItsBoundaryAndItsToken(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	sends := func(token string, file []byte) page {
		contentType, body := multipartForm(map[string]string{"name": "Ann", "csrfmiddlewaretoken": token}, file)
		return c.do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", contentType)
	}
	require.Contains(t, sends("one", []byte("photo")).to(), "/secure/")
	h.pays("success")
	c.comesBack()
	require.Contains(t, sends("two", []byte("photo")).text, "Do you want to pay again?")
	require.Contains(t, sends("three", []byte("another photo")).to(), "/secure/")
	require.Len(t, h.payments(), 2)
}

func TestAQuestionThatNobodyAnswersEndsWithoutASearchAtPay(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	c.post("/licences/apply", annsForm)
	before := len(h.pay.Requests())
	h.pay.Advance(2*time.Hour - time.Second)
	h.sweeps()
	require.Equal(t, journey.StateHeld, c.state())
	h.pay.Advance(time.Second)
	require.Contains(t, h.sweeps(), `"abandoned":1`)
	require.Equal(t, journey.StateAbandoned, c.state())
	for _, asked := range h.pay.Requests()[before:] {
		require.Equal(t, "get", asked.Call, "of the payment that was made")
	}
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Contains(t, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).text, "This payment was not made")
	require.Len(t, h.payments(), 1)
}

// TestTwoClicksAreOnePayment: the second one waits for the first, and leads to the same payment.
func TestTwoClicksAreOnePayment(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	c.post("/licences/apply", annsForm)
	id := c.status()[0].ID
	h.pay.AddFault(paysim.Fault{Call: "create", Kind: "slow", Delay: 300 * time.Millisecond, Times: 1})
	var clicks sync.WaitGroup
	for range 3 {
		clicks.Go(func() {
			clicked := c.post("/_pay/again", url.Values{"journey": {id}})
			assert.Contains(t, clicked.to(), "/secure/", clicked.text)
		})
	}
	clicks.Wait()
	require.Len(t, h.payments(), 2)
}

// TestTheSameFormIsNotPaidForWhileTheFirstWaitsForAPerson, though the service wrote another token into it.
func TestTheSameFormIsNotPaidForWhileTheFirstWaitsForAPerson(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	c := h.citizen()
	c.post("/licences/apply", url.Values{"name": {"Ann"}, "csrf_token": {"one"}})
	h.pays("success")
	c.comesBack()
	require.Equal(t, journey.StateStuck, c.state())
	again := c.post("/licences/apply", url.Values{"name": {"Ann"}, "csrf_token": {"two"}})
	require.Equal(t, "/_pay/return", again.to(), again.text)
	require.Len(t, h.payments(), 1)
	require.Contains(t, c.post("/licences/apply", url.Values{"name": {"Bob"}, "csrf_token": {"two"}}).to(), "/secure/")
}
