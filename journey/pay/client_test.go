package pay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pay"
)

const cardOrigin = "https://card.payments.service.gov.uk"

// client speaks to a server that answers as told.
func client(t testing.TB, answer http.HandlerFunc) *pay.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	return pay.New(pay.Options{
		URL: address, Key: "api_test_topsecret", CardOrigins: []string{cardOrigin}, Timeout: 5 * time.Second,
		CreateRate: 1000,
	})
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// payment is an answer of Pay with one thing changed.
func payment(over map[string]any) string {
	all := map[string]any{
		"payment_id": "hu20sqlact5260q2nanm0q8u93", "amount": 2500, "reference": "LIC-1", "description": "Licence",
		"state": map[string]any{"status": "created", "finished": false}, "created_date": "2026-11-22T10:41:07.123Z",
		"refund_summary": map[string]any{"status": "pending", "amount_available": 2500, "amount_submitted": 0},
		"_links": map[string]any{"next_url": map[string]any{
			"href":   cardOrigin + "/secure/token",
			"method": "GET",
		}},
		"card_details": map[string]any{"billing_address": nil, "card_type": nil}, "something_new": []any{1, "x"},
	}
	for name, value := range over {
		all[name] = value
	}
	text, _ := json.Marshal(all)
	return string(text)
}

var newPayment = journey.NewPayment{
	Amount: 2500, Reference: "LIC-1", Description: "Licence",
	ReturnURL: "https://example.org/_pay/return",
}

func TestCreateSendsEveryField(t *testing.T) {
	t.Parallel()
	var got map[string]any
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer api_test_topsecret", r.Header.Get("Authorization"))
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		require.Equal(t, "application/json", r.Header.Get("Accept"))
		require.Empty(t, r.Header.Get("Idempotency-Key"))
		require.NoError(t, json.NewDecoder(r.Body).Decode(&got))
		says(201, payment(nil))(w, r)
	})
	p := newPayment
	p.Reference, p.Language, p.DelayedCapture = `LIC <1> | "x"`, "cy", true
	p.Metadata = map[string]string{"ledger": "4711", "empty": ""}
	p.Prefill = journey.Prefill{
		Email: "a@b.c", CardholderName: "Ann", Postcode: strings.Repeat("x", 40),
		Country: "Wales",
	}
	snapshot, err := c.Create(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"amount": 2500.0, "reference": "LIC 1 x", "description": "Licence",
		"return_url": "https://example.org/_pay/return",
		"language":   "cy", "delayed_capture": true, "metadata": map[string]any{"ledger": "4711"}, "email": "a@b.c",
		"prefilled_cardholder_details": map[string]any{
			"cardholder_name": "Ann", "billing_address": map[string]any{"postcode": strings.Repeat("x", 25)},
		},
	}, got)
	require.Equal(t, journey.PaymentSnapshot{
		ID: "hu20sqlact5260q2nanm0q8u93", Reference: "LIC-1", Description: "Licence", Amount: 2500, Status: "created",
		CreatedAt: time.Date(2026, 11, 22, 10, 41, 7, 123e6, time.UTC), RefundStatus: "pending", RefundAvailable: 2500,
		NextURL: cardOrigin + "/secure/token",
	}, snapshot)
}

// calls are all calls, each ending in an error or not.
func calls(c *pay.Client) map[string]func(context.Context) error {
	const id = "hu20sqlact5260q2nanm0q8u93"
	return map[string]func(context.Context) error{
		"create":  func(ctx context.Context) error { _, err := c.Create(ctx, newPayment); return err },
		"get":     func(ctx context.Context) error { _, err := c.Get(ctx, id); return err },
		"capture": func(ctx context.Context) error { return c.Capture(ctx, id) },
		"cancel":  func(ctx context.Context) error { return c.Cancel(ctx, id) },
		"refund":  func(ctx context.Context) error { _, err := c.Refund(ctx, id, 100, 2500); return err },
		"search": func(ctx context.Context) error {
			_, err := c.FindByReference(ctx, "secretreference", time.Now())
			return err
		},
		"events": func(ctx context.Context) error { _, err := c.Events(ctx, id); return err },
	}
}

