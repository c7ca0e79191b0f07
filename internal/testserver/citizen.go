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
	"time"

	"paygate/journey"

	"github.com/stretchr/testify/require"
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
	jar, err := cookiejar.New(nil)
	require.NoError(h.T, err)
	return &Citizen{h, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer, read to its end.
type Page struct {
	Status int
	Header http.Header
	Text   string
}

// Location returns the address of a redirect.
func (p Page) Location() string { return p.Header.Get("Location") }

// Do sends a request. A target that begins with a slash is at Paygate.
func (c *Citizen) Do(method, target string, body io.Reader, header ...string) Page {
	c.H.T.Helper()
	if strings.HasPrefix(target, "/") {
		target = c.H.URL + target
	}
	r, err := http.NewRequest(method, target, body)
	require.NoError(c.H.T, err)
	r.Host = cmp.Or(c.H.Host, r.Host)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	require.NoError(c.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.H.T, err)
	return Page{answer.StatusCode, answer.Header, string(text)}
}

// Try sends a form, and reports an error instead of ending the test.
func (c *Citizen) Try(method, target string, form url.Values, header ...string) (Page, error) {
	if strings.HasPrefix(target, "/") {
		target = c.H.URL + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return Page{}, err
	}
	r.Host = cmp.Or(c.H.Host, r.Host)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
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

// Applies sends a form to a pay route with these cookies, and pays for it.
func (c *Citizen) Applies(target string, form url.Values, cookies string) {
	c.H.T.Helper()
	p := c.Post(target, form, "Cookie", cookies)
	require.Equal(c.H.T, http.StatusSeeOther, p.Status, p.Text)
	c.H.EndPayment("success")
}

// ReadsOn is a GET that may break off: what came, and why it ended.
func (c *Citizen) ReadsOn(target string) (string, error) {
	c.H.T.Helper()
	answer, err := c.Client.Get(c.H.URL + target)
	require.NoError(c.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// Looks is the citizen reading the status page.
func (c *Citizen) Looks() Page {
	c.H.T.Helper()
	return c.Get("/_pay/status")
}

// At is the same browser at another replica.
func (c *Citizen) At(r *Replica) *Citizen { return &Citizen{r.Harness, c.Client} }

// ComesBackInTheBackground is a return from Pay that is answered late or never.
func (c *Citizen) ReturnInBackground() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	c.H.T.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		c.ReturnUntil(ctx)
	}()
}

// sends sends a webhook.
func (c *Citizen) sends(message string, header ...string) (Page, error) {
	r, err := http.NewRequest(http.MethodPost, c.H.URL+"/_pay/webhook", strings.NewReader(message))
	if err != nil {
		return Page{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	if err != nil {
		return Page{}, err
	}
	return Page{Status: answer.StatusCode}, answer.Body.Close()
}
