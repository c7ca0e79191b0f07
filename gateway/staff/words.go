package staff

import (
	"fmt"
	"strings"

	"paygate/journey"
	"paygate/journey/export"
)

// The words that staff read: states and facts as an adviser on the telephone would explain them.

// tagOf returns the class of a state's tag in the design system.
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

// explain says what state a journey is in and what happens next.
func explain(j journey.Journey) string {
	p, _ := j.Payment()
	switch j.State {
	case journey.StateHeld:
		return "The request is held and no payment is known. Nothing was taken. " +
			"If GOV.UK Pay has a payment, the mop-up will find it."
	case journey.StatePaying:
		return "The citizen is at GOV.UK Pay, or has left it. Nothing has been sent to the service. " +
			"Once GOV.UK Pay confirms the payment, the request is sent automatically, " +
			"even if the citizen never comes back."
	case journey.StateUnpaid:
		return "The payment ended without money. The citizen can try again with the same request for a while."
	case journey.StateConfirmed:
		if j.Terms.Kind == journey.KindPass {
			return "It is paid for. The citizen has not fetched it yet. If they never do, the money goes back."
		}
		if j.Attempt == 0 && j.Terms.ReturnGrace > 0 {
			return "It is paid for, and has not been sent to the service yet. " +
				"It is sent when the citizen comes back, or automatically within minutes."
		}
		return "It is paid for, and the service does not have it yet. It is sent again until the service answers."
	case journey.StateReleasing:
		return "It is being sent to the service right now."
	case journey.StateAccepted:
		return "The service has accepted. The money is reserved and is being taken, " +
			"which is tried again until it succeeds, or GOV.UK Pay refuses it for good."
	case journey.StateRefused:
		if j.Returning {
			return "The money is going back to the citizen, automatically. " +
				"If GOV.UK Pay has not collected it yet, this can take days."
		}
		return "The service refused the request, for example because of a mistake in the form. " +
			"The citizen can correct it and submit it again without paying again. " +
			"Otherwise the money goes back automatically."
	case journey.StateStuck:
		return "A person has to decide. " + explainTrouble(j.Trouble)
	case journey.StateReleased:
		if j.CollectionFailed {
			return "The service was given, but then GOV.UK Pay could not collect the money."
		}
		if p.Refunded > 0 {
			return "The service was given and paid for. " + journey.Pounds(p.Refunded) + " has been refunded since."
		}
		return "The service was given and paid for."
	case journey.StateReversed:
		if m := moneyOf(j); m.released > 0 && m.refunded == 0 {
			return "The service was not given. The money was reserved, and released: it was never taken."
		}
		return "The service was not given, and the money went back."
	default:
		return "It was never paid for. The request is erased, and nothing was sent to the service."
	}
}

// explainTrouble says what a person has to find out before they decide.
func explainTrouble(t journey.Trouble) string {
	switch t {
	case journey.TroubleDelivery:
		return "The request was sent and the service did not answer clearly, or it could not be sent for a week. " +
			"Check in the service whether it arrived. If it did, settle as released. If not, release it again. " +
			"If it should not be given at all, settle as reversed."
	case journey.TroubleRequest:
		return "It is paid for, but the held request can no longer be read. " +
			"Ask the citizen to apply again, or give the service by hand and settle as released. " +
			"Or settle as reversed to give the money back."
	case journey.TroubleMismatch:
		return "GOV.UK Pay's payment has a different amount or reference from this journey. " +
			"Find out why before anything is given."
	case journey.TroubleCapture:
		return "The service was given, but the money could not be taken. " +
			"Settle as released to leave it so, or take the service back and settle as reversed."
	case journey.TroubleReturn:
		return "GOV.UK Pay could not give the money back. " +
			"Find the payment in GOV.UK Pay's own admin tool, and refund it there if it still has the money. " +
			"Then settle as reversed if the service was not given, and as released if it was."
	case journey.TroubleRefused:
		return "The service refused the request. Settle as reversed to give the money back, " +
			"as retry to send the request again, or as released if the service was given by hand."
	case journey.TroubleTrust:
		return "The service was given when the citizen came back, before GOV.UK Pay had confirmed, " +
			"and then the payment failed. " +
			"Settle as released to leave it so, or take the service back and settle as reversed."
	case journey.TroubleOverdue:
		return "GOV.UK Pay has not said for a week how the payment ended. " +
			"Find it in GOV.UK Pay's own admin tool, by the reference. If GOV.UK Pay answers again, " +
			"the journey goes on by itself: check it now. If nothing was paid, settle as reversed."
	case journey.TroubleUnclear:
		return "GOV.UK Pay ended the payment with a word that this version of Paygate does not know, and holds " +
			"money. Find out in GOV.UK Pay's own admin tool what it means. " +
			"Settle as released if you give the service by hand, or as reversed to give the money back."
	case journey.TroubleAdopted:
		return "Paygate found the payment in GOV.UK Pay's list and no longer has the request. " +
			"Find out in the service, by the reference, whether it was given. If it was, or if you give it by hand, " +
			"settle as released. If not, settle as reversed to give the money back."
	default:
		return ""
	}
}

