package command

import (
	"context"

	"paygate/gateway"
	"paygate/journey"
)

// checkAcceptance reports routes whose settings cannot tell whether the service accepted a form.
func checkAcceptance(_ context.Context, e examined) []finding {
	var findings []finding
	for _, r := range e.settings.Routes {
		findings = append(findings, acceptanceOf(r)...)
	}
	return findings
}

func acceptanceOf(r gateway.Route) []finding {
	about, rule := "acceptance "+r.Name, r.Terms.Acceptance
	var findings []finding
	warn := func(format string, values ...any) {
		findings = append(findings, found(warning, about, format, values...))
	}
	if r.Terms.Accept.Overlap(302, 303) && rule.AnyLocation() {
		warn("%sACCEPT_LOCATION=* accepts almost any redirect, so citizens would pay for one that does not mean yes; "+
			"paygate probe -wrong finds the setting", r.Setting)
	}
	if r.Terms.Accept.Overlap(200, 299) && !rule.ReadsText() && r.Terms.Kind == journey.KindSubmission {
		warn("with %sACCEPT_TEXT=* the status alone decides, so citizens would pay for an invalid form that is shown again with that status; "+
			"paygate probe -wrong finds the text", r.Setting)
	}
	switch {
	case len(findings) > 0:
		return findings
	case r.Terms.Kind == journey.KindPass && !rule.ReadsText():
		return []finding{found(note, about, "citizens pay for any page with a status in ACCEPT, even a log-in page; "+
			"if the service shows one instead of the file, set %sREFUSE_TEXT or ACCEPT_TEXT", r.Setting)}
	default:
		return []finding{found(fine, about, "the settings say which answer is a yes")}
	}
}
