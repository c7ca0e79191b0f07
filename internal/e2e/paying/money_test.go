package paying

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFailedCaptureIsRetried(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	h.Pay.AddFault(paysim.Fault{Call: "capture", Kind: "500", Times: 1})
	require.Contains(t, c.Get(c.Get("/_pay/return").Location()).Location(), "confirmation",
		"it is the service's yes that counts")
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

// closing are settings under which Pay's window for captures is as good as over at once.
const closing = "PAYGATE_CAPTURE_MARGIN=119h59m59.999s"

func TestReservationIsCancelledBeforeCaptureWindowEnds(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, closing)
	h.Service.Server.Close()
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "given back")
	c.SweepUntil(journey.StateReversed)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
	h.Service.Restart(t)
	h.Sweep()
	require.Empty(t, h.Service.Requests(http.MethodPost), "what went back is not delivered any more")
}

func TestUnusedPassIsRefunded(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, closing)
	c := h.Citizen()
	c.Get("/register/2026")
	h.EndPayment("success")
	h.Ann().Do(http.MethodPost, "/journeys/"+c.Journeys()[0].ID+"/check", nil)
	c.SweepUntil(journey.StateReversed)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
	require.Empty(t, h.Service.Requests(http.MethodGet))
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
		"Given, and not collected by GOV.UK Pay")

	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""))
	h.Ann().Do(http.MethodPost, "/journeys/"+id+"/check", nil)
	require.Equal(t, "success", h.Ann().Journey(id).PaymentStatus)
}

// TestOnReturnReleaseIsCheckedAgainBeforeLaterDelivery: what was trusted and could not be sent is asked about again
// before it is sent later.
func TestOnReturnReleaseIsCheckedAgainBeforeLaterDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("submitted")
	h.Service.Server.Close()
	c.ReturnFromPay()
	require.Equal(t, journey.StatePaying, c.State(), "trusted, and not sent")
	require.Equal(t, 1, h.Ann().Journey(c.Journeys()[0].ID).Attempts, "one visit tries once")
	h.EndPayment("cancelled")
	h.Service.Restart(t)
	c.SweepUntil(journey.StateUnpaid)
	require.Empty(t, h.Service.Requests(http.MethodPost), "nothing unpaid gets through")
}

// TestRefusalBeforeConfirmationCanBeCorrectedOncePaid: the payment counts as soon as Pay confirms it.
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

// TestSecondPaymentForOneFormIsRefunded: the first was declined, the second pays, and Pay corrects the first.
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
	require.Zero(t, h.Payments()[1].Refunded, "the one that the service was given for stays")
	require.Equal(t, journey.StateReleased, c.State())
	require.Contains(t, h.Ann().Do(http.MethodGet, "/journeys/"+id, nil).Text, "money_returned")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// TestPaymentOfAnotherServiceIsIgnored: an account may have several services, and their references may be the
// same.
func TestPaymentOfAnotherServiceIsIgnored(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}")...)
	c := h.Citizen()
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.Post("/fines/pay", url.Values{"case": {"CASE-7"}}).Status)
	atPay, err := url.Parse(h.PayURL)
	require.NoError(t, err)
	elsewhere := pay.New(pay.Options{
		URL: atPay, Key: "api_test_other", CardOrigins: []string{h.PayURL}, Timeout: testserver.LongTimeout,
		CreateRate: 10,
	})
	_, err = elsewhere.Create(t.Context(), journey.NewPayment{
		Amount: 3000, Reference: "CASE-7", Description: "Another service",
		ReturnURL: "https://elsewhere.example/return",
	})
	require.NoError(t, err)
	h.EndPayment("success")
	h.Pay.Advance(2 * time.Minute)
	c.SweepUntil(journey.StateAbandoned)
	require.Empty(t, h.Service.Requests(http.MethodPost), "somebody else's money opens nothing")
	require.Zero(t, h.Payments()[0].Refunded)
}

// TestFullRefundEndsPass: what was wholly given back is not paid for.
func TestFullRefundEndsPass(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	c := h.Citizen()
	c.Get("/register/2026")
	h.EndPayment("success")
	require.Equal(t, http.StatusOK, c.ReturnFromPay().Status)
	id := c.Journeys()[0].ID
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 100))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusOK, c.Get("/register/2026").Status, "a part of it is goodwill")
	_, status, text = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2026").Status)
	require.Len(t, h.Payments(), 2, "has to be paid for again")
}

// TestBackupCanBeRestored is the documented step: stop, put the copy in the store's place, start.
func TestBackupCanBeRestored(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	backup := h.Ann().Do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusOK, backup.Status)
	h.EndPayment("success")

	h.Close()
	require.NoError(t, os.WriteFile(h.Store, []byte("the disk broke"), 0o600))
	require.NoError(t, os.Remove(h.Store))
	require.NoError(t, os.WriteFile(h.Store, []byte(backup.Text), 0o600))
	h.Open(h.ListenAgain())
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, journey.StateReleased, c.State())
}

// TestRestoringOldBackupDeliversNothingTwice: Pay's word that the money is taken tells a restored journey that
// its request may have been delivered.
func TestRestoringOldBackupDeliversNothingTwice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	paying, paid := h.Citizen(), h.Citizen()
	paying.Apply("Ann")
	h.Service.Server.Close()
	paid.Apply("Ben")
	h.EndPayment("success")
	paid.ReturnFromPay()
	require.Equal(t, journey.StateConfirmed, paid.State())
	older := h.Ann().Do(http.MethodGet, "/backup", nil).Text

	h.Service.Restart(t)
	require.NoError(t, h.Pay.Pay(h.Payments()[0].ID, "success"))
	paying.ReturnFromPay()
	paid.ReturnFromPay()
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
	h.Close()
	require.NoError(t, os.WriteFile(h.Store, []byte(older), 0o600))
	h.Open(h.ListenAgain())
	for _, c := range []*testserver.Citizen{paying, paid} {
		h.Ann().Do(http.MethodPost, "/journeys/"+c.Journeys()[0].ID+"/check", nil)
		require.Contains(t, c.ReturnFromPay().Text, "We are looking into your payment")
		require.Equal(t, journey.StateStuck, c.State())
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
}
