package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/journey/pay"
)

// maxSkew is how far apart the clocks may be: signed headers and Pay's own deadlines depend on them.
const maxSkew = 2 * time.Minute

// checkPay asks GOV.UK Pay one harmless question for each account, to find out whether it can be reached, accepts the
// key, and agrees with our clock.
func (e *examination) checkPay(ctx context.Context) {
	for i, account := range e.Settings.Accounts {
		began := time.Now()
		check, err := pay.New(app.ClientOptions(e.Settings, account)).CheckKey(ctx)
		if err != nil {
			e.report(wrong, "GOV.UK Pay", "cannot be reached at %s (%v); "+
				"this machine has to reach it over https; HTTPS_PROXY is respected", e.Settings.PayAPIURL, err)
			return
		}
		g, text := gradeKey(account, check)
		e.report(g, strings.TrimSpace("GOV.UK Pay "+account.Name), "%s", text)
		if i == 0 {
			e.checkClock(check.Date, began, time.Now())
		}
	}
}

// gradeKey returns what Pay's answer says about the key of an account.
func gradeKey(account config.Account, check pay.KeyCheck) (g grade, text string) {
	switch status := check.HTTPStatus; {
	case check.Key == pay.KeyAccepted:
		return fine, "accepts the key, which is " + account.Mode()
	case check.Key == pay.KeyRefused:
		return wrong, fmt.Sprintf("refuses the key (status %d): %sAPI_KEY is mistyped, or was revoked",
			status, account.Setting)
	case check.Code == "P0920":
		return wrong, "has a firewall that refuses Paygate's requests (P0920); something in between may change them"
	case status >= 500:
		return warning, fmt.Sprintf("is in trouble (status %d), so the key could not be checked; try again later",
			status)
	default:
		return wrong, fmt.Sprintf("does not answer as GOV.UK Pay does (status %d): is PAYGATE_PAY_API_URL right?",
			status)
	}
}

// checkClock compares our clock with Pay's, which was read, in whole seconds, between two readings of ours.
func (e *examination) checkClock(pays, before, after time.Time) {
	const about = "clock"
	if pays.IsZero() {
		e.report(note, about, "not checked: GOV.UK Pay's answer has no date")
		return
	}
	compareClocks(e, about, "GOV.UK Pay's", pays, before, after)
}

// compareClocks compares our clock with another, which was read between two readings of ours.
func compareClocks(e *examination, about, whose string, theirs, before, after time.Time) {
	skew := max(before.Sub(theirs.Add(time.Second)), theirs.Sub(after), 0).Round(time.Second)
	switch {
	case skew > maxSkew:
		e.report(wrong, about, "%s away from %s: set this machine's clock (NTP), "+
			"or signed headers are refused, and payments given up too early or too late", skew, whose)
	case skew > maxSkew/4:
		e.report(warning, about, "%s away from %s: is this machine's clock synchronised (NTP)?", skew, whose)
	default:
		e.report(fine, about, "agrees with %s", whose)
	}
}
