package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client is who made a request, as far as we know.
type client struct {
	address string // IP
	host    string // as their browser names it
	proto   string // "https" or "http", as they see it
	trusted bool   // the peer is a trusted proxy
}

// clientOf says who made a request. Only a trusted proxy's word counts, and of the addresses that it passes on, the last
// that is no trusted proxy itself.
func clientOf(r *http.Request, trusted []netip.Prefix) client {
	c := client{address: peerAddress(r), host: r.Host, proto: "http"}
	if r.TLS != nil {
		c.proto = "https"
	}
	c.trusted = within(c.address, trusted)
	if !c.trusted {
		return c
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := hopAddress(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		c.address = address.String()
		if !within(c.address, trusted) {
			break
		}
	}
	if proto := strings.ToLower(r.Header.Get("X-Forwarded-Proto")); proto == "https" || proto == "http" {
		c.proto = proto
	}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" && !strings.ContainsAny(host, ", /\\@?#") {
		c.host = host
	}
	return c
}

// hopAddress reads an address in a proxy's list. Some proxies (Azure's Application Gateway) write its port, too.
func hopAddress(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(hop)
}

func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func within(address string, networks []netip.Prefix) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}
