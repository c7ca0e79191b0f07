package match

import (
	"net/http"
	"slices"
)

// MethodStatus returns the status that refuses a method whatever the address, or 0 for a method that may pass: the
// standard ones and further ones. Methods are case-sensitive (RFC 9110 section 9.1). CONNECT and TRACE never pass,
// nor does PRI, the beginning of HTTP/2, which net/http passes on as if it were a method.
func MethodStatus(method string, further []string) int {
	switch {
	case method == http.MethodConnect, method == http.MethodTrace, method == "PRI":
		return http.StatusMethodNotAllowed
	case slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method),
		slices.Contains(further, method):
		return 0
	default:
		return http.StatusNotImplemented
	}
}

// IsUnsafe reports whether a method may change something (RFC 9110 section 9.2.1). A method from the settings counts
// as unsafe.
func IsUnsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
