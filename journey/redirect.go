package journey

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Redirect is where an answer leads.
type Redirect struct {
	Location string   // as the service wrote it
	Held     *url.URL // the address of the held request, as the citizen knows it
	Referer  string   // the page that the held request was sent from; may be empty
	Hosts    []string // further hosts that are the service itself
}

// target returns the address to which a browser would go. It reports false if there is none, or if browsers and servers
// would interpret it differently.
func (r Redirect) target() (*url.URL, bool) {
	if r.Held == nil || r.Location == "" {
		return nil, false
	}
	location := browserForm(r.Location)
	to, err := r.Held.Parse(location)
	if noHost.MatchString(location) || err != nil || to.Opaque != "" || to.Host == "" || to.User != nil {
		return nil, false
	}
	if to.Scheme != "http" && to.Scheme != "https" {
		return nil, false
	}
	if to.Path == "" {
		to.Path = "/"
	}
	return to, !slices.ContainsFunc(strings.Split(to.Path, "/"), isDotSegment)
}

// isDotSegment also matches "..;x", which browsers leave alone and servlet containers resolve.
func isDotSegment(segment string) bool {
	segment, _, _ = strings.Cut(segment, ";")
	return segment == "." || segment == ".."
}

var (
	encodedDot    = regexp.MustCompile(`(?i)%2e`)
	leadingSlash  = regexp.MustCompile(`^(https?:)?//+`)
	noHost        = regexp.MustCompile(`^//([?#]|$)`)
	controlsInURL = strings.NewReplacer("\t", "", "\r", "", "\n", "")
)

