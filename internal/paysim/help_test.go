package paysim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// began is the time of every test's clock until it is moved.
var began = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

const goodKey = "api_test_0123456789abcdefghijklmnop"

// bench is a simulator with a real server, and with a clock that stands still unless the test sets another.
type bench struct {
	*Simulator
	t   *testing.T
	url string
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return began }
	}
	s := New(o)
	server := httptest.NewServer(s)
	s.SetPublicURL(server.URL)
	t.Cleanup(func() { s.Close(); server.Close() })
	return &bench{s, t, server.URL}
}

// answer is a complete answer.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any // nil if it is not an object
}

// at returns a value inside the answer, such as at("state", "status").
func (a answer) at(path ...string) any {
	var value any = a.json
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func readAnswer(t *testing.T, r *http.Response) answer {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	a := answer{status: r.StatusCode, header: r.Header, text: string(body)}
	_ = json.Unmarshal(body, &a.json)
	return a
}

func (b *bench) try(method, path, body string, header ...string) (*http.Response, error) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	r.Header.Set("Authorization", "Bearer "+goodKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	return http.DefaultClient.Do(r)
}

func (b *bench) do(method, path, body string, header ...string) answer {
	b.t.Helper()
	r, err := b.try(method, path, body, header...)
	require.NoError(b.t, err)
	return readAnswer(b.t, r)
}

// createBody returns the body of a valid create with some fields changed. A nil field is left out.
func createBody(over map[string]any) string {
	fields := map[string]any{
		"amount": 2500, "reference": "LIC-1", "description": "Fishing licence",
		"return_url": "https://service.example.gov.uk/back",
	}
	for name, value := range over {
		if fields[name] = value; value == nil {
			delete(fields, name)
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(fields)
	return text.String()
}

func (b *bench) create(over map[string]any) answer {
	b.t.Helper()
	a := b.do("POST", "/v1/payments", createBody(over))
	require.Equal(b.t, 201, a.status, a.text)
	return a
}

// newPayment returns the id of a new payment.
func (b *bench) newPayment(over map[string]any) string {
	b.t.Helper()
	return b.create(over).at("payment_id").(string)
}

// paid returns the id of a payment that the citizen has confirmed.
func (b *bench) paid(over map[string]any) string {
	b.t.Helper()
	id := b.newPayment(over)
	require.NoError(b.t, b.Pay(id, "success"))
	return id
}

func (b *bench) get(id string) answer {
	b.t.Helper()
	a := b.do("GET", "/v1/payments/"+id, "")
	require.Equal(b.t, 200, a.status, a.text)
	return a
}

func (b *bench) status(id string) string {
	b.t.Helper()
	status, _ := b.get(id).at("state", "status").(string)
	code, _ := b.get(id).at("state", "code").(string)
	return strings.TrimSpace(status + " " + code)
}

func (b *bench) refuses(a answer, status int, code string) {
	b.t.Helper()
	require.Equal(b.t, status, a.status, a.text)
	require.Equal(b.t, code, a.at("code"), a.text)
}

// citizen is a browser that follows no redirects by itself.
type citizen struct {
	b      *bench
	client *http.Client
}

func (b *bench) citizen() *citizen {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &citizen{b, &http.Client{Jar: jar, CheckRedirect: stay}}
}

// visit goes to an address and follows redirects within the simulator.
func (w *citizen) visit(address string) answer {
	w.b.t.Helper()
	r, err := w.client.Get(w.b.absolute(address))
	require.NoError(w.b.t, err)
	return w.follow(r)
}

// send posts a form and follows redirects within the simulator.
func (w *citizen) send(path string, form url.Values) answer {
	w.b.t.Helper()
	r, err := w.client.PostForm(w.b.absolute(path), form)
	require.NoError(w.b.t, err)
	return w.follow(r)
}

func (w *citizen) follow(r *http.Response) answer {
	w.b.t.Helper()
	a := readAnswer(w.b.t, r)
	if to := w.b.absolute(a.header.Get("Location")); to != w.b.url && strings.HasPrefix(to, w.b.url) {
		return w.visit(to)
	}
	return a
}

func (b *bench) absolute(address string) string {
	if strings.HasPrefix(address, "http") {
		return address
	}
	return b.url + address
}

// cardDetails returns a valid form with this number.
func cardDetails(number string) url.Values {
	return url.Values{
		"cardNo": {number}, "expiryMonth": {"11"}, "expiryYear": {"30"}, "cardholderName": {"Ann Angler"},
		"cvc":          {"123"},
		"addressLine1": {"1 Quay"}, "addressCity": {"Rivermouth"}, "addressPostcode": {"RM1 1AA"},
		"addressCountry": {"GB"},
		"email":          {"ann@example.org"},
	}
}
