package operating

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"

	"paygate/internal/testserver"
)

// The trace of a browser, as W3C Trace Context writes it.
const (
	browserTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	browserSpan   = "00f067aa0ba902b7"
	browserParent = "00-" + browserTrace + "-" + browserSpan + "-01"
)

func traceOf(s *wire.Span) string { return hex.EncodeToString(s.TraceId) }
func isIn(outer, inner *wire.Span) bool {
	return slices.Equal(outer.TraceId, inner.TraceId) && slices.Equal(outer.SpanId, inner.ParentSpanId)
}

// parentOf returns the traceparent with which something continues a span.
func parentOf(s *wire.Span) string {
	return "00-" + traceOf(s) + "-" + hex.EncodeToString(s.SpanId) + "-01"
}

func leadsTo(from, to *wire.Span) bool {
	return slices.ContainsFunc(from.Links, func(l *wire.Span_Link) bool { return slices.Equal(l.SpanId, to.SpanId) })
}

// valueOf returns an attribute of a span.
func valueOf(s *wire.Span, name string) string {
	for _, pair := range s.Attributes {
		if pair.Key == name {
			return pair.Value.GetStringValue()
		}
	}
	return ""
}

func TestTheWayOfACitizenIsTraced(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	h := testserver.New(t, testserver.Confirm,
		"OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20secret",
		"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=live,service.name=licences")
	c := h.Citizen()
	form := url.Values{"name": {"Ann Applegate"}, "email": {"ann@example.org"}}
	c.Post("/licences/apply?from=Leeds", form, "Traceparent", browserParent, "Tracestate", "rum=1")
	id := c.Journeys()[0].ID
	h.EndPayment("success")
	c.ReturnFromPay()
	h.RestartUnchanged() // sends what waits

	held := collector.Named(t, "POST pay", 1)[0]
	require.Equal(t, browserTrace, traceOf(held))
	require.Equal(t, browserSpan, hex.EncodeToString(held.ParentSpanId))
	require.Equal(t, "licence", valueOf(held, "paygate.route"))
	require.Equal(t, id, valueOf(held, "paygate.journey_id"))
	create := collector.Named(t, "GOV.UK Pay create", 1)[0]
	require.Equal(t, browserTrace, traceOf(create))

	release := collector.Named(t, "release", 1)[0]
	require.NotEqual(t, browserTrace, traceOf(release))
	require.True(t, leadsTo(release, held), "the release leads back to the hold")
	require.Equal(t, "accepted", valueOf(release, "paygate.verdict"))
	paid := h.Service.Requests(http.MethodPost)[0]
	require.Equal(t, parentOf(release), paid.Header.Get("Traceparent"))
	require.Empty(t, paid.Header.Get("Tracestate"), "it is of another trace")
	capture := collector.Named(t, "GOV.UK Pay capture", 1)[0]
	require.Equal(t, release.ParentSpanId, capture.ParentSpanId, "both are of one visit")
	visits := slices.DeleteFunc(collector.Spans(), func(s *wire.Span) bool { return s.Name != "visit" })
	for _, visit := range visits {
		require.True(t, leadsTo(visit, held) || isIn(held, visit))
		require.Equal(t, id, valueOf(visit, "paygate.journey_id"))
	}
	require.True(t, slices.ContainsFunc(visits, func(s *wire.Span) bool { return isIn(s, release) }))

	require.Equal(t, "a secret", collector.Header.Get("Api-Key"))
	require.Equal(t, map[string]string{"service.name": "licences", "deployment.environment.name": "live"},
		collector.Resource())
	for _, private := range []string{
		"Applegate", "ann@example.org", "Leeds", "/licences", h.Payments()[0].ID, h.Payments()[0].Reference,
		h.PayURL, "secret",
	} {
		require.NotContains(t, collector.Text(), private)
	}
	require.NotContains(t, h.Log.String(), "a secret")
}

func TestFreeTrafficIsTracedAndCanBeContinued(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	h := testserver.New(t, testserver.Plain, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+collector.URL+"/v1/traces")
	c := h.Citizen()
	c.Get("/guide?name=Applegate", "Traceparent", browserParent, "Tracestate", "rum=1")
	h.RestartUnchanged()
	request, call := collector.Named(t, "GET pass_through", 1)[0], collector.Named(t, "service", 1)[0]
	require.Equal(t, browserTrace, traceOf(request))
	require.True(t, isIn(request, call))
	got := h.Service.All()[0].Header
	require.Equal(t, parentOf(call), got.Get("Traceparent"))
	require.Equal(t, "rum=1", got.Get("Tracestate"))
	require.Equal(t, got.Get("X-Request-Id"), valueOf(request, "paygate.request_id"))
	require.NotContains(t, collector.Text(), "Applegate")
	require.NotContains(t, collector.Text(), "guide")
}

func TestSweepsAreTraced(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	h, c := testserver.NewWithPayment(t, testserver.Confirm, append(slices.Clone(testserver.EagerSweeps),
		"OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)...)
	c.SweepUntil("released")
	h.RestartUnchanged()
	sweeps := slices.DeleteFunc(collector.Spans(), func(s *wire.Span) bool { return s.Name != "sweep" })
	release := collector.Named(t, "release", 1)[0]
	visit := collector.Spans()[slices.IndexFunc(collector.Spans(), func(s *wire.Span) bool { return isIn(s, release) })]
	require.Equal(t, "mopup", valueOf(visit, "paygate.via"))
	require.Empty(t, visit.ParentSpanId, "a sweep makes thousands of visits")
	require.True(t, slices.ContainsFunc(sweeps, func(s *wire.Span) bool { return leadsTo(visit, s) }))
	require.True(t, leadsTo(visit, collector.Named(t, "POST pay", 1)[0]))
}

func TestWithoutACollectorNothingIsTraced(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	for _, off := range [][]string{
		nil,
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_SDK_DISABLED=TRUE"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_TRACES_EXPORTER=none"},
	} {
		h := testserver.New(t, testserver.Plain, off...)
		h.Citizen().Get("/guide", "Traceparent", browserParent)
		h.RestartUnchanged()
		require.Equal(t, browserParent, h.Service.All()[0].Header.Get("Traceparent"), "it passes as it came")
		require.Empty(t, collector.Spans())
	}
}

func TestACollectorThatIsDownIsLoggedOnce(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	collector.Close()
	h := testserver.New(t, testserver.Plain, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	c := h.Citizen()
	for range 600 { // more than are sent at once
		require.Equal(t, http.StatusOK, c.Get("/guide").Status)
	}
	h.RestartUnchanged()
	require.Equal(t, 1, strings.Count(h.Log.String(), "traces are lost"))
	require.NotContains(t, h.Log.String(), collector.URL)
}

func TestAnotherTryLeadsBackToTheForm(t *testing.T) {
	t.Parallel()
	collector := testserver.NewCollector(t)
	h := testserver.New(t, testserver.Confirm, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	c.ReturnFromPay()
	h.RestartUnchanged() // the link is in the store
	c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
	h.EndPayment("success")
	c.ReturnFromPay()
	h.RestartUnchanged()

	held := collector.Named(t, "POST pay", 1)[0]
	again := collector.Named(t, "GOV.UK Pay create", 2)[1]
	spans := collector.Spans()
	visit := spans[slices.IndexFunc(spans, func(s *wire.Span) bool { return isIn(s, again) })]
	require.NotEqual(t, traceOf(held), traceOf(visit))
	require.True(t, leadsTo(visit, held))
	require.True(t, leadsTo(collector.Named(t, "release", 1)[0], held))
}
