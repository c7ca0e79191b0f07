package signin

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies in front of the staff listener.
type Proxies []netip.Prefix

// sent reports whether the TCP connection of a request comes from a proxy.
func (p Proxies) sent(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.contain(peer.Addr())
}

func (p Proxies) contain(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// encrypted reports whether the member's browser speaks https.
func (p Proxies) encrypted(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || p.sent(r) && strings.EqualFold(strings.TrimSpace(scheme), "https")
}

// cookieName returns the name of a cookie. Over https it has a prefix, so that only this origin can set it.
func (p Proxies) cookieName(r *http.Request, name string) string {
	if p.encrypted(r) {
		return "__Host-" + name
	}
	return name
}

// Header is what a signing-in proxy says about the person who sends a request.
type Header struct {
	Name   string // of the header with the person's name or e-mail address; empty: no proxy signs people in
	Groups string // of the header with their groups, separated by commas; may be empty
}

// issuerOfIAP is what Google's Identity-Aware Proxy writes before an address.
const issuerOfIAP = "accounts.google.com:"

// personOf returns who sends a request, if a proxy says so. The error is ErrUnknown if what it says is not clear.
func (h Header) personOf(r *http.Request, proxies Proxies) (p Person, said bool, err error) {
	names := r.Header.Values(h.Name)
	if h.Name == "" || !proxies.sent(r) || len(names) == 0 {
		return p, false, nil
	}
	name := strings.TrimPrefix(strings.TrimSpace(names[0]), issuerOfIAP)
	groups := r.Header.Values(h.Groups)
	if len(names) > 1 || strings.Contains(name, ",") || firstName(name) != name || h.Groups != "" && len(groups) > 1 {
		return p, false, ErrUnknown
	}
	p = Person{Name: name, Subject: name, Email: name, Verified: true}
	if h.Groups != "" && len(groups) == 1 {
		for group := range strings.SplitSeq(groups[0], ",") {
			p.Groups = append(p.Groups, strings.TrimSpace(group))
		}
	}
	return p, true, nil
}
