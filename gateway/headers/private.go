package headers

import (
	"net/http"
	"slices"
	"strings"
)

// cacheOnly are headers for one kind of cache.
var cacheOnly = []string{"Surrogate-Control", "Edge-Control", "X-Accel-Expires"}

// MakePrivate stops caches between us and the browser from giving a paid answer to others. Many of them obey a
// header of their own before Cache-Control.
func MakePrivate(header http.Header) {
	for name := range header {
		if strings.HasSuffix(name, "Cdn-Cache-Control") || slices.Contains(cacheOnly, name) {
			delete(header, name)
		}
	}
	directives := []string{"private"}
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.TrimSpace(directive)
			name, _, _ := strings.Cut(strings.ToLower(directive), "=")
			if directive != "" && name != "public" && name != "s-maxage" && name != "private" {
				directives = append(directives, directive)
			}
		}
	}
	header.Set("Cache-Control", strings.Join(directives, ", "))
}
