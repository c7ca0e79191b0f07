package paying

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

const events = "/paygate/events"

var tells = []string{"PAYGATE_ROUTE_IMMEDIATE_TELL=POST " + events, "PAYGATE_ROUTE_LICENCE_TELL=POST " + events}

// heard returns what the service heard, each with a valid assertion.
func heard(h *testserver.Harness) (all []signature.Event) {
	h.T.Helper()
	keys := h.Keys(h.T)
	for _, r := range h.Service.Requests(http.MethodPost) {
		if r.Target != events {
			continue
		}
		require.Equal(h.T, "event", r.Header.Get("Paygate-Status"))
		moment := issued(h.T, r.Header.Get("Paygate-Assertion"))
		for _, c := range signature.VerifyRequest(r.Captured(), keys, h.URL, moment) {
			require.True(h.T, c.Good, "%s: %s", c.Name, c.Detail)
		}
		var body struct {
			Event signature.Event `json:"evt"`
		}
		require.NoError(h.T, json.Unmarshal(r.Body, &body))
		all = append(all, body.Event)
	}
	return all
}

// issued returns when a token was signed.
func issued(t testing.TB, token string) time.Time {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims struct{ Iat int64 }
	require.NoError(t, json.Unmarshal(payload, &claims))
	return time.Unix(claims.Iat, 0)
}

// answerEvents answers events with a status, and other requests as given.
func answerEvents(status int, others http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == events {
			w.WriteHeader(status)
			return
		}
		others(w, r)
	}
}

func TestTheServiceHearsOfRefundsOnceTheySucceeded(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, answerEvents(http.StatusServiceUnavailable, testserver.Confirm),
		append(tells, "PAYGATE_SECOND_LOOK=30m")...)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	_, err := h.Pay.Refund(h.Payments()[0].ID, 700)
	require.NoError(t, err)

	forHours(h, 1)
	failed := len(heard(h))
	require.NotZero(t, failed)
	for _, e := range heard(h) {
		require.EqualValues(t, 500, e.Amount, "the second waits for the first")
	}
	require.Equal(t, journey.StateReleased, h.Ann().Journey(id).State)
	require.NotZero(t, h.Ann().Journey(id).Messages[0].Failures)

	h.Service.SetAnswer(answerEvents(http.StatusNoContent, testserver.Confirm))
	forHours(h, 1)
	told := heard(h)[failed:]
	require.Len(t, told, 2)
	require.Equal(t, heard(h)[0].ID, told[0].ID)
	require.EqualValues(t, 500, told[0].RefundedTotal)
	require.EqualValues(t, []int64{700, 1200}, []int64{told[1].Amount, told[1].RefundedTotal})
	forHours(h, 1)
	require.Len(t, heard(h), failed+2)
}

func TestTheServiceHearsThatTheMoneyWentBack(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/licences/apply", "/fines/pay"} {
		h := testserver.NewOnPayClock(t, answerEvents(http.StatusNoContent, refuseWithoutName), tells...)
		c := h.Citizen()
		c.Post(path, url.Values{})
		h.EndPayment("success")
		c.ReturnFromPay()
		require.Equal(t, journey.StateRefused, c.State())
		pass(h, 30, time.Hour)
		require.Equal(t, journey.StateReversed, c.State())
		require.Len(t, heard(h), 1, path)
		require.Equal(t, journey.WhatReturned, heard(h)[0].What)
		require.Equal(t, h.Payments()[0].Amount, heard(h)[0].Amount)
		require.Equal(t, h.Payments()[0].Amount, heard(h)[0].RefundedTotal)
	}
}

// forHours passes time, and sweeps every ten minutes.
func forHours(h *testserver.Harness, hours int) { pass(h, 6*hours, 10*time.Minute) }

func pass(h *testserver.Harness, sweeps int, every time.Duration) {
	for range sweeps {
		h.Pay.Advance(every)
		h.Sweep()
	}
}

func TestNoRequestFromOutsideReachesTell(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, tells...)
	for _, target := range []string{
		events, events + "/", "/paygate//events", "/PAYGATE/events?x=1",
		"/x/..%2fpaygate/events",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			p := h.Citizen().Do(method, target, nil, "Paygate-Status", "event")
			require.Equal(t, http.StatusNotFound, p.Status, "%s %s", method, target)
			require.Equal(t, "yes", p.Header.Get("Paygate-Answer"))
		}
	}
	require.Empty(t, h.Service.All())
}

