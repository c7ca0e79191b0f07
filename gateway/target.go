package gateway

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/origin"
)

// target is the address of a request as the client wrote it, before net/http made anything of it.
type target struct {
	path     string // begins with exactly one "/"
	query    string // without the "?"
	hasQuery bool   // a bare "?" is not the same as none
}

// at is the target with another path.
func (t target) at(path string) string {
	if t.hasQuery {
		return path + "?" + t.query
	}
	return path
}

// parameters is the query, with what some server takes for one in the path: what is behind a "?", a "&" or a ";".
func (t target) parameters() string { return withQuery(t.query, parametersInPath(t.path, "?&;")) }

// carried is parameters without those that servlet containers write into paths (;jsessionid=…), and without the query where the
// method goes without.
func (t target) carried(method string) string {
	if method == http.MethodOptions {
		return parametersInPath(t.path, "?&")
	}
	return withQuery(t.query, parametersInPath(t.path, "?&"))
}

func withQuery(query, more string) string {
	if query == "" || more == "" {
		return query + more
	}
	return query + "&" + more
}

// parametersInPath is what is in a path behind one of the marks, escaped or not.
func parametersInPath(path, marks string) string {
	if !strings.ContainsAny(path, "%&;") {
		return ""
	}
	var found []string
	for range 5 { // nobody escapes more often for a good reason
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

var (
	errNotOrigin  = errors.New("the target does not start with one /")
	errCharacter  = errors.New("the target has a character that no URL may hold")
	errEscape     = errors.New("the path has a broken % escape")
	errHost       = errors.New("the request has no host")
	errForeignURL = errors.New("the target is a URL of another host")
)

// parseTarget reads the raw target, and refuses what no browser sends and no two servers read alike, whatever the route.
// It goes by RequestURI alone: URL.Path is empty for "http:licences/apply", and has lost how things were escaped.
// "OPTIONS *" does not come this far: net/http answers it.
func parseTarget(r *http.Request, origins origin.List) (target, error) {
	raw := r.RequestURI
	if r.Host == "" && r.ProtoAtLeast(1, 1) {
		return target{}, errHost
	}
	if !strings.HasPrefix(raw, "/") {
		var err error
		if raw, err = withoutOrigin(r, origins); err != nil {
			return target{}, err
		}
	}
	if strings.IndexFunc(raw, isForbidden) >= 0 {
		return target{}, errCharacter
	}
	if strings.HasPrefix(raw, "//") {
		return target{}, errNotOrigin
	}
	var t target
	t.path, t.query, t.hasQuery = strings.Cut(raw, "?")
	if _, err := url.PathUnescape(t.path); err != nil {
		return target{}, errEscape
	}
	return t, nil
}

// originForm is the target of a request that was judged before, as path and query.
func originForm(r *http.Request) (string, bool) {
	t, err := parseTarget(r, origin.List{{Host: r.Host}})
	return t.at(t.path), err == nil
}

// isForbidden names controls, space, everything beyond ASCII, and "#" and "\", which some parsers cut at or turn round.
func isForbidden(r rune) bool { return r <= ' ' || r >= 0x7F || r == '#' || r == '\\' }

// withoutOrigin is the target of a request in absolute form (RFC 9112 section 3.2.2) less its scheme and authority.
// net/http replaces the Host of such a request by the authority and drops the header, so the authority is held against
// the names we know ourselves by: the public ones, and the address the connection was made to.
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

// withoutParameters drops the path parameters of the last segment, which servlet containers write into the addresses of
// forms (;jsessionid=…). Parameters anywhere else, or with escapes in them, are not plain and stay.
func withoutParameters(path string) string {
	before, parameters, _ := strings.Cut(path, ";")
	if strings.ContainsAny(parameters, "/%") {
		return path
	}
	return before
}
