package staff_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
	"paygate/journey"
)

func TestWhatIsReadOutIsFoundWhateverFilterIsLeftOver(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	l.addStuck(t, "LICE-1")
	l.addStuck(t, "LICE-2")
	_, text := b.do("/journeys", url.Values{"find": {"Lice"}, "state": {"released"}, "until": {"2020-01-01"}})
	require.Contains(t, text, ">LICE-1</a>")
	require.Contains(t, text, "whatever the filters")
	require.Contains(t, text, "2 journeys.")
	_, text = b.do("/journeys", url.Values{"find": {"LICE"}, "state": {"stuck"}})
	require.NotContains(t, text, "whatever the filters")
	_, text = b.do("/journeys", url.Values{"find": {"NOTHING"}})
	require.Contains(t, text, "No journeys were found.")
	require.Contains(t, text, `href="https://pay.example/all-service-transactions"`)
}

func TestTheOnlyJourneyFoundIsShownAtOnce(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addStuck(t, "LIC1")
	answer, text := b.do("/journeys", url.Values{"find": {"lic-1"}, "state": {"released"}})
	require.Equal(t, "/journeys/"+string(id), answer.Request.URL.Path)
	require.Contains(t, text, "What happened")
}

func TestJourneysHavePagesACountAndAFile(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	for n := range 101 {
		l.add(t, fmt.Sprintf("REF%03d", n))
	}
	_, text := b.do("/journeys?route=licence", nil)
	require.Contains(t, text, "101 journeys. Showing 1 to 50.")
	require.Contains(t, text, "/journeys?page=3&amp;route=licence")
	require.NotContains(t, text, "Previous")
	_, text = b.do("/journeys?route=licence&page=3", nil)
	require.Contains(t, text, "Showing 101 to 101.")
	require.Contains(t, text, "Previous")
	require.NotContains(t, text, ">Next<")
	for _, page := range []string{"0", "-1", "99", "x"} {
		answer, _ := b.do("/journeys?page="+page, nil)
		require.Equal(t, http.StatusOK, answer.StatusCode, page)
	}
	_, text = b.do("/journeys", url.Values{"state": {"paying"}, "format": {"csv"}})
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 102)
	require.Contains(t, rows[0], "reserved_pounds")
}

func TestEveryPaymentLeadsToPaysOwnTool(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	_, text := b.do("/journeys/"+string(l.addStuck(t, "LIC1")), nil)
	require.Contains(t, text, `href="https://pay.example/redirect/transactions/paylic1"`)
}

func TestTheNavigationHasOnlyWhatTheRoleAllows(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Tokens, _ = o.SignIn.Tokens.Add("vera:view:veras-token-0123456789")
	})
	vera, ann := l.browser(t), l.browser(t)
	vera.signIn("veras-token-0123456789")
	ann.signIn(annsToken)
	id := l.addStuck(t, "LIC1")
	_, text := vera.do("/journeys/"+string(id), nil)
	require.Contains(t, text, `href="/journeys" aria-current="true"`)
	require.NotContains(t, text, `href="/person"`)
	require.NotContains(t, text, "Decide how it ends", "it needs another role")
	_, text = ann.do("/journeys/"+string(id), nil)
	require.Contains(t, text, `href="/person"`)
	require.Contains(t, text, "Decide how it ends")
}

// The pages of a search by form lead to the same search, without what was typed to find a person.
func TestFurtherPagesKeepTheFiltersOfTheForm(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	for n := range 51 {
		l.add(t, fmt.Sprintf("REF%03d", n))
	}
	_, text := b.do("/journeys", url.Values{
		"find": {""}, "state": {"paying"}, "route": {"licence"}, "since": {"2020-01-01"},
	})
	require.Contains(t, text, "51 journeys. Showing 1 to 50.")
	require.Contains(t, text, `href="/journeys?page=2&amp;route=licence&amp;since=2020-01-01&amp;state=paying"`)
	_, text = b.do("/journeys?page=2", url.Values{"state": {"paying"}})
	require.Contains(t, text, "Showing 1 to 50.", "a new search begins on its first page")
	_, text = b.do("/journeys", url.Values{"reference": {"REF"}, "payment": {"payref001"}})
	require.NotContains(t, text, "payref001&amp;")
}

func TestTheFileHasWhatThePageShows(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	l.addStuck(t, "LICE-1")
	l.addStuck(t, "LICE-2")
	leftOver := url.Values{"find": {"Lice"}, "state": {"released"}}
	_, text := b.do("/journeys", leftOver)
	require.Contains(t, text, "whatever the filters")
	leftOver.Set("format", "csv")
	_, text = b.do("/journeys", leftOver)
	require.Contains(t, text, "LICE-1")
	require.Contains(t, text, "LICE-2")
}

func TestTheFormOfTheListSaysWhatIsWrongAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	_, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	answer, text := b.do("/journeys", url.Values{
		"find": {"LIC<1"}, "since": {"2026-11-20"}, "until": {"2026-11-02"}, "state": {"stuck"},
	})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `<a href="#since">Since and until must be`)
	for _, kept := range []string{
		`value="LIC&lt;1"`, `value="2026-11-20"`, `value="2026-11-02"`,
		`value="stuck" selected`,
	} {
		require.Contains(t, text, kept)
	}
	require.NotContains(t, text, "No journeys were found.")
}

func TestTwoOfOneNameAreToldApartByThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Tokens, _ = o.SignIn.Tokens.Add("vera:view:veras-token-0123456789")
	})
	for _, email := range []string{"jo@example.org", "other@example.org"} {
		name := journey.FormValue{Field: "name", Value: "Jo Smith"}
		l.addTyped(t, name, journey.FormValue{Field: "email", Value: email})
	}
	ann, vera := l.browser(t), l.browser(t)
	ann.signIn(annsToken)
	vera.signIn("veras-token-0123456789")
	for _, b := range []browser{ann, vera} {
		_, text := b.do("/journeys", url.Values{"find": {"jo smith"}})
		require.Contains(t, text, "2 journeys.")
		require.Equal(t, b == ann, strings.Contains(text, "other@example.org"), "lists show it to the role refund only")
	}
	_, text := ann.do("/journeys", nil)
	require.NotContains(t, text, "other@example.org", "it is shown only of what was searched for")
}

// addTyped adds a journey whose form had these values in the fields of FIND.
func (l *listener) addTyped(t *testing.T, values ...journey.FormValue) {
	t.Helper()
	id := l.add(t, "REF"+journey.NewKey()[:6])
	_, err := l.store.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		j.Fingerprint.Findable = values
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
}

func TestAReferenceThatWasMisheardIsFoundWithAWarning(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	l.addStuck(t, "WKF7T3M2QA")
	for _, misheard := range []string{"WKS7T3M2QA", "wkf 7t3 m2aq"} {
		answer, text := b.do("/journeys", url.Values{"find": {misheard}, "state": {"released"}})
		require.Equal(t, "/journeys", answer.Request.URL.Path, "a person looks at it first")
		require.Contains(t, text, ">WKF7T3M2QA</a>")
		require.Contains(t, text, "Ask for the name")
		require.NotContains(t, text, "With the filters")
	}
	_, text := b.do("/journeys", url.Values{"find": {"WKS7T3M2QB"}})
	require.Contains(t, text, "No journeys were found.")
	require.NotContains(t, text, "Ask for the name")
}
