package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/match"
	"paygate/journey"
)

// A pass is for the path and the query that were paid for, except for the parameters of PASS_QUERY, which make no
// difference.

// passQuery returns the query that a pass is for, or nil if one payment is for the path with any query.
func (r *Route) passQuery(query string) *journey.PassQuery {
	if slices.Contains(r.PassQuery, "*") {
		return nil
	}
	return &journey.PassQuery{Ignored: r.PassQuery, Digest: digest(countedQuery(query, r.PassQuery))}
}

// opens reports whether a pass is for a query. Passes of version 1 are for every query.
func opens(pass *journey.PassQuery, query string) bool {
	return pass == nil || pass.Digest == digest(countedQuery(query, pass.Ignored))
}

// countedQuery returns a raw query without the parameters that make no difference. It keeps any of them that some
// services may read as several parameters.
func countedQuery(query string, ignored []string) string {
	var counted []string
	for pair := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		isPlain := err == nil && valueErr == nil && !strings.ContainsAny(pair, ";") &&
			!strings.ContainsAny(value, "&;%\x00")
		if !isPlain || !slices.Contains(ignored, name) {
			counted = append(counted, pair)
		}
	}
	return asLinked(strings.Join(counted, "&"))
}

// asLinked undoes the escapes that html/template adds when our pages link to an address. All servers read these three
// characters in the same way, escaped or not.
func asLinked(address string) string {
	return strings.NewReplacer("%27", "'", "%28", "(", "%29", ")").Replace(address)
}

// isFor reports whether a pass is for the request.
func isFor(j journey.Journey, hit match.Decision) bool {
	return isForPath(j, hit) && opens(j.Terms.PassQuery, hit.Target.Query)
}

func isForPath(j journey.Journey, hit match.Decision) bool {
	return j.Terms.Kind == journey.KindPass && j.Terms.Route == hit.Route.Name &&
		asLinked(j.Fingerprint.Path) == asLinked(hit.Path)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
