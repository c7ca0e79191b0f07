// Package quota limits how many journeys one browser or one network may begin. The limits are far above what a person
// needs, or an office or a mobile network whose users share an address; and one network gets at most a fifth of what
// GOV.UK Pay allows by default.
package quota

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"paygate/journey"
)

const (
	maxOpen     = 20               // journeys of one browser, neither paid nor given up, and younger than openFor
	openFor     = 90 * time.Minute // how long a payment can be open at Pay
	maxBegun    = 120              // journeys that a network begins within begunWithin
	begunWithin = time.Minute
	maxBrowsers = 50_000 // journeys whose browsers are remembered, in each of the two maps
)

var (
	// ErrOpen means that the browser has too many open journeys.
	ErrOpen = errors.New("too many open journeys of one browser")
	// ErrNetwork means that the network has begun too many journeys just now.
	ErrNetwork = errors.New("too many journeys of one network")
)

// Quotas counts the journeys that browsers and networks begin, in memory, for this process alone. It is safe for
// concurrent use.
type Quotas struct {
	now   func() time.Time
	store journey.Store
	log   *slog.Logger

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

// New returns Quotas that have counted nothing.
func New(store journey.Store, now func() time.Time, log *slog.Logger) *Quotas {
	return &Quotas{
		now: now, store: store, log: log, networks: map[netip.Prefix]int{}, young: map[journey.ID]*browser{},
	}
}

// Check returns ErrOpen or ErrNetwork if one more journey would be too many for a client at this address whose
// browser shows these journeys. It counts the journey for the network. Any other error is the store's.
func (q *Quotas) Check(ctx context.Context, address string, own []journey.Journey) error {
	open, err := q.stillOpen(ctx, own)
	if err != nil {
		return err
	}
	if open >= maxOpen {
		q.log.WarnContext(ctx, ErrOpen.Error(), "open", open)
		return ErrOpen
	}
	network, public := networkOf(address)
	if public && !q.countNetwork(network) {
		q.log.WarnContext(ctx,
			ErrNetwork.Error()+"; if it is that of your own proxies, name it in PAYGATE_TRUSTED_PROXIES",
			"network", network.String())
		return ErrNetwork
	}
	return nil
}

// stillOpen counts the journeys that the browser began and that are neither paid nor given up. It asks the store only
// if there may be too many.
func (q *Quotas) stillOpen(ctx context.Context, own []journey.Journey) (int, error) {
	begun := q.begunBy(own)
	if len(begun) < maxOpen {
		return len(begun), nil
	}
	var settled []journey.ID
	for _, id := range begun {
		j, err := q.store.Get(ctx, id)
		switch {
		case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
			settled = append(settled, id)
		case err != nil:
			return 0, err
		case j.State != journey.StateHeld && j.State != journey.StatePaying && j.State != journey.StateUnpaid:
			settled = append(settled, id)
		}
	}
	q.settle(own, settled)
	return len(begun) - len(settled), nil
}

// countNetwork counts one more journey, and reports whether the network may begin it.
func (q *Quotas) countNetwork(network netip.Prefix) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := q.now(); now.Sub(q.windowFrom) >= begunWithin {
		q.windowFrom, q.networks = now, map[netip.Prefix]int{}
	}
	if q.networks[network] == maxBegun {
		return false
	}
	q.networks[network]++
	return true
}

// begunBy lists the journeys that the browser with these journeys has begun and may still have open.
func (q *Quotas) begunBy(own []journey.Journey) []journey.ID {
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

// settle forgets journeys that are no longer open.
func (q *Quotas) settle(own []journey.Journey, ids []journey.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if b := q.find(own); b != nil {
		b.begun = slices.DeleteFunc(b.begun, func(j begunJourney) bool { return slices.Contains(ids, j.id) })
	}
}

// Began remembers a journey that the browser with these journeys began.
func (q *Quotas) Began(own []journey.Journey, id journey.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if now.Sub(q.youngFrom) >= openFor || len(q.young) == maxBrowsers {
		q.young, q.old, q.youngFrom = map[journey.ID]*browser{}, q.young, now
	}
	b := q.find(own)
	if b == nil {
		b = &browser{}
	}
	b.begun = append(b.begun, begunJourney{id, now})
	q.young[id] = b
}

func (q *Quotas) find(own []journey.Journey) *browser {
	for _, j := range own {
		for _, known := range []map[journey.ID]*browser{q.young, q.old} {
			if b, found := known[j.ID]; found {
				return b
			}
		}
	}
	return nil
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// networkOf returns the network of a client: /24, or /64 in IPv6. It reports false for an address that is not on the
// internet: that is a proxy missing from the settings, or our own machine, and all clients would count as one.
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
