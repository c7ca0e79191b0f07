// Command bareproxy is httputil.ReverseProxy with Go's own settings, as a program of its own: what Paygate is measured
// by.
//
// Its one argument is the service's origin. It listens on two free loopback ports, says where by a line of JSON, and
// serves what it has used up at the second, for Prometheus. It runs until it is killed.
package main

import (
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	service, err := url.Parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	public, used := listen(), listen()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	go func() { log.Fatal(http.Serve(used, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))) }()
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("serving", "public", public.Addr().String(), "staff",
		used.Addr().String())
	log.Fatal(http.Serve(public, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(service) }}))
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}
