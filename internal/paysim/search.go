package paysim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// search lists payments, newest first, from the lagging index: with old states, and without a next_url (FACTS
// 8).
func (s *Simulator) search(r *http.Request, _ []byte) reply {
	q, wrong := parseQuery(r.URL.Query())
	if len(wrong) > 0 {
		return refusal(&apiError{status: 422, Code: "P0401", Text: "Invalid parameters: " + strings.Join(wrong, ", ") +
			". See Public API documentation for the correct data formats"})
	}
	var found []*payment
	for _, p := range slices.Backward(s.list) {
		if s.isIndexed(p.created) && q.fits(p, s.indexedUntil()) {
			found = append(found, p)
		}
	}
	first := (q.page - 1) * q.size
	if first >= len(found) && len(found) > 0 {
		return refusal(&apiError{status: 404, Code: "P0402", Text: "Page not found"})
	}
	results := []map[string]any{}
	for _, p := range found[min(first, len(found)):min(first+q.size, len(found))] {
		result := s.brief(p)
		result["state"] = stateOf(p.statusAt(s.indexedUntil()))
		results = append(results, result)
	}
	return reply{status: 200, body: map[string]any{
		"total": len(found), "count": len(results), "page": q.page, "results": results,
		"_links": s.pageLinks(q, (len(found)+q.size-1)/q.size),
	}}
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

// parseQuery reads the criteria, and returns the names of wrong parameters.
func parseQuery(values url.Values) (q query, wrong []string) {
	q = query{values: values, page: 1, size: 500}
	check := func(name string, read func(text string) bool) {
		if text := values.Get(name); text != "" && !read(text) {
			wrong = append(wrong, name)
		}
	}
	check("state", func(text string) bool { return slices.Contains(searchableStates, strings.ToLower(text)) })
	check("from_date", readTime(&q.from))
	check("to_date", readTime(&q.to))
	check("from_settled_date", isDate)
	check("to_settled_date", isDate)
	check("first_digits_card_number", isDigits(6))
	check("last_digits_card_number", isDigits(4))
	check("agreement_id", func(text string) bool { return len(text) == 26 })
	check("page", readNumber(&q.page, 1<<31-1))
	check("display_size", readNumber(&q.size, 500))
	return q, wrong
}

func readTime(to *time.Time) func(string) bool {
	return func(text string) (ok bool) {
		at, err := time.Parse(time.RFC3339Nano, text)
		*to = at
		return err == nil
	}
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
		n, err := strconv.Atoi(text)
		*to = n
		return err == nil && n >= 1 && n <= limit
	}
}

// fits compares as Pay's ledger does: from_date is exclusive, in spite of the guidance (FACTS 8.2).
func (q query) fits(p *payment, until time.Time) bool {
	status, _ := p.statusAt(until)
	c := p.card
	if c == nil {
		c = p.request.card()
	}
	has := func(name string, fits func(wanted string) bool) bool {
		wanted := q.values.Get(name)
		return wanted == "" || fits(wanted)
	}
	is := func(text string) func(string) bool {
		return func(wanted string) bool { return strings.EqualFold(wanted, text) }
	}
	contains := func(text string) func(string) bool {
		return func(wanted string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(wanted)) }
	}
	return has("reference", is(p.request.Reference)) && has("state", is(status)) &&
		has("email", contains(p.email())) && has("cardholder_name", contains(c.name)) &&
		has("card_brand", is(c.brand)) &&
		has("first_digits_card_number", is(c.first)) && has("last_digits_card_number", is(c.last)) &&
		has("agreement_id", never) && // this and the next two are only for Stripe
		has("from_settled_date", never) && has("to_settled_date", never) &&
		(q.from.IsZero() || p.created.After(q.from)) && (q.to.IsZero() || p.created.Before(q.to))
}

func never(string) bool { return false }

func (s *Simulator) pageLinks(q query, last int) map[string]any {
	to := func(page int) map[string]any {
		values := maps.Clone(q.values)
		values.Set("page", fmt.Sprint(page))
		values.Set("display_size", fmt.Sprint(q.size))
		return map[string]any{"href": s.options.PublicURL + "/v1/payments?" + values.Encode()}
	}
	last = max(1, last)
	links := map[string]any{"self": to(q.page), "first_page": to(1), "last_page": to(last)}
	if q.page > 1 {
		links["prev_page"] = to(q.page - 1)
	}
	if q.page < last {
		links["next_page"] = to(q.page + 1)
	}
	return links
}
