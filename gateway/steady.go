package gateway

import (
	"io"
	"net/http"
	"time"
)

// bodyIdle is how long a request's body may stand still.
const bodyIdle = 60 * time.Second

// steadyBody gives up a body that stands still, so that slow clients cannot hold connections for ever; a body that keeps
// coming may take as long as it takes.
type steadyBody struct {
	io.ReadCloser
	control *http.ResponseController
	idle    time.Duration
}

// steady puts the limit on a request that has a body.
func steady(w http.ResponseWriter, r *http.Request, idle time.Duration) {
	if r.ContentLength != 0 {
		r.Body = &steadyBody{r.Body, http.NewResponseController(w), idle}
	}
}

// Read moves the deadline on before each piece.
func (b *steadyBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(b.idle)) // a writer of tests that has no deadlines has no slow clients
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
