package staff

import (
	"strings"

	"paygate/journey"
)

// stateWord is the plain name of a state.
func stateWord(s journey.State) string {
	return map[journey.State]string{
		journey.StateHeld:      "Started",
		journey.StatePaying:    "At GOV.UK Pay",
		journey.StateUnpaid:    "Not paid: can try again",
		journey.StateConfirmed: "Paid: to be sent",
		journey.StateReleasing: "Sending",
		journey.StateAccepted:  "Accepted: collecting",
		journey.StateRefused:   "Refused by the service",
		journey.StateStuck:     "Needs a decision",
		journey.StateReleased:  "Complete",
		journey.StateReversed:  "Money returned",
		journey.StateAbandoned: "Not paid",
	}[s]
}

// statusWord says in words what GOV.UK Pay says of a payment.
func statusWord(status, code string) string {
	reason, known := map[string]string{
		"P0010": "The card was declined",
		"P0020": "The citizen ran out of time",
		"P0030": "The citizen cancelled",
		"P0040": "Cancelled by this service",
		"P0050": "GOV.UK Pay had a technical problem",
	}[code]
	if known {
		return reason
	}
	said, known := map[string]string{
		journey.StatusCreated:    "Not begun by the citizen",
		journey.StatusStarted:    "The citizen is typing card details",
		journey.StatusSubmitted:  "The card details were sent",
		journey.StatusCapturable: "The money is reserved",
		journey.StatusSuccess:    "Paid",
		journey.StatusFailed:     "Not paid",
		journey.StatusCancelled:  "Cancelled",
		journey.StatusError:      "GOV.UK Pay had a technical problem",
	}[status]
	if known {
		return said
	}
	return "Unknown to this Paygate: " + status
}

// seenSentence says what GOV.UK Pay said when a payment was read: the detail is the payment's id, status and code.
func seenSentence(detail string) string {
	words := strings.Fields(detail)
	switch {
	case len(words) == 2 && isStatus(words[1]):
		return "GOV.UK Pay said: " + lower(statusWord(words[1], ""))
	case len(words) == 3 && isStatus(words[1]):
		return "GOV.UK Pay said: " + lower(statusWord(words[1], words[2]))
	default:
		return "GOV.UK Pay gave the status of the payment"
	}
}

func isStatus(word string) bool { return !strings.HasPrefix(statusWord(word, ""), "Unknown") }

// lower begins a sentence as a part of another one.
func lower(text string) string {
	if strings.HasPrefix(text, "GOV") {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// troubleWord says in a few words why a journey needs a decision.
func troubleWord(t journey.Trouble) string {
	return map[journey.Trouble]string{
		journey.TroubleDelivery: "It is not known whether the service has the request",
		journey.TroubleRequest:  "The request can no longer be read",
		journey.TroubleMismatch: "The payment has another amount or reference",
		journey.TroubleCapture:  "Given, but the money could not be taken",
		journey.TroubleReturn:   "The money could not be given back",
		journey.TroubleRefused:  "The service refused the request",
		journey.TroubleTrust:    "Given, and then not paid",
		journey.TroubleOverdue:  "GOV.UK Pay has not said how the payment ended",
		journey.TroubleUnclear:  "GOV.UK Pay ended the payment with an unknown word",
		journey.TroubleAdopted:  "Found at GOV.UK Pay, without a request",
	}[t]
}
