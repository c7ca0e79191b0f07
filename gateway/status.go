package gateway

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"paygate/gateway/marker"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/journey"
)

// When the doctor asks for the status page through the public address, Paygate tells it how the request arrived. It
// tells no other client, because the host may be the name of an internal machine.
const (
	// DoctorHeader carries the doctor's token.
	DoctorHeader = "Paygate-Doctor"
	// ArrivedHeader carries the scheme and the host with which the request arrived.
	ArrivedHeader = "Paygate-Arrived"
)

// statusPage shows a browser the states of its journeys.
type statusPage struct {
	*tickets
	replies     *replies
	clients     proxy.Clients
	doctorToken string // may be empty
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
		listJSON(w, own)
		return
	}
	var view pages.View
	if len(own) > 0 {
		view.Language = own[0].Terms.Language
	}
	for _, j := range own {
		j = h.replies.noteShown(r, j)
		h.renewTickets(w, r, j)
		view.Items = append(view.Items, h.item(j))
	}
	h.pages.Render(w, http.StatusOK, pages.Status, h.complete(r, view))
}

// tellArrival tells the doctor how its request arrived.
func (h *statusPage) tellArrival(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get(DoctorHeader)
	if h.doctorToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(h.doctorToken)) != 1 {
		return
	}
	client := h.clients.Of(r)
	if hostPattern.MatchString(client.Host) {
		w.Header().Set(ArrivedHeader, client.Proto+"://"+client.Host)
	}
}

// item returns a journey on the status page, with a link to its result.
func (h *statusPage) item(j journey.Journey) pages.Item {
	item := pages.Item{Page: pageOf(j), View: viewOf(j)}
	now := h.runner.Now()
	switch {
	case item.Page == pages.Open: // as Pay said when it was last asked, which the list does not do
		item.Page = pages.Unconfirmed
	case j.PassValid(now), item.Page == pages.PassReady:
		item.Page, item.View.Target = pages.PassReady, j.Fingerprint.Target()
	case j.ShowsReply(now) && item.Page == pages.Refused:
		item.View.Target = marker.OwnAnswerAddress(j)
	case j.ShowsReply(now) && item.Page != pages.Challenged, item.Page == pages.Waiting:
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
	Refunded    int64         `json:"refunded_pence,omitempty"`
	Description string        `json:"description"`
	StartedAt   time.Time     `json:"started_at"`
}

func listJSON(w http.ResponseWriter, own []journey.Journey) {
	list := []journeyJSON{}
	for _, j := range own {
		v := viewOf(j)
		list = append(list, journeyJSON{
			j.ID, j.State, v.Reference, v.AmountPence, v.Refunded, v.Description, j.StartedAt,
		})
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"journeys": list})
}
