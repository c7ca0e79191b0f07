package pages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/internal/testpages"
)

func TestWaitingPagesReloadThreeTimesAndSaySo(t *testing.T) {
	t.Parallel()
	for _, name := range []pages.Page{pages.Checking, pages.Finishing, pages.Waiting} {
		v := testpages.View(name, "en")
		for checks, refresh := range []string{
			"5; url=/_pay/return?checks=1", "10; url=/_pay/return?checks=2", "30; url=/_pay/return?checks=3", "", "",
		} {
			v.Checks = checks
			w := testpages.Render(name, v)
			require.Equal(t, refresh, w.Header().Get("Refresh"), name)
			text := w.Body.String()
			require.Contains(t, text, `href="/_pay/return">Check again now</a>`, name)
			if refresh != "" {
				require.Contains(t, text,
					"This page will reload by itself in "+refresh[:len(refresh)-len("; url=/_pay/return?checks=1")])
			} else {
				require.Contains(t, text, "This page no longer reloads by itself.")
			}
		}
		v.Checks = -1
		require.Empty(t, testpages.Render(name, v).Header().Get("Refresh"), "someone wrote the number by hand")
	}
}

func TestReloadsKeepTheChosenLanguage(t *testing.T) {
	t.Parallel()
	v := testpages.View(pages.Checking, "cy")
	v.Chosen = true
	w := testpages.Render(pages.Checking, v)
	require.Equal(t, "5; url=/_pay/return?checks=1&lang=cy", w.Header().Get("Refresh"))
	require.Contains(t, w.Body.String(), `href="/_pay/return?lang=cy">Gwirio eto nawr</a>`)
	require.Contains(t, w.Body.String(), "ail-lwytho’n awtomatig ymhen 5 eiliad")
	require.Contains(t, w.Body.String(),
		`href="/_pay/return?lang=en" target="_self" lang="en" hreflang="en">English</a>`)
}
