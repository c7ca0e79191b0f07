package paysim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// search lists the account's payments, newest first, from the lagging index: with old states, and without a next_url
// (FACTS 8).
func (s *Simulator) search(a asked) reply {
	q, wrong := parseQuery(a.URL.Query(), paymentParameters)
	if len(wrong) > 0 {
		return refusal(invalidSearch("P0401", wrong))
	}
	var found []*payment
	for _, p := range slices.Backward(s.list) {
		if p.account != a.account || !s.isIndexed(p.created) {
			continue
		}
		if then := p.asOf(s.indexedUntil()); q.fits(then, s.indexedUntil()) {
			found = append(found, then)
		}
	}
	return listed(s, "/v1/payments", "P0402", q, found, func(p *payment) map[string]any {
		return s.brief(p, s.indexedUntil())
	})
}

// searchRefunds lists the account's refunds, newest first, from the same index.
func (s *Simulator) searchRefunds(a asked) reply {
	q, wrong := parseQuery(a.URL.Query(), commonParameters)
	if len(wrong) > 0 {
		return refusal(invalidSearch("P1101", wrong))
	}
	var found []*refund
	for _, p := range slices.Backward(s.list) {
		for _, made := range slices.Backward(p.refunds) {
			if p.account == a.account && s.isIndexed(made.created) &&
				q.isWithin(made.created, made.settledDate(s.indexedUntil())) {
				found = append(found, made)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *refund) int { return b.created.Compare(a.created) })
	return listed(s, "/v1/refunds", "P1100", q, found, func(made *refund) map[string]any {
		result := s.refundJSON(made, s.indexedUntil())
		result["payment_id"] = made.payment.id
		return result
	})
}

// indexedUntil returns the time up to which the index is complete.
func (s *Simulator) indexedUntil() time.Time { return s.now().Add(-s.options.SearchLag) }

func (s *Simulator) isIndexed(at time.Time) bool { return !at.After(s.indexedUntil()) }

// query holds the criteria of a search.
type query struct {
	values   url.Values
	page     int
	size     int
	from, to time.Time
}

// searchableStates leaves out capturable, in spite of Pay's guidance (FACTS 8.2).
var searchableStates = []string{"created", "started", "submitted", "success", "failed", "cancelled", "error"}

// parameter is a criterion: its name, and what reads it and reports whether it is valid.
type parameter struct {
	name string
	read func(text string) bool
}

func commonParameters(q *query) []parameter {
	return []parameter{
		{"from_date", readTime(&q.from)},
		{"to_date", readTime(&q.to)},
		{"from_settled_date", isDate},
		{"to_settled_date", isDate},
		{"page", readNumber(&q.page, 1<<31-1)},
		{"display_size", readNumber(&q.size, 500)},
	}
}

func paymentParameters(q *query) []parameter {
	return append(
		commonParameters(q),
		parameter{"state", func(text string) bool { return slices.Contains(searchableStates, text) }},
		parameter{"reference", atMost(255)},
		parameter{"email", atMost(254)},
		parameter{"card_brand", atMost(20)},
		parameter{"first_digits_card_number", isDigits(6)},
		parameter{"last_digits_card_number", isDigits(4)},
	)
}

// parseQuery reads the criteria, and returns the names of wrong parameters.
func parseQuery(values url.Values, parameters func(*query) []parameter) (q query, wrong []string) {
	q = query{values: values, page: 1, size: 500}
	for _, p := range parameters(&q) {
		if text := values.Get(p.name); !isBlank(text) && !p.read(text) {
			wrong = append(wrong, p.name)
		}
	}
	return q, wrong
}

func readTime(to *time.Time) func(string) bool {
	return func(text string) (ok bool) {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04Z07:00", text)
		}
		*to = at
		return err == nil
	}
}

func atMost(limit int) func(string) bool {
	return func(text string) bool { return length(text) <= limit }
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func isDigits(n int) func(string) bool {
	return func(text string) bool { return len(text) == n && strings.Trim(text, "0123456789") == "" }
}

func readNumber(to *int, limit int) func(string) bool {
	return func(text string) bool {
		n, err := strconv.ParseUint(text, 10, 31)
		*to = int(n)
		return err == nil && n >= 1 && *to <= limit
	}
}

// fits reports whether a payment, as the index has it, was searched for.
func (q query) fits(p *payment, at time.Time) bool {
	c := p.card
	if c == nil {
		c = p.request.card()
	}
	has := func(name string, fits func(wanted string) bool) bool {
		wanted := q.values.Get(name)
		return isBlank(wanted) || fits(wanted)
	}
	is := func(text string) func(string) bool {
		return func(wanted string) bool { return strings.EqualFold(wanted, text) }
	}
	contains := func(text string) func(string) bool {
		return func(wanted string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(wanted)) }
	}
	return has("reference", is(p.request.Reference)) && has("state", is(p.status)) &&
		has("email", contains(p.email())) && has("cardholder_name", contains(c.name)) &&
		has("card_brand", func(wanted string) bool { return brandWord(wanted) == brandWord(c.brand) }) &&
		has("first_digits_card_number", is(c.first)) && has("last_digits_card_number", is(c.last)) &&
		isBlank(q.values.Get("agreement_id")) && q.isWithin(p.created, p.paidOut(p.collected, at))
}

// brandWord makes Pay's word for a brand, such as master-card, the same as the name that it shows.
func brandWord(brand string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(brand))
}

// isWithin compares dates as Pay's ledger does: from_date is exclusive and to_settled_date inclusive, in spite of the
// guidance (FACTS 8.2).
func (q query) isWithin(created time.Time, settled string) bool {
	from, to := q.values.Get("from_settled_date"), q.values.Get("to_settled_date")
	return (q.from.IsZero() || created.After(q.from)) && (q.to.IsZero() || created.Before(q.to)) &&
		(from+to == "" || settled != "" && from <= settled && (to == "" || settled <= to))
}