// describe returns one line of the history in words.
func describe(e journey.Event) string {
	said, known := map[string]string{
		"held":                "The request was held, and a payment requested",
		"adopted":             "A person adopted a payment that only GOV.UK Pay knew",
		"payment_asked":       "Another payment was requested",
		"payment_created":     "GOV.UK Pay created a payment",
		"payment_not_created": "GOV.UK Pay created no payment",
		"payment_never_made":  "GOV.UK Pay has no payment for it",
		"citizen_returned":    "The citizen came back",
		"claimed":             "Sending to the service began",
		"claim_lapsed":        "Sending was cut off",
		"request_lost":        "The held request could not be read",
		"captured":            "The money was taken",
		"capture_lost":        "The money could not be taken",
		"resubmitted":         "The citizen corrected the request",
		"return_decided":      "The money is to go back",
		"money_returned":      "The money went back",
		"return_failed":       "The money could not be given back",
		"left_to_staff":       "The refusal was left to a person",
		"retry_lapsed":        "The time for another attempt ended",
		"release_ordered":     "A person ordered a release",
		"settled":             "A person decided",
		"refund_asked":        "A person asked for a refund",
		"approval_asked":      "A person asked a second person to agree",
		"approval_ended":      "What waited for a second person was not done",
		"refunded":            "GOV.UK Pay accepted the refund",
		"refund_ended":        "The refund was not made",
		"refunds_seen":        "GOV.UK Pay gave the status of refunds",
		"try_failed":          "GOV.UK Pay did not do it",
		"step_failed":         "GOV.UK Pay could not be reached, or did not do it",
		"overdue":             "Nothing had helped for a week",
		"message_sent":        "It was told",
		"message_failed":      "It could not be told yet",
		"person_erased":       "What came from the citizen was erased",
		"message_given_up":    "Telling it was given up",
	}[e.Fact]
	switch {
	case e.Fact == "delivered":
		said = describeDelivery(e.Detail)
	case e.Fact == "payment_seen":
		said = seenSentence(e.Detail)
	case !known:
		said = strings.ToUpper(e.Fact[:1]) + strings.ReplaceAll(e.Fact[1:], "_", " ")
	}
	if e.Times > 1 {
		said += fmt.Sprintf(" (%d times)", e.Times)
	}
	return said
}

// describeMessage says what somebody does not know yet.
func describeMessage(m export.Message) string {
	said := fmt.Sprintf("To the %s: %s, %s", m.To, m.What, journey.Pounds(m.AmountPence))
	switch {
	case m.GivenUpAt != nil:
		return fmt.Sprintf("%s. Given up after %d attempts.", said, m.Failures)
	case m.Failures > 0:
		return fmt.Sprintf("%s. %d attempts failed; it is sent again.", said, m.Failures)
	default:
		return said + "."
	}
}

func describeDelivery(detail string) string {
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

// describeCaller says who or what moved a journey.
func describeCaller(by journey.By) string {
	switch name, isStaff := strings.CutPrefix(string(by), "staff:"); {
	case isStaff:
		return "by " + name
	case by == journey.ByCitizen:
		return "while the citizen was there"
	case by == journey.ByMopup:
		return "by Paygate, without the citizen"
	case by == journey.ByWebhook:
		return "after a message from GOV.UK Pay"
	default:
		return "by Paygate"
	}
}

// memberOf returns the name of the member of staff who gave an order.
func memberOf(by journey.By) string { return strings.TrimPrefix(string(by), "staff:") }
