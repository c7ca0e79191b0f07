package gateway

import (
	"net/http"
	"slices"
)

// standardMethods pass without being listed in the settings. Methods are told apart by case (RFC 9110 section 9.1).
func standardMethods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// methodStatus is the status that refuses a method whatever the address, 0 for a method that may pass. CONNECT and TRACE
// never do, and neither does PRI, which is how HTTP/2 begins: net/http hands it on as if it were a method.
func methodStatus(method string, further []string) int {
	switch {
	case method == http.MethodConnect, method == http.MethodTrace, method == "PRI":
		return http.StatusMethodNotAllowed
	case slices.Contains(standardMethods(), method), slices.Contains(further, method):
		return 0
	default:
		return http.StatusNotImplemented
	}
}

// methodName is a request's method for the log: one that is not let through may be any text.
func (g *Gateway) methodName(r *http.Request) string {
	if methodStatus(r.Method, g.Methods) == http.StatusNotImplemented {
		return "other"
	}
	return r.Method
}

// unsafeMethod tells whether a method may change something (RFC 9110 section 9.2.1). One that the settings add counts as
// one that does.
func unsafeMethod(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
