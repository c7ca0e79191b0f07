package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"paygate/journey"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// collectorFunc is a collector without a network.
type collectorFunc func(*http.Request) (*http.Response, error)

func (f collectorFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func tracerTo(collector collectorFunc, log *slog.Logger) *Tracer {
	return New(Options{
		Endpoint: &url.URL{Scheme: "http", Host: "collector"}, Transport: collector, Service: "paygate", Log: log,
	})
}

func takeAll(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

type service struct{}

func (service) Deliver(context.Context, journey.Delivery) journey.Delivered {
	return journey.Delivered{}
}

func (service) RoundTrip(r *http.Request) (*http.Response, error) { return takeAll(r) }

func TestNothingIsPaidForWhatIsNotTraced(t *testing.T) { // alone: it counts allocations
	var none *Tracer
	require.Nil(t, none.Request())
	require.Nil(t, none.Sweep())
	require.Nil(t, none.Journeys())
	require.Equal(t, service{}, none.Deliverer(service{}))
	require.Equal(t, service{}, none.RoundTripper(service{}))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		none.PayCalled(t.Context(), "default", "get", "200", time.Second)
		none.Close()
	}))
}

func TestOnlyASoundTraceIsContinued(t *testing.T) {
	t.Parallel()
	tracer := tracerTo(takeAll, quiet())
	defer tracer.Close()
	passed := func(header http.Header) http.Header {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = header
		r, end := tracer.Request()(r)
		defer end("pass_through", http.MethodGet, "", http.StatusOK)
		_, err := tracer.RoundTripper(service{}).RoundTrip(r)
		require.NoError(t, err)
		return r.Header
	}
	long := "a=" + strings.Repeat("x", maxState)
	for name, header := range map[string]http.Header{
		"none":         {},
		"twice":        {parentHeader: {parent, parent}},
		"empty":        {parentHeader: {""}},
		"of zeros":     {parentHeader: {"00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 16) + "-01"}},
		"upper case":   {parentHeader: {strings.ToUpper(parent)}},
		"cut":          {parentHeader: {parent[:50]}},
		"more":         {parentHeader: {parent + "-00"}},
		"version ff":   {parentHeader: {"ff" + parent[2:]}},
		"text":         {parentHeader: {"Ann Smith, 1 High Street"}},
		"long":         {parentHeader: {parent + strings.Repeat("0", 60<<10)}},
		"not ASCII":    {parentHeader: {"00-\xff\xfe" + parent[5:]}},
		"without flag": {parentHeader: {parent[:52]}},
	} {
		header[stateHeader] = []string{"a=1"}
		got := passed(header)
		require.Len(t, got[parentHeader], 1, name)
		require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`, got.Get(parentHeader), name)
		require.NotContains(t, got.Get(parentHeader), parent[3:35], name)
		require.Empty(t, got[stateHeader], name)
	}
	for state, want := range map[string]string{"a=1": "a=1", "": "", "a=1,a=2": "", "=,=": "", long: ""} {
		got := passed(http.Header{parentHeader: {parent}, stateHeader: {state}})
		require.Contains(t, got.Get(parentHeader), parent[3:35], state)
		require.NotEqual(t, parent, got.Get(parentHeader))
		require.Equal(t, want, got.Get(stateHeader))
	}
}

func TestSamplers(t *testing.T) {
	t.Parallel()
	sampledBy := func(word string, ratio float64, parent string) bool {
		tracer := New(Options{
			Endpoint: &url.URL{}, Transport: collectorFunc(takeAll), Sampler: word, Ratio: ratio, Log: quiet(),
		})
		defer tracer.Close()
		ctx := continued(t.Context(), http.Header{parentHeader: {parent}})
		_, span := tracer.tracer.Start(ctx, "request")
		return span.SpanContext().IsSampled()
	}
	unsampled := strings.TrimSuffix(parent, "1") + "0"
	for _, c := range []struct {
		word           string
		ratio          float64
		alone, yes, no bool
	}{
		{"", 0, true, true, false},
		{"always_on", 0, true, true, true},
		{"always_off", 1, false, false, false},
		{"traceidratio", 0, false, false, false},
		{"traceidratio", 1, true, true, true},
		{"parentbased_always_on", 0, true, true, false},
		{"parentbased_always_off", 1, false, true, false},
		{"parentbased_traceidratio", 0, false, true, false},
		{"parentbased_traceidratio", 1, true, true, false},
	} {
		require.Equal(t, []bool{c.alone, c.yes, c.no}, []bool{
			sampledBy(c.word, c.ratio, ""), sampledBy(c.word, c.ratio, parent), sampledBy(c.word, c.ratio, unsampled),
		}, "%s %v", c.word, c.ratio)
	}
}

func TestAJourneyOfARequestThatIsNotSampledHasNoTrace(t *testing.T) {
	t.Parallel()
	tracer := tracerTo(takeAll, quiet())
	defer tracer.Close()
	at := func(header string) string {
		ctx, span := tracer.tracer.Start(continued(t.Context(), http.Header{parentHeader: {header}}), "request")
		defer span.End()
		return tracer.Began(ctx, journey.Journey{ID: "A"})
	}
	require.Regexp(t, "^"+parent[:36], at(parent))
	require.Empty(t, at(strings.TrimSuffix(parent, "1")+"0"))
	require.Empty(t, tracer.Began(t.Context(), journey.Journey{}), "a journey without a request")
}

// A store may have been written by another version, or by an attacker.
func TestATraceInTheStoreThatIsWrongIsNoLink(t *testing.T) {
	t.Parallel()
	other := continued(t.Context(), http.Header{parentHeader: {strings.Replace(parent, "4bf", "123", 1)}})
	for text, links := range map[string]int{"": 0, "nonsense": 0, parent[:50]: 0, parent: 1} {
		config := trace.NewSpanStartConfig(of(other, journey.Journey{Trace: text})...)
		require.Len(t, config.Links(), links, text)
	}
}

func TestACollectorThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		tracer := tracerTo(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, slog.New(slog.NewTextHandler(&log, nil)))
		began := time.Now()
		for range 5 * maxWaiting {
			_, end := tracer.Request()(httptest.NewRequest(http.MethodGet, "/", nil))
			end("pass_through", http.MethodGet, "", http.StatusOK)
		}
		require.Zero(t, time.Since(began))
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		require.Equal(t, 1, strings.Count(log.String(), "traces are lost"), log.String())
		_, end := tracer.Request()(httptest.NewRequest(http.MethodGet, "/", nil))
		end("pass_through", http.MethodGet, "", http.StatusOK)
		began = time.Now()
		tracer.Close()
		require.LessOrEqual(t, time.Since(began), closeTimeout)
		time.Sleep(time.Minute) // lets the last attempt end
	})
}

func TestSpansThatASlowCollectorCannotTakeAreReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		tracer := tracerTo(func(*http.Request) (*http.Response, error) {
			time.Sleep(9 * time.Second)
			return takeAll(nil)
		}, slog.New(slog.NewTextHandler(&log, nil)))
		request := func() {
			_, end := tracer.Request()(httptest.NewRequest(http.MethodGet, "/", nil))
			end("pass_through", http.MethodGet, "", http.StatusOK)
		}
		request()
		time.Sleep(6 * time.Second) // the first is under way
		for range maxWaiting - 1 + 7 {
			request()
		}
		time.Sleep(time.Minute)
		tracer.Close()
		require.Equal(t, 1, strings.Count(log.String(), "traces are lost"), log.String())
		require.Contains(t, log.String(), `spans=7 error="it is too slow"`)
		time.Sleep(time.Minute)
	})
}

func TestLostSpansAreCounted(t *testing.T) {
	t.Parallel()
	var r reports
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	require.Zero(t, r.note(0, at))
	require.Equal(t, 3, r.note(3, at))
	require.Zero(t, r.note(4, at.Add(time.Minute)))
	require.Zero(t, r.note(5, at.Add(reportEvery-1)))
	require.Equal(t, 15, r.note(6, at.Add(reportEvery)))
	require.Zero(t, r.note(7, at.Add(reportEvery+1)))
}

func TestFailuresOfTheCollectorSayNoAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		collector collectorFunc
		want      string
	}{
		"away": {func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }, "refused"},
		"no": {func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusUnauthorized, Body: http.NoBody}, nil
		}, "the collector answered 401"},
		"elsewhere": {func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusFound, Header: http.Header{"Location": {"/secret"}}, Body: http.NoBody,
			}, nil
		}, "the collector answered 302"},
	} {
		err := newCollector(Options{
			Endpoint: &url.URL{Scheme: "http", Host: "collector", Path: "/secret"}, Transport: c.collector,
		}).UploadTraces(t.Context(), nil)
		require.EqualError(t, err, c.want, name)
	}
}
