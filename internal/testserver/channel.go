package testserver

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Channel is a channel of staff, with a webhook.
type Channel struct {
	Server *httptest.Server

	mu       sync.Mutex
	messages []string
}

// NewChannel starts a channel until the test ends.
func NewChannel(t testing.TB) *Channel {
	t.Helper()
	c := &Channel{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.messages = append(c.messages, string(text))
	}))
	t.Cleanup(c.Server.Close)
	return c
}

// Messages returns what was posted, oldest first.
func (c *Channel) Messages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.messages)
}
