package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
)

// soon is for what happens by itself: a limit, nothing waits for it.
const soon = 20 * time.Second

// sweeping lets the mop-up of a house run until the end of the test.
func sweeping(h *house) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { h.parts.Background(ctx); close(ended) }()
	h.t.Cleanup(func() { stop(); <-ended })
}

// eager are settings under which a sweep waits for nobody.
var eager = []string{"PAYGATE_MOPUP_EVERY=10ms", "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_ROUTE_LICENCE_RETRY_FOR=1ms", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms"}

func (c *citizen) becomes(state journey.State) {
	c.h.t.Helper()
	require.Eventually(c.h.t, func() bool { return c.state() == state }, soon, 5*time.Millisecond, "it stays %s", c.state())
}

func TestACitizenWhoNeverComesBackGetsTheService(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms, eager...)
	sweeping(h)
	c.becomes(journey.StateReleased)
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "mopup", posts[0].header.Get("Paygate-Via"))
	require.Equal(t, "success", h.payments()[0].Status)
	require.Contains(t, c.comesBack().text, "the service's own page", "and sees it when they come back after all")
}

func TestSweepsLeaveACitizenWhoIsPayingAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_MOPUP_EVERY=5ms")
	c := h.citizen()
	c.apply("Ann")
	asked := len(h.pay.Requests())
	sweeping(h)
	require.Eventually(t, func() bool { return strings.Count(h.log.String(), `"msg":"swept"`) > 3 }, soon, time.Millisecond)
	require.Len(t, h.pay.Requests(), asked, "nobody was asked about a young payment")
	require.Equal(t, journey.StatePaying, c.state())
}

func TestAPaymentThatNobodyMakesEndsAbandonedAndIsErased(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"expired", "declined", "cancelled"} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, confirms, eager...)
			c := h.citizen()
			c.apply("Ann")
			h.pays(outcome)
			c.becomesBySweeps(journey.StateAbandoned)
			require.Contains(t, c.comesBack().text, "This payment was not made")
			require.Empty(t, h.service.got(http.MethodPost))
			id := journey.ID(c.status()[0].ID)
			h.close()
			h.inTheStore(func(s *boltstore.Store) {
				_, err := s.Request(t.Context(), id)
				require.ErrorIs(t, err, journey.ErrErased)
			})
			h.open(h.listenAgain(), eager...)
		})
	}
}

func TestAPaymentThatPayNeverMadeEndsAbandoned(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, eager...)
	c := h.citizen()
	h.pay.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.post("/licences/apply", url.Values{"name": {"Ann"}}).status)
	c.becomesBySweeps(journey.StateAbandoned)
	require.Empty(t, h.payments())
	require.Empty(t, h.service.got(http.MethodPost))
}

func TestWhatTheServiceRefusesGoesBack(t *testing.T) {
	t.Parallel()
	for route, wanted := range map[string]paysim.PaymentView{
		"/licences/apply": {Status: "cancelled"}, "/fines/pay": {Status: "success", Refunded: 3000},
	} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
				append(eager, "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=1ms")...)
			c := h.citizen()
			require.Equal(t, http.StatusSeeOther, c.post(route, url.Values{"name": {"Ann"}}).status)
			h.pays("success")
			sweeping(h)
			c.becomes(journey.StateRefused)
			c.looks()
			c.becomes(journey.StateReversed)
			require.Equal(t, wanted.Status, h.payments()[0].Status)
			require.Equal(t, wanted.Refunded, h.payments()[0].Refunded)
			require.Contains(t, c.comesBack().text, "Your money is being given back")
			require.Len(t, h.service.got(http.MethodPost), 1)
		})
	}
}

// TestMoneyThatCannotGoBackNowGoesBackLater: a cancel or a refund that failed is tried again, and what was done already is not
// done twice.
func TestMoneyThatCannotGoBackNowGoesBackLater(t *testing.T) {
	t.Parallel()
	for route, wanted := range map[string]paysim.PaymentView{
		"/licences/apply": {Status: "cancelled"}, "/fines/pay": {Status: "success", Refunded: 3000},
	} {
		for _, kind := range []string{"429", "500", "503", "reset", "lost", "html", "garbage"} {
			t.Run(route+" "+kind, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
					append(eager, "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=1ms")...)
				c := h.citizen()
				c.post(route, url.Values{"name": {"Ann"}})
				h.pays("success")
				for _, call := range []string{"cancel", "refund"} {
					h.pay.AddFault(paysim.Fault{Call: call, Kind: kind, Times: 2})
				}
				c.becomesBySweeps(journey.StateRefused)
				c.looks()
				c.becomesBySweeps(journey.StateReversed)
				require.Equal(t, wanted.Status, h.payments()[0].Status)
				require.Equal(t, wanted.Refunded, h.payments()[0].Refunded)
			})
		}
	}
}

