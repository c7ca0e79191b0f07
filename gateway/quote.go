package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/gateway/spool"
	"paygate/journey"
	"paygate/journey/pay"
)

// quoter asks the service for prices.
type quoter struct {
	*forwarder
	starter *starter
}

// quote is what the service says a request costs.
type quote struct {
	given       bool // the service answered 402
	amount      int64
	reference   string
	description string
	cookies     []string // the answer's Set-Cookie lines
	fault       error    // why the price cannot be used
}

var pencePattern = regexp.MustCompile(`^[0-9]{1,8}$`)

// wrongPrice is a price that no payment can have. Nothing is held.
func wrongPrice(cause error) answer {
	return answer{status: http.StatusBadGateway, page: pages.WrongPrice, cause: cause}
}

// take reads a 402 of the service.
func (q *quote) take(header http.Header, cookies []string) {
	q.given = true
	q.amount, q.fault = quotedAmount(header.Values("Paygate-Price"))
	q.reference = pay.CleanText(header.Get("Paygate-Reference"))
	q.description = pay.CleanText(header.Get("Paygate-Description"))
	q.cookies = cookies
}

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

// askPrice lets the request go to the service once, unpaid and marked so. Where the service answers 402 the quote is
// given, and nothing has been written yet; any other answer means that nothing is to be paid, and has been passed on.
func (n *quoter) askPrice(w http.ResponseWriter, r *http.Request, body *spool.Body) *quote {
	q := &quote{}
	asked := *r
	asked.Body, asked.ContentLength = io.NopCloser(body.Reader()), body.Size()
	if body.Size() == 0 {
		asked.Body = http.NoBody
	}
	asking := asSent(&asked)
	asking.Path, asking.OnPrice = match.WithoutParameters(asking.Path), q.take
	n.proxy.Serve(w, asking)
	return q
}

// priceTerms gives the terms the price that the service names. It reports false if it has answered the request.
func (n *quoter) priceTerms(w http.ResponseWriter, r *http.Request, terms journey.Terms,
	body *spool.Body,
) (journey.Terms, bool) {
	if refusal, refused := n.starter.refusal(terms.Route); refused {
		n.answer(w, r, refusal)
		return terms, false
	}
	q := n.askPrice(w, r, body)
	switch {
	case !q.given:
		return terms, false
	case q.fault != nil:
		n.answer(w, r, wrongPrice(q.fault))
		return terms, false
	}
	for _, line := range q.cookies {
		w.Header().Add("Set-Cookie", line)
	}
	terms.Amount = q.amount
	if q.reference != "" {
		terms.Reference = q.reference
	}
	if q.description != "" {
		terms.Description = q.description
	}
	return terms, true
}
