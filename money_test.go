package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/pay"
)

// sweeps runs a sweep by hand and gives its counts as text.
func (h *house) sweeps() string {
	h.t.Helper()
	p := h.ann().do(http.MethodPost, "/mopup", nil)
	require.Equal(h.t, http.StatusOK, p.status, p.text)
	return p.text
}

func TestACaptureThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	h.pay.AddFault(paysim.Fault{Call: "capture", Kind: "500", Times: 1})
	require.Contains(t, c.get(c.get("/_pay/return").to()).to(), "confirmation", "it is the service's yes that counts")
	require.Equal(t, journey.StateAccepted, c.state())
	require.Contains(t, h.sweeps(), `"captured":1`)
	require.Equal(t, journey.StateReleased, c.state())
	require.Equal(t, "success", h.payments()[0].Status)
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestARedirectToALogInPageIsNoAcceptance(t *testing.T) {
	t.Parallel()
	logIn := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "please log in")
			return
		}
		http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
	}
	h, c := annHasPaid(t, logIn, "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation/", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	p := c.comesBack()
	require.Contains(t, c.ownAnswer(p).text, "please log in")
	c.becomesBySweeps(journey.StateReversed)
	require.Equal(t, "cancelled", h.payments()[0].Status)
}

// closing are settings under which Pay's window for captures is as good as over at once.
const closing = "PAYGATE_CAPTURE_MARGIN=119h59m59.999s"

func TestAReservationIsGivenBackBeforePayLetsGoOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, closing)
	h.service.server.Close()
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	require.Contains(t, c.comesBack().text, "given back")
	c.becomesBySweeps(journey.StateReversed)
	require.Equal(t, "cancelled", h.payments()[0].Status)
	h.service.restart(t)
	h.sweeps()
	require.Empty(t, h.service.got(http.MethodPost), "what went back is not delivered any more")
}

func TestAPassThatNobodyFetchesIsGivenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain, closing)
	c := h.citizen()
	c.get("/register/2026")
	h.pays("success")
	h.ann().do(http.MethodPost, "/journeys/"+c.status()[0].ID+"/check", nil)
	c.becomesBySweeps(journey.StateReversed)
	require.Equal(t, "cancelled", h.payments()[0].Status)
	require.Empty(t, h.service.got(http.MethodGet))
}

func (c *citizen) becomesBySweeps(state journey.State) {
	c.h.t.Helper()
	require.Eventually(c.h.t, func() bool { c.h.sweeps(); return c.state() == state }, soon, 1)
}

func TestSuccessThatPayTakesBackIsSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_SECOND_LOOK=1ms")
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("success")
	c.comesBack()
	id := c.status()[0].ID
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "error", "P0050"))
	require.Eventually(t, func() bool {
		h.sweeps()
		return h.ann().shown(id).PaymentStatus == "error"
	}, soon, 1)
	w := h.ann().shown(id)
	require.Equal(t, journey.StateReleased, w.State)
	require.Contains(t, w.Note, "could not collect")
	require.Equal(t, "1", h.metric(t, `paygate_collections_failed_total{route="immediate"}`))
	b := h.staffBrowser()
	b.post(h.staff.URL+"/login", url.Values{"token": {annsToken}})
	require.Contains(t, b.get(h.staff.URL+"/", "Accept", html).text, "Given, and not collected by GOV.UK Pay")

	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "success", ""))
	h.ann().do(http.MethodPost, "/journeys/"+id+"/check", nil)
	require.Equal(t, "success", h.ann().shown(id).PaymentStatus)
}

// TestTrustEndsWithPaysWord: what was trusted and could not be sent is asked about again before it is sent later.
func TestTrustEndsWithPaysWord(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("submitted")
	h.service.server.Close()
	c.comesBack()
	require.Equal(t, journey.StatePaying, c.state(), "trusted, and not sent")
	require.Equal(t, 1, h.ann().shown(c.status()[0].ID).Attempts, "one visit tries once")
	h.pays("cancelled")
	h.service.restart(t)
	c.becomesBySweeps(journey.StateUnpaid)
	require.Empty(t, h.service.got(http.MethodPost), "nothing unpaid gets through")
}

// TestARefusalOfWhatWasTrustedIsCorrectedOnceItIsPaid: the payment counts as soon as Pay confirms it.
func TestARefusalOfWhatWasTrustedIsCorrectedOnceItIsPaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("name") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		confirms(w, r)
	}, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.citizen()
	c.post("/fines/pay", url.Values{"name": {""}})
	h.pays("submitted")
	c.comesBack()
	require.Equal(t, journey.StateRefused, c.state())
	h.pays("success")
	require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{"name": {"Ann"}}).status)
	require.Equal(t, journey.StateReleased, c.state())
	posts := h.service.got(http.MethodPost)
	require.Equal(t, []string{"pending", "success"}, statuses(posts))
	require.NotEmpty(t, posts[1].header.Get("Paygate-Paid-At"))
	require.Len(t, h.payments(), 1)
}

