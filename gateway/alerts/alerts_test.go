package alerts_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/alerts"
)

// values keeps one value in memory, for all replicas.
type values struct {
	mu   sync.Mutex
	text []byte
	err  error
}

func (v *values) UpdateValue(
	_ context.Context, _ string, change func([]byte) ([]byte, error),
) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return nil, v.err
	}
	text, err := change(v.text)
	if err == nil {
		v.text = text
	}
	return text, err
}

// channel is a webhook, and what a set of replicas sends to it.
type channel struct {
	t      *testing.T
	values values
	status int
	texts  []string
	now    time.Time
	found  []alerts.Finding
	log    strings.Builder
	server *httptest.Server
}

func newChannel(t *testing.T) *channel {
	c := &channel{t: t, status: http.StatusOK, now: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.True(t, json.Valid(text))
		w.WriteHeader(c.status)
		if c.status < 300 {
			c.texts = append(c.texts, string(text))
		}
	}))
	t.Cleanup(c.server.Close)
	return c
}

// replica returns the alerts of one process.
func (c *channel) replica(format string) *alerts.Alerts {
	hook, err := url.Parse(c.server.URL + "/services/T0/topsecret")
	require.NoError(c.t, err)
	return alerts.New(alerts.Options{
		Webhook: hook, Format: format, Service: "Fish & chips", Values: &c.values,
		StaffURL: &url.URL{Scheme: "https", Host: "staff.example.org"},
		Found:    func(context.Context) ([]alerts.Finding, error) { return c.found, nil },
		Now:      func() time.Time { return c.now },
		Log:      slog.New(slog.NewJSONHandler(&c.log, nil)),
	})
}

// toldBy runs each replica once, after some time, and returns what staff read then.
func (c *channel) toldBy(after time.Duration, replicas ...*alerts.Alerts) (texts []string) {
	c.t.Helper()
	c.now = c.now.Add(after)
	before := len(c.texts)
	for _, a := range replicas {
		require.NoError(c.t, a.RunOnce(c.t.Context()))
	}
	return c.texts[before:]
}

func (c *channel) stuck(count int, since time.Time) {
	c.found = []alerts.Finding{{Kind: alerts.Stuck, Name: "licence", Count: count, Since: since}}
}

func TestNothingIsToldIfNothingNeedsAPerson(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	require.Empty(t, c.toldBy(0, c.replica(alerts.Slack)))
}

func TestStaffAreToldAtMostOnceAnHourByAllReplicas(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a, b := c.replica(alerts.Slack), c.replica(alerts.Slack)
	c.stuck(3, c.now)
	require.Len(t, c.toldBy(0, a, b, a), 1)
	require.Contains(t, c.texts[0], "3 journeys on the route licence wait for a person.")
	require.Contains(t, c.texts[0], `\u003chttps://staff.example.org/journeys?state=stuck`)
	c.stuck(4, c.now.Add(time.Minute))
	a.Note(alerts.MessageGivenUp, "licence")
	b.Note(alerts.MessageGivenUp, "licence")
	require.Empty(t, c.toldBy(59*time.Minute, a, b))
	require.Len(t, c.toldBy(time.Minute, b, a), 1)
	require.Contains(t, c.texts[1], "4 journeys")
	require.Contains(t, c.texts[1], "2 messages on the route licence")
}

func TestAReplicaWhoseClockIsBehindKeepsTheHour(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a, b := c.replica(alerts.Slack), c.replica(alerts.Slack)
	c.stuck(3, c.now)
	require.Len(t, c.toldBy(0, a), 1)
	c.stuck(4, c.now.Add(time.Minute))
	require.Empty(t, c.toldBy(-5*time.Second, b))
}

func TestWhatStaffKnowIsToldAgainAfterADay(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	c.stuck(3, c.now)
	require.Len(t, c.toldBy(0, a), 1)
	require.Empty(t, c.toldBy(5*time.Hour, a))
	c.stuck(2, c.now.Add(-5*time.Hour))
	require.Empty(t, c.toldBy(5*time.Hour, a), "one was settled")
	require.Len(t, c.toldBy(14*time.Hour, a), 1, "the reminder")
	require.Contains(t, c.texts[1], "2 journeys")
	require.Empty(t, c.toldBy(2*time.Hour, a))
	c.stuck(2, c.now)
	require.Len(t, c.toldBy(time.Hour, a), 1, "one was settled, and another became stuck")
	c.found = nil
	require.Empty(t, c.toldBy(30*time.Hour, a))
	c.found = []alerts.Finding{{Kind: alerts.Free, Name: "licence", Count: 1}}
	require.Len(t, c.toldBy(time.Hour, a), 1)
	require.Empty(t, c.toldBy(23*time.Hour, a))
	require.Len(t, c.toldBy(time.Hour, a), 1, "daily")
}

