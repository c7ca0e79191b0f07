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

// HeldRequest is the citizen's request as it will reach the service, already without the headers that must not be
// passed on. It is personal data: a store seals it, and erases it as soon as it is no longer needed.
type HeldRequest struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`  // raw, as it is sent
	Query   string      `json:"query"` // raw, without the question mark
	Header  http.Header `json:"header"`
	Body    []byte      `json:"body"`
	Host    string      `json:"host"`
	Prefill Prefill     `json:"prefill,omitzero"`

	// Findable is what the fingerprint keeps of the form; see [Fingerprint.Findable].
	Findable []FormValue `json:"findable,omitempty"`

	// Email is where the citizen is written to; empty: they are not.
	Email string `json:"email,omitempty"`

	// The client, as the X-Forwarded-* headers describe it.
	ForwardedFor   string `json:"forwarded_for"`
	ForwardedHost  string `json:"forwarded_host"`
	ForwardedProto string `json:"forwarded_proto"`

	// known is the fingerprint taken while the body was read. It is nil in a request that comes from a store.
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

// Fingerprint is what remains of a held request once its content has been erased: enough to recognise it.
type Fingerprint struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`              // raw, as it is sent
	Query   string   `json:"query,omitempty"`   // raw; erased with the content, see [Journey.Apply]
	Digest  string   `json:"digest"`            // hex SHA-256 of method, path, query and body
	Size    int64    `json:"size,omitempty"`    // of the body, in bytes
	Cookies []string `json:"cookies,omitempty"` // names only

	// Findable is what the citizen typed into the fields by which staff find the journey. It is personal data.
	Findable []FormValue `json:"findable,omitempty"`

	// FormDigest is a digest of method, path, query, and the form's fields and files: a browser sends the same form
	// with another boundary each time. TokenlessDigest leaves out form tokens. Both are empty if the form was not read.
	FormDigest      string `json:"same,omitempty"`
	TokenlessDigest string `json:"fingerprint,omitempty"`
}

// FormValue is the value of a form field.
type FormValue struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Target is the raw target of the request.
func (f Fingerprint) Target() string { return targetOf(f.Path, f.Query) }

// IsRepeat reports whether both requests are the same one, sent again.
func (f Fingerprint) IsRepeat(other Fingerprint) bool {
	return f.Digest == other.Digest || f.FormDigest != "" && f.FormDigest == other.FormDigest
}

// IsSameForm reports whether both requests have the same form fields and files, form tokens aside.
func (f Fingerprint) IsSameForm(other Fingerprint) bool {
	return f.IsRepeat(other) || f.TokenlessDigest != "" && f.TokenlessDigest == other.TokenlessDigest
}

// Fingerprint returns the fingerprint taken while the body was read, or else one without the digests of the form.
func (r HeldRequest) Fingerprint() Fingerprint {
	if r.known != nil {
		return *r.known
	}
	digest := r.NewDigest()
	digest.Write(r.Body)
	return r.newFingerprint(digest, int64(len(r.Body)))
}

// NewDigest returns a digest of the request without its body. The caller writes the body to it.
func (r HeldRequest) NewDigest() hash.Hash {
	digest := sha256.New()
	for _, part := range []string{r.Method, r.Path, r.Query} {
		fmt.Fprintf(digest, "%d %s ", len(part), part)
	}
	return digest
}

// TakeFingerprint records the fingerprint of a request whose body, of that size, was written to a digest made by
// [HeldRequest.NewDigest]. form and tokenless are digests of its form. They are empty if services may interpret the
// form in different ways: then only identical bytes are the same form.
func (r *HeldRequest) TakeFingerprint(body hash.Hash, size int64, form, tokenless string) {
	known := r.newFingerprint(body, size)
	known.FormDigest, known.TokenlessDigest = known.Digest, known.Digest
	if form != "" {
		known.FormDigest, known.TokenlessDigest = r.digestWith(form), r.digestWith(tokenless)
	}
	r.known = &known
}

func (r HeldRequest) digestWith(text string) string {
	digest := r.NewDigest()
	_, _ = io.WriteString(digest, text)
	return hex.EncodeToString(digest.Sum(nil)[:16])
}

func (r HeldRequest) newFingerprint(digest hash.Hash, size int64) Fingerprint {
	fingerprint := Fingerprint{
		Method: r.Method, Path: r.Path, Query: r.Query, Size: size, Digest: hex.EncodeToString(digest.Sum(nil)),
		Findable: r.Findable,
	}
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

	// Rest is what follows Body if the reply is larger than the limit, else nil. The receiver closes the reply.
	Rest io.ReadCloser `json:"-"`
	// Broken means that the body broke off: the verdict counts, but the reply is not worth keeping.
	Broken bool `json:"-"`
}

// Whole reports whether Body is complete, so that the reply can be kept.
func (r *Reply) Whole() bool { return r != nil && r.Rest == nil && !r.Broken }

// Close releases the rest of the reply. It may be called on nil, and more than once.
func (r *Reply) Close() error {
	if r == nil || r.Rest == nil {
		return nil
	}
	return r.Rest.Close()
}

// Delivery is one attempt to send a held request to the service.
type Delivery struct {
	Journey Journey // claimed by the sender
	Request HeldRequest
	Payer   Payer  // what the service is told of the payer
	Cookie  string // the returning browser's Cookie header, which overrides the held one; may be empty
	Via     string // the value of Paygate-Via
}

// Delivered is the result of a delivery.
type Delivered struct {
	Verdict Verdict
	Status  int    // the service's, 0 without a complete header
	Detail  string // what went wrong, for staff and logs: plain words, nothing personal
	Reply   *Reply // nil without a complete header
}

// Deliverer sends held requests to the service. Implementations are safe for concurrent use, send a delivery at most
// once, follow no redirects, and answer VerdictNotSent only if the service cannot have read a single byte of it.
type Deliverer interface {
	Deliver(context.Context, Delivery) Delivered
}
