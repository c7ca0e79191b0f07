package command

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"slices"
	"time"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/reading"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
)

// checkRoutes says what the routes let through, and what they refuse besides their own address.
func checkRoutes(_ context.Context, e examined) []finding {
	var findings []finding
	for _, r := range e.settings.Routes {
		about := "route " + r.Name
		switch {
		case r.Mode == gateway.ModeFree:
			findings = append(findings, found(warning, about, "is free: requests pass unpaid"))
		case r.Mode == gateway.ModeShadow:
			findings = append(findings, found(warning, about, "is in shadow mode: requests pass unpaid, and paygate_shadow_total counts what Paygate would have done"))
		case r.Mode == gateway.ModeClosed:
			findings = append(findings, found(warning, about, "is closed: citizens read that payments are closed"))
		case r.Strict:
			findings = append(findings, found(fine, about, "what lies below %s, or has a suffix, is refused too, unless %sALLOW names it", r.Match.Path(), r.Setting))
		case r.Terms.Kind == journey.KindSubmission:
			findings = append(findings, found(warning, about, "is not strict: a handler may be reached by %s with a suffix or something behind it, unpaid", r.Match.Path()))
		default:
			findings = append(findings, found(fine, about, "%s is a pass", r.Match))
		}
		for _, allowed := range r.Allow {
			if text := idle(e.settings, allowed); text != "" {
				findings = append(findings, found(warning, about, "%sALLOW: %s %s", r.Setting, allowed, text))
			}
		}
	}
	return findings
}

// idle says why an entry of ALLOW changes nothing, and is empty where it does. One with wildcards is not judged.
func idle(s config.Settings, allowed reading.Pattern) string {
	target := allowed.Address(nil)
	if target == "" {
		return ""
	}
	tried := gateway.Tried{Method: allowed.Method(), Target: target}
	fate := judgeOf(s, s.Routes).Fate(tried)
	switch without := judgeOf(s, withoutAllow(s.Routes, allowed)).Fate(tried); {
	case fate != gateway.FateForwarded:
		return "is not let through all the same: it is too near to a pay route (" + string(fate) + ")"
	case without == fate:
		return "is let through without it too"
	default:
		return ""
	}
}

func judgeOf(s config.Settings, routes []gateway.Route) *gateway.Judge {
	return gateway.NewJudge(gateway.Options{Origins: s.Origins, Prefix: s.Prefix, Methods: s.Methods, Routes: routes, RefuseActions: s.RefuseActions})
}

func withoutAllow(routes []gateway.Route, allowed reading.Pattern) []gateway.Route {
	routes = slices.Clone(routes)
	for i := range routes {
		routes[i].Allow = slices.DeleteFunc(slices.Clone(routes[i].Allow), allowed.Equal)
	}
	return routes
}

// checkStore looks at the store without opening it for use.
func checkStore(ctx context.Context, e examined) []finding {
	const about = "store"
	store := e.settings.Store
	if store.Kind == config.Postgres {
		if err := pgstore.Look(ctx, store.Path, 5*time.Second); err != nil {
			return []finding{found(wrong, about, "%v", err)}
		}
		return []finding{found(fine, about, "PostgreSQL is there and can be used")}
	}
	state, err := boltstore.Look(store.Path)
	switch {
	case err != nil:
		return []finding{found(wrong, about, "%v", err)}
	case state == boltstore.FoundNone:
		return []finding{found(fine, about, "%s is made at the first start", store.Path)}
	}
	if info, err := os.Stat(store.Path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return []finding{found(warning, about, "%s can be opened by other users (%s): chmod 600", store.Path, info.Mode().Perm())}
	}
	if state == boltstore.FoundInUse {
		return []finding{found(fine, about, "%s is in use by a running Paygate", store.Path)}
	}
	return []finding{found(fine, about, "%s can be used", store.Path)}
}

