package delivery

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"paygate/gateway/headers"
	"paygate/gateway/origin"
	"paygate/journey"
)

// idleFor is how long the rest of a large reply may stand still.
const idleFor = 60 * time.Second

// reply reads the first bytes of the answer's body; what is larger than the limit follows as a stream.
func (d *Deliverer) reply(answer *http.Response, public *url.URL, expired *time.Timer, cancel context.CancelFunc) *journey.Reply {
	header := answer.Header.Clone()
	CleanReply(header, d.Upstream, d.Host, public)
	d.StripSetCookie(header)
	reply := &journey.Reply{Status: answer.StatusCode, Header: header}
	body, err := io.ReadAll(io.LimitReader(answer.Body, d.ReplyMaxBytes+1))
	reply.Body = body
	if err == nil && int64(len(body)) > d.ReplyMaxBytes && expired.Stop() {
		reply.Rest = &rest{body: answer.Body, cancel: cancel, idle: time.AfterFunc(idleFor, cancel)}
		return reply
	}
	reply.Broken = err != nil || int64(len(body)) > d.ReplyMaxBytes
	expired.Stop()
	_ = answer.Body.Close()
	cancel()
	return reply
}

// rest is a stream that ends when it stands still for too long.
type rest struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	idle   *time.Timer
}

func (r *rest) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.idle.Reset(idleFor)
	return n, err
}

func (r *rest) Close() error {
	r.idle.Stop()
	r.cancel()
	return r.body.Close()
}

// CleanReply makes the service's headers fit for a citizen: what belongs to one connection goes, what only Paygate may
// say goes, and addresses at the service's own origin become the public ones.
func CleanReply(header http.Header, upstream *url.URL, host string, public *url.URL) {
	headers.DropHopByHop(header)
	PublicReply(header, upstream, host, public)
}

// PublicReply is CleanReply for headers that a reverse proxy has cleaned of what belongs to a connection.
func PublicReply(header http.Header, upstream *url.URL, host string, public *url.URL) {
	for name := range header {
		if headers.IsOurs(name) {
			delete(header, name)
		}
	}
	for _, name := range []string{"Location", "Content-Location", "Hx-Redirect"} {
		for i, value := range header[name] {
			header[name][i] = atPublic(value, upstream, host, public)
		}
	}
	for i, value := range header["Refresh"] {
		if found := refreshPattern.FindStringSubmatch(value); found != nil {
			header["Refresh"][i] = found[1] + atPublic(found[2], upstream, host, public) + found[3]
		}
	}
}

// atPublic turns an address at the service's own origin, or at the host that it is told, into the same at the public one.
func atPublic(address string, upstream *url.URL, host string, public *url.URL) string {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || !slices.Contains([]string{"", "http", "https"}, target.Scheme) {
		return address
	}
	isOwn := host != "" && origin.SameHost(target.Host, host) ||
		(target.Scheme == "" || target.Scheme == upstream.Scheme) && origin.SameHost(target.Host, upstream.Host)
	if !isOwn {
		return address
	}
	_, behind, _ := strings.Cut(address, "//")
	rest := ""
	if end := strings.IndexAny(behind, "/?#"); end >= 0 {
		rest = behind[end:]
	}
	return public.Scheme + "://" + public.Host + rest
}

// refreshPattern finds the address in a Refresh header as the HTML standard does: "url=" and quotes may be missing.
var refreshPattern = regexp.MustCompile(`(?i)^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?['"]?)([^'"]*)(.*)$`)