func TestStaffSeeAndRepeatWhatCouldNotBeTold(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, answerEvents(http.StatusNotFound, testserver.Confirm), tells...)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	forHours(h, 1)
	overview := h.Ann().Do(http.MethodGet, "/", nil, "Accept", "text/html").Text
	require.Contains(t, overview, "Journeys with a message that waits to be sent: 1,")

	h.Pay.Advance(3 * 24 * time.Hour)
	forHours(h, 1)
	whole := h.Ann().Journey(id)
	require.NotNil(t, whole.Messages[0].GivenUpAt)
	require.Contains(t, whole.Note, "refunded, £5.00: the service answered 404")
	page := h.Ann().Do(http.MethodGet, "/journeys/"+id, nil, "Accept", "text/html").Text
	require.Contains(t, page, "To the service: refunded, £5.00. Given up after")
	overview = h.Ann().Do(http.MethodGet, "/", nil, "Accept", "text/html").Text
	require.Contains(t, overview, "Messages that could not be sent")
	metrics := h.Citizen().Get(h.Staff.URL + "/metrics").Text
	require.Contains(t, metrics, `paygate_messages_total{kind="service",result="given_up"} 1`)
	require.Contains(t, metrics, "paygate_messages_oldest_seconds 0")

	h.Service.SetAnswer(answerEvents(http.StatusOK, testserver.Confirm))
	before := len(heard(h))
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	_, status, _ = h.Ann().Order(id, "check", nil)
	require.NotEqual(t, http.StatusOK, status)
	require.Empty(t, h.Ann().Journey(id).Messages, "the messages do not depend on GOV.UK Pay")
	require.Len(t, heard(h), before+1)
}

// A refund can take days, and fail after GOV.UK Pay has accepted it. The service hears of neither before it is so.
func TestTheServiceWaitsForTheResultOfARefund(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, answerEvents(http.StatusNoContent, refuseWithoutName),
		append(tells, "PAYGATE_SECOND_LOOK=30m")...)
	require.NoError(t, h.Pay.Set(map[string]string{"refund_takes": "10h", "refund_outcome": "submitted-then-error"}))
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateRefused, c.State())
	pass(h, 15, 2*time.Hour)
	require.Equal(t, journey.StateReversed, c.State())
	require.Empty(t, heard(h))
	require.NoError(t, h.Pay.Set(map[string]string{"refund_outcome": "success"}))
	pass(h, 30, 2*time.Hour)
	require.Equal(t, journey.StateReversed, c.State())
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
	require.Len(t, heard(h), 1)
	require.Equal(t, journey.WhatReturned, heard(h)[0].What)
}

// Several replicas send what waits at the same time. The service hears it once.
func TestReplicasTellTheServiceOnce(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		all := testserver.StartReplicas(t, kind, testserver.Build(t, testserver.UnlimitedPay,
			answerEvents(http.StatusNoContent, testserver.Confirm)), tells...)
		h := all[0]
		const journeys = 5
		for range journeys {
			c := h.Citizen()
			c.Post("/fines/pay", url.Values{})
			h.EndPayment("success")
			c.ReturnFromPay()
			_, status, text := h.Ann().Order(c.Journeys()[0].ID, "refund", testserver.WithReason("amount_pence", 500))
			require.Equal(t, http.StatusOK, status, text)
		}
		var sweeps sync.WaitGroup
		for range 4 {
			for _, replica := range all {
				sweeps.Go(func() { replica.Sweep() })
			}
		}
		sweeps.Wait()
		ids := map[string]int{}
		for _, r := range h.Service.Requests(http.MethodPost) {
			var body struct{ Evt signature.Event }
			if r.Target == events {
				require.NoError(t, json.Unmarshal(r.Body, &body))
				ids[body.Evt.ID]++
			}
		}
		require.Len(t, ids, journeys)
		for id, times := range ids {
			require.Equal(t, 1, times, id)
		}
	})
}
