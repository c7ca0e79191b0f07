package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"paygate/gateway/pages"
	"paygate/gateway/reading"
	"paygate/journey"
)

// returned is the citizen coming back from Pay. The address carries no reference (FACTS 4.3): the browser's tickets say
// which journeys may have moved. All open ones are advanced; the one shown is the newest that this visit moved, else the
// newest.
func (g *Gateway) returned(w http.ResponseWriter, r *http.Request) {
	if isPrefetch(r.Header) {
		g.answer(w, r, prefetched(r))
		return
	}
	own, err := g.journeys(r)
	switch {
	case err != nil:
		g.answer(w, r, storeFailed(err))
		return
	case len(own) == 0:
		g.answer(w, r, notFound)
		return
	}
	visits := g.advanceAll(r, own)
	shown := slices.IndexFunc(visits, visitOutcome.moved)
	if shown < 0 {
		shown = 0
	}
	for i := range visits {
		if i != shown {
			_ = visits[i].progress.Reply.Close()
		}
	}
	g.showOutcome(w, r, visits[shown])
}

// visitOutcome is what a visit made of one journey.
type visitOutcome struct {
	before   journey.Journey
	progress journey.Progress
	err      error
}

func (v visitOutcome) moved() bool {
	return v.progress.Reply != nil || v.progress.Journey.State != v.before.State
}

// advanceAll advances the open journeys side by side, since each may take as long as Pay and the service take.
func (g *Gateway) advanceAll(r *http.Request, own []journey.Journey) []visitOutcome {
	visits := make([]visitOutcome, len(own))
	var all sync.WaitGroup
	for i, j := range own {
		visits[i] = visitOutcome{before: j, progress: journey.Progress{Journey: j}}
		if j.State.AtRest() {
			continue
		}
		all.Go(func() {
			progress, err := g.Runner.Return(r.Context(), j.ID, g.visit(r))
			if progress.Journey.ID == "" {
				progress.Journey = j
			}
			visits[i].progress, visits[i].err = progress, err
		})
	}
	all.Wait()
	return visits
}

// visit is the citizen's, with the cookies that are laid over those of the held request: but for such as some service takes
// for a parameter that decided what the request is and costs. Those were judged when it was held.
func (g *Gateway) visit(r *http.Request) journey.Visit {
	var kept []string
	for pair := range strings.SplitSeq(serviceCookies(r.Header), ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !slices.ContainsFunc(g.deciding, func(wanted string) bool { return reading.MayName(name, wanted) }) {
			kept = append(kept, pair)
		}
	}
	return journey.Visit{By: journey.ByCitizen, Cookie: strings.TrimSpace(strings.Join(kept, ";"))}
}

// showOutcome is the truth about one journey: the service's own answer where there is one, else a page.
func (g *Gateway) showOutcome(w http.ResponseWriter, r *http.Request, v visitOutcome) {
	j := v.progress.Journey
	switch {
	case j.ShowsReply(g.Runner.Now()):
		seeOther(w, markedAddress(j))
	case v.progress.Reply != nil: // too large to keep: there is this one chance to see it
		g.Runner.Seen(r.Context(), j)
		g.hand(w, r, j, v.progress.Reply)
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass, j.PassValid(g.Runner.Now()):
		g.backToPass(w, r, j)
	case v.err != nil:
		g.Log.WarnContext(r.Context(), "return", "journey_id", j.ID, "state", j.State, "error", v.err)
		g.answer(w, r, unfinished(j))
	default:
		g.answer(w, r, stateOf(g.Runner.Seen(r.Context(), j)))
	}
}

// backToPass sends the citizen to the address they asked for; as in [Gateway.follow], by a page of ours where cookies stayed
// behind.
func (g *Gateway) backToPass(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	target := j.Imprint.Path
	request, err := g.Runner.Store.Request(r.Context(), j.ID)
	switch {
	case err == nil:
		target = request.Target()
	case !errors.Is(err, journey.ErrErased):
		g.answer(w, r, storeFailed(err))
		return
	}
	if lacksCookie(r, j.Imprint.Cookies) {
		ready := answer{status: http.StatusOK, page: pages.PassReady, view: viewOf(j)}
		ready.view.Target = target
		g.answer(w, r, ready)
		return
	}
	seeOther(w, target)
}
