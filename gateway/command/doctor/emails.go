package doctor

import (
	"context"
	"errors"
	"net/http"
	"time"

	"paygate/gateway/notify"
)

// checkEmails asks GOV.UK Notify for each template, so that no e-mail is refused for want of one.
func (e *examination) checkEmails(ctx context.Context) {
	s := e.Settings
	if s.NotifyKey == nil {
		return
	}
	client := notify.NewClient(notify.Options{URL: s.NotifyURL, Key: *s.NotifyKey, Now: time.Now})
	sound := 0
	for _, t := range s.Templates() {
		check, err := client.Check(ctx, t.ID)
		if failed, is := errors.AsType[*notify.Error](err); is && failed.Status != http.StatusNotFound {
			e.report(wrong, "e-mails", "%v: is PAYGATE_NOTIFY_API_KEY right, and this machine's clock?", err)
			return
		}
		if fault := faultOf(check, err); fault != "" {
			e.report(wrong, "e-mails", "%s: %s", t.Setting, fault)
		} else {
			sound++
		}
	}
	if sound == len(s.Templates()) {
		e.report(fine, "e-mails", "GOV.UK Notify accepts the key and has the %d templates", sound)
	}
}

// faultOf returns why the e-mails of a template would be refused, or "".
func faultOf(check notify.TemplateCheck, err error) string {
	switch {
	case err != nil:
		return "GOV.UK Notify has no such template for this key"
	case check.NotEmail:
		return "is not a template for e-mails"
	case len(check.Unknown) > 0:
		return "has " + list(check.Unknown) + ", which Paygate does not fill in, so GOV.UK Notify refuses each e-mail"
	default:
		return ""
	}
}
