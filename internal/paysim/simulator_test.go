package paysim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey/pay"
)

var t0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// account is a simulator with a server.
type account struct {
	*paysim.Simulator
	t   *testing.T
	url string
}

func newAccount(t *testing.T, o paysim.Options) account {
	t.Helper()
	o.Now = func() time.Time { return t0 }
	if o.PostLimit == 0 {
		o.PostLimit = -1
	}
	sim := paysim.New(o)
	server := httptest.NewServer(sim)
	sim.SetPublicURL(server.URL)
	t.Cleanup(sim.Close)
	t.Cleanup(server.Close)
	return account{sim, t, server.URL}
}

// call makes one request to the API, and decodes the answer if it is JSON.
func (a account) call(method, path, body string, header ...string) (int, map[string]any) {
	a.t.Helper()
	request, err := http.NewRequest(method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	request.Header.Set("Authorization", "Bearer api_test_00000000")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.t, err)
	var fields map[string]any
	_ = json.Unmarshal(text, &fields)
	return answer.StatusCode, fields
}

const good = `{"amount":2500,"reference":"LIC-1","description":"Licence","return_url":"https://example.org/return"}`

func (a account) create(body string) (id, next string) {
	a.t.Helper()
	status, fields := a.call("POST", "/v1/payments", body)
	require.Equal(a.t, 201, status, fields)
	return fields["payment_id"].(string), nextURL(fields)
}

func nextURL(fields map[string]any) string {
	links, _ := fields["_links"].(map[string]any)
	next, _ := links["next_url"].(map[string]any)
	href, _ := next["href"].(string)
	return href
}

func (a account) status(id string) string {
	a.t.Helper()
	_, fields := a.call("GET", "/v1/payments/"+id, "")
	state := fields["state"].(map[string]any)
	code, _ := state["code"].(string)
	return strings.TrimSpace(state["status"].(string) + " " + code)
}

func TestCreateIsRefusedAsPayRefusesIt(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	with := func(field, value string) string {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(good), &fields))
		delete(fields, field)
		if value != "" {
			fields[field] = json.RawMessage(value)
		}
		text, _ := json.Marshal(fields)
		return string(text)
	}
	long := `"` + strings.Repeat("x", 256) + `"`
	for _, c := range []struct {
		field, value string
		status       int
		code         string
		named        bool
	}{
		{"amount", "", 400, "P0101", true},
		{"amount", `"2500"`, 400, "P0102", true},
		{"amount", `25.5`, 400, "P0102", true},
		{"amount", `0`, 422, "P0102", true},
		{"amount", `10000001`, 422, "P0102", true},
		{"reference", "", 400, "P0101", true},
		{"reference", `7`, 400, "P0102", true},
		{"reference", `"a<b"`, 400, "P0102", true},
		{"reference", `"a\"b"`, 400, "P0920", false},
		{"reference", long, 422, "P0102", true},
		{"description", "", 400, "P0101", true},
		{"description", `"a|b"`, 400, "P0102", true},
		{"description", long, 422, "P0102", true},
		{"return_url", "", 400, "P0101", false},
		{"return_url", `"nonsense"`, 422, "P0102", false},
		{"language", `"fr"`, 422, "P0102", true},
		{"language", `7`, 400, "P0102", true},
		{"delayed_capture", `"yes"`, 400, "P0102", true},
		{"metadata", `"x"`, 422, "P0102", true},
		{"metadata", `{"a":{"b":1}}`, 422, "P0102", true},
		{"metadata", `{"a":"` + strings.Repeat("v", 101) + `"}`, 422, "P0102", true},
		{"metadata", `{"a":"1","A":"2"}`, 422, "P0102", true},
		{"moto", `true`, 422, "P0196", false},
	} {
		status, fields := a.call("POST", "/v1/payments", with(c.field, c.value))
		require.Equal(t, c.status, status, "%s %s: %v", c.field, c.value, fields)
		require.Equal(t, c.code, fields["code"], "%s %s", c.field, c.value)
		require.Equal(t, c.named, fields["field"] == c.field, "%s %s: %v", c.field, c.value, fields)
	}
	status, fields := a.call("POST", "/v1/payments", "{")
	require.Equal(t, 400, status)
	require.Equal(t, "P0197", fields["code"])
	status, fields = a.call("POST", "/v1/payments", good, "Content-Type", "text/plain")
	require.Equal(t, 400, status)
	require.Equal(t, "P0920", fields["code"])
	status, fields = a.call("GET", "/v1/payments/x", "", "Authorization", "")
	require.Equal(t, 401, status)
	require.Nil(t, fields, "a 401 is not JSON")
	live := newAccount(t, paysim.Options{Live: true})
	status, fields = live.call("POST", "/v1/payments", with("return_url", `"http://example.org/return"`))
	require.Equal(t, 422, status)
	require.Equal(t, "P0920", fields["code"])
	require.Empty(t, a.Payments())
}

