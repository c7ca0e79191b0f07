package pages_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"paygate/gateway/pages"
	"paygate/internal/testpages"
)

func body(name pages.Page, v pages.View) string { return testpages.Render(name, v).Body.String() }

// element returns the text that the pattern's first group matches.
func element(t *testing.T, pattern, text string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, found, "no %s in %s", pattern, text)
	return found[1]
}

func TestListOfPagesIsComplete(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, pages.WithTexts(), testpages.All())
}

func TestEveryPageIsCompleteInBothLanguages(t *testing.T) {
	t.Parallel()
	service := map[string]string{"en": "Fishing licences", "cy": "Trwyddedau pysgota"}
	contact := map[string]string{"en": "Telephone 0300 123 4567", "cy": "Ffoniwch 0300 123 4567"}
	for _, name := range testpages.All() {
		for _, language := range testpages.Languages() {
			w := testpages.Render(name, testpages.View(name, language))
			text := w.Body.String()
			requireWellFormed(t, text)
			require.Equal(t, language, w.Header().Get("Content-Language"))
			require.Contains(t, text, `<html lang="`+language+`"`, name)
			heading := element(t, `<h1[^>]*>([^<]+)</h1>`, text)
			title := element(t, `<title>([^<]+)</title>`, text)
			require.True(t, strings.HasPrefix(title, heading), "%s: %s", name, title)
			require.True(t, strings.HasSuffix(title, " – "+service[language]), "%s: %s", name, title)
			require.Equal(t, 1+strings.Count(text, `class="paygate-other"`), strings.Count(text, "<h1"), name)
			require.Contains(t, text, contact[language], name)
			require.NotRegexp(t, `\{[a-z]*\}`, text, "%s has an empty place", name)
			require.NotContains(t, text, "<script")
			if !slices.Contains(testpages.WithoutJourney(), name) {
				require.Contains(t, text, "LIC-7F3K-22", name)
				require.Contains(t, text, "£25.50", name)
			}
		}
	}
}

func TestNoPageHasAFieldToFillIn(t *testing.T) {
	t.Parallel()
	field := regexp.MustCompile(`<(?:input|textarea|select|iframe|[^>]* contenteditable)[^>]*>`)
	hidden := regexp.MustCompile(`^<input type="hidden" `)
	for _, name := range testpages.All() {
		for _, found := range field.FindAllString(body(name, testpages.View(name, "en")), -1) {
			require.Regexp(t, hidden, found, "%s: card details are typed at GOV.UK Pay only", name)
		}
	}
}

func TestBothLanguagesSayAndDoTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range testpages.All() {
		english, welsh := body(name, testpages.View(name, "en")), body(name, testpages.View(name, "cy"))
		for _, tag := range []string{"<p ", "<form", "<a ", "<button", "<dt", "<h2", "<strong"} {
			require.Equal(t, strings.Count(english, tag), strings.Count(welsh, tag), "%s: %s", name, tag)
		}
	}
}

// requireWellFormed requires every element to be closed, in order.
func requireWellFormed(t *testing.T, text string) {
	t.Helper()
	void := []string{"meta", "link", "input", "br"}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open)
			return
		case html.StartTagToken, html.EndTagToken:
			tag, _ := z.TagName()
			name := string(tag)
			switch {
			case slices.Contains(void, name):
				require.Equal(t, html.StartTagToken, kind, name)
			case kind == html.StartTagToken:
				open = append(open, name)
			default:
				require.NotEmpty(t, open, name)
				require.Equal(t, open[len(open)-1], name)
				open = open[:len(open)-1]
			}
		}
	}
}

