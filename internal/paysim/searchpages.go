package paysim

import (
	"fmt"
	"maps"
	"strings"
)

func invalidSearch(code string, wrong []string) *apiError {
	return &apiError{status: 422, Code: code, Text: "Invalid parameters: " + strings.Join(wrong, ", ") +
		". See Public API documentation for the correct data formats"}
}

// listed is the answer to a search: one page of what was found. A page past the end has its own code, unless nothing
// was found at all.
func listed[T any](s *Simulator, path, pastEnd string, q query, found []T, show func(T) map[string]any) reply {
	first := (q.page - 1) * q.size
	if first >= len(found) && len(found) > 0 {
		return refusal(&apiError{status: 404, Code: pastEnd, Text: "Page not found"})
	}
	results := []map[string]any{}
	for _, one := range found[min(first, len(found)):min(first+q.size, len(found))] {
		results = append(results, show(one))
	}
	return reply{status: 200, body: map[string]any{
		"total": len(found), "count": len(results), "page": q.page, "results": results,
		"_links": s.pageLinks(path, q, (len(found)+q.size-1)/q.size),
	}}
}

func (s *Simulator) pageLinks(path string, q query, last int) map[string]any {
	to := func(page int) map[string]any {
		values := maps.Clone(q.values)
		values.Set("page", fmt.Sprint(page))
		values.Set("display_size", fmt.Sprint(q.size))
		return map[string]any{"href": s.options.PublicURL + path + "?" + values.Encode()}
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