// browser follows all redirects except the last, back to the service.
func (a account) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(a.t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "example.org" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func visit(t *testing.T, b *http.Client, method, address string, form url.Values) (int, string, string) {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := b.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text), answer.Header.Get("Location")
}

func card(number string) url.Values {
	return url.Values{
		"cardNo": {number}, "expiryMonth": {"12"}, "expiryYear": {"2039"}, "cardholderName": {"Ann"}, "cvc": {"123"},
		"email":        {"a@b.c"},
		"addressLine1": {"1"}, "addressCity": {"X"}, "addressPostcode": {"E1 8QS"}, "addressCountry": {"GB"},
	}
}

func TestEachTestCardDoesWhatPaysSandboxDoes(t *testing.T) {
	t.Parallel()
	for number, wanted := range map[string]string{
		"4444 3333 2222 1111": "submitted", "371449635398431": "submitted", "222100000000000": "submitted",
		"4000000000000002": "failed P0010", "4000000000000069": "failed P0010", "4000000000000127": "failed P0010",
		"4000000000000119": "error P0050", "4012888888881881": "error P0050",
		"6759649826438453": "started", "1234": "started", "4444333322221112": "started",
	} {
		a := newAccount(t, paysim.Options{})
		id, next := a.create(good)
		require.Equal(t, "created", a.status(id))
		b := a.browser()
		status, text, _ := visit(t, b, "GET", next, nil)
		require.Equal(t, 200, status)
		require.Contains(t, text, "£25.00")
		require.Equal(t, "started", a.status(id), "started once the card page is drawn")
		_, text, _ = visit(t, b, "POST", a.url+"/card_details/"+id, card(number))
		require.Equal(t, wanted, a.status(id), number)
		switch wanted {
		case "started":
			require.Contains(t, text, "There is a problem")
		case "submitted":
			require.Contains(t, text, "Confirm your payment")
			_, _, back := visit(t, b, "POST", a.url+"/card_details/"+id+"/confirm", nil)
			require.Equal(t, "https://example.org/return", back, "it does not reveal the outcome")
			require.Equal(t, "success", a.status(id))
		default:
			require.Contains(t, text, "No money has been taken")
			require.Regexp(t, `href="/return/`+id, text, "a link back")
		}
	}
}

func TestNextURLWorksOnceExceptInTheBrowserThatOpenedIt(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	id, next := a.create(good)
	_, fields := a.call("GET", "/v1/payments/"+id, "")
	require.NotEqual(t, next, nextURL(fields), "each get returns another")
	mine, other := a.browser(), a.browser()
	for range 2 {
		status, _, _ := visit(t, mine, "GET", next, nil)
		require.Equal(t, 200, status)
	}
	status, text, _ := visit(t, other, "GET", next, nil)
	require.Equal(t, 403, status)
	require.NotRegexp(t, regexp.MustCompile(`<a [^>]*return`), text, "with no way back")
	status, _, _ = visit(t, other, "GET", nextURL(fields), nil)
	require.Equal(t, 200, status, "the other token is alive")
}

