package matching

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"

	"paygate/gateway/signature"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestPaidRequestIsDeliveredUnchangedOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	contentType, body := testserver.MultipartForm(map[string]string{"name": "Ann", "lang": "cy"},
		testserver.BinaryContent(50_000))

	p := c.Do(http.MethodPost, "/licences/apply?a=1;b=2&x=100%25", bytes.NewReader(body), "Content-Type", contentType,
		"X-Odd", "kept")
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Equal(t, "yes", p.Header.Get("Paygate-Answer"))
	require.Empty(t, h.Service.Requests(http.MethodPost), "nothing reaches the service before payment")

	h.EndPayment("success")
	require.Equal(t, "capturable", h.Payments()[0].Status, "the money is only reserved until the service accepts")
	done := c.ReturnFromPay()
	require.Equal(t, http.StatusOK, done.Status)
	require.Contains(t, done.Text, "the service's own page")

	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, body, posts[0].Body, "byte for byte")
	require.Equal(t, "/licences/apply?a=1;b=2&x=100%25", posts[0].Target)
	require.Equal(t, contentType, posts[0].Header.Get("Content-Type"))
	require.Equal(t, "kept", posts[0].Header.Get("X-Odd"))
	require.Equal(t, "success", h.Payments()[0].Status, "captured when the service has accepted")
	require.Equal(t, journey.StateReleased, c.State())
}

func TestReleaseHeadersDescribeThePaymentAndVerify(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	c.ReturnFromPay()

	got := h.Service.Requests(http.MethodPost)[0]
	payment := h.Payments()[0]
	for name, value := range map[string]string{
		"Paygate-Status": "success", "Paygate-Payment-Id": payment.ID, "Paygate-Reference": payment.Reference,
		"Paygate-Amount": "2500", "Paygate-Total": "2500", "Paygate-Currency": "GBP", "Paygate-Mode": "test",
		"Paygate-Route": "licence", "Paygate-Submission": "1", "Paygate-Attempt": "1", "Paygate-Via": "return",
		"Paygate-Journey": c.Journeys()[0].ID,
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
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	var all sync.WaitGroup
	answers := make([]testserver.Page, 50)
	for i := range answers {
		all.Go(func() { answers[i] = c.Follow(c.Get("/_pay/return")) })
	}
	all.Wait()
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	for _, p := range answers {
		require.Equal(t, http.StatusOK, p.Status)
		require.NotContains(t, p.Text, "problem")
	}
}

func TestTwoTabsEachFinishTheirJourney(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	c.Apply("Bob")
	all := h.Payments()
	require.NoError(t, h.Pay.Pay(all[0].ID, "success")) // the older tab pays first
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page",
		"the journey that changed is shown, not the newest")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.NoError(t, h.Pay.Pay(all[1].ID, "success"))
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Contains(t, string(posts[0].Body), "Ann")
	require.Contains(t, string(posts[1].Body), "Bob")
}

func TestImmediateCaptureTakesTheMoneyAtOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	require.False(t, h.Payments()[0].DelayedCapture)
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	for _, request := range h.Pay.Requests() {
		require.NotEqual(t, "capture", request.Call)
	}
}

func TestConcurrentReturnsWebhooksSweepsAndStaffDeliverOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	for n := range 10 {
		c := h.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{"n": {strconv.Itoa(n)}}).Status)
		id := c.Journeys()[0].ID
		var all sync.WaitGroup
		all.Go(func() { h.EndPayment("success") }) // the webhook follows at any time
		for range 3 {
			all.Go(func() { c.ReturnFromPay() })
			all.Go(func() { h.Sweep() })
			all.Go(func() { h.Ann().Do(http.MethodPost, "/journeys/"+id+"/check", nil) })
			all.Go(func() { h.Pay.ResendWebhooks(t.Context()) })
		}
		all.Wait()
		c.ReturnFromPay()
		c.WaitForState(journey.StateReleased)
		require.Len(t, h.Service.Requests(http.MethodPost), n+1)
	}
}
