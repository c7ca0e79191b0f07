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
	"strings"
	"time"

	"paygate/gateway/dial"
)

// answerBytes bounds what is read of an answer.
const answerBytes = 1 << 20

// Service is the service itself, with nothing of Paygate's in between.
type Service struct {
	URL     *url.URL
	Socket  string      // reached by this Unix socket instead; may be empty
	TLS     *tls.Config // may be nil
	Host    string      // sent as Host
	Public  string      // the host that citizens know, where that is another one
	Timeout time.Duration
	Header  []string // further lines; may be empty
	Follow  bool     // the page that a redirect leads to counts too
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Landed string // the page that it leads to; empty where it does not, or nobody asked
}

// says reports whether a text is in the answer, or in the page that it leads to.
func (a Answer) says(text string) bool {
	return strings.Contains(a.Body, text) || strings.Contains(a.Landed, text)
}

// ErrNoAnswer is a request after which nothing came that is HTTP: the code may have run all the same.
var ErrNoAnswer = errors.New("no answer")

// ErrUnreachable is a service to which there is no connection.
var ErrUnreachable = errors.New("the service cannot be reached")

// errSlow is ErrNoAnswer within the time.
var errSlow = fmt.Errorf("%w in time", ErrNoAnswer)

// Ask sends one request byte for byte over a connection of its own, as free traffic looks that Paygate lets through, or, when it is
// paid, as a release does, unsigned. The error is ErrNoAnswer or ErrUnreachable.
func (s Service) Ask(ctx context.Context, spelling Spelling, paid bool) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	go func() { _, _ = io.WriteString(conn, s.text(spelling, paid)) }() // a refused request may not be read to its end
	answer, err := read(conn, spelling.Method)
	if ctx.Err() != nil {
		return Answer{}, errSlow
	}
	if err == nil && s.Follow {
		answer.Landed = s.landing(ctx, spelling.Target, answer)
	}
	return answer, err
}

func (s Service) dial(ctx context.Context) (net.Conn, error) {
	address := s.URL.Host
	if s.URL.Port() == "" {
		address = net.JoinHostPort(s.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[s.URL.Scheme])
	}
	if s.URL.Scheme == "https" {
		return (&tls.Dialer{Config: s.TLS}).DialContext(ctx, "tcp", address)
	}
	return dial.Dialer{Socket: s.Socket}.DialContext(ctx, "tcp", address)
}

// text is the request as it goes over the wire.
func (s Service) text(spelling Spelling, paid bool) string {
	status := "none"
	if paid {
		status = "success"
	}
	lines := []string{
		"Host: " + s.Host, "User-Agent: Paygate probe", "Accept: text/html,*/*", "Paygate-Status: " + status, "Connection: close",
	}
	lines = append(append(lines, s.Header...), spelling.Header...)
	if spelling.Type != "" {
		lines = append(lines, "Content-Type: "+spelling.Type)
	}
	if spelling.Body != "" || !isSafe(spelling.Method) {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(spelling.Body)))
	}
	return spelling.Method + " " + spelling.Target + " HTTP/1.1\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + spelling.Body
}

// read takes the first answer that is not interim.
func read(conn io.Reader, method string) (Answer, error) {
	in := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return Answer{}, ErrNoAnswer
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, answerBytes))
		_ = answer.Body.Close()
		if err != nil && len(body) == 0 {
			return Answer{}, ErrNoAnswer
		}
		if answer.StatusCode >= http.StatusOK || answer.StatusCode == http.StatusSwitchingProtocols {
			return Answer{Status: answer.StatusCode, Header: answer.Header, Body: string(body)}, nil
		}
	}
}
