package pages

// All lists every page.
func All() []Page {
	return []Page{
		NotStarted, Busy, Draining, Closed, ChooseAgain, WrongPrice, CardNumber, TooLarge, Unreadable, NoRoom, TooMany,
		Prefetched, PassUnpaid, ToPay,
		Open, Unconfirmed, Checking, Declined, Cancelled, CancelledByUs, Expired, ErrorAtPay, Abandoned,
		Finishing, Waiting, Sent, PassReady, PassOver, Refused, ForAPerson, MoneyBack,
		Status, Onward, NotFound,
		ServiceDown, StoreFailed, BadAddress, MethodUnknown, NoSuchAddress, WrongHost,
	}
}
