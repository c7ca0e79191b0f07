package app

import (
	"log/slog"
	"net/http"

	"paygate/gateway/config"
	"paygate/gateway/tracing"
)

// newTracer returns nil if nothing is to be traced.
func newTracer(s *config.Tracing, log *slog.Logger) (*tracing.Tracer, error) {
	if s == nil {
		return nil, nil
	}
	trust, err := s.ReadRoots()
	if err != nil {
		return nil, err
	}
	return tracing.New(tracing.Options{
		Endpoint: s.Collector(), Header: s.Header(),
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust},
		Service:   s.ServiceName, Attributes: s.Attributes, Sampler: s.Sampler, Ratio: float64(s.SamplerRatio),
		Log: log,
	}), nil
}
