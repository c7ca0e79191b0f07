package gateway

import (
	"net/http"
	"strings"
)

// ownHeader marks what Paygate's own code answers, so that people can tell it from the service's.
func ownHeader(header http.Header) {
	header.Set("Paygate-Answer", "yes")
	header.Set("Cache-Control", "no-store")
}

// isPrefetch tells requests that no person made yet; they must start nothing.
func isPrefetch(header http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz", "X-Purpose", "X-Sec-Purpose"} { // the last is Turbo's
		if strings.Contains(strings.ToLower(header.Get(name)), "prefetch") {
			return true
		}
	}
	return header.Get("HX-Preloaded") == "true" // htmx
}