func TestErrorsOfPay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call   string
		status int
		code   string
		means  error // nil: the outcome is unknown
	}{
		{"create", 400, "P0102", journey.ErrPayRefused},
		{"create", 400, "P0920", journey.ErrPayRefused},
		{"create", 401, "", journey.ErrPayAccount},
		{"create", 403, "", journey.ErrPayAccount},
		{"create", 403, "P0930", journey.ErrPayAccount},
		{"create", 403, "P0940", journey.ErrPayAccount},
		{"create", 403, "P0941", journey.ErrPayAccount},
		{"create", 500, "P0199", journey.ErrPayAccount},
		{"create", 503, "P0999", journey.ErrPayMaintenance},
		{"create", 422, "P0102", journey.ErrPayRefused},
		{"create", 429, "P0900", journey.ErrPayBusy},
		{"create", 500, "P0198", nil},
		{"create", 503, "", nil},
		{"create", 302, "", nil},
		{"get", 404, "P0200", journey.ErrPaymentNotFound},
		{"get", 500, "P0298", nil},
		{"get", 401, "", journey.ErrPayAccount},
		{"get", 503, "P0999", journey.ErrPayMaintenance},
		{"capture", 404, "P1000", journey.ErrPaymentNotFound},
		{"capture", 409, "P1003", journey.ErrNotAllowed},
		{"capture", 500, "P1098", nil},
		{"cancel", 400, "P0501", journey.ErrNotAllowed},
		{"cancel", 409, "P0502", journey.ErrNotAllowed},
		{"cancel", 404, "P0500", journey.ErrPaymentNotFound},
		{"cancel", 500, "P0598", nil},
		{"refund", 400, "P0603", journey.ErrNotAllowed},
		{"refund", 412, "P0604", journey.ErrNotAllowed},
		{"refund", 422, "P0602", journey.ErrPayRefused},
		{"refund", 403, "P0941", journey.ErrPayAccount},
		{"refund", 500, "P0698", nil},
		{"search", 422, "P0401", journey.ErrPayRefused},
		{"events", 404, "P0300", journey.ErrPaymentNotFound},
	} {
		name := fmt.Sprint(c.call, " ", c.status)
		body := fmt.Sprintf(`{"code":%q,"field":"reference","description":"secretdescription"}`, c.code)
		err := calls(client(t, says(c.status, body)))[c.call](t.Context())
		require.Error(t, err, name)
		for _, kind := range []error{
			journey.ErrPayRefused, journey.ErrPayBusy, journey.ErrPaymentNotFound, journey.ErrNotAllowed,
			journey.ErrNextURL, journey.ErrPayAccount, journey.ErrPayMaintenance,
		} {
			require.Equal(t, errors.Is(c.means, kind), errors.Is(err, kind), "%s: %v", name, err)
		}
		var failed *pay.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, c.code, failed.Code)
		require.Equal(t, c.status, failed.Status)
	}
}

