package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"paygate/gateway/form"
	"paygate/gateway/headers"
	"paygate/gateway/match"
	"paygate/gateway/modes"
)

// Outcome is what the public listener does with a request.
type Outcome string

const (
	// OutcomeForwarded means that the request goes to the service unpaid.
	OutcomeForwarded Outcome = "let through"
	// OutcomeRefused means that the request never reaches the service.
	OutcomeRefused Outcome = "refused"
	// OutcomeHeld means that the request is for a pay route.
	OutcomeHeld Outcome = "held"
	// OutcomeRedirected means that the browser is redirected to the configured spelling.
	OutcomeRedirected Outcome = "redirected"
	// OutcomeOwn means that the request is below Paygate's own prefix.
	OutcomeOwn Outcome = "answered by Paygate itself"
)

// RawRequest is a request as it is written on the wire.
type RawRequest struct {
	Method, Target string
	Header         http.Header // may be nil
	Body           string
}

// DryRun predicts what the public listener would do with requests. It is safe for concurrent use.
type DryRun struct{ classifier *match.Classifier }

// NewDryRun returns the DryRun for a Gateway with these options. It uses Origins, Prefix, Routes, Methods and
// RefuseActions only, and treats routes in shadow mode as if they took payments.
func NewDryRun(o Options) *DryRun { return &DryRun{newClassifier(o, modes.Free)} }

// Outcome reports what the public listener would do with a request.
func (d *DryRun) Outcome(raw RawRequest) Outcome {
	r, err := d.parse(raw)
	if err != nil {
		return OutcomeRefused // net/http answers it
	}
	read, err := form.Read(r.Header, strings.NewReader(raw.Body))
	if err != nil {
		return OutcomeRefused
	}
	s := form.NewSubmission("", r.Header, read)
	decision := d.classifier.Classify(r).WithOtherSources(s.Sources(), false)
	switch decision.Action {
	case match.Refuse:
		return OutcomeRefused
	case match.Own:
		return OutcomeOwn
	case match.Redirect:
		return OutcomeRedirected
	case match.Pay:
		return outcomeOfPay(decision.WithForm(form.NewSubmission(decision.Target.Query, r.Header, read)))
	default:
		return OutcomeForwarded
	}
}

func outcomeOfPay(d match.Decision) Outcome {
	switch {
	case d.Action == match.Refuse:
		return OutcomeRefused
	case d.Action == match.Forward, len(d.Concerned) == 1 && d.Concerned[0].Free:
		return OutcomeForwarded
	default:
		return OutcomeHeld
	}
}

// parse returns the request as net/http reads it.
func (d *DryRun) parse(raw RawRequest) (*http.Request, error) {
	var header bytes.Buffer
	if err := raw.Header.Write(&header); err != nil {
		return nil, err
	}
	host := d.classifier.Origins.Main().Host
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n",
		raw.Method, raw.Target, host, len(raw.Body), &header)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text + raw.Body)))
	if err == nil {
		r.Body = io.NopCloser(strings.NewReader(raw.Body))
	}
	return r, err
}

// Sent returns a request that is let through as the service receives it.
func (d *DryRun) Sent(raw RawRequest) RawRequest {
	r, err := d.parse(raw)
	if err != nil {
		return raw
	}
	if decision := d.classifier.Classify(r); decision.WithoutForm {
		r, raw.Body = withoutForm(r, decision.Target), ""
	}
	header := r.Header.Clone()
	headers.Clean(header, false)
	header.Del("Content-Length")
	return RawRequest{Method: r.Method, Target: r.RequestURI, Header: header, Body: raw.Body}
}