func TestOutcomesOfDelayedCapture(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	delayed := strings.Replace(good, "{", `{"delayed_capture":true,`, 1)
	captured, _ := a.create(delayed)
	cancelled, _ := a.create(delayed)
	lost, _ := a.create(delayed)
	for _, id := range []string{captured, cancelled, lost} {
		require.NoError(t, a.Pay(id, "success"))
		require.Equal(t, "capturable", a.status(id))
	}
	status, _ := a.call("POST", "/v1/payments/"+captured+"/capture", "{}")
	require.Equal(t, 204, status)
	status, _ = a.call("POST", "/v1/payments/"+cancelled+"/cancel", "{}")
	require.Equal(t, 204, status)
	require.Equal(t, "success", a.status(captured))
	require.Equal(t, "cancelled P0040", a.status(cancelled))
	a.Advance(119 * time.Hour)
	require.Equal(t, "capturable", a.status(lost))
	a.Advance(time.Hour)
	require.Equal(t, "failed P0020", a.status(lost), "120 hours from its creation")
	status, fields := a.call("POST", "/v1/payments/"+lost+"/capture", "{}")
	require.Equal(t, 409, status)
	require.Equal(t, "P1003", fields["code"])
}

func TestPaymentsExpireBySweepAfterNinetyMinutes(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	id, _ := a.create(good)
	a.Advance(89 * time.Minute)
	touched, _ := a.create(good)
	a.Advance(time.Minute)
	require.Equal(t, "failed P0020", a.status(id))
	require.Equal(t, "created", a.status(touched))
}

func TestRefundsAndTheirGuard(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{RefundDelay: 20 * time.Minute})
	id, _ := a.create(good)
	refund := func(body string) (int, any) {
		status, fields := a.call("POST", "/v1/payments/"+id+"/refunds", body)
		return status, fields["code"]
	}
	status, code := refund(`{"amount":100,"refund_amount_available":2500}`)
	require.Equal(t, []any{400, "P0603"}, []any{status, code}, "not before it is paid")
	require.NoError(t, a.Pay(id, "success"))
	status, code = refund(`{"amount":100,"refund_amount_available":2500}`)
	require.Equal(t, []any{400, "P0603"}, []any{status, code}, "pending")
	a.Advance(20 * time.Minute)
	for _, c := range []struct {
		body   string
		status int
		code   any
	}{
		{`{`, 400, "P0697"},
		{`{}`, 400, "P0601"},
		{`{"amount":"x"}`, 400, "P0602"},
		{`{"amount":0}`, 422, "P0602"},
		{`{"amount":100,"refund_amount_available":2400}`, 412, "P0604"},
		{`{"amount":2501,"refund_amount_available":2500}`, 400, "P0603"},
		{`{"amount":100,"refund_amount_available":2500}`, 202, nil},
		{`{"amount":2400}`, 202, nil},
		{`{"amount":1}`, 400, "P0603"},
	} {
		status, code := refund(c.body)
		require.Equal(t, []any{c.status, c.code}, []any{status, code}, c.body)
	}
	require.EqualValues(t, 2500, a.Payments()[0].Refunded)
}

func TestSearchLagsAndPages(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{SearchLag: time.Minute})
	for n := range 5 {
		a.create(strings.Replace(good, "LIC-1", fmt.Sprintf("LIC-%d", n%2), 1))
	}
	total := func(query string) any {
		status, fields := a.call("GET", "/v1/payments?"+query, "")
		require.Equal(t, 200, status)
		return fields["total"]
	}
	require.EqualValues(t, 0, total(""), "not yet")
	a.Advance(time.Minute)
	require.EqualValues(t, 5, total(""))
	require.EqualValues(t, 3, total("reference=lic-0"))
	require.EqualValues(t, 0, total("from_date=2027-01-01T00:00:00Z"))
	status, fields := a.call("GET", "/v1/payments?page=4&display_size=2", "")
	require.Equal(t, []any{404, "P0402"}, []any{status, fields["code"]})
	for _, query := range []string{"state=capturable", "page=0", "display_size=501", "from_date=yesterday"} {
		status, fields = a.call("GET", "/v1/payments?"+query, "")
		require.Equal(t, []any{422, "P0401"}, []any{status, fields["code"]}, query)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{PostLimit: 2})
	for range 2 {
		a.create(good)
	}
	status, fields := a.call("POST", "/v1/payments", good)
	require.Equal(t, []any{429, "P0900"}, []any{status, fields["code"]})
	a.Advance(time.Second)
	a.create(good)
}

// receiver records the messages that it gets, and accepts them or not.
type receiver struct {
	mu       sync.Mutex
	takes    bool
	messages []map[string]any
	bad      int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !pay.Signed([]string{"webhook_test_secret"}, body, q.Header.Get("Pay-Signature")) {
		r.bad++
	}
	var message map[string]any
	_ = json.Unmarshal(body, &message)
	r.messages = append(r.messages, message)
	if !r.takes {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.messages)
}

