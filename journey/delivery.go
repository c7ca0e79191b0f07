package journey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
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

	// known is the fingerprint that was known while the body was read; nil where none was, and in a request from a store.
	known *Fingerprint
}

// Target is the raw request target.
func (r HeldRequest) Target() string { return targetOf(r.Path, r.Query) }

func targetOf(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// Fingerprint is what stays of a held request when its content is erased: enough to know it again.
type Fingerprint struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`              // raw, as it is sent
	Query   string   `json:"query,omitempty"`   // raw; erased with what the citizen sent, see [Journey.Apply]
	Digest  string   `json:"digest"`            // hex SHA-256 of method, path, query and body
	Size    int64    `json:"size,omitempty"`    // of the body, in bytes
	Cookies []string `json:"cookies,omitempty"` // the names alone

	// FormDigest is a digest of method, path, query, and the form's fields and files: a browser sends the same form with another
	// boundary each time. Fingerprint leaves form tokens out. Both are empty where the form was not read.
	FormDigest      string `json:"same,omitempty"`
	TokenlessDigest string `json:"fingerprint,omitempty"`
}

// Target is the raw target of the request that this is the fingerprint of.
func (i Fingerprint) Target() string { return targetOf(i.Path, i.Query) }

// IsRepeat reports whether both are of the same request, sent again.
func (i Fingerprint) IsRepeat(other Fingerprint) bool {
	return i.Digest == other.Digest || i.FormDigest != "" && i.FormDigest == other.FormDigest
}

// IsSameForm reports whether both are of a form with the same fields and files, form tokens aside.
func (i Fingerprint) IsSameForm(other Fingerprint) bool {
	return i.IsRepeat(other) || i.TokenlessDigest != "" && i.TokenlessDigest == other.TokenlessDigest
}

// Fingerprint returns the request's fingerprint: the one that was taken, or, where none was, one without what is known of its form.
func (r HeldRequest) Fingerprint() Fingerprint {
	if r.known != nil {
		return *r.known
	}
	digest := r.NewDigest()
	digest.Write(r.Body)
	return r.newFingerprint(digest, int64(len(r.Body)))
}

// NewDigest returns a digest of the request without its body, which is to be written to it.
func (r HeldRequest) NewDigest() hash.Hash {
	digest := sha256.New()
	for _, part := range []string{r.Method, r.Path, r.Query} {
		fmt.Fprintf(digest, "%d %s ", len(part), part)
	}
	return digest
}

// TakeFingerprint takes the fingerprint of a request whose body, of so many bytes, was written to a digest of [HeldRequest.NewDigest]. same and
// fingerprint are digests of its form, empty where services may read it in different ways: then only the same bytes are the
// same form.
func (r *HeldRequest) TakeFingerprint(body hash.Hash, size int64, same, fingerprint string) {
	taken := r.newFingerprint(body, size)
	taken.FormDigest, taken.TokenlessDigest = taken.Digest, taken.Digest
	if same != "" {
		taken.FormDigest, taken.TokenlessDigest = r.digestWith(same), r.digestWith(fingerprint)
	}
	r.known = &taken
}

func (r HeldRequest) digestWith(text string) string {
	digest := r.NewDigest()
	_, _ = io.WriteString(digest, text)
	return hex.EncodeToString(digest.Sum(nil)[:16])
}

func (r HeldRequest) newFingerprint(digest hash.Hash, size int64) Fingerprint {
	fingerprint := Fingerprint{Method: r.Method, Path: r.Path, Query: r.Query, Digest: hex.EncodeToString(digest.Sum(nil)), Size: size}
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			fingerprint.Cookies = append(fingerprint.Cookies, strings.TrimSpace(name))
		}
	}
	return fingerprint
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
