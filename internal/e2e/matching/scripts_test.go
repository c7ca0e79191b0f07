package matching

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// The headers that identify scripts.
var (
	byTurbo = []string{
		"Accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml", "Sec-Fetch-Mode",
		"cors", "X-Turbo-Request-Id", "4bd0",
	}
	byHTMX        = []string{"HX-Request", "true", "Accept", "*/*", "Sec-Fetch-Mode", "cors"}
	byUpdatePanel = []string{"X-MicrosoftAjax", "Delta=true", "Accept", "*/*", "X-Requested-With", "XMLHttpRequest"}
	byFaces       = []string{"Faces-Request", "partial/ajax", "Accept", "*/*"}
	byInertia     = []string{
		"X-Inertia", "true", "X-Requested-With", "XMLHttpRequest", "Accept",
		"text/html, application/xhtml+xml",
	}
	byRails = []string{
		"X-Requested-With", "XMLHttpRequest", "Accept",
		"*/*;q=0.5, text/javascript, application/javascript",
	}
	byJQuery = []string{
		"X-Requested-With", "XMLHttpRequest", "Accept",
		"application/json, text/javascript, */*; q=0.01",
	}
	byUnpoly = []string{"X-Up-Version", "3.14.3", "Accept", "*/*", "Sec-Fetch-Mode", "cors"}
)

// None of these libraries can follow a redirect to another origin.
func TestScriptsAreSentToPayInTheirLibrarysFormat(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	applies := func(header ...string) (p testserver.Page, next string) {
		t.Helper()
		c := h.Citizen()
		p = c.Post("/licences/apply", url.Values{"name": {"Ann"}}, header...)
		require.NotEmpty(t, p.Header["Set-Cookie"])
		require.Empty(t, p.Location())
		require.Equal(t, "yes", p.Header.Get("Paygate-Answer"))
		found := regexp.MustCompile(regexp.QuoteMeta(h.PayURL) + `/secure/[\w-]+`).FindString(p.Text +
			p.Header.Get("HX-Redirect") + p.Header.Get("X-Inertia-Location"))
		require.NotEmpty(t, found, p.Text)
		require.Empty(t, h.Service.Requests(http.MethodPost))
		return p, found
	}
	for name, accept := range map[string]string{
		"Turbo":   "text/vnd.turbo-stream.html, text/html",
		"Turbo 7": "text/vnd.turbo-stream.html, text/html, application/xhtml+xml",
	} {
		p, next := applies("Accept", accept)
		require.Equal(t, http.StatusPaymentRequired, p.Status, name)
		require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"), name)
		require.Regexp(t, ` href="`+regexp.QuoteMeta(next)+`"[^>]* data-turbo="false"`, p.Text, name)
	}
	p, _ := applies("Accept", "text/html", "Sec-Fetch-Mode", "cors")
	require.Equal(t, []any{http.StatusPaymentRequired, "text/html; charset=utf-8"},
		[]any{p.Status, p.Header.Get("Content-Type")})
	p, _ = applies(byUnpoly...)
	require.Equal(t, []any{http.StatusPaymentRequired, "text/html; charset=utf-8"},
		[]any{p.Status, p.Header.Get("Content-Type")})

	p, next := applies(byTurbo...)
	require.Equal(t, http.StatusPaymentRequired, p.Status)
	require.Equal(t, "text/vnd.turbo-stream.html; charset=utf-8", p.Header.Get("Content-Type"))
	require.Contains(t, p.Text, `<turbo-stream action="update" targets="body"><template>`)
	require.Regexp(t, ` href="`+regexp.QuoteMeta(next)+`"[^>]* data-turbo="false"`, p.Text)

	p, next = applies(byHTMX...)
	require.Equal(t, []any{http.StatusOK, "", next}, []any{p.Status, p.Text, p.Header.Get("HX-Redirect")})

	p, next = applies(byUpdatePanel...)
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, strconv.Itoa(len(next))+"|pageRedirect||"+next+"|", p.Text)

	p, next = applies(byFaces...)
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "text/xml; charset=utf-8", p.Header.Get("Content-Type"))
	require.Contains(t, p.Text, `<partial-response><redirect url="`+next+`"></redirect></partial-response>`)

	p, next = applies(byInertia...)
	require.Equal(t, []any{http.StatusConflict, "", next}, []any{p.Status, p.Text, p.Header.Get("X-Inertia-Location")})

	p, _ = applies(byJQuery...)
	require.Equal(t, []any{http.StatusPaymentRequired, "application/problem+json"},
		[]any{p.Status, p.Header.Get("Content-Type")})

	p, next = applies(byRails...)
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "text/javascript; charset=utf-8", p.Header.Get("Content-Type"))
	require.Equal(t, `window.location.href = "`+next+`";`, p.Text)
}

