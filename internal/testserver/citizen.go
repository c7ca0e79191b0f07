package testserver

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// ReplyMarker begins the parameter under which Paygate shows a stored reply.
const ReplyMarker = "paygate-reply="

// Citizen is a browser that follows redirects only when told to.
type Citizen struct {
	H      *Harness
	Client *http.Client
}

// Citizen returns a browser without cookies.
func (h *Harness) Citizen() *Citizen {
	h.T.Helper()
	return &Citizen{h, NewBrowser(h.T)}
}

// NewBrowser returns a client without cookies that follows no redirects.
func NewBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// At returns the same browser for another harness.
func (c *Citizen) At(h *Harness) *Citizen { return &Citizen{h, c.Client} }

// Page is an answer, read to its end.
type Page struct {
	Status int
	Header http.Header
	Text   string
}

// Location returns the address of a redirect.
func (p Page) Location() string { return p.Header.Get("Location") }

// Do sends a request. A target that begins with a slash is at Paygate. The header is names and values by turns.
func (c *Citizen) Do(method, target string, body io.Reader, header ...string) Page {
	c.H.T.Helper()
	p, err := c.Try(method, target, body, header...)
	require.NoError(c.H.T, err)
	return p
}

// Try does the same, and returns an error instead of ending the test.
func (c *Citizen) Try(method, target string, body io.Reader, header ...string) (Page, error) {
	host := ""
	if strings.HasPrefix(target, "/") {
		host, target = c.H.Host, c.H.URL+target
	}
	r, err := http.NewRequest(method, target, body)
	if err != nil {
		return Page{}, err
	}
	r.Host = cmp.Or(host, r.Host)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	if err != nil {
		return Page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return Page{answer.StatusCode, answer.Header, string(text)}, err
}

// Get loads a page.
func (c *Citizen) Get(target string, header ...string) Page {
	c.H.T.Helper()
	return c.Do(http.MethodGet, target, nil, header...)
}

// Post sends a form.
func (c *Citizen) Post(target string, form url.Values, header ...string) Page {
	c.H.T.Helper()
	return c.Do(http.MethodPost, target, strings.NewReader(form.Encode()),
		append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

// Follow follows redirects to the end.
func (c *Citizen) Follow(p Page) Page {
	c.H.T.Helper()
	for range 5 {
		if p.Status != http.StatusSeeOther {
			return p
		}
		p = c.Get(p.Location())
	}
	c.H.T.Fatal("redirected again and again")
	return p
}

// Apply sends the form of the licence route, and requires a redirect to Pay.
func (c *Citizen) Apply(name string) Page {
	c.H.T.Helper()
	p := c.Post("/licences/apply", url.Values{"name": {name}, "email": {"ann@example.org"}})
	require.Equal(c.H.T, http.StatusSeeOther, p.Status, p.Text)
	require.True(c.H.T, strings.HasPrefix(p.Location(), c.H.PayURL+"/secure/"), p.Location())
	return p
}

// ReturnFromPay opens the return address and follows redirects to the end.
func (c *Citizen) ReturnFromPay() Page {
	c.H.T.Helper()
	return c.Follow(c.Get("/_pay/return"))
}

// ReturnUntil returns from Pay until ctx ends. It ignores errors.
func (c *Citizen) ReturnUntil(ctx context.Context) { FollowReturn(ctx, c.Client, c.H.URL, c.H.Host) }

// FollowReturn opens the return address of the Paygate at an address, and follows redirects until ctx ends. A host that
// is not empty replaces that of the address.
func FollowReturn(ctx context.Context, client *http.Client, gate, name string) {
	for target := "/_pay/return"; strings.HasPrefix(target, "/"); {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, gate+target, nil)
		if err != nil {
			return
		}
		r.Host = cmp.Or(name, r.Host)
		answer, err := client.Do(r)
		if err != nil {
			return
		}
		_ = answer.Body.Close()
		target = answer.Header.Get("Location")
	}
}

var ownAnswerLink = regexp.MustCompile(`href="([^"]*paygate-reply=[^"]*\.service)"`)

// ServicesAnswer follows the link on Paygate's page to the service's own answer.
func (c *Citizen) ServicesAnswer(explained Page) Page {
	c.H.T.Helper()
	require.Equal(c.H.T, "yes", explained.Header.Get("Paygate-Answer"), explained.Text)
	link := ownAnswerLink.FindStringSubmatch(explained.Text)
	require.NotNil(c.H.T, link, explained.Text)
	return c.Follow(c.Get(strings.ReplaceAll(link[1], "&amp;", "&")))
}

// Journeys returns what the status address reports, newest first.
func (c *Citizen) Journeys() []struct{ ID, State, Reference string } {
	c.H.T.Helper()
	var answer struct {
		Journeys []struct{ ID, State, Reference string }
	}
	require.NoError(c.H.T, json.Unmarshal([]byte(c.Get("/_pay/status", "Accept", "application/json").Text), &answer))
	return answer.Journeys
}

// State returns the state of the browser's newest journey.
func (c *Citizen) State() journey.State {
	c.H.T.Helper()
	all := c.Journeys()
	require.NotEmpty(c.H.T, all)
	return journey.State(all[0].State)
}

// WaitForState waits until the newest journey is in a state.
func (c *Citizen) WaitForState(state journey.State) {
	c.H.T.Helper()
	require.Eventually(c.H.T, func() bool { return c.State() == state }, LongTimeout, 5*time.Millisecond, "it stays %s",
		c.State())
}

// SweepUntil sweeps until the newest journey is in a state.
func (c *Citizen) SweepUntil(state journey.State) {
	c.H.T.Helper()
	require.Eventually(c.H.T, func() bool { c.H.Sweep(); return c.State() == state }, LongTimeout, 1)
}
