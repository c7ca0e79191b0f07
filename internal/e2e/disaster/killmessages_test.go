package disaster

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/export"
)

// hearing is the part of the service that is told events.
func (a *killTest) hearing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") != "event" {
			next.ServeHTTP(w, r)
			return
		}
		var told event
		text, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(text, &told) != nil {
			return // cut off by a kill
		}
		a.mu.Lock()
		a.heard = append(a.heard, told)
		a.mu.Unlock()
	})
}

// checkMessages requires that the service and the citizen were told of each journey whose money went back, and of no
// other. A message that was being sent during a kill is sent again only minutes later: it has to wait in the journey.
func (a *killTest) checkMessages() {
	a.t.Helper()
	reversed := a.inState(journey.StateReversed)
	var whole export.Whole
	for _, record := range reversed { // refunds are read now, and not only tomorrow
		a.ask(http.MethodPost, "/journeys/"+string(record.ID)+"/check", "", &whole)
	}
	var counts map[string]int
	a.ask(http.MethodPost, "/mopup", "", &counts)
	told, mailed := a.returnsTold(), a.returnsMailed()
	a.t.Logf("%d journeys reversed; %d told to the service, %d to citizens", len(reversed), len(told), len(mailed))
	for _, record := range reversed {
		var whole export.Whole
		a.ask(http.MethodGet, "/journeys/"+string(record.ID), "", &whole)
		id := string(record.ID)
		if a.isReceived(id) && !waits(whole, journey.ToService) {
			require.True(a.t, told[id], "the service was not told: %+v", whole)
		}
		if whole.Kind == journey.KindSubmission && whole.PaidAt != nil && !waits(whole, journey.ToCitizen) {
			require.True(a.t, mailed[id], "the citizen was not told: %+v", whole)
		}
		delete(told, id)
		delete(mailed, id)
	}
	require.Empty(a.t, told, "told to the service, and the money did not go back")
	require.Empty(a.t, mailed, "told to the citizen, and the money did not go back")
}

// returnsTold returns the journeys of which the service heard. What it heard twice had the same words.
func (a *killTest) returnsTold() map[string]bool {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	told, words := map[string]bool{}, map[string]event{}
	for _, e := range a.heard {
		if before, again := words[e.Event.ID]; again {
			require.Equal(a.t, before, e, "told twice, with other words")
		}
		words[e.Event.ID], told[e.Journey] = e, true
		require.Equal(a.t, e.Journey+"-"+journey.WhatReturned, e.Event.ID)
	}
	return told
}

// returnsMailed returns the journeys about which citizens got an e-mail, each once.
func (a *killTest) returnsMailed() map[string]bool {
	a.t.Helper()
	mailed := map[string]bool{}
	for _, e := range a.notify.Emails() {
		id := e.Reference[:len("0T40NK4AK7HJ26ZB")]
		require.Equal(a.t, id+"-email-"+journey.WhatReturned, e.Reference)
		require.False(a.t, mailed[id], "an e-mail came twice: %+v", e)
		mailed[id] = true
	}
	return mailed
}

// isReceived reports whether the service has got the request of a journey.
func (a *killTest) isReceived(id string) bool {
	for _, line := range a.ledger.All() {
		if line.Journey == id {
			return true
		}
	}
	return false
}

func waits(j export.Whole, to journey.Recipient) bool {
	for _, m := range j.Messages {
		if m.To == to {
			return true
		}
	}
	return false
}
