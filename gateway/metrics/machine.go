package metrics

import (
	"crypto/tls"
	"math"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// AddCertificate adds the metric that says how long a listener's certificate is valid. It goes by the files, which the
// listener follows.
func (m *Metrics) AddCertificate(listener, certFile, keyFile string, now func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "paygate_certificate_remaining_seconds",
		Help: "How long the certificate of a listener is valid still; +Inf if the listener has none, and 0 if its " +
			"files cannot be used.",
		ConstLabels: prometheus.Labels{"listener": listener},
	}, func() float64 { return remaining(certFile, keyFile, now()) }))
}

func remaining(certFile, keyFile string, now time.Time) float64 {
	if certFile == "" {
		return math.Inf(1)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return 0
	}
	return pair.Leaf.NotAfter.Sub(now).Seconds()
}

// AddDisk adds the metric of the space that is left where files go. use says what kind of files.
func (m *Metrics) AddDisk(use, folder string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "paygate_disk_free_ratio",
		Help:        "The share of the disk that is free where files go: the store, or large requests as they arrive.",
		ConstLabels: prometheus.Labels{"use": use},
	}, func() float64 { return freeRatio(folder) }))
}

// freeRatio returns the share that is free. It is not a number if the folder cannot be asked.
func freeRatio(folder string) float64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil || disk.Blocks == 0 {
		return math.NaN()
	}
	return float64(disk.Bavail) / float64(disk.Blocks)
}
