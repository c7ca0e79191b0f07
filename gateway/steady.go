package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyIdle is how long a request's body may stand still.
const bodyIdle = 60 * time.Second

// steadyBody gives up a body that stands still, so that slow clients cannot hold connections for ever; a body that
// keeps coming may take as long as it takes.
type steadyBody struct {
	io.ReadCloser
	control http.ResponseController
	idle    time.Duration
}

// steady puts the limit on a request that has a body, be it read or not: what a handler leaves, net/http reads.
func steady(w http.ResponseWriter, r *http.Request, idle time.Duration) {
	if r.ContentLength != 0 {
		body := &steadyBody{r.Body, *http.NewResponseController(w), idle}
		body.expect()
		r.Body = body
	}
}

// expect moves the deadline on.
func (b *steadyBody) expect() {
	_ = b.control.SetReadDeadline(time.Now().Add(b.idle)) // a writer of tests that has no deadlines has no slow clients
}

// Read moves the deadline on before each piece, and takes it away at the end. One that has passed stays: net/http would
// otherwise wait for the rest of the body, and without a limit.
func (b *steadyBody) Read(p []byte) (int, error) {
	b.expect()
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{})
	case err != nil:
		err = unreadBody{err}
	}
	return n, err
}
