package journey

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// HeldRequest is the citizen's request as it will reach the service: already rid of everything that must not travel.
// Personal: a store seals it, and erases it once nobody is owed it.
type HeldRequest struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`  // raw, as it is sent
	Query   string      `json:"query"` // raw, without the question mark
	Header  http.Header `json:"header"`
	Body    []byte      `json:"body"`
	Host    string      `json:"host"`
	Prefill Prefill     `json:"prefill,omitzero"`

	// Who asked, as X-Forwarded-* say it.
	ForwardedFor   string `json:"forwarded_for"`
	ForwardedHost  string `json:"forwarded_host"`
	ForwardedProto string `json:"forwarded_proto"`
}

// Target is the raw request target.
func (r HeldRequest) Target() string { return targetOf(r.Path, r.Query) }

func targetOf(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// Imprint is what stays of a held request when its content is erased: enough to know it again.
type Imprint struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`              // raw, as it is sent
	Query   string   `json:"query,omitempty"`   // raw; erased with what the citizen sent, see [Journey.Apply]
	Digest  string   `json:"digest"`            // hex SHA-256 of method, path, query and body
	Size    int64    `json:"size,omitempty"`    // of the body, in bytes
	Cookies []string `json:"cookies,omitempty"` // the names alone
}

// Target is the raw target of the request that this is the imprint of.
func (i Imprint) Target() string { return targetOf(i.Path, i.Query) }

// Imprint takes the request's imprint.
func (r HeldRequest) Imprint() Imprint {
	imprint, _ := r.ImprintWith(bytes.NewReader(r.Body)) // memory does not fail
	return imprint
}

// ImprintWith takes the imprint of a request whose body is elsewhere. An error is that of reading it.
func (r HeldRequest) ImprintWith(body io.Reader) (Imprint, error) {
	digest := sha256.New()
	for _, part := range []string{r.Method, r.Path, r.Query} {
		fmt.Fprintf(digest, "%d %s ", len(part), part)
	}
	size, err := io.Copy(digest, body)
	imprint := Imprint{Method: r.Method, Path: r.Path, Query: r.Query, Digest: hex.EncodeToString(digest.Sum(nil)), Size: size}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			imprint.Cookies = append(imprint.Cookies, strings.TrimSpace(name))
		}
	}
	return imprint, err
}

// Reply is the service's answer to a release.
type Reply struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"` // the first bytes, up to the reply limit

	// Rest is what follows Body when the reply is larger than the limit, else nil. Whoever gets the reply closes it.
	Rest io.ReadCloser `json:"-"`
	// Broken tells that the body broke off: the verdict stands, but there is nothing worth keeping.
	Broken bool `json:"-"`
}

// Whole tells whether Body is all there is, so that the reply can be kept.
func (r *Reply) Whole() bool { return r != nil && r.Rest == nil && !r.Broken }

// Close releases what is left of the reply. Safe on nil and to repeat.
func (r *Reply) Close() error {
	if r == nil || r.Rest == nil {
		return nil
	}
	return r.Rest.Close()
}

// Delivery is one attempt to hand a held request to the service.
type Delivery struct {
	Journey Journey // claimed by whoever delivers
	Request HeldRequest
	Cookie  string // the returning browser's Cookie header, to be laid over the held one; may be empty
	Via     string // as in Paygate-Via
}

// Delivered is what became of a delivery.
type Delivered struct {
	Verdict Verdict
	Status  int    // the service's, 0 without a complete header
	Detail  string // for staff and logs: what went wrong, in plain words and without anything personal
	Reply   *Reply // nil without a complete header
}

// Deliverer hands held requests to the service. Implementations are safe for concurrent use, send a delivery at most
// once, follow no redirects, and answer VerdictNotSent only when not one byte of the request can have been read.
type Deliverer interface {
	Deliver(context.Context, Delivery) Delivered
}
