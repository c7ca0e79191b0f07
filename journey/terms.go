package journey

import (
	"fmt"
	"strconv"
	"time"
)

// Kind tells the two kinds of pay route apart.
type Kind string

const (
	// KindSubmission holds a request and releases it once.
	KindSubmission Kind = "submission"
	// KindPass holds nothing: once it is paid for, an address may be fetched for a while.
	KindPass Kind = "pass"
)

// Values of the terms.
const (
	CaptureOnAccept  = "on-accept" // reserved, and taken when the service accepts
	CaptureImmediate = "immediate"

	ReleaseConfirmed = "confirmed" // only once Pay confirms
	ReleaseOnReturn  = "on-return" // as soon as the citizen is back and Pay says at least submitted

	RepeatNever = "never" // a delivery whose result is unknown goes to a person
	RepeatSafe  = "safe"  // such a delivery is repeated

	OnRefusedReturn = "return" // the money goes back when the correction window ends
	OnRefusedStaff  = "staff"  // then a person decides
)

// Terms are the conditions of one journey, copied from the settings when the request is held. A change of settings
// never affects a journey under way.
type Terms struct {
	Route       string            `json:"route"`
	Account     string            `json:"account,omitempty"` // at GOV.UK Pay; empty: the default one
	Kind        Kind              `json:"kind"`
	Amount      int64             `json:"amount"` // pence
	Choice      string            `json:"choice,omitempty"`
	Reference   string            `json:"reference"`
	Description string            `json:"description"`
	Quoted      bool              `json:"quoted,omitempty"` // the service made the description with the price
	Language    string            `json:"language"`         // "en" or "cy"
	Metadata    map[string]string `json:"metadata,omitempty"`
	ReturnURL   string            `json:"return_url"`
	Own         Sources           `json:"own,omitzero"`
	// ReferenceErased means that GOV.UK Pay has another reference, which was erased here.
	ReferenceErased bool `json:"reference_erased,omitempty"`

	Live bool `json:"live"`

	Capture        string        `json:"capture"`
	Release        string        `json:"release"`
	Accept         Statuses      `json:"accept"`
	AcceptLocation string        `json:"accept_location,omitempty"` // journeys of the first version only
	Acceptance     *Acceptance   `json:"acceptance,omitempty"`      // nil in journeys of the first version
	Repeat         string        `json:"repeat"`
	OnRefused      string        `json:"on_refused"`
	RefusedPage    bool          `json:"refused_page,omitempty"` // our page precedes the refusal; not in version 1
	ResubmitFor    time.Duration `json:"resubmit_for"`
	RetryFor       time.Duration `json:"retry_for"`
	PassFor        time.Duration `json:"pass_for"`
	PassQuery      *PassQuery    `json:"pass_query,omitempty"` // nil: one payment opens the path whatever its query

	Share []string `json:"share,omitempty"` // what the service is told of the payer
	// Tell is the path at which the service hears what happens later; empty: it hears nothing. TellOn lists what it
	// hears; nil is everything.
	Tell   string   `json:"tell,omitempty"`
	TellOn []string `json:"tell_on,omitempty"`

	ClaimFor    time.Duration `json:"claim_for"`     // a claim lapses this long after it was taken
	MopupMinAge time.Duration `json:"mopup_min_age"` // sweeps leave younger payments to their citizen
	// ReturnGrace is how long after Pay's confirmation the citizen has to come back before the held request is
	// delivered without them; 0 means that only sweeps do so, as in journeys of version 1.
	ReturnGrace   time.Duration `json:"return_grace,omitempty"`
	CaptureMargin time.Duration `json:"capture_margin"` // settle this long before Pay's capture window ends
	SecondLook    time.Duration `json:"second_look"`    // how often a journey at rest is read again, for 7 days
	KeepReply     time.Duration `json:"keep_reply"`     // counted from when the reply is first shown
	KeepJourney   time.Duration `json:"keep_journey"`
	// UnseenFor is how long we keep what the citizen has not seen, from when the payment began; 0 in version 1.
	UnseenFor time.Duration `json:"unseen_for,omitempty"`
}

// loggedReference is the reference, or "" if it may contain what the citizen typed.
func (t Terms) loggedReference() string {
	if !t.Own.Reference {
		return ""
	}
	return t.Reference
}

// PassQuery says for which query a pass is valid.
type PassQuery struct {
	Ignored []string `json:"ignored,omitempty"` // parameters that make no difference
	Digest  string   `json:"digest"`            // of the rest of the query
}

