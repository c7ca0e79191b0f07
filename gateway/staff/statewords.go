package staff

import "paygate/journey"

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
