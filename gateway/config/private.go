package config

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// sharedSpace is the address space that carriers share within their networks (RFC 6598), and that clusters use. It
// cannot be reached from the internet.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// isPrivate reports whether an address can be reached only from its own machine or network.
func isPrivate(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified() ||
		sharedSpace.Contains(address)
}

// LookUp resolves a name, as [net.Resolver.LookupNetIP] does.
type LookUp func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Exposed returns a warning about the addresses of the service that may be reachable from the internet, or "" if all
// are private. The error is that of the look-up.
func Exposed(ctx context.Context, service *url.URL, lookUp LookUp) (string, error) {
	if address, err := netip.ParseAddr(service.Hostname()); err == nil {
		return exposed(service, []netip.Addr{address}), nil
	}
	addresses, err := lookUp(ctx, "ip", service.Hostname())
	return exposed(service, addresses), err
}

func exposed(service *url.URL, addresses []netip.Addr) string {
	var public []string
	for _, address := range addresses {
		if !isPrivate(address) {
			public = append(public, address.Unmap().String())
		}
	}
	if len(public) == 0 {
		return ""
	}
	slices.Sort(public)
	text := fmt.Sprintf("PAYGATE_UPSTREAM is at a public address (%s): "+
		"anyone who reaches it directly gets the service for free",
		strings.Join(slices.Compact(public), ", "))
	if service.Scheme == "http" {
		text += ", and by http what citizens typed travels unencrypted"
	}
	return text
}
