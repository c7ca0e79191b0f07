package staff

import (
	"fmt"
	"strings"
	"time"

	"paygate/journey"
)

// What staff read: states and facts as an adviser on the telephone would say them.

// tagOf is the colour of a state's tag in the design system.
func tagOf(s journey.State) string {
	switch s {
	case journey.StateStuck:
		return "govuk-tag--red"
	case journey.StateReleased:
		return "govuk-tag--green"
	case journey.StateReversed, journey.StateAbandoned:
		return "govuk-tag--grey"
	case journey.StateRefused, journey.StateUnpaid:
		return "govuk-tag--yellow"
	default:
		return "govuk-tag--blue"
	}
}

// meaning says where a journey stands and what happens next, for somebody who has the citizen on the telephone.
func meaning(j journey.Journey) string {
	p, _ := j.Payment()
	switch j.State {
	case journey.StateHeld:
		return "The request is kept, and no payment is known. Nothing was taken. If a payment turns up at GOV.UK Pay, the mop-up finds it."
	case journey.StatePaying:
		return "The citizen is at GOV.UK Pay, or left it. Nothing has been sent to the service. Once GOV.UK Pay confirms the payment, the request is sent by itself, even if the citizen never comes back."
	case journey.StateUnpaid:
		return "The payment ended without money. The citizen can try again with the same request for a while."
	case journey.StateConfirmed:
		if j.Terms.Kind == journey.KindPass {
			return "It is paid for. The citizen has not fetched it yet; if they never do, the money goes back."
		}
		if j.Attempt == 0 && j.Terms.ReturnGrace > 0 {
			return "It is paid for, and has not been sent to the service yet. It is sent when the citizen comes back, or by itself within minutes."
		}
		return "It is paid for, and the service has not got it yet. It is sent again and again until the service answers."
	case journey.StateReleasing:
		return "It is being sent to the service right now."
	case journey.StateAccepted:
		return "The service has accepted. The money is reserved and is being taken; this is tried again until it succeeds."
	case journey.StateRefused:
		if j.Returning {
			return "The money is going back to the citizen. Where GOV.UK Pay has not collected it yet, that can take days; it happens by itself."
		}
		return "The service refused the request, for instance because of a mistake in the form. The citizen can correct it and submit again without paying again; otherwise the money goes back by itself."
	case journey.StateStuck:
		return "A person has to decide. " + trouble(j.Trouble)
	case journey.StateReleased:
		if j.CollectionFailed {
			return "The service was given, and afterwards GOV.UK Pay could not collect the money."
		}
		if p.Refunded > 0 {
			return "The service was given and paid for. " + journey.Pounds(p.Refunded) + " was refunded since."
		}
		return "The service was given and paid for."
	case journey.StateReversed:
		return "The service was not given, and the money went back."
	default:
		return "It was never paid. The request is erased; nothing was sent to the service."
	}
}

// trouble says what a person has to find out before deciding.
func trouble(t journey.Trouble) string {
	switch t {
	case journey.TroubleDelivery:
		return "The request was sent, and the service did not answer clearly. Look in the service whether it arrived. If it did, settle as released; if not, release it once more; if it should not be given at all, settle as reversed."
	case journey.TroubleRequest:
		return "It is paid for, and the kept request cannot be read any more. Ask the citizen to apply again, or give the service by hand and settle as released; or settle as reversed to give the money back."
	case journey.TroubleMismatch:
		return "GOV.UK Pay's payment has another amount or reference than this journey. Find out why before anything is given."
	case journey.TroubleCapture:
		return "The service was given, and the money could not be taken. Settle as released if that stands, or take the service back and settle as reversed."
	case journey.TroubleReturn:
		return "The service was not given, and GOV.UK Pay could not give the money back. Look in GOV.UK Pay's own admin tool, refund it there, and settle as reversed."
	case journey.TroubleRefused:
		return "The service refused the request. Settle as reversed to give the money back, as retry to send it once more, or as released if the service was given by hand."
	case journey.TroubleTrust:
		return "The service was given when the citizen came back, before GOV.UK Pay had confirmed, and the payment then failed. Settle as released if that stands, or take the service back and settle as reversed."
	default:
		return ""
	}
}

// tell is one line of the history in words.
func tell(e journey.Event) string {
	said, known := map[string]string{
		"held":                "The request was kept, and a payment asked for",
		"payment_asked":       "Another payment was asked for",
		"payment_created":     "GOV.UK Pay made a payment",
		"payment_not_created": "GOV.UK Pay made no payment",
		"payment_never_made":  "GOV.UK Pay has no payment for it",
		"citizen_returned":    "The citizen came back",
		"payment_seen":        "GOV.UK Pay said how the payment stands",
		"claimed":             "Sending to the service began",
		"claim_lapsed":        "Sending was cut off",
		"request_lost":        "The kept request could not be read",
		"captured":            "The money was taken",
		"capture_lost":        "The money could not be taken",
		"resubmitted":         "The citizen corrected the request",
		"return_decided":      "The money is to go back",
		"money_returned":      "The money went back",
		"return_failed":       "The money could not be given back",
		"left_to_staff":       "The refusal was left to a person",
		"retry_lapsed":        "The time for another try ended",
		"release_ordered":     "A person had it sent",
		"settled":             "A person decided",
		"refund_asked":        "A person asked for a refund",
		"refunded":            "GOV.UK Pay took the refund on",
		"refund_ended":        "The refund was not made",
	}[e.Fact]
	switch {
	case e.Fact == "delivered":
		said = delivered(e.Detail)
	case !known:
		said = strings.ToUpper(e.Fact[:1]) + strings.ReplaceAll(e.Fact[1:], "_", " ")
	}
	if e.Times > 1 {
		said += fmt.Sprintf(" (%d times)", e.Times)
	}
	return said
}

func delivered(detail string) string {
	verdict, _, _ := strings.Cut(detail, " ")
	switch journey.Verdict(verdict) {
	case journey.VerdictAccepted:
		return "The service accepted"
	case journey.VerdictRefused:
		return "The service refused"
	case journey.VerdictNotSent:
		return "The service could not be reached; nothing was sent"
	default:
		return "It was sent, and the service did not answer clearly"
	}
}

// who names whoever moved a journey.
func who(by journey.By) string {
	switch name, isStaff := strings.CutPrefix(string(by), "staff:"); {
	case isStaff:
		return name
	case by == journey.ByCitizen:
		return "Citizen"
	case by == journey.ByMopup:
		return "Mop-up"
	case by == journey.ByWebhook:
		return "GOV.UK Pay's message"
	default:
		return "Paygate"
	}
}

// clock shows a time as people in the United Kingdom read it.
func (d *door) clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(d.zone).Format("2 January 2006, 3:04:05pm MST")
}

func (d *door) day(at time.Time) string { return at.In(d.zone).Format("2 January") }
