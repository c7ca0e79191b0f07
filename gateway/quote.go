package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
	"paygate/journey/pay"
)

// quoter asks the service for prices.
type quoter struct {
	*forwarder
	payments *payments
}

// price gives a request the price that the service names. It lets the request go to the service once, unpaid and
// marked so. It reports false if it has answered the request: if the service answers anything but 402, nothing is to
// be paid, and the answer has been passed on.
func (q *quoter) price(w http.ResponseWriter, r *http.Request, in *incoming) bool {
	if refusal, refused := q.payments.refusal(in.terms.Route); refused {
		q.answer(w, r, refusal)
		return false
	}
	var quote http.Header
	var cookies []string
	asking := asSent(withRead(r, in.body))
	asking.Path = match.WithoutParameters(asking.Path)
	asking.OnPrice = func(header http.Header, setCookies []string) { quote, cookies = header, setCookies }
	q.proxy.Serve(w, asking)
	if quote == nil {
		return false
	}
	amount, err := quotedAmount(quote.Values("Paygate-Price"))
	if err != nil { // no payment can have such a price, so nothing is held
		q.answer(w, r, answer{status: http.StatusBadGateway, page: pages.WrongPrice, cause: err})
		return false
	}
	for _, line := range cookies {
		w.Header().Add("Set-Cookie", line)
	}
	in.terms.Amount = amount
	in.terms.Reference = cmp.Or(pay.CleanText(quote.Get("Paygate-Reference")), in.terms.Reference)
	in.terms.Description = cmp.Or(pay.CleanText(quote.Get("Paygate-Description")), in.terms.Description)
	return true
}

var pencePattern = regexp.MustCompile(`^[0-9]{1,8}$`)

func quotedAmount(values []string) (int64, error) {
	if len(values) != 1 || !pencePattern.MatchString(values[0]) {
		return 0, errors.New("the service answered 402 without one Paygate-Price in whole pence")
	}
	amount, _ := strconv.ParseInt(values[0], 10, 64)
	if amount < 1 || amount > journey.MaxPence {
		return 0, fmt.Errorf("the service's Paygate-Price %d is not from 1 to %d", amount, journey.MaxPence)
	}
	return amount, nil
}