func TestUnusableAnswerIsUnknownAndLeaksNoSecret(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"html":       says(200, "<html>secretbody</html>"),
		"html 201":   says(201, "<html>secretbody</html>"),
		"empty":      says(200, ""),
		"huge":       says(201, `{"payment_id":"`+strings.Repeat("x", 2<<20)+`"}`),
		"huge 200":   says(200, `{"payment_id":"`+strings.Repeat("x", 2<<20)+`"}`),
		"wrong type": says(201, payment(map[string]any{"amount": "secretbody"})),
		"no state":   says(201, payment(map[string]any{"state": nil})),
		"negative":   says(201, payment(map[string]any{"amount": -5})),
		"strange id": says(201, payment(map[string]any{"payment_id": "../secretbody"})),
		"redirect": func(w http.ResponseWriter,
			r *http.Request,
		) {
			http.Redirect(w, r, "/secretbody", http.StatusFound)
		},
		"reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(201)
		},
		"html as 500": says(500, "<html>secretbody</html>"),
	} {
		for call, do := range calls(client(t, answer)) {
			err := do(t.Context())
			if err == nil { // this status is good for this call, and its body is not read
				continue
			}
			for _, kind := range []error{
				journey.ErrPayRefused, journey.ErrPayBusy, journey.ErrPaymentNotFound,
				journey.ErrNotAllowed,
			} {
				require.NotErrorIs(t, err, kind, "%s %s", name, call)
			}
			for _, secret := range []string{"topsecret", "secretbody", "secretreference", "127.0.0.1", "/secure/"} {
				require.NotContains(t, err.Error(), secret, "%s %s", name, call)
			}
		}
	}
}

func TestNextURLMustHaveAnAllowedOrigin(t *testing.T) {
	t.Parallel()
	for next, good := range map[string]bool{
		cardOrigin + "/secure/x":                                     true,
		"HTTPS://CARD.payments.service.gov.uk/secure/x":              true,
		"http://card.payments.service.gov.uk/secure/x":               false,
		"https://card.payments.service.gov.uk.evil.example/x":        false,
		"https://card.payments.service.gov.uk@evil.example/x":        false,
		"https://user@card.payments.service.gov.uk/x":                false,
		"https://card.payments.service.gov.uk:444/x":                 false,
		"https://evil.example/?https://card.payments.service.gov.uk": false,
		"//card.payments.service.gov.uk/x":                           false,
		"javascript:alert(1)":                                        false,
		`https://card.payments.service.gov.uk\@evil.example/`:        false,
		"https://card.payments.service.gov.uk/x\r\nX: y":             false,
		"": false,
	} {
		answer := payment(map[string]any{"_links": map[string]any{"next_url": map[string]any{"href": next}}})
		snapshot, err := client(t, says(201, answer)).Create(t.Context(), newPayment)
		require.Equal(t, good, err == nil, next)
		require.Equal(t, good, snapshot.NextURL != "", next)
		if !good {
			require.ErrorIs(t, err, journey.ErrNextURL)
			require.NotEmpty(t, snapshot.ID, "the payment exists, and is remembered")
		}
		snapshot, err = client(t, says(200, answer)).Get(t.Context(), "hu20sqlact5260q2nanm0q8u93")
		require.NoError(t, err)
		require.Equal(t, good, snapshot.NextURL != "", next)
	}
}

func TestUnreadableDateIsIgnored(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"", "yesterday", "2026-11-22", "2026-11-22T10:41"} {
		snapshot, err := client(t, says(200, payment(map[string]any{"created_date": date}))).Get(t.Context(),
			"hu20sqlact5260q2nanm0q8u93")
		require.NoError(t, err)
		require.True(t, snapshot.CreatedAt.IsZero(), date)
	}
}

// The same call may succeed later, so it is no refusal for good.
func TestSomeRefusalsAreNotForGood(t *testing.T) {
	t.Parallel()
	for status, later := range map[int]bool{400: false, 404: false, 408: true, 412: true, 422: false} {
		err := calls(client(t, says(status, "{}")))["refund"](t.Context())
		require.Equal(t, later, errors.Is(err, journey.ErrNotNow), status)
	}
}

// Two refunds at once can give back more than was paid.
func TestNegativeRestOfAPaymentIsRead(t *testing.T) {
	t.Parallel()
	answer := payment(map[string]any{
		"state":          map[string]any{"status": "success", "finished": true},
		"refund_summary": map[string]any{"status": "full", "amount_available": -2500, "amount_submitted": 5000},
	})
	snapshot, err := client(t, says(200, answer)).Get(t.Context(), "hu20sqlact5260q2nanm0q8u93")
	require.NoError(t, err)
	require.EqualValues(t, -2500, snapshot.RefundAvailable)
	require.EqualValues(t, 5000, snapshot.RefundSubmitted)
	require.Zero(t, snapshot.Money())
}