// TestOfTwoPaymentsForOneFormOneGoesBack: the first was declined, the second pays, and Pay corrects the first.
func TestOfTwoPaymentsForOneFormOneGoesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_SECOND_LOOK=1ms")
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("declined")
	c.comesBack()
	id := c.status()[0].ID
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {id}}).status)
	h.pays("success")
	c.comesBack()
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "success", ""))
	require.Eventually(t, func() bool { h.sweeps(); return h.payments()[0].Refunded == 3000 }, soon, 1)
	require.Zero(t, h.payments()[1].Refunded, "the one that the service was given for stays")
	require.Equal(t, journey.StateReleased, c.state())
	require.Contains(t, h.ann().do(http.MethodGet, "/journeys/"+id, nil).text, "money_returned")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

// TestAnotherServicesPaymentIsNobodysOrphan: an account may have several services, and their references may be the same.
func TestAnotherServicesPaymentIsNobodysOrphan(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, append(eager, "PAYGATE_ROUTE_IMMEDIATE_REFERENCE={form:case}")...)
	c := h.citizen()
	h.pay.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.post("/fines/pay", url.Values{"case": {"CASE-7"}}).status)
	atPay, err := url.Parse(h.payURL)
	require.NoError(t, err)
	elsewhere := pay.New(pay.Options{
		URL: atPay, Key: "api_test_other", CardOrigins: []string{h.payURL}, Timeout: soon, CreateRate: 10,
	})
	_, err = elsewhere.Create(t.Context(), journey.NewPayment{
		Amount: 3000, Reference: "CASE-7", Description: "Another service", ReturnURL: "https://elsewhere.example/return",
	})
	require.NoError(t, err)
	h.pays("success")
	h.pay.Advance(2 * time.Minute)
	c.becomesBySweeps(journey.StateAbandoned)
	require.Empty(t, h.service.got(http.MethodPost), "somebody else's money opens nothing")
	require.Zero(t, h.payments()[0].Refunded)
}

// TestAPassEndsWithItsRefund: what was wholly given back is not paid for.
func TestAPassEndsWithItsRefund(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain)
	c := h.citizen()
	c.get("/register/2026")
	h.pays("success")
	require.Equal(t, http.StatusOK, c.comesBack().status)
	id := c.status()[0].ID
	_, status, text := h.ann().order(id, "refund", because("amount_pence", 100))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusOK, c.get("/register/2026").status, "a part of it is goodwill")
	_, status, text = h.ann().order(id, "refund", because("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusSeeOther, c.get("/register/2026").status)
	require.Len(t, h.payments(), 2, "has to be paid for again")
}

// TestABackupIsRestored is the documented step: stop, put the copy in the store's place, start.
func TestABackupIsRestored(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	backup := h.ann().do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusOK, backup.status)
	h.pays("success")

	h.close()
	require.NoError(t, os.WriteFile(h.store, []byte("the disk broke"), 0o600))
	require.NoError(t, os.Remove(h.store))
	require.NoError(t, os.WriteFile(h.store, []byte(backup.text), 0o600))
	h.open(h.listenAgain())
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Equal(t, journey.StateReleased, c.state())
}

// TestAnOlderCopyOfTheStoreDeliversNothingASecondTime: Pay's word that the money is taken tells a restored journey that its
// request may have been delivered.
func TestAnOlderCopyOfTheStoreDeliversNothingASecondTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	paying, paid := h.citizen(), h.citizen()
	paying.apply("Ann")
	h.service.server.Close()
	paid.apply("Ben")
	h.pays("success")
	paid.comesBack()
	require.Equal(t, journey.StateConfirmed, paid.state())
	older := h.ann().do(http.MethodGet, "/backup", nil).text

	h.service.restart(t)
	require.NoError(t, h.pay.Pay(h.payments()[0].ID, "success"))
	paying.comesBack()
	paid.comesBack()
	require.Len(t, h.service.got(http.MethodPost), 2)
	h.close()
	require.NoError(t, os.WriteFile(h.store, []byte(older), 0o600))
	h.open(h.listenAgain())
	for _, c := range []*citizen{paying, paid} {
		h.ann().do(http.MethodPost, "/journeys/"+c.status()[0].ID+"/check", nil)
		require.Contains(t, c.comesBack().text, "We are looking into your payment")
		require.Equal(t, journey.StateStuck, c.state())
	}
	require.Len(t, h.service.got(http.MethodPost), 2)
}
