package config

import (
	"net/url"
	"slices"

	"paygate/gateway"
	"paygate/gateway/notify"
)

// templates returns the ids of the e-mail templates in English, by setting.
func (s Settings) templates() map[string]notify.Template {
	return map[string]notify.Template{
		"PAYGATE_NOTIFY_TEMPLATE_DELIVERED": s.NotifyDelivered,
		"PAYGATE_NOTIFY_TEMPLATE_RETURNED":  s.NotifyReturned,
		"PAYGATE_NOTIFY_TEMPLATE_REFUNDED":  s.NotifyRefunded,
	}
}

func writesToCitizens(r gateway.Route) bool { return r.EmailField != "" }

// compareEmails reports routes whose e-mails could not be sent, and settings that have no effect.
func (c *checker) compareEmails(s Settings) {
	const key = "PAYGATE_NOTIFY_API_KEY"
	for _, r := range s.Routes {
		if writesToCitizens(r) && s.NotifyKey == nil && c.sound(key) {
			c.fault(r.Setting+"NOTIFY_EMAIL", "needs %s", key)
		}
	}
	for name, id := range s.templates() {
		switch {
		case id != "" && s.NotifyKey == nil && c.sound(key):
			c.fault(name, "has no effect without %s", key)
		case id == "" && c.sound(name):
			c.needsTemplate(s.Routes, name)
		}
	}
}

func (c *checker) needsTemplate(routes []gateway.Route, name string) {
	for _, r := range routes {
		if writesToCitizens(r) {
			c.fault(r.Setting+"NOTIFY_EMAIL", "needs %s", name)
		}
	}
}

// emailWarnings returns a warning if a key for e-mails is set and nothing says who gets them.
func emailWarnings(s Settings) []string {
	if s.NotifyKey == nil || slices.ContainsFunc(s.Routes, writesToCitizens) {
		return nil
	}
	return []string{"PAYGATE_NOTIFY_API_KEY is set, and no route has NOTIFY_EMAIL: no e-mails are sent"}
}

// address returns the address of the webhook; "" if none is set.
func (w *webhookURL) address() string {
	if w == nil {
		return ""
	}
	return (*url.URL)(w).String()
}
