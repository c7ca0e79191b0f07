package notifysim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/notify"
	"paygate/internal/notifysim"
)

// bench is a simulator at a listener, beside another handler, and a client of it.
type bench struct {
	*notifysim.Simulator
	t      *testing.T
	url    string
	client *notify.Client
	now    time.Time // of the client
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, Simulator: notifysim.New(notifysim.Options{}), now: time.Now()}
	server := httptest.NewServer(b.Beside(http.NotFoundHandler()))
	t.Cleanup(server.Close)
	key, err := notify.ParseKey(notifysim.Key)
	require.NoError(t, err)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	b.url = server.URL
	b.client = notify.NewClient(notify.Options{URL: address, Key: key, Now: func() time.Time { return b.now }})
	return b
}

func (b *bench) send(change func(*notify.Email)) error {
	e := notify.Email{
		Template: notifysim.Templates()[4].ID, Address: "ann@example.org", Reference: "r",
		Fields: map[string]string{
			"reference": "R1", "amount": "£25.00", "service": "<Fishing>", "description": "Licence", "contact": "",
		},
	}
	change(&e)
	return b.client.Send(b.t.Context(), e)
}

// get returns the status and the text of a page.
func (b *bench) get(path, accept string) (int, string) {
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	require.NoError(b.t, err)
	request.Header.Set("Accept", accept)
	return b.do(request)
}

func (b *bench) do(request *http.Request) (int, string) {
	answer, err := http.DefaultClient.Do(request)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer.StatusCode, string(text)
}

func TestTheInboxShowsEmails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, page := b.get("/inbox", "text/html")
	require.Contains(t, page, "No e-mails yet")
	require.NoError(t, b.send(func(*notify.Email) {}))
	_, page = b.get("/inbox", "text/html")
	require.Contains(t, page, "Your refund: &lt;Fishing&gt;")
	require.Contains(t, page, "We have refunded £25.00 to the card you paid with.")
	_, list := b.get("/inbox", "application/json")
	require.Contains(t, list, `"email_address":"ann@example.org"`)
	status, _ := b.get("/elsewhere", "text/html")
	require.Equal(t, http.StatusNotFound, status, "the other handler")
}

func TestTheSimulatorRefusesWhatNotifyRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for class, change := range map[string]func(*notify.Email){
		"status 400, ValidationError": func(e *notify.Email) { e.Address = "ann" },
		"status 400, BadRequestError": func(e *notify.Email) { delete(e.Fields, "contact") },
	} {
		require.EqualError(t, b.send(change), "GOV.UK Notify: "+class)
	}
	require.EqualError(t, b.send(func(e *notify.Email) { e.Template = "7a0a79c3-0000-4000-8000-999999999999" }),
		"GOV.UK Notify: status 400, BadRequestError")
	b.now = b.now.Add(-time.Minute)
	require.EqualError(t, b.send(func(*notify.Email) {}), "GOV.UK Notify: status 403, AuthError", "the clock is late")
	status, _ := b.get("/v2/notifications", "")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Empty(t, b.Emails())
}

func TestFaultsAreOrderedFromThePage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	order := func(site, fault, template string) int {
		form := url.Values{"fault": {fault}, "template": {template}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/inbox/faults",
			strings.NewReader(form.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", site)
		status, _ := b.do(request)
		return status
	}
	require.Equal(t, http.StatusForbidden, order("cross-site", "down", ""), "pages of other sites")
	require.NoError(t, b.send(func(*notify.Email) {}))
	require.Equal(t, http.StatusBadRequest, order("same-origin", "haunted", ""))
	for fault, class := range map[string]string{
		"down": "status 500, Exception", "limit": "status 429, TooManyRequestsError", "key": "status 403, AuthError",
		"lost": "no answer", "template": "status 400, BadRequestError",
	} {
		require.Equal(t, http.StatusOK, order("same-origin", fault, string(notifysim.Templates()[4].ID)))
		require.EqualError(t, b.send(func(*notify.Email) {}), "GOV.UK Notify: "+class)
	}
	require.Equal(t, http.StatusOK, order("same-origin", "", ""))
	require.NoError(t, b.send(func(*notify.Email) {}))
	require.Len(t, b.Emails(), 3, "the one whose answer was lost arrived")
}

func TestEveryTemplateUsesOnlyKnownFields(t *testing.T) {
	t.Parallel()
	for _, template := range notifysim.Templates() {
		b := newBench(t)
		require.NoError(t, b.send(func(e *notify.Email) { e.Template = template.ID }))
		for _, field := range []string{"amount", "service", "description", "reference", "contact"} {
			require.Contains(t, template.Subject+template.Body, "(("+field+"))")
		}
	}
}

func TestTheGuideHasTheTemplates(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/reference/messages.md")
	require.NoError(t, err)
	for _, template := range notifysim.Templates() {
		require.Contains(t, string(guide),
			"#### `"+template.Setting+"`\n\nSubject: `"+template.Subject+"`\n\n```text\n"+template.Body+"\n```\n")
	}
}
