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

// caller is a citizen who is signed in and writes requests byte for byte.
type caller struct {
	service *service
	cookies string
	tokens  map[string]url.Values // hidden fields of the form of a route
}

// caller signs in to the service and returns a caller with its cookies and form tokens.
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

// withTokens returns the fields of a form, with its tokens.
func (c *caller) withTokens(route string, fields url.Values) url.Values {
	form := url.Values{}
	for _, from := range []url.Values{c.tokens[route], fields} {
		for name, values := range from {
			form[name] = values
		}
	}
	return form
}

// token returns a form token, which scripts send in a header.
func (c *caller) token() string {
	for name, values := range c.tokens["apply"] {
		if strings.Contains(name, "csrf") || strings.Contains(name, "token") {
			return values[0]
		}
	}
	return ""
}

// sendOdd sends a request that the server may never answer, because its form seems incomplete. The limit bounds the
// test, not the result: when the pay code runs later, its log shows that too.
func (c *caller) sendOdd(t *testing.T, to string, s probe.Spelling) testprocess.Page {
	t.Helper()
	return c.exchange(t, to, s, 2*time.Second)
}

// send sends a request and returns the response. The limit only ends a test that hangs.
func (c *caller) send(t *testing.T, to string, s probe.Spelling) testprocess.Page {
	t.Helper()
	return c.exchange(t, to, s, 2*time.Minute)
}

func (c *caller) exchange(t *testing.T, to string, s probe.Spelling, limit time.Duration) testprocess.Page {
	t.Helper()
	origin, err := url.Parse(to)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", origin.Host)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(limit)))
	_, _ = io.WriteString(conn, c.raw(origin.Host, s))
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.ToUpper(s.Method)})
	if err != nil {
		return testprocess.Page{URL: origin, Header: http.Header{}}
	}
	text, _ := io.ReadAll(answer.Body)
	return testprocess.Page{URL: origin, Status: answer.StatusCode, Header: answer.Header, Text: string(text)}
}

// raw returns the bytes of a request.
func (c *caller) raw(host string, s probe.Spelling) string {
	var b bytes.Buffer
	target := strings.NewReplacer("apply.example.org", host, "APPLY.EXAMPLE.ORG", strings.ToUpper(host)).Replace(
		s.Target)
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

// describe formats a spelling for a message.
func describe(s probe.Spelling) string {
	return fmt.Sprintf("%s %s %q (%s) %q", s.Method, s.Target, s.Header, s.Type, s.Body)
}
