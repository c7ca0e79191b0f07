// Package marker marks the address of a held request: with the marker in its query, the address shows the service's
// answer to that request.
package marker

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paygate/journey"
)

const (
	parameter = "paygate-reply"
	// ownAnswer is the word in a marker that asks for the service's own answer, without our page before it.
	ownAnswer = "service"
)

// Marker is what the query of a request says about a kept reply. The zero Marker means nothing.
type Marker struct {
	Present   bool
	Journey   journey.ID
	OwnAnswer bool   // asks for the service's own answer
	Checks    int    // how often our page has reloaded by itself
	Language  string // that the citizen chose on our page; may be empty
}

// Address returns where the held request is delivered and its reply shown: at its own path and query, so that the
// browser sends the cookies that belong there, and relative links and forms without an action work.
func Address(j journey.Journey) string { return Marker{}.Address(j) }

// Address is like the function, and carries on what the marker remembers of our page.
func (m Marker) Address(j journey.Journey) string {
	value := string(j.ID)
	if m.Checks > 0 {
		value += "." + strconv.Itoa(m.Checks)
	}
	if m.Language != "" {
		value += "." + m.Language
	}
	return marked(j, value)
}

// OwnAnswerAddress returns where the service's own answer is shown at once.
func OwnAnswerAddress(j journey.Journey) string { return marked(j, string(j.ID)+"."+ownAnswer) }

func marked(j journey.Journey, value string) string {
	separator := "?"
	if j.Fingerprint.Query != "" {
		separator = "&"
	}
	return j.Fingerprint.Target() + separator + parameter + "=" + value
}

// Cut removes the marker from a request, which leaves a request to the held address. It returns a request without a
// marker as it is.
func Cut(r *http.Request) (*http.Request, Marker) {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	rest, value, found := cut(query)
	if !hasQuery || !found {
		return r, Marker{}
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
	return &unmarked, parse(value)
}

// parse returns what the value of a marker says: the journey, and words after it.
func parse(value string) Marker {
	words := strings.Split(value, ".")
	m := Marker{Journey: journey.ID(words[0]), Present: true}
	for _, word := range words[1:] {
		switch word {
		case ownAnswer:
			m.OwnAnswer = true
		case "en", "cy":
			m.Language = word
		default:
			m.Checks, _ = strconv.Atoi(word)
		}
	}
	return m
}

// cut returns a raw query without any marker, byte for byte, and the value of the first marker.
func cut(query string) (rest, value string, found bool) {
	for pair := range strings.FieldsFuncSeq(query, isSeparator) {
		if value, found = markerValue(pair); found {
			break
		}
	}
	if !found {
		return query, "", false
	}
	var pairs []string // each with the separator before it
	for separator := ""; ; {
		pair, end := query, strings.IndexFunc(query, isSeparator)
		if end >= 0 {
			pair = query[:end]
		}
		if _, is := markerValue(pair); !is {
			pairs = append(pairs, separator+pair)
		}
		if end < 0 {
			break
		}
		separator, query = query[end:end+1], query[end+1:]
	}
	if len(pairs) > 0 {
		pairs[0] = strings.TrimLeftFunc(pairs[0], isSeparator)
	}
	return strings.Join(pairs, ""), value, true
}

// isSeparator reports whether a character separates two parameters; a semicolon does for some servers.
func isSeparator(c rune) bool { return c == '&' || c == ';' }

// markerValue returns the value of a parameter that some server takes for the marker: its name may be escaped more
// than once, in any case, or the name of an array.
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
	return value, strings.EqualFold(strings.TrimSpace(name), parameter)
}

// pageAddresses are the headers that name the page that a request comes from, including those of htmx and Turbolinks.
var pageAddresses = []string{"Referer", "Hx-Current-Url", "Turbolinks-Referrer"}

// CutReferrer removes the marker from the address of the page that a request comes from.
func CutReferrer(header http.Header) {
	for _, name := range pageAddresses {
		for i, address := range header[name] {
			before, query, _ := strings.Cut(address, "?")
			rest, _, found := cut(query)
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
