package staff_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func (l *listener) admin(t *testing.T) browser {
	t.Helper()
	b := l.browser(t)
	b.signIn(annsToken)
	return b
}

func TestTheSearchForAPersonSaysWhatIsWrongBesideTheField(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for range 51 {
		l.addAt(t, "LIC1", t0)
	}
	b := l.admin(t)
	for typed, says := range map[string]string{" - ": "Give a reference", "lic1": "More than 50 journeys"} {
		answer, text := b.do("/person", url.Values{"q": {typed}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
		require.Contains(t, text, `<a href="#q">`+says)
		require.Contains(t, text, `value="`+typed+`"`, "what was typed is kept")
		require.Contains(t, text, "<title>Error: ")
	}
}

func TestTheFormThatErasesKeepsWhatWasTickedAndTyped(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	given, open := l.addReleased(t, "LIC-1"), l.addStuck(t, "LIC 1")
	b := l.admin(t)
	_, text := b.do("/person", url.Values{"q": {"LIC1"}})
	require.Contains(t, text, `name="searched" value="LIC1"`)
	require.NotContains(t, text, "checked")
	answer, text := b.do("/person/erase", url.Values{"searched": {"LIC1"}, "journeys": {string(given)}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `<a href="#reason">Give a reason`)
	require.Contains(t, text, `value="`+string(given)+`" checked>`)
	answer, text = b.do("/person/erase", url.Values{"searched": {"LIC1"}, "reason": {"asked to"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `<a href="#erase-`+string(given)+`">Tick at least one journey`)
	require.Contains(t, text, `value="asked to"`)

	_, text = b.do("/person/erase", url.Values{
		"searched": {"LIC1"}, "journeys": {string(given), string(open), "NONE"}, "reason": {"asked to"},
	})
	require.Contains(t, text, "You are about to erase what came from the citizen in one journey.")
	require.Contains(t, text, "LIC 1, NONE", "these are left as they are")
	_, text = b.do("/person/erase", url.Values{"journeys": {string(open)}, "reason": {"asked to"}})
	require.Contains(t, text, "None of these journeys can be erased now.")
	require.NotContains(t, text, ">Erase</button>")
	_, text = b.do("/person/erase", url.Values{
		"journeys": {string(given), string(open)}, "reason": {"asked to"}, "confirmed": {"yes"},
	})
	require.Contains(t, text, `<a class="govuk-link" href="/journeys/`+string(given)+`">`+string(given))
	j, err := l.store.Get(t.Context(), given)
	require.NoError(t, err)
	require.Equal(t, string(given), j.Terms.Reference)
	j, err = l.store.Get(t.Context(), open)
	require.NoError(t, err)
	require.Equal(t, "LIC 1", j.Terms.Reference)
}

func TestNothingToTickMeansNothingToErase(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	l.addStuck(t, "LIC1")
	_, text := l.admin(t).do("/person", url.Values{"q": {"LIC1"}})
	require.Contains(t, text, "This cannot be erased yet.")
	require.NotContains(t, text, ">Continue</button>")
}
