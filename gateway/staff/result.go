package staff

import (
	"errors"

	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/export"
)

// orderResult says what became of an order, by how the journey was and is.
func orderResult(t task, o order, before, after journey.Journey, err error) signin.Notice {
	var atPay *journey.AtPayError
	switch _, detail, _ := foreseen(err); {
	case errors.Is(err, journey.ErrSecondPerson):
		return signin.Notice{Text: "It comes to so much that a second person has to agree. " +
			"They find it on this page. Until then nothing is given back."}
	case errors.As(err, &atPay) && after.Returning:
		return signin.Notice{Text: returnWaits + " " + detail}
	case errors.As(err, &atPay):
		return signin.Notice{Text: "GOV.UK Pay has not confirmed this. " + detail}
	case err != nil:
		return signin.Notice{Text: "Nothing was done. " + detail}
	case t.name == "refund":
		return refundResult(o, after)
	case t.name == "release", o.As == "retry":
		return sendResult(before, after)
	case t.name == "return", o.As == "reversed":
		return returnResult(before, after)
	default:
		return givenResult(after)
	}
}

const returnWaits = "The money is to go back to the citizen, but GOV.UK Pay has not returned it yet. " +
	"Paygate tries again by itself."

func refundResult(o order, after journey.Journey) signin.Notice {
	p, _ := after.Payment()
	amount := journey.Pounds(o.AmountPence)
	if n := len(p.Refunds); n > 0 && p.Refunds[n-1].Status == journey.RefundError {
		return signin.Notice{Text: "The refund of " + amount + " failed at GOV.UK Pay. Nothing was given back by it."}
	}
	return signin.Notice{Done: true, Text: "GOV.UK Pay has accepted the refund of " + amount + "."}
}

// sendResult is that of a delivery.
func sendResult(before, after journey.Journey) signin.Notice {
	wasSent := after.Claim.Number > before.Claim.Number
	switch {
	case after.State == journey.StateReleased:
		return signin.Notice{Done: true, Text: "The service has accepted the request. " + takenSentence(after)}
	case after.State == journey.StateAccepted:
		return signin.Notice{Text: "The service has accepted the request. The money is reserved, and could not be " +
			"taken yet. " +
			"Paygate tries again by itself."}
	case wasSent && after.State == journey.StateReversed:
		return signin.Notice{Text: "The service has got the request, and refused it. " + backSentence(before, after)}
	case wasSent && after.State == journey.StateRefused:
		return signin.Notice{Text: "The service has got the request, and refused it."}
	case wasSent && after.State == journey.StateStuck:
		return signin.Notice{Text: "The request was sent, and the service again did not answer clearly. " +
			"It still needs a decision."}
	case wasSent && after.State == journey.StateConfirmed:
		return signin.Notice{Text: "The service could not be reached, or was not ready. Paygate sends the request " +
			"again by itself."}
	default:
		return signin.Notice{Text: "It was not sent. " + explain(after)}
	}
}

// returnResult is that of an order to give all money back.
func returnResult(before, after journey.Journey) signin.Notice {
	switch {
	case after.State == journey.StateReversed:
		return signin.Notice{Done: true, Text: backSentence(before, after)}
	case after.Returning:
		return signin.Notice{Text: returnWaits}
	default:
		return signin.Notice{Text: "The money has not gone back. " + explain(after)}
	}
}

// givenResult is that of settling as released.
func givenResult(after journey.Journey) signin.Notice {
	if after.State == journey.StateReleased {
		return signin.Notice{Done: true, Text: "It is settled: the service was given. " + takenSentence(after)}
	}
	return signin.Notice{Text: explain(after)}
}

func takenSentence(j journey.Journey) string {
	if taken := export.Of(j).TakenPence; taken > 0 {
		return journey.Pounds(taken) + " has been taken."
	}
	return "No money has been taken."
}

// backSentence says how the money went back, all that was left of it.
func backSentence(before, after journey.Journey) string {
	m, was := moneyOf(after), moneyOf(before)
	switch {
	case m.refunded > was.refunded:
		return "GOV.UK Pay has accepted the refund of " + journey.Pounds(m.refunded-was.refunded) + "."
	case m.refunded > 0:
		return "The money had gone back already: " + journey.Pounds(m.refunded) + "."
	case m.released > 0:
		return journey.Pounds(m.released) + " was reserved and has been released. It was never taken."
	default:
		return "It is settled: the service was not given. There was no money to give back."
	}
}

// checkedNotice is the result of asking GOV.UK Pay and doing what is owed.
func checkedNotice(before, after journey.Journey, err error) signin.Notice {
	switch _, detail, _ := foreseen(err); {
	case err != nil:
		return signin.Notice{Text: "Not everything could be done. " + detail}
	case after.Returning:
		return signin.Notice{Text: returnWaits}
	case after.State != before.State:
		return signin.Notice{Done: true, Text: "GOV.UK Pay was asked. This is now: " + stateWord(after.State) + "."}
	case after.Claim.Number > before.Claim.Number:
		return sendResult(before, after)
	case len(after.Outbox) > 0:
		return signin.Notice{Text: "A message could not be sent. It is tried again."}
	case len(after.Payments) == 0 && after.AwaitsCitizen():
		return signin.Notice{
			Done: true,
			Text: "No payment has been asked for yet, so there is nothing to ask GOV.UK Pay.",
		}
	default:
		return signin.Notice{Done: true, Text: "GOV.UK Pay was asked. Nothing has changed."}
	}
}
