package headers

import (
	"net/http"
	"strings"
)

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
