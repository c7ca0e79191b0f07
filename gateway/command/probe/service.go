package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"paygate/gateway/dial"
)

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 1 << 20

// service is the legacy service itself, without Paygate in between.
type service struct {
	url     *url.URL
	socket  string      // the path of a Unix socket that leads to it; may be empty
	tls     *tls.Config // may be nil
	host    string      // sent as Host
	public  string      // the host that citizens know
	timeout time.Duration
	header  []string // further lines
	follow  bool     // the page that a redirect leads to counts too
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	landed string // the page that it redirects to, if that was read
}

// contains reports whether a text is in the answer, or in the page that it leads to.
func (a answer) contains(text string) bool {
	return strings.Contains(a.body, text) || strings.Contains(a.landed, text)
}

// described says what the answer was, without its text.
func (a answer) described() string {
	what := fmt.Sprintf("which has status %d and %d bytes", a.status, len(a.body))
	if to := a.header.Get("Location"); to != "" {
		what += fmt.Sprintf(", redirects to %s, and leads to a page of %d bytes", to, len(a.landed))
	}
	return what
}

// errNoAnswer means that no HTTP answer came back. The code may still have run.
var errNoAnswer = errors.New("no answer")

// ask sends one request byte for byte over a connection of its own. It looks like free traffic that Paygate lets
// through, or, if it is paid, like a release, but unsigned.
func (s service) ask(ctx context.Context, spelling Spelling, paid bool) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return answer{}, fmt.Errorf("the service cannot be reached: %s", dial.Reason(err, s.timeout))
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	go func() { _, _ = io.WriteString(conn, s.text(spelling, paid)) }() // a refused request may not be read to its end
	a, err := read(conn, spelling.Method)
	if ctx.Err() != nil {
		return answer{}, fmt.Errorf("%w in time", errNoAnswer)
	}
	if err == nil && s.follow {
		a.landed = s.landing(ctx, spelling.Target, a)
	}
	return a, err
}

func (s service) dial(ctx context.Context) (net.Conn, error) {
	address := s.url.Host
	if s.url.Port() == "" {
		address = net.JoinHostPort(s.url.Hostname(), map[string]string{"http": "80", "https": "443"}[s.url.Scheme])
	}
	if s.url.Scheme == "https" {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", address)
	}
	return dial.Dialer{Socket: s.socket}.DialContext(ctx, "tcp", address)
}

// text returns a request as it goes over the wire.
func (s service) text(spelling Spelling, paid bool) string {
	status := "none"
	if paid {
		status = "success"
	}
	lines := []string{
		"Host: " + s.host, "User-Agent: Paygate probe", "Accept: text/html,*/*",
		"Paygate-Status: " + status, "Connection: close",
	}
	lines = slices.Concat(lines, s.header, spelling.Header)
	if spelling.Type != "" {
		lines = append(lines, "Content-Type: "+spelling.Type)
	}
	if spelling.Body != "" || !isSafe(spelling.Method) {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(spelling.Body)))
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\n%s\r\n\r\n%s",
		spelling.Method, spelling.Target, strings.Join(lines, "\r\n"), spelling.Body)
}

// read reads the first answer that is not interim.
func read(conn io.Reader, method string) (answer, error) {
	in := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return answer{}, errNoAnswer
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		_ = response.Body.Close()
		if err != nil && len(body) == 0 {
			return answer{}, errNoAnswer
		}
		if response.StatusCode >= http.StatusOK || response.StatusCode == http.StatusSwitchingProtocols {
			return answer{status: response.StatusCode, header: response.Header, body: string(body)}, nil
		}
	}
}
