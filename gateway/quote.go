package gateway

import (
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

// askPrice sets the price that the service names, by forwarding the request once, unpaid and marked as a question. It
// reports false if it has answered the request. If the service answers with any status but 402, there is nothing to
// pay, and that answer is passed on.
func (p *payments) askPrice(w http.ResponseWriter, r *http.Request, in *incoming) bool {
	if refusal, refused := p.refusal(in.terms.Route); refused {
		p.answer(w, r, refusal)
		return false
	}
	var quote http.Header
	var cookies []string
	asking := asSent(withRead(r, in.body))
	asking.Path = match.WithoutParameters(asking.Path)
	asking.OnPrice = func(header http.Header, setCookies []string) { quote, cookies = header, setCookies }
	p.proxy.Serve(w, asking)
	if quote == nil {
		return false
	}
	amount, err := quotedAmount(quote.Values("Paygate-Price"))
	if err != nil { // nothing is held
		p.answer(w, r, answer{status: http.StatusBadGateway, page: pages.WrongPrice, cause: err})
		return false
	}
	for _, line := range cookies {
		w.Header().Add("Set-Cookie", line)
	}
	in.terms.Amount = amount
	if reference := pay.CleanText(quote.Get("Paygate-Reference")); reference != "" {
		in.terms.Reference, in.terms.Own.Reference = reference, false // the service may have made it of the form
	}
	if description := pay.CleanText(quote.Get("Paygate-Description")); description != "" {
		in.terms.Description, in.terms.Quoted = description, true
	}
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
