package pages

import "time"

// Page names one page. The name appears in logs, never in an address.
type Page string

// The pages. What each says is in texts.go.
const (
	// Before a payment: nothing was taken.
	NotStarted    Page = "nothing-taken"   // the payment could not be created; with a journey, it can be tried again
	Busy          Page = "busy"            // too many payments are starting
	Draining      Page = "restarting"      // no new payments for a moment
	Closed        Page = "payments-closed" // the route is closed
	ChooseAgain   Page = "choose-again"    // the choice of price is missing, unknown or repeated
	Unclear       Page = "unclear-form"    // services may read the form in different ways
	WrongPrice    Page = "wrong-price"     // the service was to name the price, and did not
	CardNumber    Page = "card-number"     // the form carries a card number
	TooLarge      Page = "too-large"       // the view says what the limit is
	Unreadable    Page = "unreadable"      // the request did not arrive whole
	NoRoom        Page = "no-room"         // for a request of this size, just now
	TooMany       Page = "too-many"        // journeys begun and not paid, in this browser or its network
	Prefetched    Page = "prefetched"      // a browser wanted to load it in advance
	PassElsewhere Page = "pass-elsewhere"  // what was paid for is the same path with another query
	PassUnpaid    Page = "pass-unpaid"     // asked for with HEAD, and not paid for
	ToPay         Page = "to-pay"          // leads a script's citizen to Pay, at Target

	// A payment under way, or ended without money. The held request is kept.
	Open          Page = "open-payment"
	Unconfirmed   Page = "not-confirmed-yet" // Pay was not asked just now
	Checking      Page = "checking"          // whether it was paid is not known yet
	Declined      Page = "declined"
	Cancelled     Page = "cancelled"            // by the citizen
	CancelledByUs Page = "cancelled-by-service" // by the service
	Expired       Page = "expired"
	ErrorAtPay    Page = "error-at-pay"
	Abandoned     Page = "not-paid" // and the held request is erased

	// Paid.
	Finishing  Page = "finishing"                  // another request is delivering right now
	Waiting    Page = "paid-service-not-answering" // not delivered yet
	Sent       Page = "paid-and-sent"              // and the service's answer is not kept, or not any more
	PassReady  Page = "pass-ready"                 // leads to Target, which was paid for, by itself and by a link
	PassOver   Page = "pass-over"                  // it was fetched, and the pass has ended
	Done       Page = "paid-and-done"              // and the service's answer has nothing to show
	Refused    Page = "refused"                    // the same payment is good for another submission until Until
	Challenged Page = "refused-sign-in"            // likewise; the service asked for a user name and password
	PayAgain   Page = "pay-again"                  // the same form was paid for a moment ago
	ForAPerson Page = "paid-looked-at"             // a person has to decide
	MoneyBack  Page = "money-back"                 // the money is going back, or has gone

	// Of the browser.
	Status       Page = "status"     // lists Items
	Onward       Page = "onward"     // leads to Target by itself, and by a link
	LookingUp    Page = "looking-up" // likewise: the cookie may be there when the browser comes from this site
	NotFound     Page = "cannot-find"
	OtherBrowser Page = "other-browser" // back from Pay, in a browser that started no payment

	// Trouble that has to do with no payment that we know of.
	ServiceDown   Page = "service-not-answering"
	StoreFailed   Page = "trouble" // we cannot say anything about payments just now
	BadAddress    Page = "bad-address"
	MethodUnknown Page = "bad-method"
	WrongHost     Page = "wrong-host" // Target is the same page where it can be paid for
	NoSuchAddress Page = "no-such-address"
)

// both is one text in English and Welsh, side by side for whoever translates. In both, {amount}, {until}, {limit} and
// {otherwise} stand for the view's own; a paragraph that speaks of what the view has not is left out.
type both struct{ en, cy string }

func (b both) in(language string) string {
	if language == "cy" {
		return b.cy
	}
	return b.en
}

// page is what a page says and does.
type page struct {
	title both
	says  []both // paragraphs
	kept  []both // further paragraphs, where there is a journey, whose held request is kept

	onlyOnce bool          // warns not to pay again
	done     bool          // the title is that of a confirmation
	reloads  time.Duration // by itself, without JavaScript; 0: it does not

	does string // the address under the prefix that its button posts to: "again" or "resume"
	do   both   // the label of that button, or of the link to the view's Target
}
