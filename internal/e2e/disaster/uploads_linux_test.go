package disaster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"strings"

	"paygate/internal/testserver"
)

const uploadBytes = 10 << 20

// uploader is a citizen with a large file.
type uploader struct {
	p      *memoryTest
	client *http.Client
	seed   uint64
	paced  chan struct{} // nil: as quick as can be
	digest string
	status int
	err    error
}

func (p *memoryTest) newUploader(seed uint64) *uploader {
	p.T.Helper()
	u := &uploader{p: p, seed: seed, client: testserver.NewBrowser(p.T)}
	u.client.Transport = &http.Transport{}
	p.T.Cleanup(u.client.CloseIdleConnections)
	return u
}

// body returns 10 MiB in one of the forms that browsers send, most of them with a file, some with a long text.
func (u *uploader) body() (contentType string, body io.Reader) {
	switch u.seed % 10 {
	case 7:
		return "application/x-www-form-urlencoded", u.padded("name=Ann&notes=", "&more=%F0%9F%90%89")
	case 8:
		return "application/json", u.padded(`{"name":"Ann","more":{"notes":"`, `"}}`)
	case 9:
		return "multipart/form-data; boundary=b",
			u.padded("--b\r\nContent-Disposition: form-data; name=\"notes\"\r\n\r\n", "\r\n--b--\r\n")
	}
	var before bytes.Buffer
	form := multipart.NewWriter(&before)
	_ = form.WriteField("name", "Ann")
	_, _ = form.CreateFormFile("photo", "photo.jpg")
	after := "\r\n--" + form.Boundary() + "--\r\n"
	file := io.LimitReader(u.random(), int64(uploadBytes-before.Len()-len(after)))
	return form.FormDataContentType(), io.MultiReader(&before, file, strings.NewReader(after))
}

func (u *uploader) random() io.Reader {
	var seed [32]byte
	seed[0] = byte(u.seed)
	return rand.NewChaCha8(seed)
}

// padded fills the body with letters.
func (u *uploader) padded(before, after string) io.Reader {
	middle := io.LimitReader(letters{u.random()}, int64(uploadBytes-len(before)-len(after)))
	return io.MultiReader(strings.NewReader(before), middle, strings.NewReader(after))
}

// letters turns bytes into letters.
type letters struct{ io.Reader }

func (l letters) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i := range n {
		p[i] = 'a' + p[i]%26
	}
	return n, err
}

func (u *uploader) upload() {
	contentType, body := u.body()
	digest := sha256.New()
	body = io.TeeReader(body, digest)
	if u.paced != nil {
		body = &pacedReader{body, uploadBytes / 2, u.paced}
	}
	r, err := http.NewRequestWithContext(u.p.T.Context(), http.MethodPost, u.p.url+"/licences/apply", body)
	if err != nil {
		u.err = err
		return
	}
	r.Host, r.ContentLength = publicHost, uploadBytes
	r.Header.Set("Content-Type", contentType)
	answer, err := u.client.Do(r)
	if err != nil {
		u.err = err
		return
	}
	u.err = answer.Body.Close()
	u.status, u.digest = answer.StatusCode, hex.EncodeToString(digest.Sum(nil))
}

// returnFromPay returns from Pay until the service has the upload.
func (u *uploader) returnFromPay() {
	ctx, cancel := context.WithTimeout(u.p.T.Context(), testserver.LongTimeout)
	defer cancel()
	for ctx.Err() == nil && u.p.service.times(u.digest) == 0 {
		testserver.FollowReturn(ctx, u.client, u.p.url, publicHost)
	}
}

// progress lets each slow body send one byte per finished quick upload, and then its rest.
type progress struct {
	lines []chan struct{}
}

func newProgress(n int) *progress {
	p := &progress{lines: make([]chan struct{}, n)}
	for i := range p.lines {
		p.lines[i] = make(chan struct{}, 1000)
	}
	return p
}

func (p *progress) tick() {
	for _, line := range p.lines {
		line <- struct{}{}
	}
}

func (p *progress) end() {
	for _, line := range p.lines {
		close(line)
	}
}

// pacedReader returns the second half of a body one byte per tick.
type pacedReader struct {
	io.Reader
	left  int // until the middle
	ticks chan struct{}
}

func (r *pacedReader) Read(p []byte) (int, error) {
	if r.left > 0 {
		n, err := r.Reader.Read(p[:min(len(p), r.left)])
		r.left -= n
		return n, err
	}
	if _, more := <-r.ticks; more {
		p = p[:1]
	}
	return r.Reader.Read(p)
}
