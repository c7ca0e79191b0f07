package pages

// Page names one page. The name appears in logs, never in an address.
type Page string

// The pages. Their texts are in texts_*.go.
const (
	// Before a payment: nothing was taken.
	NotStarted     Page = "nothing-taken"    // the payment could not be created; with a journey, it can be tried again
	NotWorking     Page = "not-working"      // likewise, and trying again soon does not help
	Busy           Page = "busy"             // too many payments are starting
	Starting       Page = "starting"         // another click is still creating the payment
	Draining       Page = "restarting"       // no new payments for a moment
	Closed         Page = "payments-closed"  // the route is closed
	ChooseAgain    Page = "choose-again"     // the choice of price is missing, unknown or repeated
	Unclear        Page = "unclear-form"     // services may interpret the form in different ways
	WrongPrice     Page = "wrong-price"      // the service should have set the price, and did not
	CardNumber     Page = "card-number"      // the form contains a card number
	TooLarge       Page = "too-large"        // the view says what the limit is
	Unreadable     Page = "unreadable"       // the request did not arrive in full
	MemoryShort    Page = "memory-short"     // there is not enough memory for a request of this size now
	TooMany        Page = "too-many"         // too many unpaid journeys in this browser or its network
	Prefetched     Page = "prefetched"       // a browser loads it in advance
	PassOtherQuery Page = "pass-other-query" // the same path with another query was paid for
	PassUnpaid     Page = "pass-unpaid"      // a HEAD without payment
	ToPay          Page = "to-pay"           // leads a script's citizen to Pay, at Target

	// A payment under way, or one that ended without money. The held request is kept.
	Open          Page = "open-payment"
	Unconfirmed   Page = "not-confirmed-yet" // Pay was not asked this time
	Checking      Page = "checking"          // it is not known yet whether it was paid
	Declined      Page = "declined"
	Cancelled     Page = "cancelled"            // by the citizen
	CancelledByUs Page = "cancelled-by-service" // by the service
	Expired       Page = "expired"
	ErrorAtPay    Page = "error-at-pay"
	Abandoned     Page = "not-paid" // and the held request is erased

	// Paid.
	Finishing  Page = "finishing"                  // another request is delivering right now
	Waiting    Page = "paid-service-not-answering" // not delivered yet
	Sent       Page = "paid-and-sent"              // the service's answer is not kept, or no longer
	PassReady  Page = "pass-ready"                 // leads to Target, which was paid for, automatically and by a link
	PassOver   Page = "pass-over"                  // it was fetched, and the pass has ended
	Done       Page = "paid-and-done"              // the service's answer was empty
	Refused    Page = "refused"                    // the same payment is valid for another submission until Until
	Challenged Page = "refused-sign-in"            // likewise; the service asked for a user name and password
	PayAgain   Page = "pay-again"                  // the same form was paid for a moment ago
	ForAPerson Page = "paid-looked-at"             // a person has to decide, and the money is there
	Unsure     Page = "looked-at"                  // a person has to decide, and the money may not be there
	MoneyBack  Page = "money-back"                 // the money is going back, or has gone
	NotPaidFor Page = "not-collected"              // the service was given, and the money could not be collected
	NotKept    Page = "not-kept"                   // staff ended it, and Pay never said that there was money

	// About the browser.
	Status       Page = "status"     // lists Items
	Onward       Page = "onward"     // leads to Target automatically, and by a link
	LookingUp    Page = "looking-up" // likewise: the browser may send the cookie when it comes from this site
	NotFound     Page = "cannot-find"
	OtherBrowser Page = "other-browser" // back from Pay in a browser that started no payment

	// Trouble that concerns no known payment.
	ServiceDown   Page = "service-not-answering"
	StoreFailed   Page = "trouble" // we cannot say anything about payments now
	BadAddress    Page = "bad-address"
	MethodUnknown Page = "bad-method"
	WrongHost     Page = "wrong-host" // Target is the same page at the host where it can be paid for
	NoSuchAddress Page = "no-such-address"
)

// bilingual is one text in English and Welsh. {amount} and its like are replaced by the view's values. A paragraph is
// left out if the view lacks one of its values.
type bilingual struct{ en, cy string }

func (b bilingual) in(language string) string {
	if language == "cy" {
		return b.cy
	}
	return b.en
}

// page is the content of a page.
type page struct {
	title       bilingual
	says        []bilingual // paragraphs
	withJourney []bilingual // further paragraphs if there is a journey, whose request is held

	onlyOnce bool // warns not to pay again
	done     bool // the title is that of a confirmation
	reloads  bool // automatically, without JavaScript, a few times

	does string    // the address under the prefix to which its button posts, such as "again"
	do   bilingual // the label of that button, or of the link to the view's Target
}
