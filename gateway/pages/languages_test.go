package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/internal/testpages"
)

// render returns a page of a service that has these texts.
func render(o pages.Options, name pages.Page, v pages.View) string {
	w := httptest.NewRecorder()
	pages.New(o).Render(w, http.StatusOK, name, v)
	return w.Body.String()
}

func TestEveryPageLeadsToTheOtherLanguage(t *testing.T) {
	t.Parallel()
	for _, name := range testpages.All() {
		english, welsh := body(name, testpages.View(name, "en")), body(name, testpages.View(name, "cy"))
		require.Contains(t, english, `lang="cy" hreflang="cy">Cymraeg</a>`, name)
		require.Contains(t, welsh, `lang="en" hreflang="en">English</a>`, name)
		if !strings.Contains(english, `class="paygate-other"`) { // the link leads to another page
			require.Contains(t, english, `href="/_pay/return?lang=cy"`, name)
			continue
		}
		require.Contains(t, english, `<a class="govuk-link" href="#main-content-cy"`, name)
		require.Contains(t, english, `id="main-content-cy" lang="cy"`, name)
		require.Contains(t, english, element(t, `<h1[^>]*>([^<]+)</h1>`, welsh), "%s: the other language is there",
			name)
		title := element(t, `<title>([^<]+)</title>`, english)
		for _, page := range []string{english, welsh} {
			require.Contains(t, title, element(t, `<h1[^>]*>([^<]+)</h1>`, page), "%s: the tab is named in both", name)
		}
	}
}

func TestAPageWithAnAddressLeadsToItInTheOtherLanguage(t *testing.T) {
	t.Parallel()
	v := testpages.ListView("cy")
	v.Here = "/_pay/status"
	text := body(pages.Status, v)
	require.Contains(t, text, `href="/_pay/status?lang=en"`)
	require.NotContains(t, text, `class="paygate-other"`)
	require.NotContains(t, text, "Your payments")
}

func TestFormsAndLinksKeepTheChosenLanguage(t *testing.T) {
	t.Parallel()
	text := body(pages.Declined, testpages.View(pages.Declined, "en"))
	first, other, _ := strings.Cut(text, `class="paygate-other"`)
	require.Contains(t, first, `action="/_pay/again"`)
	require.Contains(t, first, `href="/_pay/status"`)
	require.Contains(t, other, `action="/_pay/again?lang=cy"`)
	require.Contains(t, other, `href="/_pay/status?lang=cy"`)
}

func TestEnglishOnAWelshPageIsMarked(t *testing.T) {
	t.Parallel()
	v := testpages.View(pages.Sent, "cy")
	v.Here = "/_pay/return"
	o := pages.Options{
		ServiceName: "Fishing", Contact: "Ring us", FooterLinks: []pages.Link{{Text: "Privacy", URL: "/privacy"}},
		Routes: map[string]pages.RouteText{"licence": {Noun: "application", Description: "Fishing licence"}},
	}
	text := render(o, pages.Sent, v)
	for _, marked := range []string{
		`<span lang="en">Fishing</span>`, `<span lang="en">Ring us</span>`, `<span lang="en">Fishing licence</span>`,
		`<ul class="govuk-footer__inline-list" lang="en">`,
	} {
		require.Contains(t, text, marked)
	}
	require.Contains(t, text, "eich taliad a’ch ffurflen", "an English noun would break the sentence")
	v.Language = "en"
	require.NotContains(t, render(o, pages.Sent, v), `<span lang`)
	require.NotContains(t, body(pages.Sent, v), `<span lang`)
}

func TestDescriptionFollowsTheLanguage(t *testing.T) {
	t.Parallel()
	v := testpages.View(pages.Sent, "en")
	v.Here = "/_pay/return"
	require.Contains(t, body(pages.Sent, v), ">Fishing licence</dd>")
	v.Language = "cy"
	require.Contains(t, body(pages.Sent, v), ">Trwydded bysgota</dd>")
	v.Description = "2 rods for Ann" // the service's own, with its price
	require.Contains(t, body(pages.Sent, v), ">2 rods for Ann</dd>")
}

func TestPagesNameWhatTheCitizenSends(t *testing.T) {
	t.Parallel()
	v := testpages.View(pages.Sent, "en")
	v.Here = "/_pay/return"
	require.Contains(t, body(pages.Sent, v), "We have received your payment and your application")
	v.Language = "cy"
	require.Contains(t, body(pages.Sent, v), "Rydym wedi derbyn eich taliad a’ch cais")
	v.Language, v.Route = "en", "other"
	require.Contains(t, body(pages.Sent, v), "We have received your payment and your form")
}

func TestFooterLinks(t *testing.T) {
	t.Parallel()
	text := body(pages.Closed, pages.View{Here: "/_pay/return"})
	require.Contains(t, text, `<a class="govuk-footer__link" href="/privacy">Privacy</a>`)
	require.Contains(t, body(pages.Closed, pages.View{Here: "/_pay/return", Language: "cy"}),
		`<a class="govuk-footer__link" href="/cy/privacy">Preifatrwydd</a>`)
	require.NotContains(t, render(pages.Options{ServiceName: "Fishing"}, pages.Closed, pages.View{}), "govuk-footer")
}

// On a telephone of 320 by 568 pixels there is room for two paragraphs before the button.
func TestButtonFollowsTheSecondParagraph(t *testing.T) {
	t.Parallel()
	for _, name := range testpages.All() {
		first, _, _ := strings.Cut(body(name, testpages.View(name, "en")), `class="paygate-other"`)
		before, _, has := strings.Cut(first, `govuk-button"`)
		if !has || name == pages.Status {
			continue
		}
		require.LessOrEqual(t, strings.Count(before, `<p class="govuk-body">`), 3,
			name) // a link's own paragraph counts
		require.NotContains(t, before, "<dl", "%s: details come after the button", name)
	}
}