// checkStaffDoor looks at who may come to the staff door.
func checkStaffDoor(_ context.Context, e examined) []finding {
	const about = "staff door"
	s := e.settings
	tokens := len(s.StaffTokens)
	switch local := listensLocally(s.StaffListen); {
	case !local && tokens == 0:
		return []finding{found(warning, about, "%s serves health and metrics to whoever reaches it, and nobody can settle what is stuck: set PAYGATE_STAFF_TOKENS, and keep the public away", s.StaffListen)}
	case tokens == 0:
		return []finding{found(warning, about, "has no tokens: nobody can settle what is stuck; set PAYGATE_STAFF_TOKENS")}
	case !local:
		return []finding{found(warning, about, "%s can be reached from other machines, by http: the network has to keep the public away, and whoever reads along", s.StaffListen)}
	default:
		return []finding{found(fine, about, "%s, tokens for %d people", s.StaffListen, tokens)}
	}
}

func listensLocally(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkWebhooks: without them, money that is taken at once waits for the sweep when its citizen does not come back.
func checkWebhooks(_ context.Context, e examined) []finding {
	const about = "webhooks"
	var immediate []string
	for _, r := range e.settings.Routes {
		if r.Terms.Capture == journey.CaptureImmediate {
			immediate = append(immediate, r.Name)
		}
	}
	switch {
	case len(e.settings.PayWebhookSecrets) > 0:
		return []finding{found(fine, about, "%d secrets; GOV.UK Pay has to call %s%s/webhook", len(e.settings.PayWebhookSecrets), e.settings.Origins.Main(), e.settings.Prefix)}
	case len(immediate) > 0:
		return []finding{found(warning, about, "none, and the routes %s take the money at once: who pays and does not come back waits some hours for the sweep; PAYGATE_PAY_WEBHOOK_SECRETS makes it seconds", list(immediate))}
	default:
		return []finding{found(fine, about, "none; they would tell nothing of money that is only reserved")}
	}
}

// checkSigningKeys reads the files that a start would read.
func checkSigningKeys(_ context.Context, e examined) []finding {
	const about = "signing keys"
	files := e.settings.SigningKeys
	if len(files) == 0 {
		return []finding{found(fine, about, "made at the first start and kept in the store")}
	}
	if _, err := config.ReadSigningKeys(files); err != nil {
		return []finding{found(wrong, about, "%v", err)}
	}
	return []finding{found(fine, about, "%d, of which the first signs", len(files))}
}

// checkCertificate looks at the public door's own certificate, where it has one.
func checkCertificate(_ context.Context, e examined) []finding {
	const about = "certificate"
	s := e.settings
	if s.TLSCertFile == "" {
		return nil // something in front speaks https
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCertFile, s.TLSKeyFile)
	switch {
	case err != nil:
		return []finding{found(wrong, about, "PAYGATE_TLS_CERT_FILE and PAYGATE_TLS_KEY_FILE cannot be used: %v", err)}
	case time.Now().After(pair.Leaf.NotAfter):
		return []finding{found(wrong, about, "PAYGATE_TLS_CERT_FILE expired on %s", pair.Leaf.NotAfter.Format(time.DateOnly))}
	}
	for _, o := range s.Origins {
		if pair.Leaf.VerifyHostname(o.Hostname()) != nil {
			return []finding{found(warning, about, "PAYGATE_TLS_CERT_FILE is not for %s", o.Hostname())}
		}
	}
	return []finding{found(fine, about, "until %s", pair.Leaf.NotAfter.Format(time.DateOnly))}
}

// checkFiles looks for secrets that others could read, or swap.
func checkFiles(_ context.Context, e examined) []finding {
	const about = "secret files"
	var findings []finding
	for _, f := range e.settings.SecretFiles {
		info, err := os.Stat(f.Path)
		switch {
		case err != nil:
			findings = append(findings, found(wrong, about, "%s: %s cannot be looked at", f.Setting, f.Path))
		case info.Mode().Perm()&0o037 != 0:
			findings = append(findings, found(warning, about, "%s: %s is open to others (%s): chmod 600, or 640 where a group needs it", f.Setting, f.Path, info.Mode().Perm()))
		}
	}
	if len(findings) == 0 {
		findings = append(findings, found(fine, about, "%d, closed to others", len(e.settings.SecretFiles)))
	}
	return findings
}
