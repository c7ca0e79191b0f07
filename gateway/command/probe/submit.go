package probe

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Submitted is a form's answer, and the page that a redirect leads to.
type Submitted struct {
	Answer
	Leads string  // where it redirects to, as seen from the address of the form; empty where it does not
	Page  *Answer // what is there; nil when it does not redirect, or not within the service
}

// mostHops limits how many redirects are followed.
const mostHops = 3

// Submit sends a form as a release does, but unsigned, and follows its redirect as a browser does.
func (s Service) Submit(ctx context.Context, a Address) (Submitted, error) {
	answer, err := s.Ask(ctx, a.plain(), true)
	if err != nil {
		return Submitted{}, err
	}
	sent := Submitted{Answer: answer}
	if to, ok := s.leads(a.target(a.Path), answer); ok {
		sent.Leads = to.String()
	}
	sent.Page, err = s.follow(ctx, a.target(a.Path), answer)
	return sent, err
}

// landing returns the text of the page that an answer leads to within the service; empty if it leads nowhere.
func (s Service) landing(ctx context.Context, from string, answer Answer) string {
	s.Follow = false
	page, err := s.follow(ctx, from, answer)
	if err != nil || page == nil {
		return ""
	}
	return page.Body
}

// follow asks for the pages that an answer leads to within the service, with the cookies that it sets. It is nil where the
// answer leads nowhere.
func (s Service) follow(ctx context.Context, from string, answer Answer) (page *Answer, err error) {
	for range mostHops {
		to, ok := s.leads(from, answer)
		if !ok || to.Host != "" {
			return page, nil
		}
		from = to.RequestURI()
		s.Header = withCookies(s.Header, answer.Header)
		if answer, err = s.Ask(ctx, Spelling{Method: http.MethodGet, Target: from}, false); err != nil {
			return nil, err
		}
		page = &answer
	}
	return page, nil
}

// leads returns where an answer redirects with a GET. An address at the service itself has no host.
func (s Service) leads(from string, answer Answer) (*url.URL, bool) {
	location := answer.Header.Get("Location")
	base, err := url.Parse(from)
	if !slices.Contains([]int{301, 302, 303}, answer.Status) || location == "" || err != nil {
		return nil, false
	}
	to, err := base.Parse(location)
	if err != nil {
		return nil, false
	}
	to.Fragment = ""
	at := func(host string) bool { return strings.EqualFold(host, to.Host) }
	if slices.ContainsFunc([]string{s.Host, s.URL.Host, s.Public}, at) {
		to.Scheme, to.Host = "", ""
	}
	return to, true
}

// withCookies returns the lines of a request's header, with the cookies that an answer sets.
func withCookies(lines []string, answer http.Header) []string {
	jar, names := map[string]string{}, []string{}
	put := func(pair string) {
		name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if _, known := jar[name]; !known {
			names = append(names, name)
		}
		jar[name] = strings.TrimSpace(pair)
	}
	var others []string
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Cookie") {
			others = append(others, line)
			continue
		}
		for pair := range strings.SplitSeq(value, ";") {
			put(pair)
		}
	}
	for _, set := range answer.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(set, ";")
		put(pair)
	}
	if len(names) == 0 {
		return others
	}
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = jar[name]
	}
	return append(others, "Cookie: "+strings.Join(pairs, "; "))
}
