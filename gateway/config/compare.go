package config

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"paygate/journey"
	"paygate/journey/pay"
)

// maxPayTimeout keeps every call to Pay within the minute for which a journey keeps other callers from making it too.
const maxPayTimeout = 45 * time.Second

// compare reports settings that contradict each other.
func (c *checker) compare(s Settings) {
	c.compareEncryption(s)
	c.compareListeners(s)
	c.compareHosts(s)
	if s.CaptureMargin >= journey.CaptureWindow {
		c.fault("PAYGATE_CAPTURE_MARGIN", "must be below 120h, the whole time that Pay reserves money")
	}
	if s.PayTimeout > maxPayTimeout {
		c.fault("PAYGATE_PAY_TIMEOUT", "must be at most %s, before another caller may try the same", maxPayTimeout)
	}
	c.compareRoutes(s.Routes)
	c.comparePrefix(s)
	c.compareEmails(s)
	c.compareAlerts(s)
	c.compareSignIn(s)
	c.compareTell(s)
}

// compareEncryption reports origins that are not https in live mode.
func (c *checker) compareEncryption(s Settings) {
	if !s.Live || !c.sound("PAYGATE_PAY_MODE") {
		return
	}
	for name, texts := range map[string][]string{
		"PAYGATE_PAY_API_URL": {s.PayAPIURL.String()}, "PAYGATE_PAY_CARD_ORIGINS": s.PayCardOrigins,
		"PAYGATE_PUBLIC_URL": strings.Split(s.Origins.String(), ","), "PAYGATE_NOTIFY_API_URL": {s.NotifyURL.String()},
		"PAYGATE_ALERT_WEBHOOK": {s.AlertWebhook.address()}, "PAYGATE_STAFF_OIDC_ISSUER": {s.StaffOIDCIssuer},
	} {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(text, "http:") }) {
			c.fault(name, "must be https; http is allowed only with PAYGATE_PAY_MODE=test")
		}
	}
}

func (c *checker) compareListeners(s Settings) {
	if (s.TLSCertFile == "") != (s.TLSKeyFile == "") {
		c.fault("PAYGATE_TLS_CERT_FILE", "and PAYGATE_TLS_KEY_FILE are both needed, or neither")
	}
	if (s.StaffTLSCertFile == "") != (s.StaffTLSKeyFile == "") {
		c.fault("PAYGATE_STAFF_TLS_CERT_FILE", "and PAYGATE_STAFF_TLS_KEY_FILE are both needed, or neither")
	}
	if c.sound("PAYGATE_LISTEN", "PAYGATE_STAFF_LISTEN") && conflict(s.Listen, s.StaffListen) {
		c.fault("PAYGATE_STAFF_LISTEN", "is the address of the public listener, PAYGATE_LISTEN")
	}
}

// compareHosts reports public hosts that no citizen can pay at.
func (c *checker) compareHosts(s Settings) {
	for _, o := range s.Origins {
		if s.Live && !pay.AcceptsHost(o.Hostname()) && c.sound("PAYGATE_PAY_MODE") {
			c.fault("PAYGATE_PUBLIC_URL", "%s", refusedByPay(o))
		}
	}
}

func refusedByPay(o *url.URL) string {
	return "GOV.UK Pay does not accept the host " + o.Hostname() +
		": it must be localhost, an IP address, or a name without _ in a known top-level domain, .internal or .local"
}

// comparePrefix reports pay routes among Paygate's own addresses.
func (c *checker) comparePrefix(s Settings) {
	for _, r := range s.Routes {
		for _, p := range r.Patterns() {
			under := p.Path() == s.Prefix || strings.HasPrefix(p.Path(), s.Prefix+"/")
			if under && c.sound("PAYGATE_PREFIX") {
				c.fault(r.Setting+"MATCH", "%s is under PAYGATE_PREFIX, where only Paygate's own addresses are", p)
			}
		}
	}
}

// conflict reports whether two listeners cannot have these addresses. Port 0 is any free port.
func conflict(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && portA == portB && portA != "0" &&
		(hostA == hostB || isEveryAddress(hostA) || isEveryAddress(hostB))
}

func isEveryAddress(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }
