package probe

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// submission is the answer to a form, and the page that its redirect leads to.
type submission struct {
	answer
	leads string  // where it redirects to, as seen from the address of the form; may be empty
	page  *answer // what is there; nil if it does not redirect within the service
}

// lastPage returns the page that people see in the end.
func (s submission) lastPage() answer {
	if s.page != nil {
		return *s.page
	}
	return s.answer
}

// maxHops is how many redirects are followed.
const maxHops = 3

// submit sends a form as a release does, but unsigned, and follows its redirect as a browser does.
func (s service) submit(ctx context.Context, a Address) (submission, error) {
	got, err := s.ask(ctx, a.plain(), true)
	if err != nil {
		return submission{}, err
	}
	sent := submission{answer: got}
	if to, ok := s.leads(a.target(a.Path), got); ok {
		sent.leads = to.String()
	}
	sent.page, err = s.followed(ctx, a.target(a.Path), got)
	return sent, err
}

// landing returns the text of the page within the service that an answer leads to, or nothing.
func (s service) landing(ctx context.Context, from string, a answer) string {
	s.follow = false
	page, err := s.followed(ctx, from, a)
	if err != nil || page == nil {
		return ""
	}
	return page.body
}

// followed asks for the pages within the service that an answer leads to, with the cookies that it sets. It returns the
// last one, or nil if the answer leads nowhere.
func (s service) followed(ctx context.Context, from string, a answer) (page *answer, err error) {
	for range maxHops {
		to, ok := s.leads(from, a)
		if !ok || to.Host != "" {
			return page, nil
		}
		from = to.RequestURI()
		s.header = withCookies(s.header, a.header)
		if a, err = s.ask(ctx, Spelling{Method: http.MethodGet, Target: from}, false); err != nil {
			return nil, err
		}
		page = &a
	}
	return page, nil
}

// leads returns where an answer redirects with a GET. An address at the service itself has no host.
func (s service) leads(from string, a answer) (*url.URL, bool) {
	location := a.header.Get("Location")
	base, err := url.Parse(from)
	if !slices.Contains([]int{301, 302, 303}, a.status) || location == "" || err != nil {
		return nil, false
	}
	to, err := base.Parse(location)
	if err != nil {
		return nil, false
	}
	to.Fragment = ""
	for _, host := range []string{s.host, s.url.Host, s.public} {
		if strings.EqualFold(host, to.Host) {
			to.Scheme, to.Host = "", ""
		}
	}
	return to, true
}

// withCookies returns the lines of a request's header, with the cookies that an answer sets.
func withCookies(lines []string, header http.Header) []string {
	var others, pairs []string
	set := func(pair string) {
		pair = strings.TrimSpace(pair)
		name, _, _ := strings.Cut(pair, "=")
		pairs = slices.DeleteFunc(pairs, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		pairs = append(pairs, pair)
	}
	for _, line := range lines {
		value, isCookie := cookieLine(line)
		if !isCookie {
			others = append(others, line)
			continue
		}
		for pair := range strings.SplitSeq(value, ";") {
			set(pair)
		}
	}
	for _, line := range header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		set(pair)
	}
	if len(pairs) == 0 {
		return others
	}
	return append(others, "Cookie: "+strings.Join(pairs, "; "))
}

// cookieLine returns the value of a Cookie line, and whether the line is one.
func cookieLine(line string) (value string, isCookie bool) {
	name, value, _ := strings.Cut(line, ":")
	return value, strings.EqualFold(name, "Cookie")
}