func TestAPaymentWhoseAnswerWasLostIsFoundAndClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, eager...)
	c := h.citizen()
	h.pay.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.post("/licences/apply", url.Values{"name": {"Ann"}}).status)
	require.Len(t, h.payments(), 1, "Pay made it")
	sweeping(h)
	c.becomes(journey.StatePaying)
	h.pays("expired")
	c.becomes(journey.StateAbandoned)
	require.Empty(t, h.service.got(http.MethodPost))
}

func TestAServiceThatIsDownGetsTheRequestLater(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms, eager...)
	h.service.server.Close()
	sweeping(h)
	c.becomes(journey.StateConfirmed)
	h.service.restart(t)
	c.becomes(journey.StateReleased)
	require.Len(t, h.service.got(http.MethodPost), 1)
}

// What fails is due again a moment later, behind whatever else is due: a sweep by hand, which looks ahead, meets it there.
func TestASweepByHandVisitsEachJourneyOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_MOPUP_MIN_AGE=0s")
	for range 3 {
		h.citizen().apply("Ann")
	}
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for range 2 {
		counts := h.sweeps()
		require.Contains(t, counts, `"visited":3,`)
		require.Contains(t, counts, `"failed":3,`)
	}
}

func TestMoneyThatArrivesLateGoesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, append(eager, "PAYGATE_SECOND_LOOK=20ms", "PAYGATE_ROUTE_IMMEDIATE_RETRY_FOR=1ms")...)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{}).status)
	h.pays("declined")
	sweeping(h)
	c.becomes(journey.StateAbandoned)
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "success", ""), "Pay corrects itself")
	c.becomes(journey.StateReversed)
	require.EqualValues(t, 3000, h.payments()[0].Refunded)
	require.Empty(t, h.service.got(http.MethodPost), "the request was gone")
}

const webhookSecret = "webhook_test_secret"

func TestAWebhookBringsThePaidRequestToTheServiceAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_PAY_WEBHOOK_SECRETS=old,"+webhookSecret)
	h.pay.SetWebhook(h.url+"/_pay/webhook", webhookSecret)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.post("/fines/pay", url.Values{}).status)
	h.pays("success")
	c.becomes(journey.StateReleased)
	require.Equal(t, "webhook", h.service.got(http.MethodPost)[0].header.Get("Paygate-Via"))
	h.pay.ResendWebhooks(t.Context())
	require.Len(t, h.service.got(http.MethodPost), 1, "duplicates are harmless")
}

func TestWebhooksAreJudgedByTheirSignature(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)
	c := h.citizen()
	send := func(body, signature string) page {
		return c.do(http.MethodPost, "/_pay/webhook", strings.NewReader(body), "Content-Type", "application/json", "Pay-Signature", signature)
	}
	const genuine = `{"webhook_message_id":"m1","resource_id":"nobodyknowsit","event_type":"card_payment_succeeded"}`
	require.Equal(t, http.StatusOK, send(genuine, pay.Sign(webhookSecret, []byte(genuine))).status, "another service's payment")
	require.Equal(t, http.StatusOK, send(genuine, pay.Sign(webhookSecret, []byte(genuine))).status, "and once more")
	require.Equal(t, http.StatusUnauthorized, send(genuine, pay.Sign("forged", []byte(genuine))).status)
	require.Equal(t, http.StatusUnauthorized, send(genuine+" ", pay.Sign(webhookSecret, []byte(genuine))).status)
	require.Equal(t, http.StatusBadRequest, send(genuine, "").status)
	require.Equal(t, http.StatusOK, send("nonsense", pay.Sign(webhookSecret, []byte("nonsense"))).status, "genuine, whatever it is")
	huge := strings.Repeat("x", 300<<10)
	require.Equal(t, http.StatusRequestEntityTooLarge, send(huge, pay.Sign(webhookSecret, []byte(huge))).status)
	require.Equal(t, http.StatusMethodNotAllowed, c.get("/_pay/webhook").status)
	require.Empty(t, h.service.got(http.MethodPost))
}