// Most of these libraries ignore a response with an error status.
func TestScriptsShowErrorPages(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	wrong := func(header []string) testserver.Page {
		return h.Citizen().Post("/licences/priced", url.Values{"licence": {"</script>]]>"}}, header...)
	}
	const message, fragment = "Choose what you want to pay for", `<div id="paygate-answer"`

	p := wrong(byTurbo)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Equal(t, "text/vnd.turbo-stream.html; charset=utf-8", p.Header.Get("Content-Type"))
	require.Contains(t, p.Text, fragment)

	p = wrong([]string{"Accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml", "Turbo-Frame", "form"})
	require.Equal(t, "text/vnd.turbo-stream.html; charset=utf-8", p.Header.Get("Content-Type"), "a frame of Turbo 7")

	p = wrong(byHTMX)
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"))
	require.Equal(t, []string{"body", "innerHTML", "#paygate-answer", "false"},
		[]string{
			p.Header.Get("HX-Retarget"), p.Header.Get("HX-Reswap"), p.Header.Get("HX-Reselect"),
			p.Header.Get("HX-Push-Url"),
		})
	require.True(t, strings.HasPrefix(strings.TrimSpace(p.Text), fragment), p.Text)
	require.Contains(t, p.Text, message)

	p = wrong(byRails)
	require.Equal(t, http.StatusOK, p.Status)
	shown := shownBy(t, p.Text)
	require.Contains(t, shown, fragment)
	require.Contains(t, shown, message)

	p = wrong(byUpdatePanel)
	require.Equal(t, http.StatusOK, p.Status)
	length, rest, _ := strings.Cut(p.Text, "|scriptBlock|ScriptContentNoTags|")
	script := strings.TrimSuffix(rest, "|")
	require.Equal(t, length, strconv.Itoa(len([]rune(script))), "JavaScript counts characters")
	require.Contains(t, shownBy(t, script), message)

	p = wrong(byFaces)
	require.Equal(t, http.StatusOK, p.Status)
	var partial struct {
		Eval string `xml:"changes>eval"`
	}
	require.NoError(t, xml.Unmarshal([]byte(p.Text), &partial))
	require.Contains(t, shownBy(t, partial.Eval), message)

	for _, header := range [][]string{byInertia, byUnpoly, {"Accept", "text/vnd.turbo-stream.html, text/html"}} {
		p = wrong(header)
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
		require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"))
		require.Contains(t, p.Text, "<h1")
	}
}

// shownBy returns the HTML that Paygate's script puts into the page.
func shownBy(t *testing.T, script string) (fragment string) {
	t.Helper()
	rest, found := strings.CutPrefix(script, "document.body.innerHTML = ")
	require.True(t, found, script)
	require.NotContains(t, rest, "</", "the script is embedded in HTML and XML")
	require.NoError(t, json.NewDecoder(strings.NewReader(rest)).Decode(&fragment))
	return fragment
}

// The same form after the payment leads to the return page.
func TestScriptsResumeAPaidJourney(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	form := url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}
	p := c.Post("/licences/apply", form, byHTMX...)
	require.Equal(t, []any{http.StatusOK, "/_pay/return"}, []any{p.Status, p.Header.Get("HX-Redirect")})
	p = c.Post("/licences/apply", form, byUpdatePanel...)
	require.Equal(t, "12|pageRedirect||/_pay/return|", p.Text)
	p = c.Post("/licences/apply", form, byTurbo...)
	require.Equal(t, []any{http.StatusSeeOther, "/_pay/return"}, []any{p.Status, p.Location()},
		"Turbo follows the redirect")
}

// Turbo loads a link when the pointer is over it, and shows that response when the link is clicked.
func TestPrefetchedPassStartsNoPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	for name, value := range map[string]string{
		"X-Sec-Purpose": "prefetch", "HX-Preloaded": "true",
		"Sec-Purpose": "prefetch;prerender",
	} {
		p := h.Citizen().Get("/register/2026?a=1", name, value)
		require.Equal(t, http.StatusServiceUnavailable, p.Status, name)
		require.Contains(t, p.Text, ` href="/register/2026?a=1" data-turbo="false"`, name)
	}
	require.Empty(t, h.Payments())
}

// The pages of GOV.UK Pay cannot be framed.
func TestFramedRequestGetsALinkOutOfTheFrame(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	framed := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}
	p := h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}}, framed...)
	require.Equal(t, http.StatusPaymentRequired, p.Status)
	require.Contains(t, p.Text, `<base target="_top">`)
	require.Contains(t, p.Text, ` href="`+h.PayURL+"/secure/")
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	require.Equal(t, "SAMEORIGIN", p.Header.Get("X-Frame-Options"))

	p = h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}}, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest",
		"document")
	require.Equal(t, http.StatusSeeOther, p.Status)
	p = h.Citizen().Get("/_pay/return")
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.Equal(t, "DENY", p.Header.Get("X-Frame-Options"))
	require.NotContains(t, p.Text, "<base")
}

func TestScriptGetsThePayURLAsJSON(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	for name, value := range map[string]string{
		"Accept": "application/json", "Sec-Fetch-Mode": "cors",
		"X-Requested-With": "XMLHttpRequest",
	} {
		p := h.Citizen().Post("/licences/apply", url.Values{"name": {name}}, name, value)
		require.Equal(t, http.StatusPaymentRequired, p.Status, name)
		require.Equal(t, "application/problem+json", p.Header.Get("Content-Type"))
		require.Contains(t, p.Text, `"amount_pence":2500`)
		require.Contains(t, p.Text, `"pay_url":"`+h.PayURL+"/secure/")
		require.NotEmpty(t, p.Header["Set-Cookie"])
	}
}
