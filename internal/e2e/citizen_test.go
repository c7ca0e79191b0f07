package e2e

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// citizen is a browser without scripts. It follows no redirect by itself.
type citizen struct {
	t      testing.TB
	origin string // of the service, as the citizen knows it
	client *http.Client
}

func newCitizen(t testing.TB, origin string) *citizen {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &citizen{t, origin, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer, read whole.
type page struct {
	url    *url.URL
	status int
	header http.Header
	text   string
}

func (p page) isRedirect() bool {
	return p.status >= 300 && p.status < 400 && p.header.Get("Location") != ""
}

// location is where a redirect leads.
func (p page) location() string {
	to, err := p.url.Parse(p.header.Get("Location"))
	if err != nil {
		return p.header.Get("Location")
	}
	return to.String()
}

// do sends a request; a target that begins with a slash is on the service.
func (c *citizen) do(method, target, contentType, body string) page {
	c.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = c.origin + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	require.NoError(c.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	answer, err := c.client.Do(r)
	require.NoError(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	return page{answer.Request.URL, answer.StatusCode, answer.Header, string(text)}
}

// get loads a page and follows its redirects.
func (c *citizen) get(target string) page {
	c.t.Helper()
	return c.follow(c.do(http.MethodGet, target, "", ""))
}

// post sends a form; the answer may be a redirect.
func (c *citizen) post(target string, form url.Values) page {
	c.t.Helper()
	return c.do(http.MethodPost, target, "application/x-www-form-urlencoded", form.Encode())
}

func (c *citizen) follow(p page) page {
	c.t.Helper()
	for range 10 {
		if !p.isRedirect() {
			return p
		}
		p = c.do(http.MethodGet, p.location(), "", "")
	}
	c.t.Fatalf("redirected again and again, last to %s", p.location())
	return p
}

var (
	inputs    = regexp.MustCompile(`<input\b[^>]*>`)
	attribute = func(name string) *regexp.Regexp { return regexp.MustCompile(`\b` + name + `="([^"]*)"`) }
	typeOf    = attribute("type")
	nameOf    = attribute("name")
	valueOf   = attribute("value")
)

// hidden are the hidden fields of a page: form tokens and the like.
func (p page) hidden() url.Values {
	fields := url.Values{}
	for _, input := range inputs.FindAllString(p.text, -1) {
		if kind := typeOf.FindStringSubmatch(input); kind == nil || kind[1] != "hidden" {
			continue
		}
		if name := nameOf.FindStringSubmatch(input); name != nil {
			value := ""
			if found := valueOf.FindStringSubmatch(input); found != nil {
				value = html.UnescapeString(found[1])
			}
			fields.Set(html.UnescapeString(name[1]), value)
		}
	}
	return fields
}

// fill is the form of a page as a citizen fills it in.
func (p page) fill(fields url.Values) url.Values {
	form := p.hidden()
	for name, values := range fields {
		form[name] = values
	}
	return form
}

// The cards of Pay's sandbox.
const (
	goodCard     = "4444333322221111"
	declinedCard = "4000000000000002"
)

// pays goes to Pay's page, where p leads, and pays with a card. What it returns is the address that leads back to the
// service, not yet visited; after a decline, it is the fixed return address.
func (c *citizen) pays(p page, card string) string {
	c.t.Helper()
	toPay := p.isRedirect() && strings.Contains(p.location(), "/secure/")
	require.True(c.t, toPay, "not sent to Pay: %d %s\n%.2000s", p.status, p.header.Get("Location"), p.text)
	form := c.get(p.location())
	require.Contains(c.t, form.text, "cardNo")
	sent := c.post(form.url.String(), url.Values{
		"cardNo": {card}, "expiryMonth": {"12"}, "expiryYear": {"2037"}, "cvc": {"123"}, "cardholderName": {"Ann"},
		"email": {"ann@example.org"}, "addressLine1": {"1 High Street"}, "addressCity": {"Town"}, "addressPostcode": {"E1 8QS"},
	})
	require.True(c.t, sent.isRedirect(), sent.text)
	if card == declinedCard {
		require.Contains(c.t, c.follow(sent).text, "declined")
		return "/_pay/return"
	}
	confirmed := c.post(sent.location(), nil)
	require.True(c.t, confirmed.isRedirect(), confirmed.text)
	back := c.do(http.MethodGet, confirmed.location(), "", "")
	require.True(c.t, back.isRedirect(), back.text)
	return back.location()
}
