package signature_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

func event(t *testing.T, s signature.Signer) (http.Header, []byte) {
	t.Helper()
	h, body, err := s.Event(signature.Release{
		PaymentID: "pay1", Reference: "LIC-1", Amount: 2500, Total: 2500, State: "cancelled", PaidAt: moment,
		Route: "licence", Journey: "01TEST", Submission: 1, Attempt: 2, Via: "event",
		Method: http.MethodPost, Path: "/paygate/events",
	}, signature.Event{ID: "re1", What: "refunded", Amount: 500, RefundedTotal: 700, At: moment})
	require.NoError(t, err)
	return h, body
}

func expectedEvent(s signature.Signer, body []byte) signature.Expectations {
	return signature.Expectations{
		Audience: s.Audience, Method: http.MethodPost, Path: "/paygate/events", Body: body, Now: moment,
	}
}

func TestAnEventSaysWhatHappened(t *testing.T) {
	t.Parallel()
	s := signer(t, rsaKey)
	h, body := event(t, s)
	require.Equal(t, "event", h.Get("Paygate-Status"))
	require.Len(t, h, 2, "nothing that a careless reader takes for a paid request")
	claims, err := signature.VerifyEvent(h.Get("Paygate-Assertion"), s.Keys.Public(), expectedEvent(s, body))
	require.NoError(t, err)
	require.Equal(t, &signature.Event{
		ID: "re1", What: "refunded", Amount: 500, RefundedTotal: 700,
		At: moment.UTC().Truncate(time.Second),
	},
		claims.Event)
	var words map[string]any
	require.NoError(t, json.Unmarshal(body, &words))
	require.Equal(t, "01TEST", words["jny"])
	require.Equal(t, "licence", words["route"])
	require.Equal(t, map[string]any{
		"id": "re1", "what": "refunded", "amount": 500.0, "refunded_total": 700.0,
		"at": moment.UTC().Format(time.RFC3339),
	}, words["evt"])
	require.Equal(t, "pay1", words["pay"].(map[string]any)["id"])
	require.Contains(t, part(t, h.Get("Paygate-Assertion"), 0), `"typ":"paygate-event+jwt"`)
}

func TestAnEventIsNoReleaseAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	s := signer(t, rsaKey)
	h, body := event(t, s)
	_, err := signature.Verify(h.Get("Paygate-Assertion"), s.Keys.Public(), expectedEvent(s, body))
	require.ErrorIs(t, err, signature.ErrType)
	_, err = signature.VerifyEvent(assertion(t, s), s.Keys.Public(), expected(s))
	require.ErrorIs(t, err, signature.ErrType)
	_, err = signature.VerifyEvent(h.Get("Paygate-Assertion"), s.Keys.Public(), expectedEvent(s, []byte("{}")))
	require.ErrorIs(t, err, signature.ErrBody)
}

func TestACapturedEventIsVerified(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	h, body := event(t, s)
	capture := func(h http.Header) []byte {
		var captured bytes.Buffer
		fmt.Fprintf(&captured, "POST /paygate/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n", len(body))
		require.NoError(t, h.Write(&captured))
		captured.WriteString("\r\n")
		captured.Write(body)
		return captured.Bytes()
	}
	for _, c := range signature.VerifyRequest(capture(h), s.Keys.Public(), s.Audience, moment) {
		require.True(t, c.Good, "%+v", c)
	}
	h.Set("Paygate-Status", "success")
	h.Set("Paygate-Amount", "2500")
	bad := map[string]bool{}
	for _, c := range signature.VerifyRequest(capture(h), s.Keys.Public(), s.Audience, moment) {
		bad[c.Name] = !c.Good
	}
	require.True(t, bad["Paygate-Status"])
	require.True(t, bad["Paygate-Amount"])
}
