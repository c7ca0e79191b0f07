package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/journey"
)

// replyParameter marks, in the query of a held request's own address, that the citizen wants the service's answer.
const replyParameter = "paygate-reply"

// ownAnswerSuffix ends the value of a marker that asks for the service's own answer, without our page before it.
const ownAnswerSuffix = ".service"

// marker is what the query of a request says about a kept reply. The zero marker means nothing.
type marker struct {
	present   bool
	journey   journey.ID
	ownAnswer bool // asks for the service's own answer
}

// markedAddress is where the held request is delivered and its reply shown: at its own path and query, so that the browser
// sends the cookies that belong there, and relative links and forms without an action work.
func markedAddress(j journey.Journey) string { return marked(j, string(j.ID)) }

// ownAnswerAddress is where the service's own answer is shown at once.
func ownAnswerAddress(j journey.Journey) string { return marked(j, string(j.ID)+ownAnswerSuffix) }

func marked(j journey.Journey, value string) string {
	separator := "?"
	if j.Fingerprint.Query != "" {
		separator = "&"
	}
	return j.Fingerprint.Target() + separator + replyParameter + "=" + value
}

// cutMarker takes the marker off a request: what is left is a request to the held address. The request comes back as it is
// when there is none.
func cutMarker(r *http.Request) (*http.Request, marker) {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	rest, value, found := withoutMarker(query)
	if !hasQuery || !found {
		return r, marker{}
	}
	unmarked := *r
	unmarked.RequestURI = path
	if rest != "" {
		unmarked.RequestURI += "?" + rest
	}
	if r.URL != nil {
		address := *r.URL
		address.RawQuery, address.ForceQuery = rest, false
		unmarked.URL = &address
	}
	id, own := strings.CutSuffix(value, ownAnswerSuffix)
	return &unmarked, marker{journey: journey.ID(id), ownAnswer: own, present: true}
}

// withoutMarker is a raw query less every marker in it, and the value of the first one. The rest stays byte for byte.
func withoutMarker(query string) (rest, value string, found bool) {
	for pair := range strings.FieldsFuncSeq(query, isSeparator) {
		if value, found = markerValue(pair); found {
			break
		}
	}
	if !found {
		return query, "", false
	}
	var kept []string // each with the separator before it
	for separator := ""; ; {
		pair, end := query, strings.IndexFunc(query, isSeparator)
		if end >= 0 {
			pair = query[:end]
		}
		if _, is := markerValue(pair); !is {
			kept = append(kept, separator+pair)
		}
		if end < 0 {
			break
		}
		separator, query = query[end:end+1], query[end+1:]
	}
	if len(kept) > 0 {
		kept[0] = strings.TrimLeftFunc(kept[0], isSeparator)
	}
	return strings.Join(kept, ""), value, true
}

// isSeparator reports whether a character separates two parameters; for some servers a semicolon does.
func isSeparator(c rune) bool { return c == '&' || c == ';' }

// markerValue returns the value of a parameter that some reader takes for the marker: its name may be escaped once or
// more, in any case, or be that of an array.
func markerValue(pair string) (string, bool) {
	name, value, _ := strings.Cut(pair, "=")
	for range 3 {
		decoded, err := url.QueryUnescape(name)
		if err != nil || decoded == name {
			break
		}
		name = decoded
	}
	name, _, _ = strings.Cut(name, "[")
	return value, strings.EqualFold(strings.TrimSpace(name), replyParameter)
}

// pageAddresses are the headers that say which page a request comes from, those of htmx and Turbolinks among them.
var pageAddresses = []string{"Referer", "Hx-Current-Url", "Turbolinks-Referrer"}

// withoutMarkedPage cuts the marker out of the address of the page that a request comes from.
func withoutMarkedPage(header http.Header) {
	for _, name := range pageAddresses {
		for i, address := range header[name] {
			before, query, _ := strings.Cut(address, "?")
			rest, _, found := withoutMarker(query)
			if !found {
				continue
			}
			if rest != "" {
				before += "?" + rest
			}
			header[name] = slices.Clone(header[name])
			header[name][i] = before
		}
	}
}
