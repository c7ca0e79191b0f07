// Package origin holds the origins at which citizens see the service.
package origin

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// List is the origins at which citizens see the service, the main one first. It is never empty.
type List []*url.URL

// Main returns the origin that names the service: in assertions, and if a citizen is at none of the listed origins.
func (l List) Main() *url.URL { return l[0] }

// Find returns the origin with the host of a request, whatever its scheme. It returns nil if there is none.
func (l List) Find(host string) *url.URL {
	for _, o := range l {
		if SameHost(o.Host, host) {
			return o
		}
	}
	return nil
}

// FindOrMain returns the origin with the host, or the main one if there is none.
func (l List) FindOrMain(host string) *url.URL {
	if o := l.Find(host); o != nil {
		return o
	}
	return l.Main()
}

// Secure reports whether browsers reach every origin by https.
func (l List) Secure() bool {
	return !slices.ContainsFunc(l, func(o *url.URL) bool { return o.Scheme != "https" })
}

// String returns the list as in the settings.
func (l List) String() string {
	texts := make([]string, len(l))
	for i, o := range l {
		texts[i] = o.String()
	}
	return strings.Join(texts, ",")
}

// SameHost reports whether two hosts, each with a port or without, lead to the same place: case, a final dot and the
// default ports of http and https make no difference.
func SameHost(a, b string) bool { return strings.EqualFold(a, b) || normal(a) == normal(b) }

func normal(host string) string {
	host = strings.ToLower(host)
	for _, port := range []string{":80", ":443"} {
		if name, found := strings.CutSuffix(host, port); found {
			host = name
		}
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return strings.TrimSuffix(host, ".")
	}
	return strings.TrimSuffix(name, ".") + ":" + port
}

// ASCII returns a host as it travels: an international name in its ASCII form (RFC 5891), in lower case, without a
// final dot.
func ASCII(host string) (string, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }) {
		return host, nil
	}
	return idna.Lookup.ToASCII(host)
}