func TestWebhooksAreSignedAndRetriedWithTheirOwnWords(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	a := newAccount(t, paysim.Options{})
	a.SetWebhook(server.URL, "webhook_test_secret")
	id, _ := a.create(good)
	status, _ := a.call("POST", "/v1/payments/"+id+"/cancel", "{}")
	require.Equal(t, 204, status)
	tries := func() int { return a.Webhooks()[0].Tries }
	require.Eventually(t, func() bool { return tries() == 1 && r.count() == 1 }, time.Minute, time.Millisecond)
	for n, wait := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour, 48 * time.Hour} {
		a.Advance(wait - time.Second)
		require.Equal(t, n+1, tries(), "not before its time")
		a.Advance(time.Second)
		require.Equal(t, n+2, tries())
	}
	a.Advance(1000 * time.Hour)
	require.Equal(t, 6, tries(), "six attempts, then never again")
	require.Eventually(t, func() bool { return r.count() == 6 }, time.Minute, time.Millisecond)
	require.Zero(t, r.bad, "every one signed")
	message := r.messages[0]
	require.Equal(t, "card_payment_failed", message["event_type"])
	require.Equal(t, id, message["resource_id"])
	state := message["resource"].(map[string]any)["state"].(map[string]any)
	require.Equal(t, "P0030", state["code"], "a cancellation by the service carries the code of one by the user")
}

func TestNoWebhookForCapturableInAWholeJourney(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{WebhookURL: "http://127.0.0.1:1", WebhookSecret: "s"})
	id, _ := a.create(strings.Replace(good, "{", `{"delayed_capture":true,`, 1))
	require.NoError(t, a.Pay(id, "success"))
	require.Empty(t, a.Webhooks())
}

func TestOrderedFaults(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	a.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1, Skip: 1})
	a.create(good)
	status, _ := a.call("POST", "/v1/payments", good)
	require.Equal(t, 500, status)
	a.create(good)
	a.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1})
	request, _ := http.NewRequest("POST", a.url+"/v1/payments", strings.NewReader(good))
	request.Header.Set("Authorization", "Bearer api_test_00000000")
	request.Header.Set("Content-Type", "application/json")
	_, err := http.DefaultClient.Do(request)
	require.Error(t, err, "no answer")
	require.Len(t, a.Payments(), 3, "and the work was done")
	require.Equal(t, "lost", a.Requests()[3].Faulted)
}

func TestControlOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAccount(t, paysim.Options{})
	id, _ := a.create(good)
	status, _ := a.call("POST", "/control/clock", `{"advance":"1h"}`)
	require.Equal(t, 200, status)
	require.Equal(t, t0.Add(time.Hour), a.Now())
	status, _ = a.call("POST", "/control/payments/"+id+"/pay", `{"outcome":"declined"}`)
	require.Equal(t, 200, status)
	require.Equal(t, "failed P0010", a.status(id))
	status, _ = a.call("POST", "/control/payments/"+id+"/correct", `{"status":"success"}`)
	require.Equal(t, 200, status)
	require.Equal(t, "success", a.status(id))
	status, _ = a.call("POST", "/control/faults", `{"call":"get","kind":"500"}`)
	require.Equal(t, 200, status)
	status, _ = a.call("GET", "/v1/payments/"+id, "")
	require.Equal(t, 500, status)
	status, _ = a.call("DELETE", "/control/faults", "")
	require.Equal(t, 200, status)
	for _, c := range [][2]string{
		{"/control/clock", `{"advance":"soon"}`},
		{"/control/clock", "x"},
		{"/control/payments/x/pay", `{"outcome":"success"}`},
		{"/control/payments/" + id + "/pay", `{"outcome":"success"}`},
		{"/control/faults", `{"delay":"x"}`},
	} {
		status, _ = a.call("POST", c[0], c[1])
		require.Contains(t, []int{400, 409}, status, c)
	}
	status, _ = a.call("POST", "/control/clock", `{"advance":"1h"}`, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, status, "other sites' pages are refused")
	status, _ = a.call("GET", "/", "")
	require.Equal(t, 200, status)
}
