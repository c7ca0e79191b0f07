package paysim

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestControlDoesWhatTheMethodsDo(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(200)
	id := b.newPayment(nil)
	other := b.newPayment(nil)
	ok := func(method, path, body string) answer {
		t.Helper()
		a := b.do(method, path, body)
		require.Equal(t, 200, a.status, a.text)
		return a
	}
	require.Contains(t, ok("GET", "/control/payments", "").text, id)
	ok("POST", "/control/payments/"+id+"/pay", `{"outcome":"declined"}`)
	require.Equal(t, "failed P0010", b.status(id))
	ok("POST", "/control/payments/"+other+"/pay", `{"card":"4444333322221111"}`)
	require.Equal(t, "success", b.status(other))
	ok("POST", "/control/payments/"+id+"/correct", `{"status":"success"}`)
	require.Equal(t, "success", b.status(id))

	require.Equal(t, "2026-03-02T11:30:00Z", ok("POST", "/control/clock", `{"advance":"90m"}`).at("now"))
	require.Equal(t, began.Add(90*time.Minute), b.Now())

	ok("POST", "/control/faults", `{"call":"get","kind":"500","times":1,"skip":0,"delay":"5s"}`)
	require.Equal(t, 500, b.do("GET", "/v1/payments/"+id, "").status)
	ok("POST", "/control/faults", `{"kind":"500"}`)
	ok("DELETE", "/control/faults", "")
	b.get(id)

	before := len(b.received(r))
	ok("POST", "/control/webhooks/resend", "")
	require.Len(t, r.messages(), 2*before)
	ok("POST", "/control/webhooks", `{"url":"","secret":""}`)
	require.Contains(t, ok("GET", "/control/webhooks", "").text, "card_payment_failed")
}

func TestResetForgetsEverythingButTheSettings(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := b.hears(200)
	id := b.paid(nil)
	b.Advance(time.Hour)
	b.AddFault(Fault{Kind: "500"})
	require.Equal(t, 200, b.do("POST", "/control/reset", "").status)
	require.Equal(t, began, b.Now())
	b.refuses(b.do("GET", "/v1/payments/"+id, ""), 404, "P0200")
	require.Empty(t, b.Payments())
	require.Empty(t, b.Webhooks())
	require.Len(t, b.Requests(), 1)
	sent := len(r.messages())
	b.paid(nil)
	require.Greater(t, len(b.received(r)), sent, "the address for webhooks is kept")
}

func TestControlRefusesUnknownFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.newPayment(nil)
	for path, body := range map[string]string{
		"/control/clock":                     `{"advance":"soon"}`,
		"/control/clock?2":                   `{"forward":"90m"}`,
		"/control/clock?3":                   `{"advance":"-1m"}`,
		"/control/faults":                    `{"kind":"teapot"}`,
		"/control/faults?2":                  `{"kind":"slow","delay":"long"}`,
		"/control/payments/" + id + "/pay":   `{`,
		"/control/payments/" + id + "/pay?2": `{"outcome":"success","pence":1}`,
	} {
		require.Equal(t, 400, b.do("POST", path, body).status, path)
	}
	require.Equal(t, 409, b.do("POST", "/control/payments/"+id+"/pay", `{"outcome":"rich"}`).status)
	require.Equal(t, 409, b.do("POST", "/control/payments/nothing/pay", `{"outcome":"success"}`).status)
	require.Equal(t, 409, b.do("POST", "/control/payments/"+id+"/correct", `{"status":"paid"}`).status)
	require.Equal(t, "created", b.status(id))
	require.Equal(t, began, b.Now())
}

func TestControlRefusesOtherSites(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, header := range [][]string{
		{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		require.Equal(t, http.StatusForbidden, b.do("POST", "/control/clock", `{"advance":"90m"}`, header...).status,
			header)
	}
	require.Equal(t, http.StatusForbidden, b.do("GET", "/control/payments", "", "Sec-Fetch-Site", "cross-site").status)
	require.Equal(t, began, b.Now())
	require.Equal(t, 200,
		b.do("POST", "/control/clock", `{"advance":"1m"}`, "Origin", b.url, "Sec-Fetch-Site", "same-origin").status)
	require.Equal(t, 200, b.do("GET", "/control/payments", "", "Sec-Fetch-Site", "none").status)
}

func TestRequestsAreRecordedWithoutTheKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	body := createBody(nil)
	b.do("POST", "/v1/payments", body)
	b.do("GET", "/v1/payments?reference=LIC-1", "")
	b.do("GET", "/v1/payments/nothing", "")
	a := b.do("GET", "/control/requests", "")
	require.NotContains(t, a.text, goodKey)
	seen := b.Requests()
	require.Len(t, seen, 3)
	require.Equal(t,
		Request{
			At: began, Call: "create", Method: "POST", Path: "/v1/payments", Body: body, Key: "api_test_",
			Status: 201,
		},
		seen[0])
	require.Equal(t, "/v1/payments?reference=LIC-1", seen[1].Path)
	require.Equal(t, 404, seen[2].Status)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PostLimit: -1})
	b.hears(200)
	done := make(chan error)
	for range 8 {
		go func() {
			r, err := b.try("POST", "/v1/payments", createBody(nil))
			if err == nil {
				err = b.Pay(readAnswer(b.t, r).at("payment_id").(string), "success")
			}
			b.Advance(time.Second)
			_, _, _ = b.Payments(), b.Requests(), b.Webhooks()
			done <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-done)
	}
	for _, p := range b.Payments() {
		require.Equal(t, "success", p.Status)
	}
	require.Len(t, b.Webhooks(), 16)
}
