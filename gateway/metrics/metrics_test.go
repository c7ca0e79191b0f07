package metrics_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/metrics"
	"paygate/journey"
)

var update = flag.Bool("update", false, "write the golden file")

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// fakeStore is a store with a few open journeys.
type fakeStore struct{ err error }

func (s *fakeStore) CountOpen(context.Context) (map[journey.State]int, error) {
	return map[journey.State]int{journey.StatePaying: 3, journey.StateStuck: 1}, s.err
}

func (s *fakeStore) OldestDue(context.Context) (time.Time, bool, error) {
	return now.Add(-90 * time.Second), true, s.err
}

func (s *fakeStore) DueToTell(context.Context, time.Time, journey.Due, int) ([]journey.Due, error) {
	return []journey.Due{{At: now.Add(-time.Hour), ID: "01TEST"}}, s.err
}

func (s *fakeStore) OwedBack(context.Context, time.Time, journey.Due, int) ([]journey.Due, error) {
	return []journey.Due{{At: now.Add(-2 * time.Hour), ID: "01TEST"}}, s.err
}

func (s *fakeStore) Damaged(context.Context) ([]journey.ID, error) {
	return []journey.ID{"01DAMAGED"}, s.err
}

// scrape returns Paygate's own metrics as Prometheus reads them.
func scrape(t *testing.T, m *metrics.Metrics) (status int, text string) {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var own []string
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(strings.TrimLeft(line, "# HELPTY"), "paygate_") {
			own = append(own, line)
		}
	}
	return answer.Code, strings.Join(own, "")
}

// Dashboards and alerts rely on every name and label in the golden file.
func TestNamesAndLabelsAreStable(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{}, []string{"licence"}, []string{"default"}, func() time.Time { return now })
	paying := journey.Journey{
		State: journey.StatePaying, Terms: journey.Terms{Route: "licence"},
		Payments: []journey.Payment{{ID: "pay1", Status: journey.StatusCreated}},
	}
	confirmed := paying
	confirmed.State = journey.StateConfirmed
	confirmed.Payments = []journey.Payment{{ID: "pay1", Status: journey.StatusSuccess, Total: 2500}}
	lost := confirmed
	lost.CollectionFailed = true
	lost.Payments = []journey.Payment{{ID: "pay1", Status: journey.StatusSuccess, Total: 2500, Refunded: 500}}

	m.Applied(journey.Applied{Before: paying, After: confirmed})
	m.Applied(journey.Applied{Before: confirmed, After: confirmed})
	m.Applied(journey.Applied{Before: confirmed, After: lost})
	m.Swept(map[string]int{"visited": 2, "released": 1, "failed": 0})
	m.Delivered("licence", "return", journey.VerdictAccepted, 250*time.Millisecond)
	m.PayCalled("default", "create", "201", 125*time.Millisecond)
	m.PayCalled("default", "get", "unreachable", 8*time.Second)
	m.RequestBegan("pay")
	m.Shadowed("licence", "held")
	m.WebhookReceived("accepted")
	lost.Outbox = []journey.Message{{ID: "re1", To: journey.ToService}}
	for _, fact := range []journey.Fact{
		journey.MessageSent{ID: "re1"},
		journey.MessageFailed{ID: "re1"},
		journey.MessageGivenUp{ID: "re1"},
		journey.MessageSent{ID: "sent by another replica"},
	} {
		m.Applied(journey.Applied{Before: lost, After: lost, Fact: fact})
	}

	status, text := scrape(t, m)
	require.Equal(t, http.StatusOK, status)
	const file = "testdata/metrics.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err, "write it with -update")
	require.Equal(t, string(golden), text)
}

func TestReservedMoneyIsNeitherTakenNorReturned(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{}, nil, nil, time.Now)
	reserved := journey.Journey{
		State: journey.StateConfirmed, Terms: journey.Terms{Route: "licence"},
		Payments: []journey.Payment{{ID: "pay1", Status: journey.StatusCapturable, Money: 2500}},
	}
	m.Applied(journey.Applied{After: reserved})
	_, text := scrape(t, m)
	require.Contains(t, text, `paygate_money_pence_total{route="licence",what="taken"} 0`)
	require.Contains(t, text, `paygate_money_pence_total{route="licence",what="returned"} 0`)
}

// Pay takes back what it has said: a capture that failed after all, and a refund.
func TestMoneyThatDidNotMoveAfterAllIsCountedBack(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{}, nil, nil, time.Now)
	with := func(status string, refunded int64) journey.Journey {
		return journey.Journey{
			Terms:    journey.Terms{Route: "licence"},
			Payments: []journey.Payment{{ID: "pay1", Status: status, Total: 2500, Refunded: refunded}},
		}
	}
	steps := []journey.Journey{
		with(journey.StatusSuccess, 0), with(journey.StatusSuccess, 500), with(journey.StatusSuccess, 0),
		with(journey.StatusError, 0), with(journey.StatusError, 0), with(journey.StatusSuccess, 0),
	}
	for i := range steps[1:] {
		m.Applied(journey.Applied{Before: steps[i], After: steps[i+1]})
	}
	_, text := scrape(t, m)
	for what, pence := range map[string]string{
		"returned": "500", "refund_failed": "500", "uncollected": "2500", "taken": "2500",
	} {
		require.Contains(t, text, `paygate_money_pence_total{route="licence",what="`+what+`"} `+pence)
	}
}

func TestMoneyReturnedBeyondWhatWasTakenIsCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{}, nil, nil, time.Now)
	paid := journey.Journey{
		Terms:    journey.Terms{Route: "licence"},
		Payments: []journey.Payment{{ID: "pay1", Status: journey.StatusSuccess, Total: 2500, Refunded: 2500}},
	}
	twice := paid
	twice.Payments = []journey.Payment{{ID: "pay1", Status: journey.StatusSuccess, Total: 2500, Refunded: 5000}}
	m.Applied(journey.Applied{Before: paid, After: twice})
	m.Applied(journey.Applied{Before: twice, After: twice})
	_, text := scrape(t, m)
	require.Contains(t, text, `paygate_money_pence_total{route="licence",what="returned"} 2500`)
	require.Contains(t, text, `paygate_money_pence_total{route="licence",what="over_refunded"} 2500`)
}

func TestUnreadableStoreLeavesOutItsGauges(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{err: errors.New("connection refused")}, []string{"licence"}, nil, time.Now)
	status, text := scrape(t, m)
	require.Equal(t, http.StatusOK, status, "the other metrics are there")
	require.Contains(t, text, "paygate_webhooks_total")
	for _, gauge := range []string{
		"journeys_open", "oldest_due_seconds", "stuck", "damaged",
		"owed_back_oldest_seconds",
	} {
		require.NotContains(t, text, "paygate_"+gauge)
	}
}
