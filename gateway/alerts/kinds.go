package alerts

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// Kind is what an alert is about. The words are stored.
type Kind string

const (
	// Stuck journeys wait for a person.
	Stuck Kind = "stuck"
	// ReturnOverdue is money that has been owed back for a day.
	ReturnOverdue Kind = "return_overdue"
	// RefusedByText is five answers in a row without a text of ACCEPT_TEXT.
	RefusedByText Kind = "refused_by_text"
	// Free is a live route whose requests pass unpaid.
	Free Kind = "free"
	// Shadow is a live route whose requests pass unpaid, and are counted.
	Shadow Kind = "shadow"
	// Differences are what a comparison with GOV.UK Pay's list found.
	Differences Kind = "differences"
	// PayRefuses is an answer of GOV.UK Pay that refuses our key or the account.
	PayRefuses Kind = "pay_refuses"
	// MessageGivenUp is a message to the service or a citizen that could not be delivered.
	MessageGivenUp Kind = "message_given_up"
)

// goesOn reports whether a kind is noted again and again while it lasts.
func (k Kind) goesOn() bool { return k == PayRefuses }

// wording is how a kind is told. %d is the count, and %s the route or the account.
type wording struct {
	one, many string
	link      string // in the staff pages; the route follows an equals sign
}

var wordings = map[Kind]wording{
	Stuck: {
		"%d journey on the route %s waits for a person.", "%d journeys on the route %s wait for a person.",
		"/journeys?state=stuck&route=",
	},
	ReturnOverdue: {
		"%d return of money on the route %s is more than a day late.",
		"%d returns of money on the route %s are more than a day late.", "/journeys?route=",
	},
	RefusedByText: {
		one: "Five answers of the service in a row on the route %[2]s were refused, because none has a text of " +
			"ACCEPT_TEXT. Has its confirmation page changed?",
		link: "/journeys?state=refused&route=",
	},
	Free:   {one: "The route %[2]s is free: requests pass without payment."},
	Shadow: {one: "The route %[2]s is in shadow mode: requests pass without payment."},
	Differences: {
		"The comparison with GOV.UK Pay found %d difference at the %s account.",
		"The comparison with GOV.UK Pay found %d differences at the %s account.", "/reconcile",
	},
	PayRefuses: {one: "GOV.UK Pay refuses the API key of the %[2]s account, or the account: citizens cannot pay."},
	MessageGivenUp: {
		"%d message on the route %s could not be delivered, and was given up.",
		"%d messages on the route %s could not be delivered, and were given up.", "/journeys?route=",
	},
}

// line is one sentence of an alert.
type line struct{ text, link string }

// lineOf describes one piece of news.
func (a *Alerts) lineOf(n news) line {
	w := wordings[n.Kind]
	format := w.one
	if n.Count != 1 && w.many != "" {
		format = w.many
	}
	l := line{text: fmt.Sprintf(format, n.Count, cmp.Or(n.Name, "default"))}
	if w.link != "" && a.StaffURL != nil {
		l.link = strings.TrimRight(a.StaffURL.String(), "/") + w.link
	}
	if strings.HasSuffix(l.link, "=") {
		l.link += url.QueryEscape(n.Name)
	}
	return l
}
