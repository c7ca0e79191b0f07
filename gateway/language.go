package gateway

import (
	"net/http"

	"golang.org/x/text/language"

	"paygate/gateway/reading"
)

// spoken matches a citizen's preferences against the two languages that GOV.UK Pay speaks.
var spoken = language.NewMatcher([]language.Tag{language.English, language.MustParse("cy")})

// languageOf is "cy" or "en", as the citizen's request prefers: first what the service itself says by a lang field or
// cookie, then the browser.
func languageOf(r *http.Request, fields []reading.Field) string {
	if said := said(reading.FirstValue(fields, "lang")); said != "" {
		return said
	}
	if cookie, err := r.Cookie("lang"); err == nil {
		if said := said(cookie.Value); said != "" {
			return said
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

func said(text string) string {
	tag, err := language.Parse(text)
	if err != nil || text == "" {
		return ""
	}
	switch base, _ := tag.Base(); base.String() {
	case "cy", "en":
		return base.String()
	default:
		return ""
	}
}
