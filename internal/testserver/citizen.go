package testserver

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var ownAnswerLink = regexp.MustCompile(`href="([^"]*paygate-reply=[^"]*\.service)"`)

// OwnAnswer goes on from our page to the service's own answer.
func (c *Citizen) OwnAnswer(explained Page) Page {
	c.H.T.Helper()
	require.Equal(c.H.T, "yes", explained.Header.Get("Paygate-Answer"), explained.Text)
	link := ownAnswerLink.FindStringSubmatch(explained.Text)
	require.NotNil(c.H.T, link, explained.Text)
	return c.Follow(c.Get(strings.ReplaceAll(link[1], "&amp;", "&")))
}

// Applies sends a form to a pay route with these cookies, and pays for it.
func (c *Citizen) Applies(target string, form url.Values, cookies string) {
	c.H.T.Helper()
	p := c.Post(target, form, "Cookie", cookies)
	require.Equal(c.H.T, http.StatusSeeOther, p.Status, p.Text)
	c.H.Pays("success")
}

// ReadsOn is a GET that may break off: what came, and why it ended.
func (c *Citizen) ReadsOn(target string) (string, error) {
	c.H.T.Helper()
	answer, err := c.Client.Get(c.H.URL + target)
	require.NoError(c.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// PaysOverTLS is a citizen's whole way, in a browser that follows redirects by itself.
func (h *Harness) PaysOverTLS(t *testing.T, trust *tls.Config) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: trust}}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(answer *http.Response, err error) *http.Response {
		t.Helper()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Request.URL.Path)
		return answer
	}
	require.Equal(t, "/licences/apply", ask(client.Get(h.URL+"/licences/apply")).Request.URL.Path)
	atPay := ask(client.PostForm(h.URL+"/licences/apply", url.Values{"name": {"Ann"}}))
	require.True(t, strings.HasPrefix(atPay.Request.URL.String(), h.PayURL), atPay.Request.URL)
	require.Equal(t, h.URL+"/_pay/return", h.Payments()[0].ReturnURL)
	h.Pays("success")
	done := ask(client.Get(h.URL + "/_pay/return"))
	require.Equal(t, h.URL+"/licences/confirmation/1", done.Request.URL.String())
	posts := h.Service.Got(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, []string{"https"}, posts[0].Header["X-Forwarded-Proto"])
	require.Equal(t, strings.TrimPrefix(h.URL, "https://"), posts[0].Host)
	require.Equal(t, "success", h.Payments()[0].Status, "the money was taken")
}

const ReplyMarker = "paygate-reply="