func TestARefusedKeyIsToldOnceWhileItGoesOn(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	a.Note(alerts.PayRefuses, "")
	require.Len(t, c.toldBy(0, a), 1)
	require.Contains(t, c.texts[0], "refuses the API key of the default account")
	for range 8 {
		a.Note(alerts.PayRefuses, "")
		require.Empty(t, c.toldBy(2*time.Hour, a))
	}
	require.Empty(t, c.toldBy(10*time.Hour, a), "it has been put right")
	a.Note(alerts.PayRefuses, "")
	require.Len(t, c.toldBy(0, a), 1)
}

func TestAFailingWebhookIsTriedAgainAndNothingIsLost(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	c.status = http.StatusBadGateway
	a.NoteMany(alerts.Differences, "", 7)
	err := a.RunOnce(t.Context())
	require.EqualError(t, err, "the webhook answered 502")
	require.Empty(t, c.toldBy(30*time.Second, a), "it waits")
	c.now = c.now.Add(30 * time.Second)
	require.Error(t, a.RunOnce(t.Context()))
	require.Empty(t, c.toldBy(time.Minute, a), "it waits longer")
	c.status = http.StatusAccepted
	require.Len(t, c.toldBy(time.Minute, c.replica(alerts.Slack)), 1, "another replica")
	require.Contains(t, c.texts[0], "found 7 differences at the default account.")
	require.Contains(t, c.texts[0], "https://staff.example.org/reconcile|Show")
	c.server.Close()
	c.now = c.now.Add(48 * time.Hour)
	a.Note(alerts.RefusedByText, "licence")
	err = a.RunOnce(t.Context())
	require.EqualError(t, err, "the webhook did not answer")
	require.NotContains(t, c.log.String(), "topsecret")
}

func TestNotesSurviveAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	a.Note(alerts.RefusedByText, "licence")
	c.values.err = errors.New("away")
	require.Error(t, a.RunOnce(t.Context()))
	c.values.err = nil
	require.Len(t, c.toldBy(0, a), 1)
	require.Contains(t, c.texts[0], "ACCEPT_TEXT")
}

func TestWhatIsNotedAtTheEndIsToldByTheNextProcess(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	a.Note(alerts.MessageGivenUp, "licence")
	ended, end := context.WithCancel(t.Context())
	end()
	a.Run(ended)
	require.Empty(t, c.texts)
	require.Len(t, c.toldBy(0, c.replica(alerts.Slack)), 1)
	require.Contains(t, c.texts[0], "1 message on the route licence could not be delivered")
}

func TestAClockThatWasAheadDelaysNoAlert(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	a := c.replica(alerts.Slack)
	c.now = c.now.AddDate(1, 0, 0)
	a.Note(alerts.MessageGivenUp, "licence")
	require.Len(t, c.toldBy(0, a), 1)
	c.now = c.now.AddDate(-1, 0, 0)
	a.Note(alerts.MessageGivenUp, "licence")
	require.Len(t, c.toldBy(0, a), 1)
}

func TestTeamsGetAnAdaptiveCard(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	c.stuck(1, c.now)
	require.Len(t, c.toldBy(0, c.replica(alerts.Teams)), 1)
	var card struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type string
				Body []struct{ Type, Text string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.texts[0]), &card))
	require.Equal(t, "message", card.Type)
	require.Equal(t, "application/vnd.microsoft.card.adaptive", card.Attachments[0].ContentType)
	content := card.Attachments[0].Content
	require.Equal(t, "AdaptiveCard", content.Type)
	require.Equal(t, "Fish & chips: something needs a person", content.Body[0].Text)
	require.Equal(t, "1 journey on the route licence waits for a person. "+
		"[Show](https://staff.example.org/journeys?state=stuck&route=licence)", content.Body[1].Text)
}

func TestSlackTextIsEscaped(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	c.stuck(1, c.now)
	require.Len(t, c.toldBy(0, c.replica(alerts.Slack)), 1)
	var message struct{ Text string }
	require.NoError(t, json.Unmarshal([]byte(c.texts[0]), &message))
	require.Equal(t,
		"*Fish &amp; chips: something needs a person*\n• 1 journey on the route licence waits for a person."+
			" <https://staff.example.org/journeys?state=stuck&amp;route=licence|Show>", message.Text)
}

func TestWithoutAWebhookNothingIsDone(t *testing.T) {
	t.Parallel()
	a := alerts.New(alerts.Options{})
	a.Note(alerts.Stuck, "licence")
	a.Run(t.Context())
}
