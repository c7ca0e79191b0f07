package sample

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// event is what the gateway says happened to a payment later.
type event struct {
	Journey string `json:"jny"`
	Payment struct {
		Reference string `json:"ref"`
	} `json:"pay"`
	Event struct {
		ID            string `json:"id"`
		What          string `json:"what"`
		Amount        int64  `json:"amount"` // pence
		RefundedTotal int64  `json:"refunded_total"`
		At            string `json:"at"`
	} `json:"evt"`
}

// Pounds returns an amount of pence in pounds.
func (event) Pounds(pence int64) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }

// told lists the events in the order in which they came.
type told struct {
	mu  sync.Mutex
	all []event
}

// hear stores an event, once: the gateway repeats one whose answer was lost. This service relies on the gateway's
// network; one that does not checks the assertion, as docs/reference/headers.md shows.
func (s *Service) hear(w http.ResponseWriter, r *http.Request) {
	var e event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil || r.Header.Get("Paygate-Status") != "event" {
		http.Error(w, "this is not an event", http.StatusBadRequest)
		return
	}
	s.told.add(e)
	w.WriteHeader(http.StatusNoContent)
}

func (t *told) add(e event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.ContainsFunc(t.all, func(o event) bool { return o.Event.ID == e.Event.ID }) {
		t.all = append(t.all, e)
	}
}

// showTold lists the events, newest first.
func (s *Service) showTold(w http.ResponseWriter, r *http.Request) {
	s.told.mu.Lock()
	events := slices.Clone(s.told.all)
	s.told.mu.Unlock()
	slices.Reverse(events)
	w.Header().Set("Cache-Control", "no-store")
	s.show(w, r, http.StatusOK, page{Name: "told", Told: events})
}
