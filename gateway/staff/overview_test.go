package staff_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each figure leads to the journeys that it counts.
func TestTheFiguresOfTheOverviewLeadToWhatTheyCount(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	stuck, open := l.addStuck(t, "STUCK"), l.add(t, "OPEN")
	given := l.addReleased(t, "GIVEN")
	refunded := l.addReleased(t, "REFUNDED")
	status, _ := l.order(t, "ann", refunded, "refund", refund8)
	require.Equal(t, http.StatusOK, status)
	wanted := map[string][]string{
		"Begun":      {string(stuck), string(open), string(given), string(refunded)},
		"Complete":   {string(given), string(refunded)},
		"Still open": {string(stuck), string(open)},
		"Taken":      {string(given), string(refunded)},
		"Refunded":   {string(refunded)},
	}
	_, overview := l.do(t, http.MethodGet, "/", "", "Accept", html)
	for figure, ids := range wanted {
		links := regexp.MustCompile(`data-label="`+figure+`"><a class="govuk-link" href="([^"]+)"`).
			FindAllStringSubmatch(overview, -1)
		require.Len(t, links, 2, "%s: today and 7 days", figure)
		for _, link := range links {
			answer, list := l.do(t, http.MethodGet, strings.ReplaceAll(link[1], "&amp;", "&"), "", "Accept", html)
			require.Equal(t, http.StatusOK, answer.StatusCode)
			var listed []string
			for _, m := range regexp.MustCompile(`href="/journeys/(\w+)"`).FindAllStringSubmatch(list, -1) {
				listed = append(listed, m[1])
			}
			require.ElementsMatch(t, ids, listed, figure)
		}
	}
}

func TestOpenJourneysAndThoseWithMoneyArePaged(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for _, reference := range []string{"A", "B", "C", "D", "E"} {
		l.addStuck(t, reference)
		l.add(t, reference+"2")
		l.addReleased(t, reference+"3")
	}
	for query, wanted := range map[string]int{"state=open": 10, "money=taken": 5, "money=refunded": 0} {
		seen, next := map[string]bool{}, ""
		for {
			_, text := l.do(t, http.MethodGet, "/journeys?limit=3&"+query+"&after="+next, "")
			for _, m := range regexp.MustCompile(`"id":"(\w+)"`).FindAllStringSubmatch(text, -1) {
				require.False(t, seen[m[1]], "%s: %s twice", query, m[1])
				seen[m[1]] = true
			}
			if next = regexp.MustCompile(`"next":"(\w*)"`).FindStringSubmatch(text)[1]; next == "" {
				break
			}
		}
		require.Len(t, seen, wanted, query)
	}
	answer, _ := l.do(t, http.MethodGet, "/journeys?money=all", "")
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
}
