package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyIdleTimeout is how long a request's body may pause.
const bodyIdleTimeout = 60 * time.Second

// idleTimeoutReader fails when a body pauses for too long, so that stalled clients cannot hold connections for ever. A
// body that keeps coming has no time limit.
type idleTimeoutReader struct {
	io.ReadCloser
	control http.ResponseController
	timeout time.Duration
}

// limitIdleTime sets the limit for a body even if no handler reads it, because net/http reads what is left.
func limitIdleTime(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.ContentLength != 0 {
		body := &idleTimeoutReader{r.Body, *http.NewResponseController(w), timeout}
		body.extend()
		r.Body = body
	}
}

// extend postpones the deadline.
func (b *idleTimeoutReader) extend() {
	_ = b.control.SetReadDeadline(time.Now().Add(b.timeout)) // fails only for the writers of tests
}

// Read postpones the deadline first, and removes it at the end of the body. A deadline that has passed stays, or
// net/http would wait for the rest of the body without a limit.
func (b *idleTimeoutReader) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{})
	case err != nil:
		err = unreadBody{err}
	}
	return n, err
}
