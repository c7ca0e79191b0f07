package paysim

import (
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// blocks reports whether the firewall in front of Pay refuses a request (FACTS 1.4).
func (s *Simulator) blocks(a asked) bool {
	if !acceptsJSON(a.Header.Get("Accept")) {
		return true
	}
	if a.Method != http.MethodPost {
		return false
	}
	if len(a.body) == 0 {
		return s.options.RefuseEmptyBodies || a.call != "cancel" && a.call != "capture"
	}
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	var value any
	_ = json.Unmarshal(a.body, &value) // invalid JSON is refused later, in Pay's own words
	return kind != "application/json" || hasBlockedText(value, "")
}

func acceptsJSON(accept string) bool {
	for kind := range strings.SplitSeq(accept, ",") {
		kind, _, _ = strings.Cut(kind, ";")
		if slices.Contains([]string{"", "application/json", "application/*", "*/*"}, strings.TrimSpace(kind)) {
			return true
		}
	}
	return false
}

// hasBlockedText reports whether any text has a refused character. A reference or a description is left to the
// application, which refuses such characters itself.
func hasBlockedText(value any, field string) bool {
	switch v := value.(type) {
	case string:
		if field == "reference" || field == "description" {
			return strings.ContainsAny(v, `"\`)
		}
		return strings.ContainsAny(v, `<>|"\`)
	case map[string]any:
		for name, inner := range v {
			if hasBlockedText(name, "") || hasBlockedText(inner, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return hasBlockedText(inner, "") })
	}
	return false
}

// keyPattern is the form of Pay's keys, with their maximum length (FACTS 1.2).
var keyPattern = regexp.MustCompile(`^api_(test|live)_\S{1,58}$`)

// window counts the calls of one second, by account and kind.
type window struct {
	second time.Time
	used   map[[2]string]int
}

// allows counts the call against the limit of the current second, which is the account's, whatever the key
// (FACTS 1.3).
func (s *Simulator) allows(a asked) bool {
	limit, bucket := s.options.PostLimit, "other"
	switch {
	case a.Method == http.MethodGet:
		limit, bucket = 5*limit, "get"
	case a.call == "create", a.call == "capture":
		bucket = a.call
	}
	if limit < 0 {
		return true
	}
	if second := s.now().Truncate(time.Second); !second.Equal(s.window.second) {
		s.window = window{second, map[[2]string]int{}}
	}
	counted := [2]string{a.account, bucket}
	s.window.used[counted]++
	return s.window.used[counted] <= limit
}
