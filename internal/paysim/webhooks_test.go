package paysim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey/pay"
)

// receiver is a service's address for webhooks.
type receiver struct {
	url    string
	answer int

	mu   sync.Mutex
	got  []received
	when func() time.Time
}

type received struct {
	after     time.Duration // since the beginning, by the simulator's clock
	signature string
	kind      string
	body      []byte
	message   answer
}

// hears starts a receiver that answers every message with this status.
func (b *bench) hears(status int) *receiver {
	b.t.Helper()
	r := &receiver{answer: status, when: b.Now}
	server := httptest.NewServer(r)
	b.t.Cleanup(server.Close)
	r.url = server.URL + "/webhooks"
	b.SetWebhook(r.url, "webhook_test_secret")
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(request.Body)
	got := received{
		after: r.when().Sub(began), signature: request.Header.Get("Pay-Signature"),
		kind: request.Header.Get("Content-Type"), body: body,
	}
	_ = json.Unmarshal(body, &got.message.json)
	r.got = append(r.got, got)
	w.WriteHeader(r.answer)
}

func (r *receiver) messages() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// received returns the types of the received events, in order.
func (b *bench) received(r *receiver) []string {
	b.t.Helper()
	b.DeliverDue(context.Background())
	types := []string{}
	for _, m := range r.messages() {
		types = append(types, m.message.at("event_type").(string))
	}
	return types
}

func TestEventsAreAnnouncedAsPayDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(b *bench, id string)
		want []string
	}{
		"started":   {func(b *bench, id string) { _ = b.Pay(id, "started") }, []string{}},
		"submitted": {func(b *bench, id string) { _ = b.Pay(id, "submitted") }, []string{}},
		"success": {
			func(b *bench, id string) { _ = b.Pay(id, "success") },
			[]string{"card_payment_succeeded", "card_payment_captured"},
		},
		"declined":  {func(b *bench, id string) { _ = b.Pay(id, "declined") }, []string{"card_payment_failed"}},
		"an error":  {func(b *bench, id string) { _ = b.Pay(id, "error") }, []string{"card_payment_failed"}},
		"cancelled": {func(b *bench, id string) { _ = b.Pay(id, "cancelled") }, []string{"card_payment_failed"}},
		"by us": {
			func(b *bench, id string) { b.do("POST", "/v1/payments/"+id+"/cancel", "{}") },
			[]string{"card_payment_failed"},
		},
		"expired":   {func(b *bench, id string) { b.Advance(90 * time.Minute) }, []string{"card_payment_expired"}},
		"corrected": {func(b *bench, id string) { _ = b.Correct(id, "success", "") }, []string{}},
		"a refund": {
			func(b *bench, id string) { _ = b.Pay(id, "success"); b.refundOf(id, `{"amount":1}`) },
			[]string{"card_payment_succeeded", "card_payment_captured", "card_payment_refunded"},
		},
		"a bad card": {func(b *bench, id string) { _ = b.PayWithCard(id, "1") }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			r := b.hears(200)
			c.do(b, b.newPayment(nil))
			require.ElementsMatch(t, c.want, b.received(r))
		})
	}
}

func TestNoWebhookForCapturable(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RefundDelay: time.Minute})
	r := b.hears(200)
	id := b.paid(map[string]any{"delayed_capture": true})
	require.Equal(t, "capturable", b.status(id))
	require.Empty(t, b.received(r))
	b.do("POST", "/v1/payments/"+id+"/capture", "{}")
	require.Equal(t, []string{"card_payment_succeeded"}, b.received(r))
	b.Advance(time.Minute)
	require.Equal(t, []string{"card_payment_succeeded", "card_payment_captured"}, b.received(r),
		"when the provider has collected")
}

