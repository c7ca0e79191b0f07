package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// search lists payments, newest first, as far as the lagging index knows them (FACTS 8).
func (s *Simulator) search(r *http.Request, _ []byte) reply {
	query := r.URL.Query()
	page, size, wrong := paging(query)
	if state := query.Get("state"); state != "" && !slices.Contains([]string{"created", "started", "submitted", "success", "failed", "cancelled", "error"}, state) {
		wrong = "state"
	}
	from, to, dateWrong := dates(query)
	if dateWrong != "" {
		wrong = dateWrong
	}
	if wrong != "" {
		return fault(&apiError{422, "P0401", "", "Invalid parameters: " + wrong + ". See Public API documentation for the correct data formats"})
	}
	var found []*payment
	for _, p := range slices.Backward(s.list) {
		if s.now().Sub(p.created) >= s.options.SearchLag && fits(p, query, from, to) {
			found = append(found, p)
		}
	}
	first := (page - 1) * size
	if first >= len(found) && len(found) > 0 {
		return fault(&apiError{404, "P0402", "", "the requested page not found"})
	}
	results := []map[string]any{}
	for _, p := range found[min(first, len(found)):min(first+size, len(found))] {
		results = append(results, s.brief(p))
	}
	return reply{200, map[string]any{
		"total": len(found), "count": len(results), "page": page, "results": results,
		"_links": s.pageLinks(query, page, (len(found)+size-1)/size),
	}}
}

func fits(p *payment, query url.Values, from, to time.Time) bool {
	reference, state, email := query.Get("reference"), query.Get("state"), query.Get("email")
	return (reference == "" || strings.EqualFold(reference, p.request.Reference)) &&
		(state == "" || state == p.status) &&
		(email == "" || strings.Contains(lower(p.request.Email), lower(email))) &&
		(from.IsZero() || p.created.After(from)) && (to.IsZero() || p.created.Before(to))
}

func paging(query url.Values) (page, size int, wrong string) {
	page, size = 1, 500
	var err error
	if text := query.Get("page"); text != "" {
		if page, err = strconv.Atoi(text); err != nil || page < 1 {
			wrong = "page"
		}
	}
	if text := query.Get("display_size"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 500 {
			wrong = "display_size"
		}
	}
	return page, size, wrong
}

func dates(query url.Values) (from, to time.Time, wrong string) {
	var err error
	if text := query.Get("from_date"); text != "" {
		if from, err = time.Parse(time.RFC3339, text); err != nil {
			wrong = "from_date"
		}
	}
	if text := query.Get("to_date"); text != "" {
		if to, err = time.Parse(time.RFC3339, text); err != nil {
			wrong = "to_date"
		}
	}
	return from, to, wrong
}

func (s *Simulator) pageLinks(query url.Values, page, last int) map[string]any {
	to := func(n int) map[string]any {
		next := url.Values{}
		for name, values := range query {
			next[name] = values
		}
		next.Set("page", fmt.Sprint(n))
		return map[string]any{"href": s.options.PublicURL + "/v1/payments?" + next.Encode()}
	}
	last = max(1, last)
	links := map[string]any{"self": to(page), "first_page": to(1), "last_page": to(last)}
	if page > 1 {
		links["prev_page"] = to(page - 1)
	}
	if page < last {
		links["next_page"] = to(page + 1)
	}
	return links
}
