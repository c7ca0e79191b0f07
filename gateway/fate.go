package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/gateway/reading"
)

// Fate is what the public door does with a request.
type Fate string

const (
	// FateForwarded goes to the service as it came, unpaid.
	FateForwarded Fate = "let through"
	// FateRefused never reaches the service.
	FateRefused Fate = "refused"
	// FateHeld is a pay route's.
	FateHeld Fate = "held"
	// FateRedirected leads the browser to the plain spelling.
	FateRedirected Fate = "redirected"
	// FateOwn is under Paygate's own prefix.
	FateOwn Fate = "answered by Paygate itself"
)

// Tried is a request as it is written on the wire.
type Tried struct {
	Method, Target string
	Header         http.Header // may be nil
	Body           string
}

// Judge tells what the public door would do with a request, without a door. Safe for concurrent use.
type Judge struct{ judge *judge }

// NewJudge makes the judge that a Gateway with these options has; it looks at Origins, Prefix, Routes,
// Methods and RefuseActions alone. It judges as if routes in shadow mode took payments.
func NewJudge(o Options) *Judge {
	if shadow := shadowJudge(o); shadow != nil {
		return &Judge{shadow}
	}
	return &Judge{newJudge(o)}
}

// Fate reports what would become of a request.
func (j *Judge) Fate(t Tried) Fate {
	r, err := t.request(j.judge.origins.Main().Host)
	if err != nil {
		return FateRefused // net/http answers it before the door is asked
	}
	read, err := form.Read(r.Header, strings.NewReader(t.Body))
	if err != nil {
		return FateRefused
	}
	ruling := j.judge.rule(r)
	if ruling.isSaidElsewhere(slices.Concat(reading.Cookies(r.Header), read.Fields, read.Loose), false) {
		return FateRefused
	}
	switch ruling.verdict {
	case targetRefused:
		return FateRefused
	case targetOwn:
		return FateOwn
	case targetPlainPath:
		return FateRedirected
	case targetPay:
		return fateOnPayRoute(j.judge.concerning(r, ruling, askedBeside(r, ruling, read)))
	default:
		return FateForwarded
	}
}

// fateOnPayRoute goes by the routes' conditions on the form.
func fateOnPayRoute(hit ruling, concerned []*Route) Fate {
	switch {
	case hit.verdict == targetRefused:
		return FateRefused
	case len(concerned) == 0, len(concerned) == 1 && concerned[0].Mode.TakesNothing():
		return FateForwarded
	default:
		return FateHeld
	}
}

// request is the request as net/http reads it.
func (t Tried) request(host string) (*http.Request, error) {
	var header bytes.Buffer
	if err := t.Header.Write(&header); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n", t.Method, t.Target, host, len(t.Body), &header)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text + t.Body)))
	if err == nil {
		r.Body = io.NopCloser(strings.NewReader(t.Body))
	}
	return r, err
}

// Sent is what the service gets of a request that is let through.
func (j *Judge) Sent(t Tried) Tried {
	r, err := t.request(j.judge.origins.Main().Host)
	if err != nil {
		return t
	}
	if ruling := j.judge.rule(r); ruling.withoutForm {
		r, t.Body = withoutForm(r, ruling.target), ""
	}
	header := r.Header.Clone()
	headers.Clean(header, false)
	header.Del("Content-Length")
	return Tried{Method: r.Method, Target: r.RequestURI, Header: header, Body: t.Body}
}