func TestMessageIsSignedAndHasItsOwnVocabulary(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string][2]any{
		"declined": {"declined", "P0010"}, "expired": {"timedout", "P0020"}, "cancelled": {"cancelled", "P0030"},
		"error": {"error", "P0050"},
		"by us": {"cancelled", "P0030"}, "success": {"success", nil},
	} {
		b := newBench(t, Options{})
		r := b.hears(200)
		id := b.newPayment(nil)
		if outcome == "by us" {
			require.Equal(t, 204, b.do("POST", "/v1/payments/"+id+"/cancel", "{}").status)
		} else {
			require.NoError(t, b.Pay(id, outcome))
		}
		b.received(r)
		m := r.messages()[0]
		require.Equal(t, []any{
			want[0], want[1],
		}, []any{
			m.message.at("resource", "state", "status"),
			m.message.at("resource", "state", "code"),
		})
		require.Equal(t, sorted(
			"webhook_message_id", "created_date", "resource_id", "api_version", "resource_type", "event_type",
			"resource"),
			fieldsOf(m.message.json))
		require.Equal(t, []any{id, 1.0, "PAYMENT", "2026-03-02T10:00:00.000Z"}, []any{
			m.message.at("resource_id"), m.message.at("api_version"),
			m.message.at("resource_type"), m.message.at("created_date"),
		})
		for _, left := range []string{"_links", "provider_id", "authorisation_mode", "card_brand"} {
			require.NotContains(t, m.message.at("resource"), left)
		}
		tried := outcome != "expired" && outcome != "cancelled" && outcome != "by us"
		required := m.message.at("resource", "authorisation_summary", "three_d_secure", "required")
		require.Equal(t, tried, required == false, "%s: %v", outcome, required)
		require.Equal(t, "application/json", m.kind)
		require.True(t, pay.Signed([]string{"webhook_test_secret"}, m.body, m.signature))
		require.False(t, pay.Signed([]string{"another"}, m.body, m.signature))
	}
}

func TestUnacceptedMessageIsSentSixTimesInThreeDays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(500)
	id := b.newPayment(nil)
	require.NoError(t, b.Pay(id, "declined"))
	require.Len(t, b.received(r), 1)
	require.NoError(t, b.Correct(id, "success", "")) // changes what a message built now would say
	b.Advance(30 * 24 * time.Hour)
	var at []time.Duration
	for _, m := range r.messages() {
		at = append(at, m.after)
		require.Equal(t, r.messages()[0].body, m.body, "the same message each time")
	}
	require.Equal(t, []time.Duration{
		0, time.Minute, 6 * time.Minute, 66 * time.Minute, 25*time.Hour + 6*time.Minute, 73*time.Hour + 6*time.Minute,
	}, at)
	require.Equal(t, []bool{true, false}, []bool{b.Webhooks()[0].Done, b.Webhooks()[0].Taken})
}

// The second message falls due while the first is on its way.
func TestMessagesAreOnTimeWhileOthersAreSent(t *testing.T) {
	t.Parallel()
	var delivered, passed atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(passed.Load())) }
	b := newBench(t, Options{RefundDelay: 2 * time.Second, Now: now})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if delivered.Add(1) == 7 { // the first message's fourth time, after an hour and six minutes
			passed.Store(int64(2 * time.Second))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(slow.Close)
	b.SetWebhook(slow.URL, "webhook_test_secret")
	b.paid(nil)
	b.Advance(2 * time.Second) // the money is collected, which the second message says
	b.Advance(26 * time.Hour)
	views := b.Webhooks()
	require.Len(t, views, 2)
	for _, w := range views {
		require.Equal(t, 5, w.Tries, "%+v", w)
	}
}

func TestAcceptedMessageIsSentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(500)
	require.NoError(t, b.Pay(b.newPayment(nil), "declined"))
	require.Len(t, b.received(r), 1)
	r.mu.Lock()
	r.answer = http.StatusAccepted
	r.mu.Unlock()
	b.Advance(30 * 24 * time.Hour)
	require.Len(t, r.messages(), 2)
	require.True(t, b.Webhooks()[0].Taken)

	b.ResendWebhooks(context.Background())
	require.Len(t, r.messages(), 3)
	require.Equal(t, r.messages()[0].body, r.messages()[2].body, "a duplicate, with the same id")
}

func TestMessagesAreSentInTheBackground(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(200)
	require.NoError(t, b.Pay(b.newPayment(nil), "declined"))
	require.Eventually(t, func() bool { return len(r.messages()) == 1 }, 30*time.Second, time.Millisecond)
}

func TestRemovedWebhookDropsItsMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(500)
	require.NoError(t, b.Pay(b.newPayment(nil), "declined"))
	require.Len(t, b.received(r), 1)
	b.SetWebhook("", "")
	b.Advance(time.Hour)
	b.SetWebhook(r.url, "x")
	b.Advance(30 * 24 * time.Hour)
	require.Len(t, r.messages(), 1)
}
