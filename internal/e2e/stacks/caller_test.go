package stacks

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// caller is somebody who is signed in to a service and writes requests byte for byte.
type caller struct {
	service *service
	cookies string
	tokens  map[string]url.Values // hidden fields of the form of a route
}

func (s *service) caller() *caller {
	s.t.Helper()
	browser := testprocess.NewCitizen(s.t, s.url)
	form := browser.Get(s.login)
	s.send(browser, s.login, form.Fill(url.Values{"name": {"ann"}}))
	c := &caller{s, "", map[string]url.Values{}}
	for _, route := range []string{"apply", "renew", "permit"} {
		c.tokens[route] = browser.Get(s.settings.path(route)).Hidden()
	}
	s.ran()
	origin, err := url.Parse(s.url)
	require.NoError(s.t, err)
	var pairs []string
	for _, cookie := range browser.Client.Jar.Cookies(origin) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	c.cookies = strings.Join(pairs, "; ")
	return c
}

func (c *caller) withTokens(route string, fields url.Values) url.Values {
	form := url.Values{}
	for _, from := range []url.Values{c.tokens[route], fields} {
		for name, values := range from {
			form[name] = values
		}
	}
	return form
}

// token is a form token, which scripts send in a header.
func (c *caller) token() string {
	for name, values := range c.tokens["apply"] {
		if strings.Contains(name, "csrf") || strings.Contains(name, "token") {
			return values[0]
		}
	}
	return ""
}

// patience is how long an answer is waited for: some servers never answer a form that breaks off. What runs later than
// that is found in the log all the same.
const patience = 2 * time.Second

// send writes a request to a server, and reads what it answers, if it does.
func (c *caller) send(t *testing.T, to string, s probe.Spelling) testprocess.Page {
	t.Helper()
	origin, err := url.Parse(to)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", origin.Host)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = io.WriteString(conn, c.raw(origin.Host, s))
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.ToUpper(s.Method)})
	if err != nil {
		return testprocess.Page{URL: origin, Header: http.Header{}}
	}
	text, _ := io.ReadAll(answer.Body)
	return testprocess.Page{URL: origin, Status: answer.StatusCode, Header: answer.Header, Text: string(text)}
}

// raw is the request as it goes over the wire.
func (c *caller) raw(host string, s probe.Spelling) string {
	var b bytes.Buffer
	target := strings.NewReplacer("apply.example", host, "APPLY.EXAMPLE", strings.ToUpper(host)).Replace(s.Target)
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", s.Method, target, host)
	cookies := c.cookies
	for _, line := range s.Header {
		if more, found := strings.CutPrefix(line, "Cookie: "); found {
			cookies += "; " + more
			continue
		}
		b.WriteString(line + "\r\n")
	}
	fmt.Fprintf(&b, "User-Agent: Go-http-client/1.1\r\nAccept: text/html\r\nCookie: %s\r\n", cookies)
	if token := c.token(); token != "" {
		fmt.Fprintf(&b, "X-CSRF-Token: %[1]s\r\nX-CSRFToken: %[1]s\r\n", token)
	}
	if s.Type != "" {
		b.WriteString("Content-Type: " + s.Type + "\r\n")
	}
	if s.Body != "" || !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, s.Method) {
		b.WriteString("Content-Length: " + strconv.Itoa(len(s.Body)) + "\r\n")
	}
	return b.String() + "\r\n" + s.Body
}

// written is a spelling for people to read.
func written(s probe.Spelling) string {
	return fmt.Sprintf("%s %s %q (%s) %q", s.Method, s.Target, s.Header, s.Type, s.Body)
}
