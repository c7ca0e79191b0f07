// Package headers says which headers of a browser's request travel to the service: one rule, for free traffic and for
// held requests alike.
package headers

import (
	"net/http"
	"slices"
	"strings"
)

// overrides are the headers, by fold, with which a client could give the service a different address or method from the
// one that was matched.
var overrides = []string{
	"x-original-url", "x-original-uri", "x-original-path", "x-rewrite-url", "x-forwarded-uri", "x-forwarded-path",
	"x-forwarded-prefix", "x-http-method-override", "x-http-method", "x-method-override", "x-http-destinationurl",
	"x-script-name",
	"script-name", "path-info", "proxy",
}

// asker are the headers, by fold, in which only a trusted proxy may say who asks, or where it finds files of the
// service (Rack::Sendfile, CVE-2025-61780). All x-forwarded-* are among them.
var asker = []string{
	"forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "front-end-https", "x-sendfile-type", "x-accel-mapping",
}

// answered are the headers that ask for something that Paygate does itself.
var answered = []string{"expect", "te", "trailer", "http2-settings"}

// hopByHop are the headers that belong to one connection (RFC 9110 section 7.6.1).
var hopByHop = []string{
	"connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
	"transfer-encoding", "upgrade", "expect", "http2-settings",
}

// perFetch are the headers that concern a single fetch, and make no sense for a delivery hours later.
var perFetch = []string{"range", "if-range", "if-none-match", "if-modified-since", "accept-encoding"}

// made are the headers that net/http writes itself.
var made = []string{"host", "content-length"}

// IsOurs reports whether a server may read a name as one of the headers that only Paygate sets: its fold is "paygate",
// or begins with "paygate-". The fold is how careless servers see a name: CGI does not tell - from _ and others.
func IsOurs(name string) bool {
	const own = "paygate"
	hasPrefix := len(name) >= len(own) && strings.EqualFold(name[:len(own)], own)
	return hasPrefix && (len(name) == len(own) || !isAlphanumeric(name[len(own)]))
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// wellNamed reports whether a name has only letters, digits and hyphens. Servers differ in how they read other names.
func wellNamed(name string) bool {
	for i := range len(name) {
		if name[i] != '-' && !isAlphanumeric(name[i]) {
			return false
		}
	}
	return name != ""
}

// Clean removes the headers that a client must not send to the service: ours in any spelling, names that servers read
// differently, overrides, those that Paygate answers itself and, unless a trusted proxy sent them, those that say who
// asks.
func Clean(h http.Header, trusted bool) {
	for name := range h {
		isHarmful := !wellNamed(name) || IsOurs(name) || isOneOf(overrides, name) || isOneOf(answered, name)
		if isHarmful || !trusted && saysWhoAsks(name) {
			delete(h, name)
		}
	}
}

// Held returns the part of a request's header that is held: all that free traffic would carry, except what belongs to
// one connection or to a single fetch.
func Held(h http.Header, trusted bool) http.Header {
	held := h.Clone()
	if held == nil {
		held = http.Header{}
	}
	Clean(held, trusted)
	for name := range held {
		if IsHopByHop(name) || isOneOf(perFetch, name) || isOneOf(made, name) {
			delete(held, name)
		}
	}
	return held
}

// CopyConditions adds the headers that concern a single fetch, for a request that is sent at once.
func CopyConditions(to, from http.Header) {
	for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
		if values, given := from[name]; given {
			to[name] = values
		}
	}
}

// isOneOf reports whether a well-named header is in a list of folds: the fold of such a name is its lower case.
func isOneOf(folds []string, name string) bool {
	return slices.ContainsFunc(folds, func(f string) bool { return len(f) == len(name) && strings.EqualFold(f, name) })
}

// saysWhoAsks reports whether a well-named header says who asks.
func saysWhoAsks(name string) bool {
	const all = "x-forwarded-"
	return len(name) >= len(all) && strings.EqualFold(name[:len(all)], all) || isOneOf(asker, name)
}

// NamesEndToEnd reports whether the Connection header names a header that does not belong to a connection. A proxy
// drops the headers named there, so a paid form could arrive without its Content-Type.
func NamesEndToEnd(h http.Header) bool {
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.ToLower(strings.TrimSpace(option))
			if option != "" && option != "close" && !IsHopByHop(option) {
				return true
			}
		}
	}
	return false
}

// IsHopByHop reports whether a well-named header belongs to one connection.
func IsHopByHop(name string) bool { return isOneOf(hopByHop, name) }

// DropHopByHop removes the headers that belong to one connection, and those that the Connection header names.
func DropHopByHop(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if IsHopByHop(name) {
			delete(h, name)
		}
	}
}
