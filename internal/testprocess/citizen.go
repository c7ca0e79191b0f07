package testprocess

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

// Citizen is a browser without scripts. It follows no redirect by itself.
type Citizen struct {
	t      testing.TB
	origin string
	Client *http.Client
}

// NewCitizen returns a browser without cookies for the service at an origin.
func NewCitizen(t testing.TB, origin string) *Citizen {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &Citizen{t, origin, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer, read to its end.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Text   string
}

// IsRedirect reports whether the answer redirects.
func (p Page) IsRedirect() bool {
	return p.Status >= 300 && p.Status < 400 && p.Header.Get("Location") != ""
}

// Location returns the address of a redirect.
func (p Page) Location() string {
	to, err := p.URL.Parse(p.Header.Get("Location"))
	if err != nil {
		return p.Header.Get("Location")
	}
	return to.String()
}

// Do sends a request. A target that begins with a slash is at the origin.
func (c *Citizen) Do(method, target, contentType, body string) Page {
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
	answer, err := c.Client.Do(r)
	require.NoError(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	return Page{answer.Request.URL, answer.StatusCode, answer.Header, string(text)}
}

// Get loads a page and follows its redirects.
func (c *Citizen) Get(target string) Page {
	c.t.Helper()
	return c.Follow(c.Do(http.MethodGet, target, "", ""))
}

// Post sends a form. It does not follow a redirect.
func (c *Citizen) Post(target string, form url.Values) Page {
	c.t.Helper()
	return c.Do(http.MethodPost, target, "application/x-www-form-urlencoded", form.Encode())
}

// Follow follows redirects to the end.
func (c *Citizen) Follow(p Page) Page {
	c.t.Helper()
	for range 10 {
		if !p.IsRedirect() {
			return p
		}
		p = c.Do(http.MethodGet, p.Location(), "", "")
	}
	c.t.Fatalf("redirected again and again, last to %s", p.Location())
	return p
}

var (
	inputs    = regexp.MustCompile(`<input\b[^>]*>`)
	attribute = func(name string) *regexp.Regexp { return regexp.MustCompile(`\b` + name + `="([^"]*)"`) }
	typeOf    = attribute("type")
	nameOf    = attribute("name")
	valueOf   = attribute("value")
)

// Hidden returns the hidden fields of a page, such as form tokens.
func (p Page) Hidden() url.Values {
	fields := url.Values{}
	for _, input := range inputs.FindAllString(p.Text, -1) {
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

// Fill returns the form of a page with these fields and the hidden ones.
func (p Page) Fill(fields url.Values) url.Values {
	form := p.Hidden()
	for name, values := range fields {
		form[name] = values
	}
	return form
}

// Card numbers of Pay's test accounts.
const (
	GoodCard       = "4444333322221111"
	DeclinedCard   = "4000000000000002"
	ChallengedCard = "4000002500003155" // its bank asks first
)

// Pay follows a redirect to Pay, and pays with a card. It returns the address that leads back to the service, which it
// does not open; after a decline, that is the fixed return address.
func (c *Citizen) Pay(p Page, card string) string {
	c.t.Helper()
	toPay := p.IsRedirect() && strings.Contains(p.Location(), "/secure/")
	require.True(c.t, toPay, "not sent to Pay: %d %s\n%.2000s", p.Status, p.Header.Get("Location"), p.Text)
	form := c.Get(p.Location())
	require.Contains(c.t, form.Text, "cardNo")
	sent := c.Post(form.URL.String(), url.Values{
		"cardNo": {card}, "expiryMonth": {"12"}, "expiryYear": {"2037"}, "cvc": {"123"}, "cardholderName": {"Ann"},
		"email": {"ann@example.org"}, "addressLine1": {"1 High Street"}, "addressCity": {"Town"},
		"addressPostcode": {"E1 8QS"}, "addressCountry": {"GB"},
	})
	require.True(c.t, sent.IsRedirect(), sent.Text)
	if card == DeclinedCard {
		require.Contains(c.t, c.Follow(sent).Text, "declined")
		return "/_pay/return"
	}
	confirmed := c.Post(sent.Location(), nil)
	require.True(c.t, confirmed.IsRedirect(), confirmed.Text)
	back := c.Do(http.MethodGet, confirmed.Location(), "", "")
	require.True(c.t, back.IsRedirect(), back.Text)
	return back.Location()
}
