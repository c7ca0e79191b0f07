package headers

import (
	"net/http"
	"strings"
)

// NamesEndToEnd reports whether the Connection header names anything that does not belong to a connection. A proxy
// drops what is named there, so a paid form would arrive without its type.
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

// DropHopByHop removes what belongs to one connection, and everything that the Connection header names.
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
