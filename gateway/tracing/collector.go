package tracing

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector sends spans by OTLP over HTTP. OpenTelemetry has a client of its own, which brings gRPC into the binary.
type collector struct {
	http   *http.Client
	to     string
	header http.Header
}

func newCollector(o Options) collector {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/x-protobuf")
	header.Set("User-Agent", "Paygate")
	return collector{
		&http.Client{
			Transport: o.Transport, Timeout: exportTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		o.Endpoint.String(), header,
	}
}

// Start does nothing: each upload connects by itself.
func (collector) Start(context.Context) error { return nil }

// Stop closes the connections.
func (c collector) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends spans once. Spans that the collector does not take are lost.
func (c collector) UploadTraces(ctx context.Context, spans []*wire.ResourceSpans) error {
	// An ExportTraceServiceRequest is written as TracesData is.
	body, err := proto.Marshal(&wire.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = c.header
	answer, err := c.http.Do(request)
	if err != nil {
		return causeOf(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // lets the connection be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %d", answer.StatusCode)
	}
	return nil
}

// causeOf returns why a collector cannot be reached, without its address.
func causeOf(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// waiting are the spans that wait for the collector, or are on their way to it.
type waiting struct {
	sdk.SpanProcessor
	count, dropped atomic.Int64
}

// OnEnd lets a span wait, unless too many do.
func (w *waiting) OnEnd(s sdk.ReadOnlySpan) {
	switch {
	case !s.SpanContext().IsSampled():
	case w.count.Add(1) > maxWaiting:
		w.count.Add(-1)
		w.dropped.Add(1)
	default:
		w.SpanProcessor.OnEnd(s)
	}
}

// patient is an exporter whose failures are logged, and not too often.
type patient struct {
	sdk.SpanExporter
	log     *slog.Logger
	waiting *waiting
	reports
}

var errSlow = errors.New("it is too slow")

// reportEvery is how often a failure of the collector is logged at most.
const reportEvery = 5 * time.Minute

// reports counts the spans that were lost since the last line of the log.
type reports struct {
	mu   sync.Mutex
	at   time.Time
	lost int
}

// ExportSpans sends spans. It has no error, because it has logged it.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	p.waiting.count.Add(-int64(len(spans)))
	lost := int(p.waiting.dropped.Swap(0))
	if err != nil {
		lost += len(spans)
	}
	if lost = p.note(lost, time.Now()); lost > 0 {
		p.log.WarnContext(ctx, "traces are lost: the collector does not take them",
			"spans", lost, "error", cmp.Or(err, errSlow))
	}
	return nil
}

// note counts lost spans. It returns how many are to be logged now; 0: none.
func (r *reports) note(lost int, now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += lost
	if r.lost == 0 || !r.at.IsZero() && now.Sub(r.at) < reportEvery {
		return 0
	}
	lost = r.lost
	r.at, r.lost = now, 0
	return lost
}
