package paysim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/paysim"
)

// The tests in this file do what Pay's public smoke tests do to Pay (alphagov/pay-smoke-tests), in their order and by
// their selectors: a program that passes there has to pass here.

// smoke is Pay as the smoke tests see it: the API, a browser, and the webhooks that came.
type smoke struct {
	server
	tab      browser.Tab
	webhooks *sync.Map // the payments that they are about
}

func newSmoke(t *testing.T) smoke {
	t.Helper()
	var came sync.Map
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct {
			ID string `json:"resource_id"`
		}
		_ = json.NewDecoder(r.Body).Decode(&message)
		came.Store(message.ID, true)
	}))
	t.Cleanup(hook.Close)
	pay := newServer(t, paysim.Options{PostLimit: -1, WebhookURL: hook.URL, WebhookSecret: "secret"})
	return smoke{pay, browser.Open(t, pay.url), &came}
}

// call sends what the smoke tests send: always a content type, and no body on a cancel.
func (s smoke) call(method, path string, body io.Reader) *http.Response {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, body)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer api_test_0123456789abcdefghijklmnop")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func (s smoke) begin() (id, next string) {
	s.t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<p id="service">Back</p>`))
	}))
	s.t.Cleanup(service.Close)
	made := s.created(map[string]any{
		"amount": 100, "reference": "smoke_test_sandbox_non_3ds_card_payment_4711", "return_url": service.URL,
		"description": "should create payment, enter card details and confirm",
	})
	return made.at("payment_id"), made.at("_links", "next_url", "href")
}

// smokeSteps are the fields of the card page, in the order in which the smoke tests look for them.
var smokeSteps = []struct{ selector, text string }{
	{".charge-new__content > #card-details-wrap > #card-details #card-no", "number"},
	{"#card-details #expiry-month", "3"},
	{"#card-details #expiry-year", "27"},
	{".charge-new__content > #card-details-wrap > #card-details #cardholder-name", "name"},
	{".charge-new__content > #card-details-wrap > #card-details #cvc", "737"},
	{".charge-new__content > #card-details-wrap > #card-details #address-line-1", "1 Main Street"},
	{".charge-new__content > #card-details-wrap > #card-details #address-line-2", "Main Village"},
	{".charge-new__content > #card-details-wrap > #card-details #address-city", "London"},
	{".charge-new__content > #card-details-wrap > #card-details #address-postcode", "AB1A 1AB"},
	{"#card-details-wrap > #card-details #email", "simulate-delivered@notifications.service.gov.uk"},
}

// smokeFrame is the frame with the bank's page.
const smokeFrame = "#main-content > .govuk-grid-row > .govuk-grid-column-two-thirds > .iframe-3ds"

func (s smoke) enterCard(next, number, name string) {
	s.t.Helper()
	s.tab.Visit(next)
	require.Equal(s.t, "Enter card details", browser.Evaluate[string](s.tab, "document.title"))
	for _, step := range smokeSteps {
		text := step.text
		switch text {
		case "number":
			text = number
		case "name":
			text = name
		}
		s.tab.Do(browser.See(step.selector), browser.Click(step.selector), press(step.selector, text))
	}
	const submit = ".charge-new__content > #card-details-wrap > #card-details #submit-card-details"
	s.tab.Do(browser.See(submit), browser.Click(submit))
}

// press presses one key after the other.
func press(selector, text string) browser.Step {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

func (s smoke) confirm() {
	s.t.Helper()
	const confirm = ".govuk-grid-row > #main-content #confirm"
	s.tab.Do(browser.See(confirm), browser.Click(confirm), browser.See("#service"))
}

// succeeded checks the payment, and that a webhook about it came.
func (s smoke) succeeded(id string) {
	s.t.Helper()
	require.Equal(s.t, "success", s.do("GET", "/v1/payments/"+id, "").at("state", "status"))
	s.DeliverDue(s.t.Context())
	_, came := s.webhooks.Load(id)
	require.True(s.t, came, "a webhook")
}

func TestSmokeTestsPayWithACard(t *testing.T) {
	t.Parallel()
	s := newSmoke(t)
	for number, name := range map[string]string{
		"4242424242424242": "Test User", "4000056655665556": "Test User",
		"4462030000000000": "EE.REJECTED_ISSUER_REJECTED.SOFT_DECLINED",
	} {
		id, next := s.begin()
		s.enterCard(next, number, name)
		s.confirm()
		s.succeeded(id)
	}
}

func TestSmokeTestsPassTheBanksChallenge(t *testing.T) {
	t.Parallel()
	for provider, c := range map[string]struct{ number, name, frame, button string }{
		"stripe": {
			"4000002500003155", "Test User", `window.frames["stripe-challenge-frame"].document`,
			"#test-source-authorize-3ds",
		},
		"worldpay": {
			"4462030000000000", "3DS_V2_CHALLENGE_IDENTIFIED",
			`document.querySelector("` + smokeFrame + `").contentDocument`,
			`#challengeForm > [type="submit"]`,
		},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := newSmoke(t)
			id, next := s.begin()
			s.enterCard(next, c.number, c.name)
			s.tab.Do(browser.See(smokeFrame))
			s.tab.WaitUntil(c.frame + `.querySelector('` + c.button + `') != null`)
			visitor{s.tab, t}.look("iframe", "sim-challenge-"+provider)
			s.tab.Do(browser.Run(c.frame + `.querySelector('` + c.button + `').click()`))
			s.confirm()
			s.succeeded(id)
		})
	}
}

func TestSmokeTestsCancel(t *testing.T) {
	t.Parallel()
	pay := smoke{server: newServer(t, paysim.Options{})}
	id, _ := pay.begin()
	require.Equal(t, http.StatusNoContent, pay.call("POST", "/v1/payments/"+id+"/cancel", nil).StatusCode)
	payment := answer{status: 200}
	require.NoError(t, json.NewDecoder(pay.call("GET", "/v1/payments/"+id, nil).Body).Decode(&payment.json))
	require.Equal(t, map[string]any{
		"status": "cancelled", "finished": true, "code": "P0040", "message": "Payment was cancelled by the service",
	}, payment.json["state"])
}
