package paying

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
)

func TestFailedCaptureIsRetried(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	h.Pay.AddFault(paysim.Fault{Call: "capture", Kind: "500", Times: 1})
	require.Contains(t, c.Get(c.Get("/_pay/return").Location()).Location(), "confirmation",
		"the service's acceptance counts")
	require.Equal(t, journey.StateAccepted, c.State())
	require.Contains(t, h.Sweep(), `"captured":1`)
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestRedirectToLogInPageIsNotAcceptance(t *testing.T) {
	t.Parallel()
	logIn := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "please log in")
			return
		}
		http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
	}
	h, c := testserver.NewWithPayment(t, logIn, "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation/",
		"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	p := c.ReturnFromPay()
	require.Contains(t, c.ServicesAnswer(p).Text, "please log in")
	c.SweepUntil(journey.StateReversed)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
}

// captureWindowOver makes a reservation reach the end of its capture window at once.
const captureWindowOver = "PAYGATE_CAPTURE_MARGIN=119h59m59.999s"

func TestReservationIsCancelledBeforeCaptureWindowEnds(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm, captureWindowOver)
	h.Service.Server.Close()
	require.Contains(t, c.ReturnFromPay().Text, "given back")
	c.SweepUntil(journey.StateReversed)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
	h.Service.Restart(t)
	h.Sweep()
	require.Empty(t, h.Service.Requests(http.MethodPost), "a cancelled reservation is not delivered")
}

func TestWithdrawnSuccessIsReported(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_SECOND_LOOK=1ms")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "error", "P0050"))
	require.Eventually(t, func() bool {
		h.Sweep()
		return h.Ann().Journey(id).PaymentStatus == "error"
	}, testserver.LongTimeout, 1)
	w := h.Ann().Journey(id)
	require.Equal(t, journey.StateReleased, w.State)
	require.Contains(t, w.Note, "could not collect")
	require.Equal(t, "1", h.Metric(t, `paygate_collections_failed_total{route="immediate"}`))
	b := h.Citizen()
	b.Post(h.Staff.URL+"/login", url.Values{"token": {testserver.AnnsToken}})
	require.Contains(t, b.Get(h.Staff.URL+"/", "Accept", testserver.AcceptHTML).Text,
		"Given, but not collected by GOV.UK Pay")

	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""))
	h.Ann().Do(http.MethodPost, "/journeys/"+id+"/check", nil)
	require.Equal(t, "success", h.Ann().Journey(id).PaymentStatus)
}

// TestOnReturnReleaseIsCheckedAgainBeforeLaterDelivery: a request that could not be sent on return needs Pay's
// confirmation later.
func TestOnReturnReleaseIsCheckedAgainBeforeLaterDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("submitted")
	h.Service.Server.Close()
	c.ReturnFromPay()
	require.Equal(t, journey.StatePaying, c.State(), "released on return, and not sent")
	require.Equal(t, 1, h.Ann().Journey(c.Journeys()[0].ID).Attempts, "one visit tries once")
	h.EndPayment("cancelled")
	h.Service.Restart(t)
	c.SweepUntil(journey.StateUnpaid)
	require.Empty(t, h.Service.Requests(http.MethodPost), "nothing unpaid is delivered")
}

func TestRefusalBeforeConfirmationCanBeCorrectedOncePaid(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("name") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		testserver.Confirm(w, r)
	}, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{"name": {""}})
	h.EndPayment("submitted")
	c.ReturnFromPay()
	require.Equal(t, journey.StateRefused, c.State())
	h.EndPayment("success")
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{"name": {"Ann"}}).Status)
	require.Equal(t, journey.StateReleased, c.State())
	posts := h.Service.Requests(http.MethodPost)
	require.Equal(t, []string{"pending", "success"}, testserver.Statuses(posts))
	require.NotEmpty(t, posts[1].Header.Get("Paygate-Paid-At"))
	require.Len(t, h.Payments(), 1)
}

// TestSecondPaymentForOneFormIsRefunded: Pay corrects a declined payment to paid after the citizen paid again.
func TestSecondPaymentForOneFormIsRefunded(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_SECOND_LOOK=1ms")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("declined")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {id}}).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""))
	require.Eventually(t, func() bool { h.Sweep(); return h.Payments()[0].Refunded == 3000 }, testserver.LongTimeout, 1)
	require.Zero(t, h.Payments()[1].Refunded, "the payment that was delivered stays")
	require.Equal(t, journey.StateReleased, c.State())
	require.Contains(t, h.Ann().Do(http.MethodGet, "/journeys/"+id, nil).Text, "money_returned")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// TestPaymentOfAnotherServiceIsIgnored: several services may share an account, and use the same references.
func TestPaymentOfAnotherServiceIsIgnored(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}")...)
	c := h.Citizen()
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.Post("/fines/pay", url.Values{"case": {"CASE-7"}}).Status)
	atPay, err := url.Parse(h.PayURL)
	require.NoError(t, err)
	other := pay.New(pay.Options{
		URL: atPay, Key: "api_test_other", CardOrigins: []string{h.PayURL}, Timeout: testserver.LongTimeout,
		CreateRate: 10,
	})
	_, err = other.Create(t.Context(), journey.NewPayment{
		Amount: 3000, Reference: "CASE-7", Description: "Another service",
		ReturnURL: "https://other.example.org/return",
	})
	require.NoError(t, err)
	h.EndPayment("success")
	h.Pay.Advance(2 * time.Minute)
	c.SweepUntil(journey.StateAbandoned)
	require.Empty(t, h.Service.Requests(http.MethodPost), "the payment of another service releases nothing")
	require.Zero(t, h.Payments()[0].Refunded)
}
