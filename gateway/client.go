package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// client is who made a request, as far as we know.
type client struct {
	address string   // IP
	host    string   // as their browser names it
	origin  *url.URL // ours that has the host, else the main one
	proto   string   // "https" or "http", as they see it
	trusted bool     // the peer is a trusted proxy
}

// clientOf says who made a request. Only a trusted proxy's word counts.
func (g *Gateway) clientOf(r *http.Request) client {
	c := client{address: peerAddress(r), host: r.Host}
	if c.trusted = within(c.address, g.TrustedProxies); c.trusted {
		c.address = forwardedAddress(r.Header, c.address, g.TrustedProxies)
		if host := firstItem(r.Header["X-Forwarded-Host"]); host != "" && !strings.ContainsAny(host, " /\\@?#") {
			c.host = host
		}
	}
	c.origin = g.Origins.FindOrMain(c.host)
	c.proto = c.origin.Scheme
	if said := forwardedProto(r.Header); c.trusted && said != "" && !(g.Live && c.proto == "https") {
		c.proto = said
	}
	return c
}

// forwardedAddress returns, of the addresses that proxies pass on, the last that is not a trusted proxy itself.
func forwardedAddress(header http.Header, address string, trusted []netip.Prefix) string {
	hops := strings.Split(strings.Join(header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		read, err := hopAddress(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = read.String()
		if !within(address, trusted) {
			break
		}
	}
	return address
}

// forwardedProto returns the scheme by which the citizen's browser came, as the first proxy says; empty where none says it.
func forwardedProto(header http.Header) string {
	said := []string{firstItem(header["X-Forwarded-Proto"]), forwardedParameter(header["Forwarded"], "proto")}
	for _, name := range []string{"X-Forwarded-Ssl", "Front-End-Https"} {
		if strings.EqualFold(header.Get(name), "on") {
			said = append(said, "https")
		}
	}
	for _, scheme := range said {
		if scheme = strings.ToLower(scheme); scheme == "https" || scheme == "http" {
			return scheme
		}
	}
	return ""
}

// firstItem returns the first of a comma list, which the proxy nearest to the browser wrote.
func firstItem(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(lines[0], ",")
	return strings.TrimSpace(first)
}

// forwardedParameter returns a parameter of the first element of a Forwarded header (RFC 7239 section 4).
func forwardedParameter(lines []string, name string) string {
	for pair := range strings.SplitSeq(firstItem(lines), ";") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// hopAddress reads an address in a proxy's list. Some proxies (Azure's Application Gateway) write its port, too.
func hopAddress(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(hop, "[]"))
}

func peerAddress(r *http.Request) string {
	if r.RemoteAddr == "" || r.RemoteAddr == "@" { // came by a Unix socket, and so from this machine
		return "127.0.0.1"
	}
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
