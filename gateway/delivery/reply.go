package delivery

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"paygate/gateway/headers"
	"paygate/journey"
)

// idleTimeout is how long the rest of a large reply may pause.
const idleTimeout = 60 * time.Second

// reply reads the answer's body up to the limit. The rest of a larger one follows as a stream.
func (d *Deliverer) reply(
	answer *http.Response, public *url.URL, expired *time.Timer, cancel context.CancelFunc,
) *journey.Reply {
	header := answer.Header.Clone()
	headers.DropHopByHop(header)
	headers.CleanReply(header, d.Upstream, d.Host, public)
	d.StripSetCookie(header)
	reply := &journey.Reply{Status: answer.StatusCode, Header: header}
	body, err := io.ReadAll(io.LimitReader(answer.Body, d.ReplyMaxBytes+1))
	reply.Body = body
	if err == nil && int64(len(body)) > d.ReplyMaxBytes && expired.Stop() {
		reply.Rest = &rest{body: answer.Body, cancel: cancel, idle: time.AfterFunc(idleTimeout, cancel)}
		return reply
	}
	reply.Broken = err != nil || int64(len(body)) > d.ReplyMaxBytes
	expired.Stop()
	_ = answer.Body.Close()
	cancel()
	return reply
}

// rest is a stream that ends when it pauses for too long.
type rest struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	idle   *time.Timer
}

func (r *rest) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.idle.Reset(idleTimeout)
	return n, err
}

func (r *rest) Close() error {
	r.idle.Stop()
	r.cancel()
	return r.body.Close()
}
