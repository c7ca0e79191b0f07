package doctor

import (
	"net"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/journey"
)

// checkRoutes reports which unpaid requests the routes let through, and which they refuse besides those for their own
// address.
func (e *examination) checkRoutes() {
	for _, r := range e.Settings.Routes {
		about := "route " + r.Name
		switch {
		case r.Mode == modes.Free:
			e.report(warning, about, "is free: requests pass unpaid")
		case r.Mode == modes.Shadow:
			e.report(warning, about, "is in shadow mode: requests pass unpaid, "+
				"and paygate_shadow_total counts what Paygate would have done")
		case r.Mode == modes.Closed:
			e.report(warning, about, "is closed: citizens read that payments are closed")
		case r.Strict:
			e.report(fine, about, "addresses below %s, or with a suffix, are refused too, unless %sALLOW names them",
				r.Match.Path(), r.Setting)
		default:
			e.report(warning, about, "is not strict: %s with a suffix, or with something after it, "+
				"may reach a handler unpaid", r.Match.Path())
		}
		for _, allowed := range r.Allow {
			if text := e.whyIdle(allowed); text != "" {
				e.report(warning, about, "%sALLOW: %s %s", r.Setting, allowed, text)
			}
		}
	}
}

// whyIdle returns why an entry of ALLOW has no effect. It returns "" if the entry has one, or has wildcards.
func (e *examination) whyIdle(allowed match.Pattern) string {
	target := allowed.Address(nil)
	if target == "" {
		return ""
	}
	without := slices.Clone(e.Settings.Routes)
	for i, r := range without {
		without[i].Allow = slices.DeleteFunc(slices.Clone(r.Allow), allowed.Equal)
	}
	before := outcome(e.Settings, e.Settings.Routes, allowed.Method(), target)
	switch {
	case before != gateway.OutcomeForwarded:
		return "is still not let through: it is too near to a pay route (" + string(before) + ")"
	case before == outcome(e.Settings, without, allowed.Method(), target):
		return "would be let through anyway"
	default:
		return ""
	}
}

// checkAcceptance reports routes whose settings cannot tell whether the service accepted a form.
func (e *examination) checkAcceptance() {
	for _, r := range e.Settings.Routes {
		about, rule := "acceptance "+r.Name, r.Terms.Acceptance
		isSubmission := r.Terms.Kind == journey.KindSubmission
		anyRedirect := r.Terms.Accept.Overlap(302, 303) && rule.AnyLocation()
		anyPage := r.Terms.Accept.Overlap(200, 299) && !rule.ReadsText() && isSubmission
		if anyRedirect {
			e.report(warning, about, "%sACCEPT_LOCATION=* accepts almost any redirect, so citizens would pay "+
				"for one that does not mean yes; paygate probe -wrong finds the setting", r.Setting)
		}
		if anyPage {
			e.report(warning, about, "with %sACCEPT_TEXT=* the status alone decides, so citizens would pay "+
				"for an invalid form that is shown again with that status; paygate probe -wrong finds the text",
				r.Setting)
		}
		switch {
		case anyRedirect || anyPage:
		case !isSubmission && !rule.ReadsText():
			e.report(note, about, "citizens pay for any page with a status in ACCEPT, even a log-in page; "+
				"if the service shows a log-in page instead of the file, set %sREFUSE_TEXT or ACCEPT_TEXT", r.Setting)
		default:
			e.report(fine, about, "the settings say which answers mean yes")
		}
	}
}

// checkStaffListener reports who can reach the staff listener.
func (e *examination) checkStaffListener() {
	const about = "staff listener"
	address, canSignIn := e.Settings.StaffListen, e.Settings.StaffCanSignIn()
	switch isLocal := listensLocally(address); {
	case !isLocal && !canSignIn:
		e.report(warning, about, "%s serves health and metrics to anyone who reaches it, and staff cannot settle "+
			"stuck journeys: set PAYGATE_STAFF_TOKENS, and keep the public away", address)
	case !canSignIn:
		e.report(warning, about,
			"has no way to sign in, so staff cannot settle stuck journeys: set PAYGATE_STAFF_TOKENS")
	case !isLocal && e.Settings.StaffTLSCertFile == "":
		e.report(warning, about, "%s can be reached from other machines, over http: "+
			"the network has to keep out the public and eavesdroppers", address)
	default:
		e.report(fine, about, "%s, tokens for %d people", address, len(e.Settings.StaffTokens))
	}
}

func listensLocally(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkContact warns that without a contact the pages tell citizens to get in touch, and not how.
func checkContact(e *examination) {
	if e.Settings.Contact == "" {
		e.report(warning, "contact", "PAYGATE_CONTACT is not set: the pages ask citizens whose payment needs a person "+
			"to contact you, and do not say how")
	}
}

// checkWebhooks warns that without webhooks a request whose money is taken at once waits for the sweep if the citizen
// does not return.
func (e *examination) checkWebhooks() {
	for _, account := range e.Settings.Accounts {
		e.checkWebhooksOf(account)
	}
}

func (e *examination) checkWebhooksOf(account config.Account) {
	about := strings.TrimSpace("webhooks " + account.Name)
	var immediate []string
	for _, r := range e.Settings.Routes {
		if r.Terms.Capture == journey.CaptureImmediate && r.Terms.Account == account.Name {
			immediate = append(immediate, r.Name)
		}
	}
	switch secrets := len(account.WebhookSecrets); {
	case secrets > 0:
		e.report(fine, about, "%d secrets; GOV.UK Pay has to call %s%s/webhook",
			secrets, e.Settings.Origins.Main(), e.Settings.Prefix)
	case len(immediate) > 0:
		e.report(warning, about, "none, and the routes %s take the money at once: if citizens pay and do not come "+
			"back, their requests wait some hours for the sweep; with %sWEBHOOK_SECRETS, seconds",
			list(immediate), account.Setting)
	default:
		e.report(fine, about, "none; they would say nothing about money that is only reserved")
	}
}