// Statuses is a set of HTTP statuses as inclusive ranges.
type Statuses []StatusRange

// StatusRange is a range of statuses that includes both ends.
type StatusRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Contains reports whether status is in the set.
func (s Statuses) Contains(status int) bool {
	for _, r := range s {
		if r.From <= status && status <= r.To {
			return true
		}
	}
	return false
}

// Overlap reports whether any status in the inclusive range is in the set.
func (s Statuses) Overlap(from, to int) bool {
	for _, r := range s {
		if r.Overlaps(from, to) {
			return true
		}
	}
	return false
}

// Overlaps reports whether any status in the inclusive range is in r.
func (r StatusRange) Overlaps(from, to int) bool { return r.From <= to && from <= r.To }

// String formats the range as in the settings.
func (r StatusRange) String() string {
	switch r {
	case StatusRange{200, 299}:
		return "2xx"
	case StatusRange{302, 303}:
		return "302 or 303"
	}
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return fmt.Sprintf("%d to %d", r.From, r.To)
}

// Verdict is the result of a delivery.
type Verdict string

const (
	// VerdictAccepted: the service said yes.
	VerdictAccepted Verdict = "accepted"
	// VerdictRefused: the service said no, for certain.
	VerdictRefused Verdict = "refused"
	// VerdictNotSent: the service did nothing, for certain; it is sent again later.
	VerdictNotSent Verdict = "not_sent"
	// VerdictUnknown: the service may or may not have done it.
	VerdictUnknown Verdict = "unknown"
)

// Outcome is what Pay's answer about a payment means under the terms.
type Outcome string

const (
	// OutcomePending: not decided yet.
	OutcomePending Outcome = "pending"
	// OutcomeSubmitted: authorised at the bank, not confirmed by the citizen (FACTS 3.1, trap 2).
	OutcomeSubmitted Outcome = "submitted"
	// OutcomeConfirmed: money taken, or reserved if the terms say so.
	OutcomeConfirmed Outcome = "confirmed"
	// OutcomeNoMoney: ended without payment.
	OutcomeNoMoney Outcome = "no_money"
	// OutcomeUnclear: ended with a word that we do not know, and Pay holds money.
	OutcomeUnclear Outcome = "unclear"
	// OutcomeMismatch: the payment does not match these terms.
	OutcomeMismatch Outcome = "mismatch"
)

// Outcome interprets Pay's answer. It is the only place that does. An unknown status is pending, and we ask again,
// unless Pay says that the payment is finished.
func (t Terms) Outcome(s PaymentSnapshot) Outcome {
	switch {
	case s.Amount != t.Amount || s.Reference != t.Reference && !t.ReferenceErased:
		return OutcomeMismatch
	case s.Status == StatusSuccess:
		return OutcomeConfirmed
	case s.Status == StatusCapturable && t.Capture == CaptureOnAccept:
		return OutcomeConfirmed
	case s.Status == StatusCapturable: // we never asked for delayed capture: not our payment
		return OutcomeMismatch
	case s.Status == StatusFailed || s.Status == StatusCancelled || s.Status == StatusError:
		return OutcomeNoMoney
	case s.Status == StatusSubmitted:
		return OutcomeSubmitted
	case s.isNewEnd() && s.Money() > 0:
		return OutcomeUnclear
	case s.isNewEnd():
		return OutcomeNoMoney
	default:
		return OutcomePending
	}
}

// Money is what Pay holds of the citizen's money on a payment, in pence: reserved, or taken and not given back.
func (s PaymentSnapshot) Money() int64 {
	switch {
	case s.Status == StatusCapturable:
		return s.Charged()
	case s.Status == StatusSuccess, s.isNewEnd() && s.wasCollected():
		return max(0, s.Charged()-s.RefundSubmitted)
	default:
		return 0
	}
}

// wasCollected reports whether Pay's figures show that money was taken, whatever the status.
func (s PaymentSnapshot) wasCollected() bool {
	return s.CapturedDate != "" || s.RefundSubmitted > 0 || s.RefundStatus == "available" || s.RefundStatus == "full"
}

// Charged is what the citizen pays, in pence, including any card surcharge (FACTS trap 20).
func (s PaymentSnapshot) Charged() int64 {
	if s.Total > 0 {
		return s.Total
	}
	return s.Amount
}
