package gateway

import (
	"errors"
	"net/http"
	"time"

	"paygate/gateway/dial"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/gateway/quota"
	"paygate/gateway/spool"
	"paygate/internal/memlimit"
	"paygate/journey"
)

// answer is Paygate's own answer to a request: a page for people, and for scripts a form that they can use (scripts.go)
// or a problem document (RFC 9457).
type answer struct {
	status int
	page   pages.Page
	view   pages.View
	cause  error // for the log
}

// The answers that are always the same.
var (
	cardNumber   = answer{status: http.StatusUnprocessableEntity, page: pages.CardNumber}
	chooseAgain  = answer{status: http.StatusUnprocessableEntity, page: pages.ChooseAgain}
	notFound     = answer{status: http.StatusNotFound, page: pages.NotFound}
	otherBrowser = answer{status: http.StatusNotFound, page: pages.OtherBrowser}
	noAddress    = answer{status: http.StatusNotFound, page: pages.NoSuchAddress}
	badMethod    = answer{status: http.StatusMethodNotAllowed, page: pages.MethodUnknown}
	headUnpaid   = answer{status: http.StatusPaymentRequired, page: pages.PassUnpaid}
	crossSite    = answer{status: http.StatusForbidden, page: pages.MethodUnknown}
	closed       = answer{status: http.StatusServiceUnavailable, page: pages.Closed}
	serviceDown  = answer{status: http.StatusBadGateway, page: pages.ServiceDown}
	serviceSlow  = answer{status: http.StatusGatewayTimeout, page: pages.ServiceDown}
	tooManyNew   = retryIn(time.Minute, http.StatusTooManyRequests, pages.TooMany)
	tooManyOpen  = retryIn(15*time.Minute, http.StatusTooManyRequests, pages.TooMany)
	draining     = retryIn(time.Minute, http.StatusServiceUnavailable, pages.Draining)
)

func retryIn(d time.Duration, status int, page pages.Page) answer {
	return answer{status: status, page: page, view: pages.View{RetryAfter: d}}
}

// prefetched answers a request that no person has made yet. A script that loads pages in advance may show it later.
func prefetched(r *http.Request) answer {
	target, _ := match.OriginForm(r)
	return answer{status: http.StatusServiceUnavailable, page: pages.Prefetched, view: pages.View{Target: target}}
}

// storeFailed answers a request when the store fails.
func storeFailed(err error) answer { return tryLater(pages.StoreFailed, err) }

// overQuota answers a request that the quotas refused.
func overQuota(err error) answer {
	switch {
	case errors.Is(err, quota.ErrOpen):
		return tooManyOpen
	case errors.Is(err, quota.ErrNetwork):
		return tooManyNew
	default:
		return storeFailed(err)
	}
}

// unreadable answers a request that could not be read completely.
func unreadable(err error) answer {
	if errors.Is(err, spool.ErrTooLarge) {
		return answer{status: http.StatusRequestEntityTooLarge, page: pages.TooLarge}
	}
	broken := answer{status: http.StatusBadRequest, page: pages.Unreadable, cause: errors.New(dial.Cause(err))}
	return orSpaceShort(err, broken)
}

// notHeld answers a request that was read but could not be held.
func notHeld(err error) answer { return orSpaceShort(err, notStarted(journey.Journey{}, err)) }

// notResubmitted answers a corrected request that could not be held. The earlier payment stays as it was.
func notResubmitted(err error) answer { return orSpaceShort(err, storeFailed(err)) }

// orSpaceShort returns an answer, unless the cause of the error is too little space in memory or on the disk.
func orSpaceShort(err error, a answer) answer {
	if errors.Is(err, spool.ErrFull) || errors.Is(err, memlimit.ErrBusy) {
		return tryLater(pages.MemoryShort, err)
	}
	return a
}

func tryLater(page pages.Page, cause error) answer {
	a := retryIn(time.Minute, http.StatusServiceUnavailable, page)
	a.cause = cause
	return a
}

// notStarted answers a request when a payment could not be created. If one may be open already, the page says that we
// are checking.
func notStarted(j journey.Journey, err error) answer {
	if j.State == journey.StatePaying && !errors.Is(err, journey.ErrNextURL) {
		a := unfinished(j)
		a.cause = err
		return a
	}
	view := viewOf(j)
	view.RetryAfter = time.Minute
	if errors.Is(err, journey.ErrCreating) {
		return answer{status: http.StatusServiceUnavailable, page: pages.Starting, view: view}
	}
	if errors.Is(err, journey.ErrPayBusy) {
		return answer{status: http.StatusServiceUnavailable, page: pages.Busy, view: view, cause: err}
	}
	if errors.Is(err, journey.ErrPayRefused) || errors.Is(err, journey.ErrPayMaintenance) {
		view.RetryAfter = 0 // trying again soon does not help
		return answer{status: http.StatusServiceUnavailable, page: pages.NotWorking, view: view, cause: err}
	}
	status := http.StatusBadGateway
	if j.ID == "" { // not even held
		status = http.StatusServiceUnavailable
	}
	return answer{status: status, page: pages.NotStarted, view: view, cause: err}
}
