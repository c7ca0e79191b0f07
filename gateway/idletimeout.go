package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyIdleTimeout is how long a request's body may pause.
const bodyIdleTimeout = 60 * time.Second

// idleTimeoutReader fails when a body pauses for too long, so that slow clients cannot hold connections for ever. A
// body that keeps coming has no time limit.
type idleTimeoutReader struct {
	io.ReadCloser
	control http.ResponseController
	timeout time.Duration
}

// limitIdleTime sets the limit on a request that has a body, even if no handler reads it: net/http reads what is left.
func limitIdleTime(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.ContentLength != 0 {
		body := &idleTimeoutReader{r.Body, *http.NewResponseController(w), timeout}
		body.extend()
		r.Body = body
	}
}

// extend moves the deadline on.
func (b *idleTimeoutReader) extend() {
	_ = b.control.SetReadDeadline(time.Now().Add(b.timeout)) // writers without deadlines are for tests only
}

// Read moves the deadline on before each piece, and removes it at the end. A deadline that has passed stays, because
// net/http would otherwise wait for the rest of the body without a limit.
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
