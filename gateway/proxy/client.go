package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"paygate/gateway/origin"
)

// Clients says who made a request.
type Clients struct {
	Origins origin.List
	Trusted []netip.Prefix // proxies whose X-Forwarded-* are believed; may be empty
	Live    bool           // real money
}

// Client is who made a request, as far as we know.
type Client struct {
	Address string // IP
	Host    string // as their browser names it
	Proto   string // "https" or "http", as they see it
	Trusted bool   // the peer is a trusted proxy
}

// Of returns who made a request. It believes only trusted proxies.
func (cs Clients) Of(r *http.Request) Client {
	c := Client{Address: peerAddress(r), Host: r.Host}
	if c.Trusted = within(c.Address, cs.Trusted); c.Trusted {
		c.Address = forwardedAddress(r.Header, c.Address, cs.Trusted)
		if host := firstItem(r.Header["X-Forwarded-Host"]); host != "" && !strings.ContainsAny(host, " /\\@?#") {
			c.Host = host
		}
	}
	c.Proto = cs.Origins.FindOrMain(c.Host).Scheme
	if forwarded := forwardedProto(r.Header); c.Trusted && forwarded != "" && !(cs.Live && c.Proto == "https") {
		c.Proto = forwarded
	}
	return c
}

// ForwardedFor returns the value of X-Forwarded-For for the service: the peer, after the list of a trusted proxy.
func (c Client) ForwardedFor(in *http.Request) string {
	if before := strings.Join(in.Header["X-Forwarded-For"], ", "); c.Trusted && before != "" {
		return before + ", " + peerAddress(in)
	}
	return peerAddress(in)
}

// forwardedAddress returns the last of the addresses passed on by proxies that is not itself a trusted proxy.
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

// forwardedProto returns the scheme that the citizen's browser used, as reported by the first proxy, or "" if none did.
func forwardedProto(header http.Header) string {
	schemes := []string{firstItem(header["X-Forwarded-Proto"]), forwardedParameter(header["Forwarded"], "proto")}
	for _, name := range []string{"X-Forwarded-Ssl", "Front-End-Https"} {
		if strings.EqualFold(header.Get(name), "on") {
			schemes = append(schemes, "https")
		}
	}
	for _, scheme := range schemes {
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

// hopAddress reads an address in a proxy's list. Some proxies (Azure's Application Gateway) add the port.
func hopAddress(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(hop, "[]"))
}

func peerAddress(r *http.Request) string {
	if r.RemoteAddr == "" || r.RemoteAddr == "@" { // a Unix socket: from this machine
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