func TestMalformedIDNeverReachesAPath(t *testing.T) {
	t.Parallel()
	c := client(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	for _, id := range []string{"", "../x", "a/b", "a?b", "A", strings.Repeat("a", 41)} {
		_, err := c.Get(t.Context(), id)
		require.Error(t, err)
		require.Error(t, c.Capture(t.Context(), id))
	}
}

// The key and the citizen's data would go with it.
func TestRedirectFromPayIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL+"/v1/payments")
			w.WriteHeader(status)
		})
		for name, call := range calls(c) {
			require.Error(t, call(t.Context()), "%s %d", name, status)
		}
	}
}

// TestCallIsNeverSentTwice lets a server close the kept connection at the moment of its second use.
func TestCallIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	var posts atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				// the first is answered, and the connection kept
				if n, _ := conn.Read(buffer); n > 0 && buffer[0] == 'G' {
					answer := payment(nil)
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+
						"Content-Length: %d\r\n\r\n%s",
						len(answer), answer)
				} else if n > 0 {
					posts.Add(1)
					return
				}
				if n, _ := conn.Read(buffer); n > 0 { // the second is read, and the connection closed without a word
					posts.Add(1)
				}
			}()
		}
	}()
	address, err := url.Parse("http://" + listener.Addr().String())
	require.NoError(t, err)
	c := pay.New(pay.Options{
		URL: address, Key: "k", CardOrigins: []string{cardOrigin}, Timeout: 5 * time.Second,
		CreateRate: 10,
	})
	_, err = c.Get(t.Context(), "hu20sqlact5260q2nanm0q8u93")
	require.NoError(t, err)
	_, err = c.Create(t.Context(), newPayment)
	require.Error(t, err)
	require.EqualValues(t, 1, posts.Load())
}

func TestTooManyCreatesAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		says(201, payment(nil))(w, r)
	}))
	t.Cleanup(server.Close)
	address, _ := url.Parse(server.URL)
	c := pay.New(pay.Options{
		URL: address, Key: "k", CardOrigins: []string{cardOrigin}, Timeout: time.Second,
		CreateRate: 1,
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := c.Create(t.Context(), newPayment)
	require.NoError(t, err)
	_, err = c.Create(ctx, newPayment)
	require.ErrorIs(t, err, journey.ErrPayBusy)
	require.EqualValues(t, 1, sent.Load())
}

func TestCreateWaitsForTheSharedLimit(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		says(201, payment(nil))(w, r)
	}))
	t.Cleanup(server.Close)
	address, _ := url.Parse(server.URL)
	down := errors.New("the database cannot be reached")
	for _, c := range []struct {
		limiter error
		busy    bool
	}{
		{nil, false},
		{journey.ErrPayBusy, true},
		{fmt.Errorf("slow: %w", context.DeadlineExceeded), true},
		{down, false},
	} {
		client := pay.New(pay.Options{
			URL: address, Key: "k", CardOrigins: []string{cardOrigin}, Timeout: 5 * time.Second, CreateRate: 10,
			SharedLimit: func(ctx context.Context) error {
				_, limited := ctx.Deadline()
				require.True(t, limited)
				return c.limiter
			},
		})
		before := sent.Load()
		_, err := client.Create(t.Context(), newPayment)
		if c.limiter == nil {
			require.NoError(t, err)
			require.Equal(t, before+1, sent.Load())
			continue
		}
		require.Equal(t, c.busy, errors.Is(err, journey.ErrPayBusy), err)
		require.Equal(t, before, sent.Load(), "nothing was sent")
		require.Equal(t, c.limiter == down, errors.Is(err, down), "the error says why")
		_, err = client.Get(t.Context(), "hu20sqlact5260q2nanm0q8u93")
		require.NotErrorIs(t, err, c.limiter, "only creates wait")
	}
}

