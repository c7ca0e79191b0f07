package disaster

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// ask sends a request to the staff listener of any replica.
func (a *killTest) ask(method, path, body string, into any) {
	a.t.Helper()
	g := a.replicas[rand.IntN(len(a.replicas))]
	r, err := http.NewRequest(method, g.staff+path, strings.NewReader(body))
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+testserver.AnnsToken)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, answer.StatusCode, string(text))
	require.NoError(a.t, json.Unmarshal(text, into))
}

func (a *killTest) inState(state journey.State) (found []export.Record) {
	a.t.Helper()
	for after := ""; ; {
		var list struct {
			Journeys []export.Record
			Next     string
		}
		a.ask(http.MethodGet, "/journeys?limit=500&state="+string(state)+"&after="+after, "", &list)
		found = append(found, list.Journeys...)
		if after = list.Next; after == "" {
			return found
		}
	}
}

// openStatusPages shows everybody their payments, since a refusal that is unseen stays open for a day.
func (a *killTest) openStatusPages() {
	a.t.Helper()
	for _, jar := range a.jars {
		answer, err := (&http.Client{Jar: jar}).Get(a.replicas[0].url + "/_pay/status")
		require.NoError(a.t, err)
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}

// waitForRest sweeps until only stuck journeys, paid passes, and journeys whose money is back are open. If the answer
// to a refund was lost, the journey ends five minutes later.
func (a *killTest) waitForRest() {
	a.t.Helper()
	deadline := time.Now().Add(2 * testserver.LongTimeout)
	for {
		open, which := map[journey.State]int{}, []export.Record{}
		for _, state := range journey.States() {
			if state.AtRest() || state == journey.StateStuck {
				continue
			}
			for _, record := range a.inState(state) {
				isPaidPass := record.Kind == journey.KindPass && state == journey.StateConfirmed
				isBack := record.TakenPence > 0 && record.RefundedPence == record.TakenPence
				if !isPaidPass && !isBack {
					open[state]++
					which = append(which, record)
				}
			}
		}
		if len(open) == 0 {
			return
		}
		require.True(a.t, time.Now().Before(deadline), "not at rest: %+v\n%s", which, a.logged())
		if open[journey.StateRefused] > 0 {
			a.openStatusPages()
		}
		var counts map[string]int
		a.ask(http.MethodPost, "/mopup", "", &counts)
	}
}

// settleStuck settles stuck journeys by the ledger of the service, and counts them.
func (a *killTest) settleStuck() (settled int) {
	a.t.Helper()
	for _, record := range a.inState(journey.StateStuck) {
		require.Contains(a.t, record.Note, "it is not known whether the service got the request",
			"staff decide only where the outcome is unknown")
		var whole export.Whole
		a.ask(http.MethodGet, "/journeys/"+string(record.ID), "", &whole)
		submission := 1
		for _, e := range whole.History {
			if e.Fact == (journey.Resubmitted{}).Name() {
				submission++
			}
		}
		as := a.ledger.Resolution(string(record.ID), strconv.Itoa(submission))
		if as == "retry" && settled%2 == 0 {
			as = "reversed"
		}
		a.ask(http.MethodPost, "/journeys/"+string(record.ID)+"/settle", `{"as":"`+as+`","reason":"the book says so"}`,
			&whole)
		settled++
	}
	return settled
}

// given counts what the service gave, by payment. It requires that each submission arrived once.
func (a *killTest) given() (submissions, passes map[string]int) {
	a.t.Helper()
	received := map[string]int{}
	submissions, passes = map[string]int{}, map[string]int{}
	for _, line := range a.ledger.All() {
		if line.Pass {
			passes[line.Payment]++
			continue
		}
		key := line.Journey + " " + line.Submission
		received[key]++
		require.Equal(a.t, 1, received[key], "journey and submission %s reached the service more than once", key)
		if line.Act.Accepted() {
			submissions[line.Payment]++
		}
	}
	return submissions, passes
}

// checkBooks compares what Pay and the service recorded, and then what Paygate says.
func (a *killTest) checkBooks() {
	a.t.Helper()
	require.Empty(a.t, a.inState(journey.StateStuck), "stuck again")
	submissions, passes := a.given()
	waiting := map[string]bool{} // paid passes that have not been fetched
	for _, record := range a.inState(journey.StateConfirmed) {
		waiting[record.PaymentID] = true
	}
	paid, returned, reserved := map[string]bool{}, 0, 0
	for _, p := range a.pay.Payments() {
		given := submissions[p.ID] + passes[p.ID]
		require.LessOrEqual(a.t, submissions[p.ID], 1, "given twice for one payment: %+v", p)
		switch {
		case p.Status == "capturable":
			reserved++
			require.True(a.t, waiting[p.ID], "reserved for ever: %+v", p)
		case p.Status == "success" && p.Refunded == 0:
			paid[p.ID] = true
			require.Positive(a.t, given, "paid and lost: %+v", p)
		default:
			if p.Status == "success" {
				require.Equal(a.t, p.Total, p.Refunded, "given back in part: %+v", p)
			}
			returned++
			require.Zero(a.t, given, "given and not paid: %+v", p)
		}
	}
	for _, state := range journey.States() {
		for _, record := range a.inState(state) {
			require.Equal(a.t, state == journey.StateReleased, paid[record.PaymentID], "%+v", record)
		}
	}
	a.t.Logf("%d kills; %d payments: %d paid and delivered, %d without money, %d reserved for passes; %d requests at "+
		"the service, %d passes fetched",
		*kills, len(a.pay.Payments()), len(paid), returned, reserved, len(a.ledger.All()), len(passes))
	require.NotEmpty(a.t, paid, "nothing was ever bought")
	a.reconcile()
}

// reconcile requires that Paygate's own comparison with the lists of Pay finds nothing.
func (a *killTest) reconcile() {
	a.t.Helper()
	now := time.Now()
	var report reconcile.Report
	a.ask(http.MethodPost, "/reconcile", fmt.Sprintf(`{"from":%q,"to":%q}`,
		now.AddDate(0, 0, -2).Format(time.DateOnly), now.AddDate(0, 0, 2).Format(time.DateOnly)), &report)
	require.Empty(a.t, report.Differences)
	require.NotZero(a.t, report.Checked)
}
