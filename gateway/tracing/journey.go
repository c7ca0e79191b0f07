package tracing

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"paygate/journey"
)

// Journeys returns what traces visits to journeys, or nil.
func (t *Tracer) Journeys() journey.Tracer {
	if t == nil {
		return nil
	}
	return t
}

// Began notes in the request's span which journey it began. It returns where the journey began; empty: nothing was
// traced.
func (t *Tracer) Began(ctx context.Context, j journey.Journey) string {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("paygate.journey_id", string(j.ID)))
	if !span.IsRecording() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Visit begins the span of a visit. That of a sweep is a trace of its own, because a sweep makes thousands.
func (t *Tracer) Visit(
	ctx context.Context, j journey.Journey, by journey.By,
) (context.Context, func(journey.Journey, error)) {
	options := append(of(ctx, j), trace.WithAttributes(attribute.String("paygate.via", by.Via())))
	if by == journey.ByMopup {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	ctx, span := t.tracer.Start(ctx, "visit", options...)
	return ctx, func(after journey.Journey, err error) {
		span.SetAttributes(attribute.String("paygate.state", string(after.State)))
		end(span, err != nil)
	}
}

// of describes a journey, and links a span to the request that began it, unless it is part of that request.
func of(ctx context.Context, j journey.Journey) []trace.SpanStartOption {
	options := []trace.SpanStartOption{trace.WithAttributes(
		attribute.String("paygate.journey_id", string(j.ID)), attribute.String("paygate.route", j.Terms.Route),
	)}
	began := trace.LinkFromContext(
		propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": j.Trace}))
	if !began.SpanContext.IsValid() || began.SpanContext.TraceID() == trace.SpanContextFromContext(ctx).TraceID() {
		return options
	}
	return append(options, trace.WithLinks(began))
}

// Deliverer returns a Deliverer that makes a span for each delivery, which the service can continue.
func (t *Tracer) Deliverer(next journey.Deliverer) journey.Deliverer {
	if t == nil {
		return next
	}
	return deliverer{t, next}
}

type deliverer struct {
	*Tracer
	next journey.Deliverer
}

// Deliver delivers a request.
func (d deliverer) Deliver(ctx context.Context, delivery journey.Delivery) journey.Delivered {
	ctx, span := d.tracer.Start(ctx, "release", append(of(ctx, delivery.Journey),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("paygate.via",
			delivery.Via)))...)
	header := delivery.Request.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	pass(ctx, header)
	delivery.Request.Header = header
	result := d.next.Deliver(ctx, delivery)
	span.SetAttributes(attribute.String("paygate.verdict", string(result.Verdict)))
	if result.Status > 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", result.Status))
	}
	end(span, result.Verdict == journey.VerdictUnknown || result.Verdict == journey.VerdictNotSent)
	return result
}

// PayCalled makes the span of a call to GOV.UK Pay that has just ended. Pay is not told of the trace.
func (t *Tracer) PayCalled(ctx context.Context, account, call, code string, took time.Duration) {
	if t == nil {
		return
	}
	now := time.Now()
	_, span := t.tracer.Start(ctx, "GOV.UK Pay "+call, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(now.Add(-took)), trace.WithAttributes(
			attribute.String("paygate.account", account), attribute.String("paygate.code", code)))
	end(span, code[0] != '2')
}

// Sweep returns a hook that begins the span of a sweep, or nil.
func (t *Tracer) Sweep() func(context.Context) (context.Context, func(counts map[string]int, err error)) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context) (context.Context, func(map[string]int, error)) {
		ctx, span := t.tracer.Start(ctx, "sweep")
		return ctx, func(counts map[string]int, err error) {
			for word, n := range counts {
				span.SetAttributes(attribute.Int("paygate."+word, n))
			}
			end(span, err != nil)
		}
	}
}
