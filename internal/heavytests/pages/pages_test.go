// Package pages tests the citizen pages in a browser.
package pages

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/internal/heavytests/browser"
	"paygate/internal/testpages"
)

var leaves = regexp.MustCompile(`<meta http-equiv="refresh"[^>]*>`)

// serve shows /LANGUAGE/PAGE with the view that the test gives it, held still: no page leaves or reloads by itself.
func serve(t *testing.T, viewOf func(name pages.Page, language string) pages.View) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, isAsset := strings.CutPrefix(r.URL.Path, "/_pay/assets/"); isAsset {
			pages.Asset(w, name)
			return
		}
		language, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		still := testpages.Render(pages.Page(name), viewOf(pages.Page(name), language))
		for _, header := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(header, still.Header().Get(header))
		}
		_, _ = w.Write(leaves.ReplaceAll(still.Body.Bytes(), nil))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestPagesInABrowser shows every page in both languages, on a small and a large screen.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	origin := serve(t, testpages.View)
	for _, name := range testpages.All() {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			b := browser.Open(t, origin)
			for _, language := range testpages.Languages() {
				b.VisitPage("/" + language + "/" + string(name))
				b.LookAtWidths(string(name) + "-" + language)
			}
		})
	}
}

// A reference may have 255 characters that the citizen typed.
func TestLongWordsFitATelephone(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(name pages.Page, language string) pages.View {
		v := testpages.View(name, language)
		v.Reference, v.Description = strings.Repeat("W", 255), strings.Repeat("w", 255)
		for i := range v.Items {
			v.Items[i].View.Reference = v.Reference
		}
		return v
	})
	b := browser.Open(t, origin)
	b.SetWidth(320)
	for _, name := range []pages.Page{pages.Declined, pages.Sent, pages.Status} {
		b.VisitPage("/en/" + string(name))
		require.Zero(t, b.Overflow(), name)
	}
}

func TestKeyboardReachesEverythingInOrder(t *testing.T) {
	t.Parallel()
	b := browser.Open(t, serve(t, testpages.View))
	b.VisitPage("/en/declined")
	for _, text := range []string{
		"Skip to main content", "Fishing licences", "Cymraeg", "Try again", "See all your payments",
		"Privacy", "Cookies",
	} {
		b.Do(chromedp.KeyEvent(kb.Tab))
		require.Equal(t, text, b.Focused())
	}
}

// The page's policy allows no JavaScript.
func TestOnwardLeavesAutomatically(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "/licences/confirmation?n=1&m=2" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<p id="arrived">Arrived</p>`))
			return
		}
		testpages.New().Render(w, http.StatusOK, pages.Onward, testpages.View(pages.Onward, "en"))
	}))
	t.Cleanup(server.Close)
	b := browser.Open(t, server.URL)
	b.Visit("/")
	b.Do(browser.See("#arrived"))
}

// The smallest telephone shows 320 by 568 pixels.
func TestButtonIsOnTheFirstScreenOfATelephone(t *testing.T) {
	t.Parallel()
	b := browser.Open(t, serve(t, testpages.View))
	b.SetWidth(320)
	for _, name := range testpages.All() {
		if name == pages.Status { // a list
			continue
		}
		for _, language := range testpages.Languages() {
			b.VisitPage("/" + language + "/" + string(name))
			bottom := browser.Evaluate[float64](b, `(e => e ? e.getBoundingClientRect().top + scrollY + 20 : 0)(
				document.querySelector(".paygate-first .govuk-button"))`)
			require.LessOrEqual(t, bottom, 568.0, "%s in %s: the button's text", name, language)
		}
	}
}

// The answer to a form has no address, so the page itself changes its language.
func TestLanguageLinkShowsThePageInTheOtherLanguage(t *testing.T) {
	t.Parallel()
	b := browser.Open(t, serve(t, testpages.View))
	b.VisitPage("/en/declined")
	shown := func() string {
		return browser.Evaluate[string](b, `[...document.querySelectorAll("h1")].filter(e => e.checkVisibility())
			.map(e => e.textContent).join()`)
	}
	require.Equal(t, "Your payment was declined", shown())
	b.Do(browser.Click(".paygate-first .paygate-language a"))
	b.WaitUntil(`document.querySelector(".paygate-other").checkVisibility()`)
	require.Equal(t, "Gwrthodwyd eich taliad", shown())
	b.CheckAccessibility()
	b.Look("declined-in-place")
	b.Do(browser.Click(".paygate-other .paygate-language a"))
	b.WaitUntil(`document.querySelector(".paygate-first").checkVisibility()`)
	require.Equal(t, "Your payment was declined", shown())
}
