package signin

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	maxRefused = 10 // sign-ins of one client within refusedFor
	refusedFor = time.Minute
	// maxClients is how many clients are remembered.
	maxClients = 10_000
)

// brake slows down clients that guess tokens. It counts in memory, for this process alone.
type brake struct {
	now func() time.Time

	mu      sync.Mutex
	refused map[netip.Prefix][]time.Time
}

func newBrake(now func() time.Time) *brake {
	return &brake{now: now, refused: map[netip.Prefix][]time.Time{}}
}

// refuse counts a refused sign-in, and reports whether there were too many before it.
func (b *brake) refuse(client netip.Prefix) (tooMany bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	recent := after(b.refused[client], now.Add(-refusedFor))
	if len(recent) >= maxRefused {
		return true
	}
	if len(b.refused) >= maxClients {
		b.forget(now)
	}
	b.refused[client] = append(recent, now)
	return false
}

// forget makes room: it drops clients that were not refused lately, or all.
func (b *brake) forget(now time.Time) {
	for client, times := range b.refused {
		if len(after(times, now.Add(-refusedFor))) == 0 {
			delete(b.refused, client)
		}
	}
	if len(b.refused) >= maxClients {
		clear(b.refused)
	}
}

func after(times []time.Time, from time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(from) {
		times = times[1:]
	}
	return times
}

// Refused counts a refused sign-in, and reports whether its client has to wait.
func (g *Gate) Refused(r *http.Request) (mustWait bool) { return g.brake.refuse(g.Proxies.client(r)) }

// client returns the address of a client, or its network in IPv6. The word of a proxy counts.
func (p Proxies) client(r *http.Request) netip.Prefix {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	address := peer.Addr()
	if p.sent(r) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && p.contain(address); i-- {
			hop, err := hopAddress(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			address = hop
		}
	}
	return networkOf(address.Unmap().WithZone(""))
}

// hopAddress reads an address, which some proxies write with its port.
func hopAddress(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(text)
}

func networkOf(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // the zero prefix for an address that is not known
	return network
}