// browserForm rewrites what browsers and net/url interpret differently: blanks around an address and tabs in it,
// backslashes, encoded dots, and more than two slashes at the beginning (WHATWG URL, section 4.4).
func browserForm(location string) string {
	location = controlsInURL.Replace(strings.TrimFunc(location, func(r rune) bool { return r <= ' ' }))
	end := strings.IndexAny(location, "?#")
	if end < 0 {
		end = len(location)
	}
	path := strings.ReplaceAll(location[:end], `\`, "/")
	path = leadingSlash.ReplaceAllString(encodedDot.ReplaceAllString(path, "."), "${1}//")
	return oddInPath.ReplaceAllStringFunc(path, percentEncode) + location[end:]
}

// oddInPath matches what net/url would encode itself, after decoding the whole path, including slashes.
var oddInPath = regexp.MustCompile(`[^!#-;=?-\[\]_a-z~]+`)

func percentEncode(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

// staysAtService reports whether the redirect leads to the service itself. Services behind a TLS terminator often write
// http for https, so the scheme does not count.
func (r Redirect) staysAtService() bool {
	to, ok := r.target()
	return ok && r.isService(to.Host)
}

func (r Redirect) isService(host string) bool {
	return slices.ContainsFunc(append([]string{r.Held.Host}, r.Hosts...), func(own string) bool {
		return own != "" && strings.EqualFold(withoutDefaultPort(own), withoutDefaultPort(host))
	})
}

func withoutDefaultPort(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}

// leadsToAny reports whether the redirect leads to one of the places: prefixes of a path with its query, at the service
// or at the origin given with them.
func (r Redirect) leadsToAny(places []string) bool {
	to, ok := r.target()
	return ok && slices.ContainsFunc(places, func(text string) bool {
		place, err := url.Parse(text)
		if err != nil {
			return false
		}
		at := (place.Host == "" || r.isService(place.Host)) && r.staysAtService() ||
			place.Scheme == to.Scheme && strings.EqualFold(withoutDefaultPort(place.Host), withoutDefaultPort(to.Host))
		return at && begins(pathAndQuery(to, strings.Contains(text, ";")), pathAndQuery(place, true))
	})
}

// sessionParameter is what servlet containers add to an address when the session is new.
var sessionParameter = regexp.MustCompile(`(?i);jsessionid=[^/;]*`)

func pathAndQuery(u *url.URL, withSession bool) string {
	path := u.EscapedPath()
	if !withSession {
		path = sessionParameter.ReplaceAllString(path, "")
	}
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery
	}
	return escape.ReplaceAllStringFunc(path, strings.ToUpper)
}

// escape is a percent-encoded byte. Its case makes no difference (RFC 3986, section 6.2.2.1).
var escape = regexp.MustCompile("%[0-9a-fA-F]{2}")

// begins reports whether an address begins with a prefix that ends at the end of the address, "/", "?" or "&". The
// prefix "/" matches only the front page.
func begins(address, prefix string) bool {
	rest, found := strings.CutPrefix(address, prefix)
	switch {
	case !found:
		return false
	case prefix == "/":
		return rest == "" || rest[0] == '?'
	default:
		const ends = "/?&"
		return rest == "" || strings.IndexByte(ends, rest[0]) >= 0 ||
			strings.IndexByte(ends, prefix[len(prefix)-1]) >= 0
	}
}

// PlaceCovers reports whether a redirect to the path at the service itself would lead to the place.
func PlaceCovers(place, path string) bool {
	u, err := url.Parse(place)
	return err == nil && u.Host == "" && begins(path, pathAndQuery(u, true))
}

// leadsToItself reports whether the redirect leads to the held request's own path, whatever the scheme, host, path
// parameters, final slash and case.
func (r Redirect) leadsToItself() bool {
	to, ok := r.target()
	return ok && samePath(to.Path, r.Held.Path)
}

func samePath(a, b string) bool {
	trim := func(path string) string { return strings.TrimSuffix(pathParameter.ReplaceAllString(path, ""), "/") }
	return strings.EqualFold(trim(a), trim(b))
}

// pathParameter is what servlet containers ignore when they route a path, such as ";jsessionid=…".
var pathParameter = regexp.MustCompile(";[^/]*")

// leadsBack reports whether the redirect leads to the form again: to the path of the held request or of the page that
// sent it, with no query or with the same one.
func (r Redirect) leadsBack() bool {
	to, ok := r.target()
	if !ok {
		return false
	}
	form, err := url.Parse(r.Referer)
	if err != nil || r.Referer == "" {
		form = r.Held
	}
	return slices.ContainsFunc([]*url.URL{r.Held, form}, func(page *url.URL) bool {
		return samePath(to.Path, page.Path) && (to.RawQuery == "" || to.RawQuery == page.RawQuery)
	})
}

// words match a log-in or an error, in lower case with hyphens between words.
const words = `log-?[io]n|sign-?[io]n|errors?|denied|forbidden|unauthori[sz]ed|expired|` +
	`time-?out|unavailable|maintenance`

var (
	// A segment of a path need only begin with one of these, hyphens aside, …
	troubleStart = regexp.MustCompile(
		`^(login|logon|signin|signon|auth|oauth|sso|saml|session|error|maintenance|unavailable|denied|expired|timeout)`)
	// … or contain one of these words: "AccessDenied", "wp-login.php".
	troubleWord = regexp.MustCompile(`(^|-)(` + words + `|security-check)(-|$)|^(cas|adfs)$`)
	errorStatus = regexp.MustCompile(`^[45][0-9]{2}([^0-9]|$)`)
	// A name or value in a query may be any text, so it must be exactly such a word: "?page=login",
	// "?error=session_expired".
	troubleTerm = regexp.MustCompile(`^((session|access|user|log-?in|auth|page)-)?(` + words + `)$`)

	wordEnd = regexp.MustCompile(`([a-z0-9])([A-Z])|[^A-Za-z0-9]+`)
)

// looksLikeTrouble reports whether the redirect's path or query contains a word for a log-in or an error.
func (r Redirect) looksLikeTrouble() bool {
	to, ok := r.target()
	if !ok {
		return false
	}
	terms := strings.FieldsFunc(to.RawQuery, func(c rune) bool { return c == '&' || c == '=' })
	return slices.ContainsFunc(strings.Split(to.Path, "/"), isTroubleSegment) ||
		slices.ContainsFunc(terms, isTroubleTerm)
}

func isTroubleSegment(segment string) bool {
	hyphened := withHyphens(segment)
	return errorStatus.MatchString(segment) || troubleStart.MatchString(strings.ReplaceAll(hyphened, "-", "")) ||
		troubleWord.MatchString(hyphened)
}

// isTroubleTerm reports whether a name or value in a query, or the last part of a route in it ("site/login"), is such a
// word. An address in a query is ignored: it is where the citizen goes later.
func isTroubleTerm(term string) bool {
	term, err := url.QueryUnescape(term)
	if err != nil || strings.HasPrefix(term, "/") || strings.Contains(term, "://") {
		return false
	}
	return troubleTerm.MatchString(withHyphens(term[strings.LastIndexByte(term, '/')+1:]))
}

// withHyphens returns the text in lower case with hyphens between its words.
func withHyphens(text string) string { return strings.ToLower(wordEnd.ReplaceAllString(text, "$1-$2")) }

// pathBegins is the rule of the first version.
func (r Redirect) pathBegins(prefix string) bool {
	to, ok := r.target()
	return ok && r.staysAtService() && strings.HasPrefix(to.EscapedPath(), prefix)
}
