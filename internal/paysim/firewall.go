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
func (s *Simulator) blocks(r *http.Request, call string, body []byte) bool {
	if accept := r.Header.Get("Accept"); accept != "" && accept != "application/json" && accept != "*/*" {
		return true
	}
	if r.Method != http.MethodPost {
		return false
	}
	if len(body) == 0 {
		return s.options.RefuseEmptyBodies || call != "cancel" && call != "capture"
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var value any
	_ = json.Unmarshal(body, &value) // invalid JSON is refused later, in Pay's own words
	return kind != "application/json" || hasBlockedText(value, "")
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
			if hasBlockedText(inner, name) {
				return true
			}
		}
	}
	return false
}

// keyPattern is the form of Pay's keys, with their maximum length (FACTS 1.2).
var keyPattern = regexp.MustCompile(`^api_(test|live)_\S{1,58}$`)

func (s *Simulator) acceptsKey(authorization string) bool {
	key, isBearer := strings.CutPrefix(authorization, "Bearer ")
	if len(s.options.Keys) > 0 {
		return isBearer && slices.Contains(s.options.Keys, key)
	}
	return isBearer && keyPattern.MatchString(key)
}

// window counts the calls of one second.
type window struct {
	second time.Time
	used   map[string]int
}

// allows counts the call against the limit of the current second, which is the account's, whatever the key
// (FACTS 1.3).
func (s *Simulator) allows(r *http.Request, call string) bool {
	limit, bucket := s.options.PostLimit, "other"
	switch {
	case r.Method == http.MethodGet:
		limit, bucket = 5*limit, "get"
	case call == "create", call == "capture":
		bucket = call
	}
	if limit < 0 {
		return true
	}
	if second := s.now().Truncate(time.Second); !second.Equal(s.window.second) {
		s.window = window{second, map[string]int{}}
	}
	s.window.used[bucket]++
	return s.window.used[bucket] <= limit
}
