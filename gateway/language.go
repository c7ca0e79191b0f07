package gateway

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"paygate/gateway/form"
)

// LanguageSource is a place where a service stores the citizen's language.
type LanguageSource struct {
	Kind string // one of LanguageKinds
	Name string // of a cookie or parameter; for a path, its prefix
}

// LanguageKinds returns the kinds of LanguageSource. A path can say only that a page is Welsh.
func LanguageKinds() []string { return []string{"cookie", "query", "form", "path"} }

// spoken matches a citizen's preferences against the two languages that GOV.UK Pay speaks.
var spoken = language.NewMatcher([]language.Tag{language.English, language.MustParse("cy")})

// languages finds the language of a citizen in these places, in order.
type languages []LanguageSource

// of returns the language of a request, "cy" or "en": what the service stores comes before what the browser prefers.
func (l languages) of(r *http.Request, fields []form.Field) string {
	if known, _ := r.Context().Value(languageKey{}).(string); known != "" {
		return known
	}
	for _, source := range l {
		for _, text := range source.values(r, fields) {
			if language := languageIn(text); language != "" {
				return language
			}
		}
	}
	preferred, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(preferred) == 0 {
		return "en"
	}
	if _, index, _ := spoken.Match(preferred...); index == 1 {
		return "cy"
	}
	return "en"
}

// languageKey is the context key of the language of a request whose form has been read.
type languageKey struct{}

// inLanguage returns a request whose language is known.
func inLanguage(r *http.Request, language string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), languageKey{}, language))
}

// values returns what a request has at the source.
func (s LanguageSource) values(r *http.Request, fields []form.Field) (values []string) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	switch s.Kind {
	case "cookie":
		for _, c := range r.CookiesNamed(s.Name) {
			values = append(values, c.Value)
		}
	case "query":
		values = append(values, form.FirstValue(form.Query(query), s.Name))
	case "form":
		values = append(values, form.FirstValue(fields, s.Name))
	default:
		if strings.HasPrefix(path+"/", s.Name) {
			values = append(values, "cy")
		}
	}
	return values
}

// languageIn returns "cy" for values such as "cy", "cy-GB" and "Cymraeg", "en" for English ones, and else the empty
// string.
func languageIn(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, language := range []string{"cy", "en"} {
		if strings.HasPrefix(text, language) {
			return language
		}
	}
	return ""
}
