package pages

// All lists every page.
func All() []Page {
	return []Page{
		NotStarted, Busy, Draining, Closed, ChooseAgain, Unclear, WrongPrice, CardNumber, TooLarge, Unreadable, MemoryShort,
		TooMany,
		Prefetched, PassUnpaid, PassOtherQuery, ToPay,
		Open, Unconfirmed, Checking, Declined, Cancelled, CancelledByUs, Expired, ErrorAtPay, Abandoned,
		Finishing, Waiting, Sent, PassReady, PassOver, Done, Refused, Challenged, PayAgain, ForAPerson, MoneyBack,
		Status, Onward, LookingUp, NotFound, OtherBrowser,
		ServiceDown, StoreFailed, BadAddress, MethodUnknown, NoSuchAddress, WrongHost,
	}
}
