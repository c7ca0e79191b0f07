// Package tracing tells an OpenTelemetry collector what Paygate does: a span for each request, each call to GOV.UK Pay
// and to the service, each sweep and each visit to a journey. It is the only package that knows OpenTelemetry. Others
// have hooks that are not set if nothing is traced.
//
// Spans have the names of routes and the ids of journeys, as the log has them, and nothing that a citizen sent.
package tracing

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options say where spans go, and which.
type Options struct {
	Endpoint   *url.URL          // the whole address
	Header     http.Header       // of requests to the collector: may hold a secret
	Transport  http.RoundTripper // to the collector
	Service    string            // what the collector calls Paygate
	Attributes map[string]string // of everything that Paygate tells
	Sampler    string            // a word of OTEL_TRACES_SAMPLER; empty: parentbased_always_on
	Ratio      float64           // of the traces that a sampler by ratio takes
	Log        *slog.Logger
}

// Tracer makes spans. It is safe for concurrent use. A nil Tracer traces nothing: its methods return what they are
// given, or no hook.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

const (
	// maxWaiting is how many spans wait for the collector, in about 3 MB. Further ones are dropped.
	maxWaiting = 2048
	// exportTimeout is how long the collector may take for what it is sent at once.
	exportTimeout = 10 * time.Second
	// closeTimeout is how long the end of Paygate waits for the collector.
	closeTimeout = 3 * time.Second
)

// New returns a Tracer. It does not connect to the collector yet.
func New(o Options) *Tracer {
	limited := &waiting{}
	limited.SpanProcessor = sdk.NewBatchSpanProcessor(
		&patient{SpanExporter: otlptrace.NewUnstarted(newCollector(o)), log: o.Log, waiting: limited},
		sdk.WithMaxQueueSize(maxWaiting), sdk.WithExportTimeout(exportTimeout))
	provider := sdk.NewTracerProvider(
		sdk.WithSpanProcessor(limited),
		sdk.WithSampler(sampler(o.Sampler, o.Ratio)),
		sdk.WithResource(resource.NewSchemaless(attributes(o)...)),
	)
	return &Tracer{provider, provider.Tracer("paygate")}
}

// Close sends what waits, if the collector takes it in a few seconds.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // failures were logged
}

func attributes(o Options) []attribute.KeyValue {
	all := []attribute.KeyValue{attribute.String("service.name", o.Service)}
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		if name != "service.name" || o.Service == "" {
			all = append(all, attribute.String(name, o.Attributes[name]))
		}
	}
	return all
}

// sampler returns the sampler that OTEL_TRACES_SAMPLER names.
func sampler(word string, ratio float64) sdk.Sampler {
	word, hasParent := strings.CutPrefix(word, "parentbased_")
	root := sdk.AlwaysSample()
	switch word {
	case "always_off":
		root = sdk.NeverSample()
	case "traceidratio":
		root = sdk.TraceIDRatioBased(ratio)
	}
	if hasParent || word == "" {
		return sdk.ParentBased(root)
	}
	return root
}
