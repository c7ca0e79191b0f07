package match

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/origin"
)

// Target is the address of a request as the client wrote it, before net/http changed anything.
type Target struct {
	Path     string // begins with exactly one "/"
	Query    string // without the "?"
	HasQuery bool   // a bare "?" is not the same as none
}

// String returns the target as path and query.
func (t Target) String() string { return t.At(t.Path) }

// At returns the target with another path.
func (t Target) At(path string) string {
	if t.HasQuery {
		return path + "?" + t.Query
	}
	return path
}

// parameters returns the query, and what some server takes for a query in the path: what is after a "?", a "&" or a
// ";".
func (t Target) parameters() string { return joinQueries(t.Query, parametersInPath(t.Path, "?&;")) }

// carried is like parameters without those that servlet containers write into paths (;jsessionid=…), and without the
// query if the request is forwarded without it.
func (t Target) carried(method string) string {
	inPath := parametersInPath(t.Path, "?&")
	if method == http.MethodOptions {
		return inPath
	}
	return joinQueries(t.Query, inPath)
}

func joinQueries(query, more string) string {
	if query == "" || more == "" {
		return query + more
	}
	return query + "&" + more
}

// parametersInPath returns what is in a path after one of the marks, escaped or not.
func parametersInPath(path, marks string) string {
	if !strings.ContainsAny(path, "%&;") {
		return ""
	}
	var found []string
	for range 5 { // honest clients do not escape more often
		if at := strings.IndexAny(path, marks); at >= 0 {
			found = append(found, path[at+1:])
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || decoded == path {
			break
		}
		path = decoded
	}
	return strings.ReplaceAll(strings.Join(found, "&"), "?", "&")
}

// ParseTarget parses the raw target. It refuses, whatever the route, what no browser sends and servers read in
// different ways. It reads RequestURI alone: URL.Path is empty for "http:licences/apply", and has lost how things
// were escaped. "OPTIONS *" never reaches it: net/http answers that.
func ParseTarget(r *http.Request, origins origin.List) (Target, error) {
	raw := r.RequestURI
	if r.Host == "" && r.ProtoAtLeast(1, 1) {
		return Target{}, errHost
	}
	if !strings.HasPrefix(raw, "/") {
		var err error
		if raw, err = withoutOrigin(r, origins); err != nil {
			return Target{}, err
		}
	}
	if strings.IndexFunc(raw, isForbidden) >= 0 {
		return Target{}, errCharacter
	}
	if strings.HasPrefix(raw, "//") {
		return Target{}, errNotOrigin
	}
	var t Target
	t.Path, t.Query, t.HasQuery = strings.Cut(raw, "?")
	if _, err := url.PathUnescape(t.Path); err != nil {
		return Target{}, errEscape
	}
	return t, nil
}

// OriginForm returns the target of a request that was classified before, as path and query.
func OriginForm(r *http.Request) (string, bool) {
	t, err := ParseTarget(r, origin.List{{Host: r.Host}})
	return t.String(), err == nil
}

// isForbidden reports whether a character is a control, a space or not ASCII, or "#" or "\", which some parsers cut
// at or turn into a slash.
func isForbidden(r rune) bool { return r <= ' ' || r >= 0x7F || r == '#' || r == '\\' }

// withoutOrigin returns the target of a request in absolute form (RFC 9112 section 3.2.2) without its scheme and
// authority. net/http replaces the Host of such a request by the authority and drops the header. So the authority
// must be a name of ours: a public one, or the address to which the connection was made.
func withoutOrigin(r *http.Request, origins origin.List) (string, error) {
	scheme, rest, found := strings.Cut(r.RequestURI, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", errNotOrigin
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	known := origins.Find(authority) != nil || local != nil && authority == local.String()
	if !known || !strings.EqualFold(authority, r.Host) {
		return "", errForeignURL
	}
	if !strings.HasPrefix(rest[end:], "/") { // "http://host" and "http://host?query" ask for the root
		return "/" + rest[end:], nil
	}
	return rest[end:], nil
}

// WithoutParameters drops the path parameters of the last segment, which servlet containers write into the addresses
// of forms (;jsessionid=…). Parameters anywhere else, or with escapes in them, stay.
func WithoutParameters(path string) string {
	before, parameters, _ := strings.Cut(path, ";")
	if strings.ContainsAny(parameters, "/%") {
		return path
	}
	return before
}
