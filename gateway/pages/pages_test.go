package pages_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/internal/browser"
)

func newPages() *pages.Pages {
	return pages.New(pages.Options{
		Prefix: "/_pay", ServiceName: "Fishing licences", ServiceNameCY: "Trwyddedau pysgota",
		Contact: "Telephone 0300 123 4567", ContactCY: "Ffoniwch 0300 123 4567", TestMode: true,
		CardOrigins: []string{"https://card.payments.service.gov.uk"},
	})
}

func view(language string) pages.View {
	v := pages.View{
		Language: language, Reference: "LIC-7F3K-22", AmountPence: 2550, Description: "Fishing licence", Journey: "01JDM4Q0V3Q7J2S3",
		Started: time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC), Until: time.Date(2026, 7, 1, 14, 15, 0, 0, time.UTC), LimitBytes: 10 << 20,
	}
	item := v
	v.Items = []pages.Item{{Page: pages.Declined, View: item}, {Page: pages.Sent, View: item}, {Page: pages.Open, View: item}}
	return v
}

func render(p *pages.Pages, name pages.Page, v pages.View) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.Render(w, http.StatusOK, name, v)
	return w
}

func TestEveryPageSaysSomethingInBothLanguages(t *testing.T) {
	t.Parallel()
	p := newPages()
	titles := map[string]bool{}
	for _, name := range pages.All() {
		texts := map[string]string{}
		for _, language := range []string{"en", "cy"} {
			w := render(p, name, view(language))
			text := w.Body.String()
			texts[language] = text
			require.Contains(t, text, `<html lang="`+language+`"`, name)
			require.Equal(t, language, w.Header().Get("Content-Language"))
			require.Contains(t, text, map[string]string{"en": "Telephone 0300", "cy": "Ffoniwch 0300"}[language], name)
			require.Contains(t, text, map[string]string{"en": "Fishing licences", "cy": "Trwyddedau pysgota"}[language], name)
			require.NotRegexp(t, regexp.MustCompile(`\{[a-z]+\}`), text, "%s has an empty place", name)
			require.Equal(t, 1, strings.Count(text, "<h1"), name)
			require.NotContains(t, text, "<script")
			titles[language+title(text)] = true
		}
		require.NotEqual(t, title(texts["en"]), title(texts["cy"]), "%s has no Welsh title", name)
		require.Equal(t, strings.Count(texts["en"], "<p "), strings.Count(texts["cy"], "<p "), "%s says more in one language", name)
		require.Equal(t, strings.Count(texts["en"], "<form"), strings.Count(texts["cy"], "<form"), name)
	}
	require.GreaterOrEqual(t, len(titles), 2*(len(pages.All())-1), "pages can be told apart by their titles")
}

func title(text string) string {
	return regexp.MustCompile(`<title>([^<]*)</title>`).FindStringSubmatch(text)[1]
}

func TestWhatCitizensTypeIsNeverMarkup(t *testing.T) {
	t.Parallel()
	v := view("en")
	hostile := `"><script>alert(1)</script>`
	v.Reference, v.Description, v.Journey, v.Target = hostile, hostile, hostile, "javascript:alert(1)"
	for _, name := range pages.All() {
		text := render(newPages(), name, v).Body.String()
		require.NotContains(t, text, "<script>", name)
		require.NotContains(t, text, `href="javascript:`, name)
	}
}

func TestPagesCarryTheHeadersOfOurOwnAnswers(t *testing.T) {
	t.Parallel()
	v := view("en")
	v.RetryAfter = time.Minute
	h := render(newPages(), pages.Busy, v).Header()
	for name, value := range map[string]string{
		"Paygate-Answer": "yes", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8", "Retry-After": "60",
		"X-Content-Type-Options": "nosniff",
	} {
		require.Equal(t, value, h.Get(name), name)
	}
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, h.Get("Content-Security-Policy"), "form-action 'self' https://card.payments.service.gov.uk")
}

func TestAmountsAndTimesReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	require.Equal(t, "£25", pages.Pounds(2500))
	require.Equal(t, "£25.50", pages.Pounds(2550))
	require.Equal(t, "£0.05", pages.Pounds(5))
	require.Contains(t, render(newPages(), pages.Declined, view("en")).Body.String(), "3:15pm on 1 July 2026", "the clock on a British wall")
	require.Contains(t, render(newPages(), pages.Declined, view("cy")).Body.String(), "3:15pm ar 1 Gorffennaf 2026")
}

func TestTheStyleSheetIsOursAloneAndKeptByItsContent(t *testing.T) {
	t.Parallel()
	text := render(newPages(), pages.Closed, view("en")).Body.String()
	name := regexp.MustCompile(`/_pay/assets/([^"]+)`).FindStringSubmatch(text)[1]
	w := httptest.NewRecorder()
	require.True(t, pages.Asset(w, name))
	require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
	css := w.Body.String()
	require.NotContains(t, css, "@font-face", "the fonts are for GOV.UK alone")
	require.NotContains(t, css, "url(", "nothing else is fetched")
	require.False(t, pages.Asset(httptest.NewRecorder(), "other.css"))
}

// TestPagesInABrowser looks at every page in both languages, on a telephone and on a desk.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	tab := browser.Tab(t)
	p := newPages()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, isAsset := strings.CutPrefix(r.URL.Path, "/_pay/assets/"); isAsset {
			pages.Asset(w, name)
			return
		}
		language, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		p.Render(w, http.StatusOK, pages.Page(name), view(language))
	}))
	t.Cleanup(server.Close)
	for _, name := range pages.All() {
		for _, language := range []string{"en", "cy"} {
			t.Run(string(name)+" "+language, func(t *testing.T) {
				require.NoError(t, browser.Width(tab, 320))
				require.NoError(t, chromedp.Do(tab, chromedp.Navigate(server.URL+"/"+language+"/"+string(name)), chromedp.WaitReady(chromedp.CSS("h1"))))
				require.Zero(t, browser.Overflow(t, tab), "wider than a telephone")
				browser.Axe(t, tab)
				browser.Screenshot(t, tab, string(name)+"-"+language+"-320")
				require.NoError(t, browser.Width(tab, 1280))
				browser.Screenshot(t, tab, string(name)+"-"+language+"-1280")
			})
		}
	}
}
