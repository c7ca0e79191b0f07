package journey

import (
	"errors"
	"time"
)

// Search asks for a page of one of Pay's lists: what was created in a range of time, newest first.
type Search struct {
	From, To time.Time // From may be included or not (FACTS 8.2); To is not
	Page     int       // from 1
}

// Page is a page of one of Pay's lists. The lists lag behind Get and must not decide an outcome.
type Page[T any] struct {
	Total int // entries on all pages
	Rows  []T
}

// ListedRefund is an entry of Pay's list of refunds.
type ListedRefund struct {
	PaymentID string
	Refund
}

// ErrNoPage means that a page is past the end of the list.
var ErrNoPage = errors.New("GOV.UK Pay's list has no such page")