func TestButtonsNameTheirJourney(t *testing.T) {
	t.Parallel()
	does := map[pages.Page]string{
		pages.Declined: "again", pages.Cancelled: "again", pages.CancelledByUs: "again", pages.Expired: "again",
		pages.ErrorAtPay: "again",
		pages.NotStarted: "again", pages.NotWorking: "again", pages.Busy: "again", pages.Starting: "again",
		pages.PayAgain:       "again",
		pages.PassOtherQuery: "pass",
		pages.Open:           "resume", pages.Unconfirmed: "resume",
	}
	for _, name := range testpages.All() {
		if name == pages.Status {
			continue
		}
		text := body(name, testpages.View(name, "en"))
		require.Equal(t, does[name] != "", strings.Contains(text, "<form"), name)
		if does[name] != "" {
			require.Contains(t, text, `<form method="post" action="/_pay/`+does[name]+`">`, name)
			field := `<input type="hidden" name="journey" value="01JDM4Q0V3Q7J2S3">`
			if name == pages.PassOtherQuery {
				field = `<input type="hidden" name="address" value="/register?id=2&amp;x=&#39;">`
			}
			require.Contains(t, text, field, name)
		}
	}
}

func TestPageWithoutAJourneyOffersNoRetry(t *testing.T) {
	t.Parallel()
	text := body(pages.NotStarted, pages.View{})
	require.NotContains(t, text, "<form")
	require.NotContains(t, text, "<dl")
	require.NotContains(t, text, "enter your details again")
	require.Contains(t, text, "No money has been taken")
	require.NotContains(t, text, "/_pay/status")
}

func TestStatusListsActionsForEachPayment(t *testing.T) {
	t.Parallel()
	w := testpages.Render(pages.Status, testpages.ListView("en"))
	text := w.Body.String()
	require.Less(t, strings.Index(text, "Your payment was declined"),
		strings.Index(text, "Your payment is not confirmed yet"), "in the given order")
	require.Contains(t, text, `action="/_pay/again"`)
	require.Contains(t, text, `action="/_pay/resume"`)
	require.Contains(t, text, `href="/licences/apply?paygate-reply=01JDM4Q0V3Q7J2S3">See our answer<`)
	require.Contains(t, text, "10am on 1 July 2026")
	require.NotContains(t, text, "reload by itself", "the list does not reload")
	require.Empty(t, w.Header().Get("Refresh"))
	require.Contains(t, body(pages.Status, pages.View{}),
		"You have not started any payments in this browser.")
}

func TestCitizensInputIsNeverMarkup(t *testing.T) {
	t.Parallel()
	hostile := `"><script>alert(1)</script>{until}`
	for _, name := range testpages.All() {
		v := testpages.View(name, "en")
		v.Reference, v.Description, v.Journey = hostile, hostile, hostile
		v.Items = append(v.Items, pages.Item{Page: pages.Declined, View: v})
		text := body(name, v)
		require.NotContains(t, text, "<script", name)
		requireWellFormed(t, text)
		fragment := testpages.New().Fragment(name, v)
		require.NotContains(t, fragment, "<script", name)
		requireWellFormed(t, fragment)
	}
}

func TestPagesLinkOnlyToAddresses(t *testing.T) {
	t.Parallel()
	for target, leads := range map[string]bool{
		"/a?b=c:d": true, "https://licences.example.gov.uk/a": true, "HTTP://licences.example/": true, "a/b": true,
		"javascript:alert(1)": false, " javascript:alert(1)": false, "data:text/html,x": false, "java\nscript:x": false,
		"myapp://x": false,
	} {
		text := body(pages.Onward, pages.View{Target: target})
		require.Equal(t, leads, strings.Contains(text, `http-equiv="refresh"`), target)
		require.Equal(t, leads, strings.Contains(text, ">Continue</a>"), target)
	}
	text := body(pages.Onward, testpages.View(pages.Onward, "en"))
	require.Contains(t, text, `content="0; url=/licences/confirmation?n=1&amp;m=2"`)
	require.Contains(t, body(pages.PassReady, testpages.View(pages.PassReady, "en")),
		`content="0; url=/licences/confirmation?n=1&amp;m=2"`)
	require.NotContains(t, body(pages.PassReady, testpages.JourneyView("en")), `http-equiv="refresh"`,
		"it does not know where to")
}

func TestPagesHaveOurHeaders(t *testing.T) {
	t.Parallel()
	v := testpages.View(pages.Busy, "en")
	v.RetryAfter = 1500 * time.Millisecond
	h := testpages.Render(pages.Busy, v).Header()
	for name, value := range map[string]string{
		"Paygate-Answer": "yes", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		"Retry-After":            "2",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Refresh": "",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; " +
			"base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'self' https://card.payments.service.gov.uk",
	} {
		require.Equal(t, value, h.Get(name), name)
	}
}

