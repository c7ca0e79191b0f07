// Package pages shows citizens, in English or Welsh, what happened to their money and what to do next. The pages need
// no JavaScript, fetch only our own style sheet, and use the GOV.UK Design System without its crown and fonts, which
// are reserved for GOV.UK.
//
// [Page] lists the pages, texts*.go have all words in both languages side by side, page.html is the only template, and
// a [View] is the data of one answer. The rule of all texts: "no money has been taken" is printed only if Pay said so
// or no payment was ever made. If we do not know, the page says so.
package pages

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// Options configure the pages.
type Options struct {
	Prefix                     string               // of our own addresses, "/_pay"
	ServiceName, ServiceNameCY string               // if a Welsh text is empty, the English one is used
	Contact, ContactCY         string               // how to get help; may be empty
	FooterLinks, FooterLinksCY []Link               // may be empty
	Routes                     map[string]RouteText // by name
	TestMode                   bool                 // every page says that no money is taken
	CardOrigins                []string             // of Pay's card pages, to which our forms lead
}

// RouteText is what the pages say about a pay route. Its Welsh texts may be empty.
type RouteText struct {
	Noun, NounCY               string // what the citizen sends, such as "application"
	Description, DescriptionCY string // what they pay for
}

// Link is a link at the foot of the pages.
type Link struct{ Text, URL string }

// Pages renders the pages. It is safe for concurrent use.
type Pages struct {
	Options
	policy string
	zone   *time.Location
}

// New returns Pages. Without a time zone database, times are shown in UTC.
func New(o Options) *Pages {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		zone = time.UTC
	}
	return &Pages{Options: o, policy: policy(o.CardOrigins), zone: zone}
}

// Which sites may show our page in a frame.
const (
	notFramed      = "frame-ancestors 'none'"
	framedByItself = "frame-ancestors 'self'"
)

// policy returns the Content-Security-Policy. The answer to our forms is a redirect to Pay, and browsers apply
// form-action to that too.
func policy(cardOrigins []string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self' data:", "base-uri 'none'", notFramed,
		strings.Join(append([]string{"form-action 'self'"}, cardOrigins...), " "),
	}, "; ")
}

// Render writes a page with all its headers. Cookies must be set before. Render panics if there is no page of this
// name.
func (p *Pages) Render(w http.ResponseWriter, status int, name Page, v View) {
	filled := p.inBoth(name, v)
	out := execute("page", filled)
	h := w.Header()
	p.setHeader(h, filled.Lang)
	if v.Framed {
		h.Set("Content-Security-Policy", strings.Replace(p.policy, notFramed, framedByItself, 1))
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	RetryAfter(h, v.RetryAfter)
	// This is a header so that even after a POST the browser reloads with a plain GET.
	if wait := filled.wait; wait > 0 {
		h.Set("Refresh", strconv.Itoa(wholeSeconds(wait))+"; url="+p.address("return", v, v.Checks+1))
	}
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// FragmentID is the id of the element that [Pages.Fragment] returns.
const FragmentID = "paygate-answer"

// Fragment returns a page's content as one element, which a script shows instead of the current page.
func (p *Pages) Fragment(name Page, v View) string {
	filled := p.inBoth(name, v)
	filled.Fragment = FragmentID
	out := execute("fragment", filled)
	return out.String()
}

func execute(name string, f filled) (out bytes.Buffer) {
	if err := pageTemplate.ExecuteTemplate(&out, name, f); err != nil {
		panic(err) // the template is embedded, and a test renders every page
	}
	return out
}

// RetryAfter sets the Retry-After header, unless after is zero.
func RetryAfter(h http.Header, after time.Duration) {
	if seconds := wholeSeconds(after); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// Summary returns a page's text in one line, for answers to scripts.
func (p *Pages) Summary(name Page, v View) string {
	f := p.fill(name, v)
	said := slices.Concat([]string{f.Title + "."}, f.Says, f.After)
	if f.Message.Text != "" {
		said = append(said, f.Message.Text)
	}
	if f.OnlyOnce {
		said = append(said, f.Word("once"))
	}
	return strings.Join(said, " ")
}

func (p *Pages) setHeader(h http.Header, language string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", language)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// With "no-referrer", browsers would send our own forms with Origin: null.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Paygate-Answer", "yes")
}

// wholeSeconds rounds up, so that a client does not come back too early.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
