package gateway

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"paygate/journey"
)

// Quotas against floods. Nobody at a browser comes near them, nor does an office, or the customers of a mobile network, behind
// one address; and a fifth of what GOV.UK Pay allows by default is all that a network has.
const (
	mostOpen       = 20               // journeys of one browser that are neither paid nor given up …
	openFor        = 90 * time.Minute // … begun so long ago at most, which is how long a payment can be open at Pay
	mostBegun      = 120              // journeys that a network begins …
	begunWithin    = time.Minute      // … in this time
	mostRemembered = 50_000           // journeys whose browsers are remembered, twice over
)

// quotas counts what browsers and networks begin. In memory, for this process alone. Safe for concurrent use.
type quotas struct {
	now func() time.Time

	mu         sync.Mutex
	networks   map[netip.Prefix]int // begun since the window opened
	windowFrom time.Time
	young, old map[journey.ID]*browser // by each journey that a browser began
	youngFrom  time.Time
}

// browser is known by the journeys whose tickets it shows.
type browser struct{ begun []begunJourney }

type begunJourney struct {
	id journey.ID
	at time.Time
}

func newQuotas(now func() time.Time) *quotas {
	return &quotas{now: now, networks: map[netip.Prefix]int{}, young: map[journey.ID]*browser{}}
}

// ofNetwork counts one more journey, and tells whether the client's network may begin it.
func (q *quotas) ofNetwork(network netip.Prefix) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := q.now(); now.Sub(q.windowFrom) >= begunWithin {
		q.windowFrom, q.networks = now, map[netip.Prefix]int{}
	}
	if q.networks[network] == mostBegun {
		return false
	}
	q.networks[network]++
	return true
}

// ofBrowser lists what the browser with these journeys has begun and may have open still.
func (q *quotas) ofBrowser(own []journey.Journey) []journey.ID {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.find(own)
	if b == nil {
		return nil
	}
	since := q.now().Add(-openFor)
	b.begun = slices.DeleteFunc(b.begun, func(j begunJourney) bool { return j.at.Before(since) })
	var ids []journey.ID
	for _, j := range b.begun {
		ids = append(ids, j.id)
	}
	return ids
}

// settled is to be said of what turned out to be open no more.
func (q *quotas) settled(own []journey.Journey, ids []journey.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if b := q.find(own); b != nil {
		b.begun = slices.DeleteFunc(b.begun, func(j begunJourney) bool { return slices.Contains(ids, j.id) })
	}
}

// began remembers a journey of the browser with these ones.
func (q *quotas) began(own []journey.Journey, id journey.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if now.Sub(q.youngFrom) >= openFor || len(q.young) == mostRemembered {
		q.young, q.old, q.youngFrom = map[journey.ID]*browser{}, q.young, now
	}
	b := q.find(own)
	if b == nil {
		b = &browser{}
	}
	b.begun = append(b.begun, begunJourney{id, now})
	q.young[id] = b
}

func (q *quotas) find(own []journey.Journey) *browser {
	for _, j := range own {
		for _, known := range []map[journey.ID]*browser{q.young, q.old} {
			if b, found := known[j.ID]; found {
				return b
			}
		}
	}
	return nil
}

// overQuota tells whether one more journey would be too many, and what to say then. own are those that the browser shows.
func (g *Gateway) overQuota(r *http.Request, own []journey.Journey) (refusal answer, refused bool) {
	open, err := g.stillOpen(r.Context(), own)
	if err != nil {
		return storeFailed(err), true
	}
	if open >= mostOpen {
		g.Log.WarnContext(r.Context(), "too many open journeys of one browser", "open", open)
		return tooManyOpen, true
	}
	network, public := networkOf(g.Proxy.Clients.Of(r).Address)
	if public && !g.quotas.ofNetwork(network) {
		g.Log.WarnContext(r.Context(), "too many journeys of one network; if it is that of your own proxies, name it in PAYGATE_TRUSTED_PROXIES",
			"network", network.String())
		return tooManyNew, true
	}
	return answer{}, false
}

// stillOpen counts the journeys that the browser began and that are neither paid nor given up. Only when there may be too many
// of them is the store asked.
func (g *Gateway) stillOpen(ctx context.Context, own []journey.Journey) (int, error) {
	begun := g.quotas.ofBrowser(own)
	if len(begun) < mostOpen {
		return len(begun), nil
	}
	var settled []journey.ID
	for _, id := range begun {
		j, err := g.Runner.Store.Get(ctx, id)
		switch {
		case gone(err):
			settled = append(settled, id)
		case err != nil:
			return 0, err
		case j.State != journey.StateHeld && j.State != journey.StatePaying && j.State != journey.StateUnpaid:
			settled = append(settled, id)
		}
	}
	g.quotas.settled(own, settled)
	return len(begun) - len(settled), nil
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// networkOf is the network of a client: /24, or /64 in IPv6. False for an address that is not one of the internet: behind it
// stands a proxy that nobody has named, or our own house, and everybody would be one client.
func networkOf(address string) (netip.Prefix, bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedSpace.Contains(ip) {
		return netip.Prefix{}, false
	}
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked(), true
}
