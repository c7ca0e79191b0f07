package metrics

import (
	"context"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// AddReady adds the metric of readiness. ready returns why pay routes do not work, or nil if they do.
func (m *Metrics) AddReady(ready func(context.Context) error) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "paygate_ready", Help: "1 if pay routes work: the store can be written, and the process is not draining.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
		defer cancel()
		if ready(ctx) != nil {
			return 0
		}
		return 1
	}))
}

// AddBuild adds the metric that says what is running.
func (m *Metrics) AddBuild(version, revision string) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paygate_build_info", Help: "Always 1. The labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go_version": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(info)
}
