package testserver

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is an OpenTelemetry collector that keeps what it gets.
type Collector struct {
	*httptest.Server
	Header http.Header // of the last request

	mu    sync.Mutex
	got   []*wire.ResourceSpans
	bytes []byte
}

// NewCollector starts a collector.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent wire.TracesData
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got, c.bytes, c.Header = append(c.got, sent.ResourceSpans...), append(c.bytes, body...), r.Header
	}))
	t.Cleanup(c.Close)
	return c
}

// Text returns everything that the collector got, byte for byte.
func (c *Collector) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.bytes)
}

// Resource returns the attributes of what the spans are of.
func (c *Collector) Resource() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		return nil
	}
	all := map[string]string{}
	for _, pair := range c.got[0].Resource.Attributes {
		all[pair.Key] = pair.Value.GetStringValue()
	}
	return all
}

// Spans returns all spans, in the order in which they ended.
func (c *Collector) Spans() (spans []*wire.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range c.got {
		for _, scope := range resource.ScopeSpans {
			spans = append(spans, scope.Spans...)
		}
	}
	return spans
}

// Named returns the spans with a name, and fails the test if there are not as many.
func (c *Collector) Named(t testing.TB, name string, n int) []*wire.Span {
	t.Helper()
	var names []string
	spans := slices.DeleteFunc(c.Spans(), func(s *wire.Span) bool {
		names = append(names, s.Name)
		return s.Name != name
	})
	require.Len(t, spans, n, "%s among %q", name, names)
	return spans
}
