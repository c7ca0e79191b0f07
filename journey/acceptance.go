package journey

import (
	"bytes"
	"slices"
)

// Any, as the only location or text of an [Acceptance], matches every location or text.
const Any = "*"

// Acceptance says how the service says yes, beyond the statuses in Terms.Accept.
type Acceptance struct {
	Locations   []string `json:"locations,omitempty"`    // prefixes of accepting redirects; none means any
	Texts       []string `json:"texts,omitempty"`        // an accepting page contains one of them
	RefuseTexts []string `json:"refuse_texts,omitempty"` // a refusing page contains one of them
}

// ReadsText reports whether the verdict depends on the body of a 2xx answer.
func (r *Acceptance) ReadsText() bool {
	return r != nil && (len(r.RefuseTexts) > 0 || len(r.Texts) > 0 && !slices.Contains(r.Texts, Any))
}

// AnyLocation reports whether a redirect may lead anywhere.
func (r *Acceptance) AnyLocation() bool {
	return len(r.Locations) == 0 || slices.Contains(r.Locations, Any)
}

// Answer is the part of the service's answer to a delivery on which the verdict depends.
type Answer struct {
	Status   int
	Redirect Redirect
	Body     []byte // decoded, as far as it was read
	Whole    bool   // Body is complete
}

// Reason says in plain words why an answer has its verdict. It never quotes the answer.
type Reason string

// Reasons for verdicts, with the names of the settings.
const (
	ReasonTextMissing   Reason = "the page contains none of the texts in ACCEPT_TEXT"
	ReasonRefuseText    Reason = "the page contains a text from REFUSE_TEXT"
	ReasonNoText        Reason = "the page contains no text from ACCEPT_TEXT or REFUSE_TEXT"
	ReasonTextUnread    Reason = "the page broke off, was too large or could not be decoded before a text decided"
	ReasonWrongLocation Reason = "the redirect does not lead where ACCEPT_LOCATION says"
	ReasonItself        Reason = "the redirect asks for the same request again"
	ReasonMoved         Reason = "the redirect may ask for the same request at another address"
	ReasonForm          Reason = "the redirect leads back to the form"
	ReasonOther         Reason = "the redirect leads away from the service, or nowhere"
	ReasonTrouble       Reason = "the redirect leads to what looks like a log-in or an error"
	ReasonStatus        Reason = "the status is not in ACCEPT"
)

// Verdict returns what a complete answer means, and why.
func (t Terms) Verdict(a Answer) (Verdict, Reason) {
	switch {
	case t.Acceptance == nil:
		return t.verdictOfFirstVersion(a), ""
	case t.Accept.Contains(a.Status):
		return t.Acceptance.verdictOnListed(a)
	case a.Status == 429:
		return VerdictNotSent, ""
	case a.Status >= 500 || a.Status == 408:
		return VerdictUnknown, ""
	case !movesPermanently(a.Status):
		return VerdictRefused, ReasonStatus
	case a.Redirect.leadsToItself():
		return VerdictRefused, ReasonItself
	default:
		return VerdictUnknown, ReasonMoved
	}
}

// movesPermanently reports whether the status says that the address has moved, or asks for the request at another one.
func movesPermanently(status int) bool { return status == 301 || status == 307 || status == 308 }

// verdictOnListed returns what an answer with a status in ACCEPT means.
func (r *Acceptance) verdictOnListed(a Answer) (Verdict, Reason) {
	switch {
	case a.Status >= 200 && a.Status <= 299:
		return r.verdictByText(a)
	case movesPermanently(a.Status) && a.Redirect.leadsToItself():
		return VerdictRefused, ReasonItself
	case movesPermanently(a.Status), a.Status == 302, a.Status == 303:
		return r.verdictByLocation(a.Redirect)
	default:
		return VerdictAccepted, ""
	}
}

func (r *Acceptance) verdictByText(a Answer) (Verdict, Reason) {
	wantsText := r.ReadsText() && len(r.Texts) > 0 && !slices.Contains(r.Texts, Any) // from ACCEPT_TEXT
	switch {
	case !r.ReadsText():
		return VerdictAccepted, ""
	case containsAny(a.Body, r.RefuseTexts):
		return VerdictRefused, ReasonRefuseText
	case wantsText && containsAny(a.Body, r.Texts) && (a.Whole || len(r.RefuseTexts) == 0):
		return VerdictAccepted, ""
	case !a.Whole:
		return VerdictUnknown, ReasonTextUnread
	case !wantsText:
		return VerdictAccepted, ""
	case containsAny(a.Body, r.Texts):
		return VerdictAccepted, ""
	case len(r.RefuseTexts) > 0:
		return VerdictUnknown, ReasonNoText
	default:
		return VerdictRefused, ReasonTextMissing
	}
}

func containsAny(body []byte, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(body, []byte(text)) })
}

// verdictByLocation returns what a redirect means.
func (r *Acceptance) verdictByLocation(redirect Redirect) (Verdict, Reason) {
	if !r.AnyLocation() {
		if redirect.leadsToAny(r.Locations) {
			return VerdictAccepted, ""
		}
		return VerdictRefused, ReasonWrongLocation
	}
	switch {
	case !redirect.staysAtService():
		return VerdictUnknown, ReasonOther
	case redirect.leadsBack():
		return VerdictUnknown, ReasonForm
	case redirect.looksLikeTrouble():
		return VerdictUnknown, ReasonTrouble
	default:
		return VerdictAccepted, ""
	}
}

// verdictOfFirstVersion is for journeys that began before the terms said how the service says yes.
func (t Terms) verdictOfFirstVersion(a Answer) Verdict {
	switch {
	case a.Status == 429:
		return VerdictNotSent
	case t.acceptedFirstVersion(a):
		return VerdictAccepted
	case a.Status >= 500 || a.Status == 408:
		return VerdictUnknown
	default:
		return VerdictRefused
	}
}

func (t Terms) acceptedFirstVersion(a Answer) bool {
	switch {
	case t.Kind == KindPass:
		return a.Status >= 200 && a.Status <= 299 || a.Status == 304
	case a.Status == 307 || a.Status == 308:
		return false
	case a.Status >= 300 && a.Status <= 399 && t.AcceptLocation != "":
		return t.Accept.Contains(a.Status) && a.Redirect.pathBegins(t.AcceptLocation)
	default:
		return t.Accept.Contains(a.Status)
	}
}
