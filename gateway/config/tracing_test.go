package config_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// traced returns settings with a collector.
func traced(over map[string]string) map[string]string {
	all := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
	maps.Copy(all, over)
	return all
}

func TestTracesGoWhereTheStandardVariablesSay(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4318":      "http://127.0.0.1:4318/v1/traces",
		"https://otel.example/":      "https://otel.example/v1/traces",
		"https://otel.example/otlp/": "https://otel.example/otlp/v1/traces",
	} {
		s, faults := load(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
		require.Empty(t, faults)
		require.Equal(t, want, s.Tracing.Collector().String())
		require.Contains(t, s.Describe(), want)
	}
	s, faults := load(t, traced(map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://otel.example/here", "OTEL_SERVICE_NAME": "licences",
		"OTEL_RESOURCE_ATTRIBUTES":   "service.name=other, deployment.environment.name = live%2Cuk",
		"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20YTpi,x-tenant=a=b", "OTEL_TRACES_SAMPLER": "traceidratio",
		"OTEL_TRACES_SAMPLER_ARG": "0.25", "OTEL_BSP_MAX_QUEUE_SIZE": "7", "OTEL_METRICS_EXPORTER": "none",
	}))
	require.Empty(t, faults, "variables for other programs are no faults")
	require.Equal(t, "https://otel.example/here", s.Tracing.Collector().String())
	require.Equal(t, "licences", s.Tracing.ServiceName)
	require.Equal(t, "live,uk", s.Tracing.Attributes["deployment.environment.name"])
	require.Equal(t, "Basic YTpi", s.Tracing.Header().Get("Authorization"))
	require.Equal(t, "a=b", s.Tracing.Header().Get("X-Tenant"))
	require.EqualValues(t, 0.25, s.Tracing.SamplerRatio)
	require.NotContains(t, s.Describe(), "YTpi")
}

func TestWrongStandardVariablesAreFaultsOfTracesOnly(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": {
			"127.0.0.1:4318", "unix:/otel", "http://", "http://u:topsecret@x",
			"http://%zz",
		},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {"collector"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": {"grpc"},
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS": {"topsecret"},
		"OTEL_EXPORTER_OTLP_HEADERS": {
			"topsecret", "=topsecret", "a=topsecret,", "a=%zztopsecret", "a b=topsecret", "a=topsecret%0a",
		},
		"OTEL_EXPORTER_OTLP_PROTOCOL": {"grpc", "http/json"},
		"OTEL_RESOURCE_ATTRIBUTES":    {"a", "a=1,,b=2", "a=%"},
		"OTEL_TRACES_SAMPLER":         {"always", "parentbased_", "jaeger_remote", "parentbased_parentbased_always_on"},
		"OTEL_TRACES_SAMPLER_ARG":     {"2", "-0.1", "NaN", "half"},
		"OTEL_TRACES_EXPORTER":        {"jaeger"},
	} {
		for _, value := range values {
			_, faults := load(t, traced(map[string]string{name: value}))
			require.ErrorContains(t, faults, name+": ", value)
			require.NotContains(t, faults.Error(), "topsecret")
			s, faults := load(t, traced(map[string]string{name: value, "OTEL_SDK_DISABLED": "True"}))
			require.Empty(t, faults, "%s=%s", name, value)
			require.Nil(t, s.Tracing)
		}
	}
	s, faults := load(t, map[string]string{"OTEL_TRACES_SAMPLER": "always", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
	require.Empty(t, faults, "there is no collector")
	require.Nil(t, s.Tracing)
}

func TestTheHeadersForTheCollectorCanBeInAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "headers")
	require.NoError(t, os.WriteFile(file, []byte("api-key=secret\n"), 0o600))
	s, faults := load(t, traced(map[string]string{"OTEL_EXPORTER_OTLP_HEADERS_FILE": file}))
	require.Empty(t, faults)
	require.Equal(t, "secret", s.Tracing.Header().Get("Api-Key"))
}

func TestVariablesOfTracesReplaceThoseOfAll(t *testing.T) {
	t.Parallel()
	s, faults := load(t, traced(map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS": "api-key=metrics,a=b", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=traces",
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "/a.pem", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "/b.pem",
	}))
	require.Empty(t, faults)
	require.Equal(t, http.Header{"Api-Key": {"traces"}}, s.Tracing.Header())
	_, err := s.Tracing.ReadRoots()
	require.EqualError(t, err, "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE cannot be read")
}

func TestTheCertificateOfTheCollectorIsRead(t *testing.T) {
	t.Parallel()
	s, faults := load(t, traced(map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"}))
	require.Empty(t, faults)
	_, err := s.Tracing.ReadRoots()
	require.EqualError(t, err, "OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read")
}
