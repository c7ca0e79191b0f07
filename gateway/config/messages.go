package config

import (
	"net/url"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/notify"
)

// Template is a template for e-mails that is set.
type Template struct {
	Setting string
	ID      notify.Template
}

// Templates returns the templates for e-mails that are set.
func (s Settings) Templates() []Template {
	return slices.DeleteFunc(s.templates(), func(t Template) bool { return t.ID == "" })
}

// templates returns all templates for e-mails. Those in Welsh may be left out.
func (s Settings) templates() []Template {
	const prefix = "PAYGATE_NOTIFY_TEMPLATE_"
	return []Template{
		{prefix + "DELIVERED", s.NotifyDelivered},
		{prefix + "DELIVERED_CY", s.NotifyDeliveredCY},
		{prefix + "RETURNED", s.NotifyReturned},
		{prefix + "RETURNED_CY", s.NotifyReturnedCY},
		{prefix + "REFUNDED", s.NotifyRefunded},
		{prefix + "REFUNDED_CY", s.NotifyRefundedCY},
	}
}

func writesToCitizens(r gateway.Route) bool { return r.EmailField != "" }

// compareEmails reports routes whose e-mails could not be sent, and templates that have no effect.
func (c *checker) compareEmails(s Settings) {
	const key = "PAYGATE_NOTIFY_API_KEY"
	lacking := func(setting string) {
		for _, r := range s.Routes {
			if writesToCitizens(r) && c.sound(setting) {
				c.fault(r.Setting+"NOTIFY_EMAIL", "needs %s", setting)
			}
		}
	}
	if s.NotifyKey == nil {
		lacking(key)
	}
	for _, t := range s.templates() {
		switch {
		case t.ID == "" && !strings.HasSuffix(t.Setting, "_CY"):
			lacking(t.Setting)
		case t.ID != "" && s.NotifyKey == nil && c.sound(key):
			c.fault(t.Setting, "has no effect without %s", key)
		}
	}
}

// compareAlerts reports a format of alerts that no one gets.
func (c *checker) compareAlerts(s Settings) {
	if s.AlertWebhook == nil && s.AlertFormat == alerts.Teams && c.sound("PAYGATE_ALERT_WEBHOOK") {
		c.fault("PAYGATE_ALERT_FORMAT", "has no effect without PAYGATE_ALERT_WEBHOOK")
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
