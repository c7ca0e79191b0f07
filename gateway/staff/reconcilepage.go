package staff

import (
	"paygate/journey"
	"paygate/journey/reconcile"
)

// comparisonView is the data of the page of the last comparison.
type comparisonView struct {
	reconcile.Last
	Made   bool // there was one
	Groups []differencesView
	Typed  comparisonOrder
	Faults []fault
}

func (v comparisonView) input(name, kind, label, value string) inputView {
	return inputView{ID: name, Name: name, Type: kind, Label: label, Value: value, Wrong: saysOf(v.Faults, name)}
}

// Dates are the inputs of a range.
func (v comparisonView) Dates() []inputView {
	return []inputView{
		v.input("from", "date", "From", v.Typed.From), v.input("to", "date", "Up to and including", v.Typed.To),
	}
}

// Reason is the input of why a payment is adopted.
func (v comparisonView) Reason() inputView { return v.input("reason", "", "Reason", v.Typed.Reason) }

// differencesView is the differences of one kind.
type differencesView struct {
	Kind         reconcile.Kind
	Title, Means string
	Adoptable    bool
	Rows         []differenceView
}

type differenceView struct {
	reconcile.Difference
	Account             string
	Amount, Here, AtPay string
}

func comparisonViewOf(last reconcile.Last, made bool) comparisonView {
	v := comparisonView{Last: last, Made: made}
	for _, kind := range reconcile.Kinds() {
		words := differenceWords[kind]
		group := differencesView{
			Kind: kind, Title: words.title, Means: words.means, Adoptable: kind == reconcile.UnknownHere,
		}
		for _, d := range last.Differences {
			if d.Kind == kind {
				group.Rows = append(group.Rows, differenceViewOf(d))
			}
		}
		if len(group.Rows) > 0 {
			v.Groups = append(v.Groups, group)
		}
	}
	return v
}

func differenceViewOf(d reconcile.Difference) differenceView {
	v := differenceView{
		Difference: d, Account: journey.AccountWord(d.Account), Amount: journey.Pounds(d.AmountPence),
	}
	v.Here, v.AtPay = d.Words()
	return v
}

// differenceWords say what each kind of difference is, and what to do.
var differenceWords = map[reconcile.Kind]struct{ title, means string }{
	reconcile.UnknownHere: {
		"Payments that no journey here has",
		"GOV.UK Pay holds this money, and Paygate does not know what for, as after an older copy of the store was " +
			"restored. Find out in the service whether it was given. Then adopt the payment and settle it.",
	},
	reconcile.UnknownAtPay: {
		"Payments that GOV.UK Pay does not have",
		"The journey names a payment that the account does not have. Is the API key that of another account?",
	},
	reconcile.WrongAmount: {
		"Amounts that differ",
		"The price or what the citizen was charged is not what the journey says. Find out why before you refund.",
	},
	reconcile.WrongState: {
		"Payments whose money is not where the journey says",
		"Open the journey and check it now. Paygate then takes over what GOV.UK Pay says.",
	},
	reconcile.WrongRefund: {
		"Refunds that differ",
		"Somebody refunded in GOV.UK Pay's own tool, or a refund did not succeed. Open the journey and check it now.",
	},
	reconcile.NotDelivered: {
		"Paid for more than a day ago, and not given",
		"Open the journey: its note says what is wrong. Release it again, settle it, or give the money back.",
	},
}
