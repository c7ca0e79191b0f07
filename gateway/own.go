package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	pathpkg "path"
	"strings"
	"time"

	"paygate/gateway/marker"
	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
)

// ownAddresses serves what lives under our prefix. Nothing under it is ever forwarded.
func (g *Gateway) ownAddresses() http.Handler {
	mux := http.NewServeMux()
	protect := http.NewCrossOriginProtection()
	for _, o := range g.Origins {
		_ = protect.AddTrustedOrigin(o.String()) // ours, even where a proxy before us changed the Host
	}
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.answer(w, r, crossSite) }))
	mux.HandleFunc("GET /return", g.returned)
	mux.HandleFunc("GET /status", g.status)
	mux.Handle("GET /keys", g.Keys)
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		if !pages.Asset(w, r.PathValue("name")) {
			g.answer(w, r, noAddress)
		}
	})
	mux.Handle("POST /again", protect.Handler(g.goesOn(g.Runner.Again)))
	mux.Handle("POST /pass", protect.Handler(http.HandlerFunc(g.buyPass)))
	mux.Handle("POST /resume", protect.Handler(g.goesOn(g.Runner.Resume)))
	if g.Webhook != nil {
		mux.Handle("POST /webhook", g.Webhook)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serveOwn(mux, w, r) })
}

// serveOwn routes by the path behind the prefix, to the letter: the mux's own redirects have no place here.
func (g *Gateway) serveOwn(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	target, _ := match.OriginForm(r)
	path, _, _ := strings.Cut(target, "?")
	inner := *r
	address := *r.URL
	inner.URL = &address
	address.Path, address.RawPath = strings.TrimPrefix(path, g.Prefix), ""
	ownHeader(w.Header())
	if address.Path != pathpkg.Clean(address.Path) {
		g.answer(w, r, noAddress)
		return
	}
	if _, pattern := mux.Handler(&inner); pattern != "" {
		mux.ServeHTTP(w, &inner)
		return
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := inner
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != "" {
			w.Header().Set("Allow", method)
			g.answer(w, r, badMethod)
			return
		}
	}
	g.answer(w, r, noAddress)
}

// goesOn takes the citizen of a journey back to Pay: to another payment for the same held request, or to the open one.
func (g *Gateway) goesOn(how func(context.Context, journey.ID) (journey.Began, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		j, found, err := g.owned(r, journey.ID(r.PostFormValue("journey")))
		switch {
		case err != nil:
			g.answer(w, r, storeFailed(err))
		case !found:
			g.answer(w, r, notFound)
		default:
			g.backToPay(w, r, j, how)
		}
	}
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

// status is the truth about this browser's journeys, newest first.
func (g *Gateway) status(w http.ResponseWriter, r *http.Request) {
	g.tellArrival(w, r)
	own, err := g.journeys(r)
	if err != nil {
		g.answer(w, r, storeFailed(err))
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "json") {
		g.statusJSON(w, own)
		return
	}
	view := pages.View{Language: languages(g.Language).of(r, nil)}
	if len(own) > 0 {
		view.Language = own[0].Terms.Language
	}
	for _, j := range own {
		j = g.seen(r, j)
		g.keepTicket(w, r, j)
		view.Items = append(view.Items, g.item(j))
	}
	g.Pages.Render(w, http.StatusOK, pages.Status, view)
}

// item is a journey on the status page, with the way to what it brought.
func (g *Gateway) item(j journey.Journey) pages.Item {
	item := pages.Item{Page: pageOf(j), View: viewOf(j)}
	switch {
	case item.Page == pages.Open: // as Pay said when it was last asked, which the list does not do
		item.Page = pages.Unconfirmed
	case j.PassValid(g.Runner.Now()):
		item.Page, item.View.Target = pages.PassReady, j.Fingerprint.Target()
	case item.Page == pages.PassReady:
		item.View.Target = j.Fingerprint.Target()
	case item.Page == pages.Waiting:
		item.View.Target = marker.Address(j)
	case j.ShowsReply(g.Runner.Now()) && item.Page == pages.Refused:
		item.View.Target = marker.OwnAnswerAddress(j)
	case j.ShowsReply(g.Runner.Now()) && item.Page != pages.Challenged:
		item.View.Target = marker.Address(j)
	}
	return item
}

func (g *Gateway) statusJSON(w http.ResponseWriter, own []journey.Journey) {
	list := []journeyJSON{}
	for _, j := range own {
		list = append(list, journeyJSON{j.ID, j.State, j.Terms.Reference, j.Terms.Amount, j.Terms.Description, j.StartedAt})
	}
	ownHeader(w.Header())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"journeys": list})
}
