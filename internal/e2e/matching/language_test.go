package matching

import (
	"net/http"
	"net/url"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestCitizensLanguageReachesPayAndThePages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		wanted string
	}{
		"the browser":                  {url.Values{}, []string{"Accept-Language", "cy,en;q=0.8"}, "cy"},
		"the field before the browser": {url.Values{"lang": {"cy"}}, []string{"Accept-Language", "en-GB"}, "cy"},
		"a value that begins with cy":  {url.Values{"lang": {"Cymraeg"}}, nil, "cy"},
		"two cookies of one name":      {url.Values{}, []string{"Cookie", "lang=fr; lang=cy-GB"}, "cy"},
		"another cookie": {
			url.Values{},
			[]string{"Cookie", "PLAY_LANG=cy", "Accept-Language", "en"},
			"cy",
		},
		"a cookie that is not listed": {url.Values{}, []string{"Cookie", "language=cy"}, "en"},
		"another language":            {url.Values{"lang": {"fr"}}, []string{"Accept-Language", "cy"}, "cy"},
		"the service's cookie":        {url.Values{}, []string{"Cookie", "lang=cy"}, "cy"},
		"field before cookie":         {url.Values{"lang": {"en"}}, []string{"Cookie", "lang=cy"}, "en"},
		"anything else is English":    {url.Values{}, []string{"Accept-Language", "fr"}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm, "PAYGATE_LANGUAGE=form:lang,cookie:lang,cookie:PLAY_LANG")
			citizen := h.Citizen()
			require.Equal(t, http.StatusSeeOther, citizen.Post("/licences/apply", c.form, c.header...).Status)
			require.Equal(t, c.wanted, h.Payments()[0].Language)
			h.EndPayment("declined")
			text := citizen.ReturnFromPay().Text
			require.Contains(t, text, `<html lang="`+c.wanted+`"`)
			if c.wanted == "cy" {
				require.Equal(t, "Trwydded bysgota", h.Payments()[0].Description)
				require.Contains(t, text, "Gwrthodwyd eich taliad")
				require.Contains(t, text, "Trwyddedau pysgota")
			}
		})
	}
}

func TestLanguageIsReadFromTheConfiguredSource(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_LANGUAGE=path:/licences/cy,query:iaith,form:iaith",
		"PAYGATE_ROUTE_LICENCE_ALIASES=POST /licences/cy/apply,POST /licences/cyan/apply")
	for _, c := range []struct {
		target string
		form   url.Values
		wanted string
	}{
		{"/licences/cy/apply", nil, "cy"},
		{"/licences/cyan/apply", nil, "en"},
		{"/licences/apply?iaith=CY", nil, "cy"},
		{"/licences/apply?iaith=en", url.Values{"iaith": {"cy"}}, "en"},
		{"/licences/apply?lang=cy", nil, "en"},
		{"/licences/apply", url.Values{"iaith": {"cy"}}, "cy"},
	} {
		before := len(h.Payments())
		require.Equal(t, http.StatusSeeOther, h.Citizen().Post(c.target, c.form).Status, c.target)
		require.Equal(t, c.wanted, h.Payments()[before].Language, c.target)
	}
	refused := h.Citizen().Post("/licences/priced", url.Values{"iaith": {"cy"}, "licence": {"none"}})
	require.Contains(t, refused.Text, "Dewiswch beth rydych am dalu amdano",
		"a page before the payment is in the language of the form")
	byDefault := testserver.New(t, testserver.Confirm).Citizen()
	require.Contains(t, byDefault.Get("/_pay/status?lang=cy").Text, `<html lang="cy"`,
		"a page without a journey is in the language of its own request")
	require.Contains(t, byDefault.Get("/_pay/status", "Cookie", "lang=cy").Text, `<html lang="cy"`)
}
