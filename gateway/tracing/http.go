package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The names of the headers of W3C Trace Context.
const (
	parentHeader = "Traceparent"
	stateHeader  = "Tracestate"
)

// maxState is how long the Tracestate of a client may be. Each span that waits for the collector has one.
const maxState = 512

// Request returns a hook that begins the span of a request at the public listener, and continues the trace of the
// client. It returns the request with its span, and a function that ends it.
func (t *Tracer) Request() func(*http.Request) (*http.Request, func(kind, method, route string, status int)) {
	if t == nil {
		return nil
	}
	return func(r *http.Request) (*http.Request, func(kind, method, route string, status int)) {
		ctx, span := t.tracer.Start(continued(r.Context(), r.Header), "request",
			trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("paygate.request_id", r.Header.Get("X-Request-Id"))))
		return r.WithContext(ctx), func(kind, method, route string, status int) {
			if route != "" {
				span.SetAttributes(attribute.String("paygate.route", route))
			}
			span.SetName(method + " " + kind)
			span.SetAttributes(attribute.String("paygate.kind", kind), attribute.String("http.request.method", method))
			endHTTP(span, status, http.StatusInternalServerError)
		}
	}
}

// continued returns a context with the trace that a header continues. A header that is wrong continues none.
func continued(ctx context.Context, header http.Header) context.Context {
	parents, states := header[parentHeader], header[stateHeader]
	if len(parents) != 1 {
		return ctx
	}
	carrier := propagation.MapCarrier{"traceparent": parents[0]}
	if len(states) == 1 && len(states[0]) <= maxState {
		carrier["tracestate"] = states[0]
	}
	return propagation.TraceContext{}.Extract(ctx, carrier)
}

// pass makes a header continue the trace of a context.
func pass(ctx context.Context, header http.Header) {
	header.Del(stateHeader) // it may belong to a trace that was not continued
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
}

// RoundTripper returns a RoundTripper to the service that makes a span for each call, which the service can continue.
func (t *Tracer) RoundTripper(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return roundTripper{t, next}
}

type roundTripper struct {
	*Tracer
	next http.RoundTripper
}

// RoundTrip makes a call. Its span ends when the header of the answer is there. The request's header is ours to
// change: the proxy made it.
func (rt roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := rt.tracer.Start(r.Context(), "service", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", r.Method)))
	pass(ctx, r.Header)
	answer, err := rt.next.RoundTrip(r.WithContext(ctx))
	status := 0
	if err == nil {
		status = answer.StatusCode
	}
	endHTTP(span, status, http.StatusBadRequest)
	return answer, err
}

// endHTTP ends a span of HTTP. A status from failed on is an error, and so is none, 0.
func endHTTP(span trace.Span, status, failed int) {
	if status > 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	end(span, status == 0 || status >= failed)
}

// end ends a span, without the text of an error: it may say what a citizen sent.
func end(span trace.Span, failed bool) {
	if failed {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
