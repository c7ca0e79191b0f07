package pages

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// everyText returns every text of a page by its place.
func everyText(p page) map[string]bilingual {
	all := map[string]bilingual{"title": p.title}
	for i, text := range slices.Concat(p.says, p.withJourney) {
		all["paragraph "+string(rune('1'+i))] = text
	}
	if p.do != (bilingual{}) {
		all["do"] = p.do
	}
	return all
}

var placePattern = regexp.MustCompile(`\{[^}]*\}`)

func requireBothLanguages(t *testing.T, text bilingual, where ...any) {
	t.Helper()
	require.NotEmpty(t, text.en, where...)
	require.NotEmpty(t, text.cy, where...)
	require.NotEqual(t, text.en, text.cy, where...)
	for _, said := range []string{text.en, text.cy} {
		require.NotRegexp(t, `^\s|\s$|  |'`, said, where...)
	}
	require.ElementsMatch(t, placePattern.FindAllString(text.en, -1), placePattern.FindAllString(text.cy, -1), where...)
	for _, name := range placePattern.FindAllString(text.en, -1) {
		require.Contains(t, []string{
			"{amount}", "{paid}", "{unconfirmed}", "{refunded}", "{until}", "{limit}", "{otherwise}",
			"{noun}", "{seconds}",
		}, name, where...)
	}
}

func TestEveryTextHasBothLanguagesAndTheSamePlaces(t *testing.T) {
	t.Parallel()
	for name, page := range texts {
		for where, text := range everyText(page) {
			requireBothLanguages(t, text, string(name)+", "+where)
		}
	}
	for name, word := range words {
		requireBothLanguages(t, word, name)
	}
}

func TestEveryPageHasAUniqueTitle(t *testing.T) {
	t.Parallel()
	seen := map[string]Page{}
	for name, page := range texts {
		for _, title := range []string{page.title.en, page.title.cy} {
			require.Empty(t, seen[title], "%q is the title of %s too", title, name)
			seen[title] = name
		}
		require.Equal(t, page.does != "" || slices.Contains([]Page{
			Onward, LookingUp, Waiting, PassReady, ToPay, Prefetched,
			Refused, WrongHost,
		}, name), page.do != bilingual{}, "%s: a button has a label, and only a button", name)
		require.True(t, page.withJourney == nil || page.does == "again", "%s: what is kept can be used again", name)
	}
}

// The promise of all texts: no page says that no money was taken unless we know it.
func TestOnlyPagesWithoutAPaymentSayThatNothingWasTaken(t *testing.T) {
	t.Parallel()
	for _, name := range []Page{
		Unconfirmed, Checking, Finishing, Waiting, Sent, PassReady, PassOver, Done, Refused,
		Challenged, PayAgain, ForAPerson, Unsure, MoneyBack, NotKept, Status, Onward, NotFound, OtherBrowser,
		ServiceDown, StoreFailed,
		NoSuchAddress, WrongHost,
	} {
		for where, text := range everyText(texts[name]) {
			require.NotContains(t, text.en, "No money has been taken", "%s, %s", name, where)
			require.NotContains(t, text.cy, "Nid oes arian wedi’i gymryd", "%s, %s", name, where)
		}
	}
	for _, name := range []Page{
		Declined, Cancelled, CancelledByUs, Expired, ErrorAtPay, Abandoned, NotStarted, Busy, Starting,
		Draining, Closed, ChooseAgain, Unclear, CardNumber, TooLarge,
	} {
		require.Contains(t, texts[name].says, nothingHappened, name)
	}
	require.Contains(t, texts[Unreadable].says, nothingTaken)
	for _, name := range []Page{Checking, Finishing, Waiting, ForAPerson, Unsure} {
		require.True(t, texts[name].onlyOnce, "%s warns not to pay again", name)
	}
}
