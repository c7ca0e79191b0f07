package testserver

import (
	"encoding/base64"
	"slices"
	"strings"
)

// Tokens of two members of staff.
const (
	AnnsToken = "staff-token-of-ann-7d1c"
	BobsToken = "staff-token-of-bob-90ae"
)

// PayKey is the API key of the usual settings.
const PayKey = "api_test_secretkeysecretkey"

// WebhookSecret is a secret for PAYGATE_PAY_WEBHOOK_SECRETS.
const WebhookSecret = "webhook_test_secret"

// EagerSweeps are settings with which sweeps do not wait for citizens.
var EagerSweeps = []string{
	"PAYGATE_MOPUP_EVERY=10ms", "PAYGATE_MOPUP_MIN_AGE=0s",
	"PAYGATE_ROUTE_LICENCE_RETRY_FOR=1ms",
	"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms",
}

// Environ returns the settings of the harness, with a bbolt store at a path.
func (h *Harness) Environ(store string) []string {
	if h.Settings != nil {
		return h.Settings(store)
	}
	return []string{
		"PAYGATE_UPSTREAM=" + h.Service.Server.URL, "PAYGATE_PUBLIC_URL=" + h.URL, "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=" + h.PayURL, "PAYGATE_PAY_CARD_ORIGINS=" + h.PayURL,
		"PAYGATE_PAY_API_KEY=" + PayKey, "PAYGATE_PAY_RATE=1000",
		"PAYGATE_STAFF_TOKENS=ann:" + AnnsToken + ",bob:" + BobsToken,
		"PAYGATE_SECRETS=" + Secret32(1),
		"PAYGATE_STORE=bbolt:" + store, "PAYGATE_SERVICE_NAME=Fishing licences",
		"PAYGATE_SERVICE_NAME_CY=Trwyddedau pysgota",
		"PAYGATE_CONTACT=Telephone 0300", "PAYGATE_PAY_TIMEOUT=5s", "PAYGATE_UPSTREAM_TIMEOUT=10s",
		"PAYGATE_ROUTES=licence,priced,register,immediate",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY=Trwydded bysgota", "PAYGATE_ROUTE_LICENCE_PREFILL=email=email",
		"PAYGATE_ROUTE_PRICED_MATCH=POST /licences/priced", "PAYGATE_ROUTE_PRICED_PRICES=1-day=6.00,8-day=13.50",
		"PAYGATE_ROUTE_PRICED_PRICE_FIELD=licence", "PAYGATE_ROUTE_PRICED_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_PRICED_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_PRICED_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_PRICED_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /register/{year}", "PAYGATE_ROUTE_REGISTER_PRICE=6",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION=Register",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /fines/pay", "PAYGATE_ROUTE_IMMEDIATE_PRICE=30",
		"PAYGATE_ROUTE_IMMEDIATE_DESCRIPTION=Fine",
		"PAYGATE_ROUTE_IMMEDIATE_CAPTURE=immediate",
		"PAYGATE_ROUTE_IMMEDIATE_ACCEPT=2xx,3xx", "PAYGATE_ROUTE_IMMEDIATE_ACCEPT_LOCATION=/fines/confirmation",
		"PAYGATE_ROUTE_IMMEDIATE_ACCEPT_TEXT=*",
	}
}

// Override returns settings with some of them replaced.
func Override(environ, over []string) []string {
	return append(slices.DeleteFunc(environ, func(old string) bool {
		name, _, _ := strings.Cut(old, "=")
		return slices.ContainsFunc(over, func(setting string) bool { return strings.HasPrefix(setting, name+"=") })
	}), over...)
}

// Secret32 returns a valid secret for PAYGATE_SECRETS; each seed gives another.
func Secret32(seed byte) string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = seed + byte(i*37)
	}
	return base64.RawURLEncoding.EncodeToString(key)
}
