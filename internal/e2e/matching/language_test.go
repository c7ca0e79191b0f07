package matching

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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

func TestCitizenChoosesTheLanguageOfOurPages(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	english := c.ReturnFromPay().Text
	require.Contains(t, english, `href="/_pay/return?lang=cy"`)
	welsh := c.Get("/_pay/return?lang=cy").Text
	require.Contains(t, welsh, `<html lang="cy"`)
	require.Contains(t, welsh, "Gwrthodwyd eich taliad")
	require.Contains(t, welsh, "Trwydded bysgota")
	require.Contains(t, welsh, `action="/_pay/again?lang=cy"`)
	require.Contains(t, c.Get("/_pay/status?lang=cy").Text, "Eich taliadau")
	id := url.Values{"journey": {c.Journeys()[0].ID}}
	require.Contains(t, c.Post("/_pay/again?lang=cy", id).Location(), "/secure/")
	require.Contains(t, c.Get("/_pay/return").Text, "You have not finished paying", "the journey stays as it began")
}

// A form has no address that would show the answer again, so the answer contains both languages.
func TestAnswerToAFormHasBothLanguages(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	text := h.Citizen().Post("/licences/apply", url.Values{"note": {"4444333322221111"}}).Text
	require.Contains(t, text, "Do not enter a card number in the form")
	require.Contains(t, text, `href="#main-content-cy"`)
	require.Contains(t, text, "Peidiwch â rhoi rhif cerdyn yn y ffurflen")
}

func TestReloadsEndAndKeepTheLanguageWhileTheServiceIsAway(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	require.Equal(t, "5; url=/_pay/return?checks=1", c.ReturnFromPay().Header.Get("Refresh"))
	for address, refresh := range map[string]string{
		"/_pay/return?checks=1&lang=cy": "10; url=/_pay/return?checks=2&lang=cy",
		"/_pay/return?checks=2":         "30; url=/_pay/return?checks=3",
		"/_pay/return?checks=3":         "",
		"/_pay/return?checks=99999999":  "",
	} {
		h.Pay.Advance(time.Minute)
		page := c.Follow(c.Get(address))
		require.Equal(t, http.StatusOK, page.Status, address)
		require.Equal(t, refresh, page.Header.Get("Refresh"), address)
		title := "Your payment is safe"
		if strings.Contains(address, "cy") {
			title = "Mae eich taliad yn ddiogel"
		}
		require.Contains(t, page.Text, title)
	}
}

func TestChosenLanguageSurvivesTheSecondLookForATicket(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	require.Contains(t, c.Get("/_pay/return?lang=cy").Text, `content="0; url=/_pay/return?looked&amp;lang=cy"`)
	require.Contains(t, c.Get("/_pay/return?looked&lang=cy").Text, "Ni allwn ddod o hyd i’ch taliad yn y porwr hwn")
}
