package command

import (
	"context"
	"strings"
	"time"

	"paygate/gateway/config"
	"paygate/journey/pay"
)

// mostSkew is how far the clocks may be apart: signed headers, and Pay's own deadlines, go by the time.
const mostSkew = 2 * time.Minute

// checkPay asks GOV.UK Pay one harmless question, which tells of the way there, of the key and of the clock.
func checkPay(ctx context.Context, e examined) []finding {
	s := e.settings
	client := pay.New(pay.Options{URL: s.PayAPIURL, Key: s.PayAPIKey, CardOrigins: s.PayCardOrigins, Timeout: s.PayTimeout, CreateRate: s.PayRate})
	began := time.Now()
	check, err := client.CheckKey(ctx)
	if err != nil {
		return []finding{found(wrong, "GOV.UK Pay", "cannot be reached at %s (%v); this machine has to reach it by https, HTTPS_PROXY is heeded", s.PayAPIURL, err)}
	}
	return []finding{judgeKey(check, s), judgeClock(check.Date, began, time.Now())}
}

func judgeKey(check pay.KeyCheck, s config.Settings) finding {
	const about = "GOV.UK Pay"
	switch {
	case check.Key == pay.KeyTaken:
		return found(fine, about, "takes the key, which is %s", modeOf(s))
	case check.Key == pay.KeyRefused:
		return found(wrong, about, "refuses the key (status %d): PAYGATE_PAY_API_KEY is mistyped, or was revoked", check.HTTPStatus)
	case check.Code == "P0920":
		return found(wrong, about, "has a firewall that refuses Paygate's requests (%s); something between may change them", check.Code)
	case check.HTTPStatus >= 500:
		return found(warning, about, "has trouble just now (status %d), so the key could not be tried; ask again later", check.HTTPStatus)
	default:
		return found(wrong, about, "does not answer as GOV.UK Pay does (status %d): is PAYGATE_PAY_API_URL right?", check.HTTPStatus)
	}
}

func modeOf(s config.Settings) string {
	switch {
	case strings.HasPrefix(s.PayAPIKey, "api_live_"):
		return "live: money is taken"
	case strings.HasPrefix(s.PayAPIKey, "api_test_"):
		return "a test key: no money is taken"
	default:
		return "without a prefix: make sure that it fits PAYGATE_PAY_MODE"
	}
}

// judgeClock holds our clock against Pay's, whose time was read somewhere between two moments of ours, to the second.
func judgeClock(pays, before, after time.Time) finding {
	const about = "clock"
	if pays.IsZero() {
		return found(note, about, "not checked: GOV.UK Pay's answer has no date")
	}
	skew := max(before.Sub(pays.Add(time.Second)), pays.Sub(after), 0).Round(time.Second)
	switch {
	case skew > mostSkew:
		return found(wrong, about, "%s away from GOV.UK Pay's: set this machine's clock (NTP), or signed headers are refused and payments are given up too early or too late", skew)
	case skew > mostSkew/4:
		return found(warning, about, "%s away from GOV.UK Pay's: is this machine's clock kept (NTP)?", skew)
	default:
		return found(fine, about, "agrees with GOV.UK Pay's")
	}
}
