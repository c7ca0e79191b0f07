// Package cookie stores tickets in the citizen's browser: which journeys are theirs and nothing else. The cookie is
// encrypted and signed by securecookie; payment, amount and request stay in the store.
package cookie

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
)

// The cookie's names: on https the __Host- prefix keeps sibling sites from setting it (security by RFC 6265bis).
const (
	secureName = "__Host-paygate"
	plainName  = "paygate"
)

// maxTickets is how many open journeys one browser can have.
const maxTickets = 8

// maxBytes is the size up to which every browser stores a cookie, name and attributes included (RFC 6265 section 6.1).
// Ours is smaller.
const maxBytes = 4096

// Ticket is the right to one journey. Key is its secret.
type Ticket struct {
	Journey string `json:"j"` // the public id
	Key     string `json:"k"`
	Started int64  `json:"s"` // Unix seconds
}

// Options configure a Jar.
type Options struct {
	HashKeys  [][]byte      // 64 bytes each, newest first
	BlockKeys [][]byte      // 32 bytes each, in the same order
	Secure    bool          // the public listener is https
	MaxAge    time.Duration // a day, or the longest pass; at least a second
}

// Jar reads and writes the cookie. It is safe for concurrent use.
type Jar struct {
	Options
	codecs []securecookie.Codec
}

// New returns a Jar. Missing or short keys are an error, because securecookie would silently not encrypt; so is a
// missing age, because it would accept a cookie for ever.
func New(o Options) (*Jar, error) {
	if len(o.HashKeys) == 0 || len(o.HashKeys) != len(o.BlockKeys) {
		return nil, errors.New("the cookie needs a hash key and a block key for each secret")
	}
	if o.MaxAge < time.Second {
		return nil, errors.New("the cookie needs an age of at least a second")
	}
	jar := &Jar{Options: o}
	for i, hash := range o.HashKeys {
		if len(hash) != 64 || len(o.BlockKeys[i]) != 32 {
			return nil, errors.New("a cookie key has the wrong length")
		}
		codec := securecookie.New(hash, o.BlockKeys[i])
		codec.SetSerializer(securecookie.JSONEncoder{})
		codec.MaxAge(int(o.MaxAge.Seconds()))
		jar.codecs = append(jar.codecs, codec)
	}
	return jar, nil
}

func (j *Jar) name() string {
	if j.Secure {
		return secureName
	}
	return plainName
}

// Read returns the request's tickets, newest first and at most eight. It reads every cookie of the name, since a
// sibling site may have put one of its own first, and ignores those that it cannot read.
func (j *Jar) Read(r *http.Request) []Ticket {
	var tickets []Ticket
	for _, c := range r.CookiesNamed(j.name()) {
		var found []Ticket
		if securecookie.DecodeMulti(j.name(), c.Value, &found, j.codecs...) != nil {
			continue
		}
		for _, ticket := range found {
			if !slices.Contains(tickets, ticket) {
				tickets = append(tickets, ticket)
			}
		}
	}
	slices.SortStableFunc(tickets, func(a, b Ticket) int { return cmp.Compare(b.Started, a.Started) })
	return tickets[:min(len(tickets), maxTickets)] // Pay is asked about each of them
}

// Write puts the first tickets, at most eight and as many as fit, into the browser: the caller lists first those that
// are needed most. It replaces any that were written to the same answer before. An error means that not even one ticket
// fits.
func (j *Jar) Write(w http.ResponseWriter, tickets []Ticket) error {
	for n := min(len(tickets), maxTickets); ; n-- {
		line, err := j.line(tickets[:n])
		if err == nil && len(line) < maxBytes {
			StripSet(w.Header())
			w.Header().Add("Set-Cookie", line)
			return nil
		}
		if n <= 1 {
			return errors.Join(errors.New("the ticket does not fit into the cookie"), err)
		}
	}
}

// line returns the value of Set-Cookie.
func (j *Jar) line(tickets []Ticket) (string, error) {
	value, err := securecookie.EncodeMulti(j.name(), tickets, j.codecs...)
	if err != nil {
		return "", fmt.Errorf("writing the ticket cookie: %w", err)
	}
	c := &http.Cookie{
		Name: j.name(), Value: value, Path: "/", MaxAge: int(j.MaxAge.Seconds()),
		HttpOnly: true, Secure: j.Secure, SameSite: http.SameSiteLaxMode,
	}
	return c.String(), nil
}

// Strip removes our cookies from a Cookie header and leaves the other bytes unchanged: old cookies with quotes,
// blanks or %00 in them must survive. The result is empty if there were no others.
func Strip(header string) string {
	if !hasOurs(header) {
		return header
	}
	pairs := strings.Split(header, ";")
	others := slices.DeleteFunc(slices.Clone(pairs), ours)
	if len(others) > 0 && ours(pairs[0]) {
		others[0] = strings.TrimLeft(others[0], " \t") // it is now the first, without a separator before it
	}
	return strings.Join(others, ";")
}

// StripHeader removes our cookies from the Cookie lines of a header.
func StripHeader(header http.Header) {
	lines := header["Cookie"]
	if !slices.ContainsFunc(lines, func(line string) bool { return line == "" || hasOurs(line) }) {
		return
	}
	var others []string
	for _, line := range lines {
		if line = Strip(line); line != "" {
			others = append(others, line)
		}
	}
	if len(others) == 0 {
		delete(header, "Cookie")
		return
	}
	header["Cookie"] = others
}

// Others returns the cookies of a header except ours, as one line.
func Others(header http.Header) string {
	cleaned := http.Header{"Cookie": header["Cookie"]}
	StripHeader(cleaned)
	return strings.Join(cleaned["Cookie"], "; ")
}

// IsSent reports whether a request's header contains one of our cookies.
func IsSent(header http.Header) bool { return slices.ContainsFunc(header["Cookie"], hasOurs) }

func hasOurs(header string) bool {
	for pair := range strings.SplitSeq(header, ";") {
		if ours(pair) {
			return true
		}
	}
	return false
}

// StripSet removes cookies with our names from an answer of the service.
func StripSet(header http.Header) {
	lines := header["Set-Cookie"]
	if !slices.ContainsFunc(lines, setsOurs) {
		return
	}
	others := slices.DeleteFunc(slices.Clone(lines), setsOurs)
	if len(others) == 0 {
		delete(header, "Set-Cookie")
		return
	}
	header["Set-Cookie"] = others
}

func setsOurs(line string) bool {
	pair, _, _ := strings.Cut(line, ";")
	return ours(pair)
}

func ours(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	name = strings.TrimSpace(name)
	return strings.EqualFold(name, secureName) || strings.EqualFold(name, plainName)
}
