// Package pages shows citizens, in English or Welsh, what happened to their money and what to do next. The pages need no
// JavaScript, fetch nothing but one style sheet of our own, and use the GOV.UK Design System without its crown and fonts,
// which are for GOV.UK alone.
//
// [Page] lists the pages, texts.go is every word they say in both languages side by side, page.html is the one template,
// and a [View] is what one answer is about. The rule of all texts: "no money has been taken" is printed only where Pay said
// so or no payment was ever made; where we do not know, the page says that.
package pages

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// Options say what all pages share.
type Options struct {
	Prefix                     string   // of our own addresses, "/_pay"
	ServiceName, ServiceNameCY string   // Welsh may be empty: then the English one
	Contact, ContactCY         string   // whom to ask; may be empty
	TestMode                   bool     // says on every page that no money is taken
	CardOrigins                []string // of Pay's card pages, where our forms' answers lead
}

// Pages makes the pages. Safe for concurrent use.
type Pages struct {
	Options
	policy string
	zone   *time.Location
}

// New makes the pages. Without a time zone database times are shown in UTC.
func New(o Options) *Pages {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		zone = time.UTC
	}
	return &Pages{Options: o, policy: policy(o.CardOrigins), zone: zone}
}

// Who may show a page of ours in a frame.
const (
	framedByNobody = "frame-ancestors 'none'"
	framedByItself = "frame-ancestors 'self'"
)

// policy is the Content-Security-Policy. Our forms answer with a redirect to Pay, to which browsers apply form-action too.
func policy(cardOrigins []string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self' data:", "base-uri 'none'", framedByNobody,
		strings.Join(append([]string{"form-action 'self'"}, cardOrigins...), " "),
	}, "; ")
}

// Render writes a page with all its headers; the caller sets cookies before. An unknown page panics: there are only those
// of [All].
func (p *Pages) Render(w http.ResponseWriter, status int, name Page, v View) {
	filled := p.fill(name, v)
	if name == Status {
		p.list(&filled, v)
	}
	out := execute("page", filled)
	h := w.Header()
	p.setHeader(h, filled.Lang)
	if v.Framed {
		h.Set("Content-Security-Policy", strings.Replace(p.policy, framedByNobody, framedByItself, 1))
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	RetryAfter(h, v.RetryAfter)
	// By header, so that whatever address the page stands at, even one that was posted to, a plain GET follows.
	if seconds := wholeSeconds(texts[name].reloads); seconds > 0 {
		h.Set("Refresh", strconv.Itoa(seconds)+"; url="+filled.Check)
	}
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a browser that left needs no answer
}

// FragmentID is the id of the element that a [Pages.Fragment] is.
const FragmentID = "paygate-answer"

// Fragment returns what a page says as one element, for a script to show in place of the page that it is on.
func (p *Pages) Fragment(name Page, v View) string {
	filled := p.fill(name, v)
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

// RetryAfter sets the header that says when to come again, unless that is at any time.
func RetryAfter(h http.Header, after time.Duration) {
	if seconds := wholeSeconds(after); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// Summary is a page's text in one line, for answers to scripts.
func (p *Pages) Summary(name Page, v View) string {
	f := p.fill(name, v)
	said := append([]string{f.Title + "."}, f.Says...)
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
	// Not "no-referrer", with which browsers send our own forms' posts as if from nowhere (Origin: null).
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Paygate-Answer", "yes")
}

// wholeSeconds rounds up, so that nobody comes back too early.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