func TestOnlyTestPaymentsAreCalledTests(t *testing.T) {
	t.Parallel()
	require.Contains(t, body(pages.Declined, testpages.View(pages.Declined, "en")), "Payments here are tests")
	w := httptest.NewRecorder()
	pages.New(pages.Options{ServiceName: "Fishing licences"}).Render(w, http.StatusOK, pages.Declined,
		testpages.View(pages.Declined, "cy"))
	require.NotContains(t, w.Body.String(), "govuk-phase-banner")
	require.Contains(t, w.Body.String(), "Fishing licences", "the English name where there is no Welsh one")
	require.NotContains(t, w.Body.String(), "Angen help?", "no contact is set")
}

func TestAmountsTimesAndSizes(t *testing.T) {
	t.Parallel()
	for pence, text := range map[int64]string{
		2500: "£25", 2550: "£25.50", 5: "£0.05", 118_000: "£1,180",
		10_000_000: "£100,000",
	} {
		require.Equal(t, text, pages.Pounds(pence))
	}
	for at, text := range map[string]both{
		"2026-07-01T14:15:00Z": {"3:15pm on 1 July 2026", "3:15pm ar 1 Gorffennaf 2026"}, // the clock on a British wall
		"2026-11-22T15:15:00Z": {"3:15pm on 22 November 2026", "3:15pm ar 22 Tachwedd 2026"},
		"2026-11-22T09:00:00Z": {"9am on 22 November 2026", "9am ar 22 Tachwedd 2026"},
		"2026-07-31T23:00:00Z": {"midnight on 1 August 2026", "hanner nos ar 1 Awst 2026"},
		"2026-12-31T12:00:00Z": {"midday on 31 December 2026", "hanner dydd ar 31 Rhagfyr 2026"},
	} {
		v := testpages.View(pages.Declined, "en")
		var err error
		v.Until, err = time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Contains(t, body(pages.Declined, v), text.en)
		v.Language = "cy"
		require.Contains(t, body(pages.Declined, v), text.cy)
	}
	for limit, text := range map[int64]string{10 << 20: "10 MB", 1<<20 - 1: "1023 KB", 500: "500 bytes"} {
		require.Contains(t, body(pages.TooLarge, pages.View{LimitBytes: limit}), "can be "+text+" at most")
	}
}

type both struct{ en, cy string }

func TestSummaryHasThePageInOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		"You cancelled your payment. No money has been taken, and nothing has been sent. "+
			"You do not need to enter your details again: if you try again, you will go straight to the payment. "+
			"You can try again until 3:15pm on 1 July 2026. "+
			"If you do nothing, we will then delete your details and nothing will be sent.",
		testpages.New().Summary(pages.Cancelled, testpages.JourneyView("en")))
	welsh := testpages.New().Summary(pages.Checking, testpages.JourneyView("cy"))
	require.True(t, strings.HasSuffix(welsh, "Peidiwch â thalu eto."))
}

func TestStyleSheetIsNamedByItsContent(t *testing.T) {
	t.Parallel()
	name := element(t, `href="/_pay/assets/(style-[0-9a-f]{12}\.css)"`, body(pages.Closed, pages.View{}))
	w := httptest.NewRecorder()
	require.True(t, pages.Asset(w, name))
	require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
	require.Equal(t, "text/css; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "yes", w.Header().Get("Paygate-Answer"))
	css := w.Body.String()
	require.Contains(t, css, `--govuk-frontend-version:"6.6.0"`)
	for _, foreign := range []string{"@font-face", "url(", "@import", "GDS Transport", "sourceMappingURL"} {
		require.NotContains(t, css, foreign)
	}
	w = httptest.NewRecorder()
	for _, other := range []string{"other.css", "", "style-.css", name + "/"} {
		require.False(t, pages.Asset(w, other))
	}
	require.Empty(t, w.Header())
	require.Empty(t, w.Body.String())
}