func TestTextsAreCleanedForPay(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"LIC-7F3K-22":                "LIC-7F3K-22",
		"  a \t b\n":                 "a b",
		`a<b>c|d"e\f`:                "abcdef",
		"see http://x.example/y now": "see now",
		"www.x.example":              "",
		"caf\xe9":                    "caf",
		"Llŷn £5":                    "Llŷn £5",
		"":                           "",
		"\x00\x07":                   "",
		strings.Repeat("x", 300):     strings.Repeat("x", 255),
		strings.Repeat("💷", 200):     strings.Repeat("💷", 127),
	} {
		require.Equal(t, out, pay.CleanText(in))
	}
	for _, odd := range []string{
		"ht<tp://x.example/y", "ht\xfftp://x.example", "ww|w.x.example a", "a:\\//b",
		strings.Repeat("x", 252) + " a://b", "w\"ww.x",
	} {
		once := pay.CleanText(odd)
		require.Equal(t, once, pay.CleanText(once),
			"clean text is unchanged, or Pay would have a different text: %q", odd)
	}
	many := map[string]string{}
	for n := range 20 {
		many[fmt.Sprintf("key%02d", n)] = strings.Repeat("v", 200)
	}
	clean := pay.CleanMetadata(many)
	require.Len(t, clean, 15)
	require.Len(t, clean["key00"], 100)
	require.Equal(t, map[string]string{"A": "1"},
		pay.CleanMetadata(map[string]string{"A": "1", "a": "2", "": "3", strings.Repeat("k", 31): "4", "e": " "}))
}

func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	// the vector of Pay's own test (FACTS 7.5)
	const key, body = "This is my secret key! 🔑", "We captured a £10 payment! 💷"
	const signature = "a678c8326237dc08acabed4ec3948ee82f94c4b35cdc44b68f26fa8ef595efff"
	require.Equal(t, signature, pay.Sign(key, []byte(body)))
	require.True(t, pay.Signed([]string{"old", key}, []byte(body), signature))
	require.False(t, pay.Signed([]string{"old"}, []byte(body), signature))
	require.False(t, pay.Signed([]string{key}, []byte(body+" "), signature))
	require.False(t, pay.Signed([]string{key}, []byte(body), ""))
	require.False(t, pay.Signed([]string{key}, []byte(body), signature[:10]))
	require.False(t, pay.Signed(nil, []byte(body), signature))
}

func FuzzPayAnswer(f *testing.F) {
	f.Add([]byte(payment(nil)))
	f.Add([]byte(`{"payment_id":"a","amount":1,"state":{"status":"success"},` +
		`"_links":{"next_url":{"href":"https://evil.example"}}}`))
	var answer []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(201)
		_,
			_ = w.Write(answer)
	}))
	f.Cleanup(server.Close)
	address, _ := url.Parse(server.URL)
	c := pay.New(pay.Options{
		URL: address, Key: "k", CardOrigins: []string{cardOrigin}, Timeout: 5 * time.Second,
		CreateRate: 1_000_000,
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		answer = body
		snapshot, err := c.Create(t.Context(), newPayment)
		if snapshot.NextURL != "" && !strings.HasPrefix(strings.ToLower(snapshot.NextURL), cardOrigin+"/") &&
			!strings.EqualFold(snapshot.NextURL, cardOrigin) &&
			!strings.HasPrefix(strings.ToLower(snapshot.NextURL), cardOrigin+"?") &&
			!strings.HasPrefix(strings.ToLower(snapshot.NextURL), cardOrigin+"#") {
			t.Fatalf("sent to %q", snapshot.NextURL)
		}
		if err == nil && (snapshot.ID == "" || snapshot.Status == "" || snapshot.Amount < 0) {
			t.Fatalf("no payment: %+v", snapshot)
		}
	})
}
