package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"paygate/gateway/marker"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/journey"
)

// statusPage shows a browser the truth about its journeys.
type statusPage struct {
	*tickets
	replies     *replies
	clients     proxy.Clients
	doctorToken string // who shows it is told how their request arrived; may be empty
}

// ServeHTTP shows this browser's journeys, newest first.
func (h *statusPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.tellArrival(w, r)
	own, err := h.journeys(r)
	if err != nil {
		h.answer(w, r, storeFailed(err))
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "json") {
		writeJSON(w, own)
		return
	}
	view := pages.View{Language: h.languages.of(r, nil)}
	if len(own) > 0 {
		view.Language = own[0].Terms.Language
	}
	for _, j := range own {
		j = h.replies.noteSeen(r, j)
		h.renewTickets(w, r, j)
		view.Items = append(view.Items, h.item(j))
	}
	h.pages.Render(w, http.StatusOK, pages.Status, view)
}

// item returns a journey on the status page, with a link to what it brought.
func (h *statusPage) item(j journey.Journey) pages.Item {
	item := pages.Item{Page: pageOf(j), View: viewOf(j)}
	switch {
	case item.Page == pages.Open: // as Pay said when it was last asked, which the list does not do
		item.Page = pages.Unconfirmed
	case j.PassValid(h.runner.Now()):
		item.Page, item.View.Target = pages.PassReady, j.Fingerprint.Target()
	case item.Page == pages.PassReady:
		item.View.Target = j.Fingerprint.Target()
	case item.Page == pages.Waiting:
		item.View.Target = marker.Address(j)
	case j.ShowsReply(h.runner.Now()) && item.Page == pages.Refused:
		item.View.Target = marker.OwnAnswerAddress(j)
	case j.ShowsReply(h.runner.Now()) && item.Page != pages.Challenged:
		item.View.Target = marker.Address(j)
	}
	return item
}

// journeyJSON is one journey as a script sees it.
type journeyJSON struct {
	ID          journey.ID    `json:"id"`
	State       journey.State `json:"state"`
	Reference   string        `json:"reference"`
	AmountPence int64         `json:"amount_pence"`
	Description string        `json:"description"`
	StartedAt   time.Time     `json:"started_at"`
}

func writeJSON(w http.ResponseWriter, own []journey.Journey) {
	list := []journeyJSON{}
	for _, j := range own {
		t := j.Terms
		list = append(list, journeyJSON{j.ID, j.State, t.Reference, t.Amount, t.Description, j.StartedAt})
	}
	ownHeader(w.Header())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"journeys": list})
}
