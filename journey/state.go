package journey

import "strings"

// State is the state of a journey. The words are stored and never renamed; [Journey.Apply] moves between them.
type State string

const (
	// StateHeld means that the request is held and no payment is known yet.
	StateHeld State = "held"
	// StatePaying means that the citizen is at GOV.UK Pay.
	StatePaying State = "paying"
	// StateUnpaid means that a payment ended without money; the citizen may try again with the same held request.
	StateUnpaid State = "unpaid"
	// StateConfirmed means that the money is taken or reserved, and the request is to be delivered or the pass fetched.
	StateConfirmed State = "confirmed"
	// StateReleasing means that exactly one claimant is delivering the request.
	StateReleasing State = "releasing"
	// StateAccepted means that the service said yes and the capture is still owed.
	StateAccepted State = "accepted"
	// StateRefused means that the service said no; unless the citizen corrects the request, the money goes back.
	StateRefused State = "refused"
	// StateStuck means that a person has to decide; the note says why.
	StateStuck State = "stuck"
	// StateReleased is at rest: service given, money taken.
	StateReleased State = "released"
	// StateReversed is at rest: service not given, money given back.
	StateReversed State = "reversed"
	// StateAbandoned is at rest: never paid, nothing sent.
	StateAbandoned State = "abandoned"
)

// States returns every state, in the order of a journey's life.
func States() []State {
	return []State{
		StateHeld, StatePaying, StateUnpaid, StateConfirmed, StateReleasing, StateAccepted,
		StateRefused, StateStuck, StateReleased, StateReversed, StateAbandoned,
	}
}

// AtRest reports whether money and service agree for good, as far as is known.
func (s State) AtRest() bool {
	return s == StateReleased || s == StateReversed || s == StateAbandoned
}

// Trouble says why a journey is stuck.
type Trouble string

const (
	// TroubleDelivery: it is not known whether the service received the request.
	TroubleDelivery Trouble = "delivery_unknown"
	// TroubleRequest: the held request can no longer be read.
	TroubleRequest Trouble = "request_lost"
	// TroubleMismatch: Pay's payment does not match the journey's terms.
	TroubleMismatch Trouble = "payment_mismatch"
	// TroubleCapture: the service accepted, and the money could not be taken.
	TroubleCapture Trouble = "capture_lost"
	// TroubleReturn: the money could not be given back.
	TroubleReturn Trouble = "return_failed"
	// TroubleRefused: the service refused, and the route leaves refusals to staff.
	TroubleRefused Trouble = "left_to_staff"
	// TroubleTrust: released on return, and then not paid.
	TroubleTrust Trouble = "trusted_not_paid"
	// TroubleOverdue: Pay has not said for a week how the payment ended.
	TroubleOverdue Trouble = "overdue"
	// TroubleUnclear: the payment ended with a word that we do not know, and Pay holds money.
	TroubleUnclear Trouble = "payment_unclear"
	// TroubleAdopted: the payment was found in Pay's list, and its request is not known.
	TroubleAdopted Trouble = "adopted"
)

// By names the caller that moved a journey, or a member of staff.
type By string

const (
	ByCitizen By = "citizen"
	ByMopup   By = "mopup"
	ByWebhook By = "webhook"
	ByPaygate By = "paygate" // Paygate itself, at its start
	// ByEarly is early delivery. Outside this package it is called the mop-up; see [By.Word].
	ByEarly By = "early"
)

// ByStaff names a member of staff.
func ByStaff(name string) By { return By("staff:" + name) }

func (b By) isStaff() bool { return strings.HasPrefix(string(b), "staff:") }

// Word is the name in the history, the logs and the metrics.
func (b By) Word() By {
	if b == ByEarly {
		return ByMopup
	}
	return b
}

// Via is the value of Paygate-Via.
func (b By) Via() string {
	switch {
	case b == ByEarly:
		return ByMopup.Via()
	case b == ByCitizen:
		return "return"
	case b.isStaff():
		return "staff"
	default:
		return string(b)
	}
}
