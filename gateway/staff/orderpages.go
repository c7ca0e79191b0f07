package staff

import (
	"net/url"

	"paygate/journey"
)

// orderWords are the words of each order's pages.
var orderWords = map[string]struct{ title, button, hint string }{
	"release": {
		"Send the request to the service", "Send the request",
		"Once GOV.UK Pay confirms the payment, the service gets the request now. If it may have received the request " +
			"before, check there first: it will receive it again.",
	},
	"refund": {"Refund", "Give the money back", "The service was given. The citizen gets money back all the same."},
	"settle": {"Decide how it ends", "Settle", ""},
	"return": {
		"Give the money back", "Give the money back",
		"The service was not given, and will not be: the request is not sent any more. All of the money goes back.",
	},
}

// orderView is the data of the form of an order.
type orderView struct {
	ID           journey.ID
	Reference    string
	Task         string
	Title, Hint  string
	Meaning      string
	May          bool // it can be done at present, as far as is known
	MayRetry     bool
	Left         string
	Reason, As   string
	Part, Amount string
	Faults       []fault
}

func orderViewOf(t task, j journey.Journey, o order, faults []fault) orderView {
	words := orderWords[t.name]
	return orderView{
		ID: j.ID, Reference: j.Terms.Reference, Task: t.name, Title: words.title, Hint: words.hint, Meaning: explain(j),
		May: t.may(j), MayRetry: mayRetry(j), Left: journey.Pounds(left(j)),
		Reason: o.Reason, As: o.As, Part: o.Part, Amount: o.Amount, Faults: faults,
	}
}

// Wrong returns what is wrong with a field, or nothing.
func (v orderView) Wrong(field string) string { return saysOf(v.Faults, field) }

// Problems are the lines of the error summary, by the element to which each leads.
func (v orderView) Problems() []fault {
	return led(v.Faults, func(field string) string {
		return map[string]string{"as": "as-released", "amount": v.amountFocus(), "reason": "reason"}[field]
	})
}

func (v orderView) amountFocus() string {
	if v.Part == "part" {
		return "amount"
	}
	return "part-full"
}

func confirmViewOf(t task, j journey.Journey, o order) confirmView {
	words, address := orderWords[t.name], "/journeys/"+string(j.ID)
	v := confirmView{
		Back: address, BackTo: "the journey", Section: "order", Caption: j.Terms.Reference,
		Title: words.title, Says: planned(j, o), Warning: noUndo,
		Rows: []confirmRow{{"For", j.Terms.Description}}, Action: address + "/" + t.name,
		Button: words.button, May: t.may(j), Meaning: explain(j),
		Fields: confirmed(url.Values{
			"seen": {versionOf(j)}, "reason": {o.Reason}, "as": {o.As}, "part": {o.Part}, "amount": {o.Amount},
		}),
	}
	switch t.name {
	case "refund":
		pounds := journey.Pounds(o.AmountPence)
		v.Says = "You are about to give back " + pounds + "."
		v.Rows = append(v.Rows, confirmRow{"Amount", pounds})
	case "release":
		v.Says = sendPlan(j)
	case "return":
		v.Says = planned(j, order{As: "reversed"})
	}
	v.Rows = append(v.Rows, confirmRow{"Reason", o.Reason})
	return v
}

// planned says what settling a journey does with its money.
func planned(j journey.Journey, o order) string {
	m := moneyOf(j)
	back := m.taken - m.refunded
	switch {
	case o.As == "retry":
		return sendPlan(j)
	case o.As == "released" && m.reserved > 0:
		return "You are about to take " + journey.Pounds(m.reserved) + ", which is reserved: the service was given."
	case o.As == "released":
		return "You are about to end this as given. No money moves."
	case o.As != "reversed":
		return ""
	case m.reserved > 0:
		return "You are about to release " + journey.Pounds(m.reserved) + ", which is reserved and was never taken. " +
			"The service is not given."
	case back > 0:
		return "You are about to give back " + journey.Pounds(back) + ". The service is not given."
	default:
		return "You are about to end this as not given. As far as is known there is no money to give back."
	}
}

func sendPlan(j journey.Journey) string {
	if j.Sent || j.Doubtful {
		return "You are about to send the request to the service once more."
	}
	return "You are about to send the request to the service."
}

// offers are the orders that the page of a journey offers to a member.
func offers(j journey.Journey) (list []offer) {
	for _, t := range []task{settleTask, releaseTask, returnTask, refundTask} {
		if t.may(j) {
			list = append(list, offer{t.name, orderWords[t.name].title})
		}
	}
	return list
}

type offer struct{ Name, Title string }
