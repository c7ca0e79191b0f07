package staff_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// addAt stores a journey that began at a time.
func (l *listener) addAt(t *testing.T, reference string, at time.Time) {
	t.Helper()
	terms := journey.Terms{Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: reference}
	j := journey.Hold(journey.NewID(at), "key-"+reference, terms, journey.Fingerprint{Method: "POST", Path: "/apply"},
		at)
	require.NoError(t, l.store.Create(t.Context(), j, journey.HeldRequest{Method: "POST", Path: "/apply"}))
}

// Summer begins on 29 March 2026 and ends on 25 October, when the day has 25 hours.
func TestDatesAreDaysInTheUnitedKingdom(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for reference, at := range map[string]string{
		"EVE": "2026-07-09T22:59:59Z", "FIRST": "2026-07-09T23:00:00Z", "LAST": "2026-07-10T22:59:59Z",
		"NEXT": "2026-07-10T23:00:00Z", "LONG": "2026-10-25T23:59:59Z", "AFTER": "2026-10-26T00:00:00Z",
	} {
		begun, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		l.addAt(t, reference, begun)
	}
	for _, c := range []struct{ first, last, listed string }{
		{"2026-07-10", "2026-07-11", "LAST FIRST"},
		{"2026-07-10", "2026-07-10", ""},
		{"2026-07-10T00:00:00Z", "2026-07-11", "LAST"},
		{"2026-07-10", "2026-07-10T22:00:00+01:00", "FIRST"},
		{"2026-10-25", "2026-10-26", "LONG"},
		{"2026-10-26", "", "AFTER"},
		{"", "2026-07-10", "EVE"},
	} {
		for _, path := range []string{
			"/journeys?since=" + escaped(c.first) + "&until=" + escaped(c.last),
			"/export.csv?from=" + escaped(c.first) + "&to=" + escaped(c.last),
		} {
			_, text := l.do(t, http.MethodGet, path, "")
			require.Equal(t, c.listed, mentioned(text), path)
		}
	}
}

func escaped(text string) string { return strings.ReplaceAll(text, "+", "%2B") }

// mentioned returns the references in a text, in their order.
func mentioned(text string) string {
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		if strings.Contains(" EVE FIRST LAST NEXT LONG AFTER ", " "+word+" ") {
			found = append(found, word)
		}
	}
	return strings.Join(found, " ")
}

func TestPagesIncludeTheLastDate(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for reference, at := range map[string]time.Time{
		"LAST": time.Date(2026, 7, 10, 22, 59, 59, 0, time.UTC), "NEXT": time.Date(2026, 7, 10, 23, 0, 0, 0, time.UTC),
	} {
		l.addAt(t, reference, at)
	}
	_, text := l.do(t, http.MethodGet, "/journeys?since=2026-07-10&until=2026-07-10", "", "Accept", html)
	require.Equal(t, "LAST", mentioned(text))
	_, text = l.do(t, http.MethodGet, "/journeys?until=2026-07-10T22:59:59Z", "", "Accept", html)
	require.Empty(t, mentioned(text), "a time is not a day")

	answer, text := l.do(t, http.MethodGet, "/export.csv?from=2026-07-10&to=2026-07-10", "", "Accept", html)
	require.Equal(t, `attachment; filename="paygate-2026-07-10-to-2026-07-10.csv"`,
		answer.Header.Get("Content-Disposition"))
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "LAST", mentioned(text))
}
