package gateway

import (
	"net/http"

	"paygate/gateway/pages"
	"paygate/journey"
)

// unfinished answers with the state of a journey after a step failed.
func unfinished(j journey.Journey) answer {
	if j.State == journey.StatePaying {
		return answer{status: http.StatusOK, page: pages.Checking, view: viewOf(j)}
	}
	return stateOf(j)
}

// awaitsPayment reports whether a journey is neither paid for nor given up.
func awaitsPayment(j journey.Journey) bool {
	return j.State == journey.StateHeld || j.State == journey.StateUnpaid || j.State == journey.StatePaying
}

// stateOf answers with the state of a journey.
func stateOf(j journey.Journey) answer {
	return answer{status: http.StatusOK, page: pageOf(j), view: viewOf(j)}
}

func pageOf(j journey.Journey) pages.Page {
	switch j.State {
	case journey.StateHeld:
		return heldPage(j)
	case journey.StatePaying:
		if p, _ := j.Payment(); p.Doubtful || j.Trusted {
			return pages.Checking
		}
		return pages.Open
	case journey.StateUnpaid:
		return unpaidPage(j)
	case journey.StateConfirmed:
		if j.Terms.Kind == journey.KindPass {
			return pages.PassReady
		}
		return pages.Waiting
	case journey.StateReleasing:
		return pages.Finishing
	case journey.StateRefused:
		return refusedPage(j)
	case journey.StateStuck:
		return stuckPage(j)
	case journey.StateReversed:
		return reversedPage(j)
	case journey.StateAbandoned:
		return pages.Abandoned
	default:
		return acceptedPage(j)
	}
}

func acceptedPage(j journey.Journey) pages.Page {
	switch {
	case j.Trusted:
		return pages.Checking
	case j.CollectionFailed:
		return pages.NotPaidFor
	case j.Terms.Kind == journey.KindPass:
		return pages.PassOver
	default:
		return pages.Sent
	}
}

func heldPage(j journey.Journey) pages.Page {
	switch {
	case j.AwaitsCitizen():
		return pages.PayAgain
	case j.Creating:
		return pages.Starting
	default:
		return pages.NotStarted
	}
}

func stuckPage(j journey.Journey) pages.Page {
	if j.Paid() {
		return pages.ForAPerson
	}
	return pages.Unsure
}

func reversedPage(j journey.Journey) pages.Page {
	if j.PaidAt.IsZero() {
		return pages.NotKept
	}
	return pages.MoneyBack
}

func refusedPage(j journey.Journey) pages.Page {
	switch {
	case j.Returning:
		return pages.MoneyBack
	case j.ReplyStatus == http.StatusUnauthorized:
		return pages.Challenged
	default:
		return pages.Refused
	}
}

// unpaidPage chooses the page by Pay's code (FACTS 3.1).
func unpaidPage(j journey.Journey) pages.Page {
	p, _ := j.Payment()
	switch {
	case j.Creating:
		return pages.Starting
	case p.Code == "P0010":
		return pages.Declined
	case p.Code == "P0020":
		return pages.Expired
	case p.Code == "P0030":
		return pages.Cancelled
	case p.Status == journey.StatusCancelled:
		return pages.CancelledByUs
	case p.Status == journey.StatusFailed:
		return pages.Declined
	default:
		return pages.ErrorAtPay
	}
}

// viewOf returns what the pages show about a journey.
func viewOf(j journey.Journey) pages.View {
	view := pages.View{
		Language: j.Terms.Language, Reference: j.Terms.Reference, AmountPence: j.Terms.Amount,
		Description: j.Terms.Description, Route: j.Terms.Route, Journey: string(j.ID), Started: j.StartedAt,
	}
	p, _ := j.Payment()
	view.Refunded, view.Unconfirmed = p.Refunded, j.Trusted
	if p.Total > 0 {
		view.AmountPence = p.Total
	}
	switch j.State {
	case journey.StateHeld, journey.StateUnpaid:
		view.Until = j.RetryUntil()
	case journey.StateRefused:
		view.Until, view.LeftToStaff = j.CorrectUntil(), j.Terms.OnRefused == journey.OnRefusedStaff
	}
	return view
}

// onward answers with a page that leads on to the target, by itself or by a link.
func onward(j journey.Journey, target string) answer {
	view := viewOf(j)
	view.Target = target
	return answer{status: http.StatusOK, page: pages.Onward, view: view}
}
