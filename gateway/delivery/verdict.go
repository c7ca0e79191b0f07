package delivery

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"paygate/journey"
)

// verdict returns what an answer means. The header is complete, and the body was read up to the limit.
func (d *Deliverer) verdict(terms journey.Terms, redirect journey.Redirect, reply *journey.Reply) journey.Delivered {
	answer := journey.Answer{Status: reply.Status, Redirect: redirect}
	if terms.Acceptance.ReadsText() {
		answer.Body, answer.Whole = d.text(reply)
	}
	verdict, reason := terms.Verdict(answer)
	d.missing.count(terms.Route, verdict, reason, d.TextMissing)
	detail := string(reason)
	if r := remark(reply); r != "" {
		detail = r
	}
	return journey.Delivered{Verdict: verdict, Status: reply.Status, Detail: detail, Reply: reply}
}

// redirect returns where an answer leads, as seen from the held request. The service's own address and the host in
// PAYGATE_UPSTREAM_HOST count as the service, like the address that citizens know.
//
// If there are several locations, none counts, because browsers differ in which they follow.
func (d *Deliverer) redirect(locations []string, delivery journey.Delivery) journey.Redirect {
	location := ""
	if len(locations) == 1 {
		location = locations[0]
	}
	held := delivery.Request
	at := &url.URL{Scheme: held.ForwardedProto, Host: held.ForwardedHost, RawPath: held.Path, RawQuery: held.Query}
	at.Path, _ = url.PathUnescape(held.Path)
	if at.Scheme == "" || at.Host == "" {
		at.Scheme, at.Host = d.Origins.Main().Scheme, d.Origins.Main().Host
	}
	hosts := []string{held.Host, d.Upstream.Host, d.Host}
	for _, o := range d.Origins {
		hosts = append(hosts, o.Host)
	}
	return journey.Redirect{Location: location, Held: at, Referer: held.Header.Get("Referer"), Hosts: hosts}
}

// text returns the decoded body of an answer, and reports whether it is complete.
func (d *Deliverer) text(reply *journey.Reply) (text []byte, whole bool) {
	whole = reply.Whole() && reply.Status != http.StatusPartialContent
	switch coding := strings.ToLower(strings.Join(reply.Header.Values("Content-Encoding"), ",")); coding {
	case "", "identity":
		return reply.Body, whole
	case "gzip", "x-gzip":
		text, decoded := d.unzip(reply.Body)
		return text, whole && decoded
	default:
		return nil, false
	}
}

// unzip decodes up to the limit of a reply.
func (d *Deliverer) unzip(body []byte) (text []byte, whole bool) {
	if len(body) == 0 {
		return nil, true
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, false
	}
	text, err = io.ReadAll(io.LimitReader(reader, d.ReplyMaxBytes+1))
	return text, err == nil && int64(len(text)) <= d.ReplyMaxBytes
}

// remark explains to operators why Paygate cannot deliver to a service.
func remark(reply *journey.Reply) string {
	if reply.Status != http.StatusUnauthorized {
		return ""
	}
	for _, challenge := range reply.Header.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(challenge, " ")
		if strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate") {
			return "the service wants " + scheme +
				", which ties a log-in to a connection, so Paygate cannot deliver to it"
		}
	}
	return ""
}

// missingTexts counts, by route, the answers in a row without a text from ACCEPT_TEXT. The zero value is ready to use.
type missingTexts struct {
	mu     sync.Mutex
	inARow map[string]int
}

// count adds a verdict. Answers that mean neither yes nor no do not change the count.
func (m *missingTexts) count(route string, verdict journey.Verdict, reason journey.Reason, tell func(string, int)) {
	if verdict != journey.VerdictAccepted && verdict != journey.VerdictRefused {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if reason != journey.ReasonTextMissing {
		delete(m.inARow, route)
		return
	}
	if m.inARow == nil {
		m.inARow = map[string]int{}
	}
	m.inARow[route]++
	if tell != nil {
		tell(route, m.inARow[route])
	}
}
