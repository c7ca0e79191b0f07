// Command bareproxy is httputil.ReverseProxy as one would run it in front of a service: enough connections that stay
// open, buffers that are used again, the time limits that a public proxy needs, and X-Forwarded headers. Paygate is
// measured by it.
//
// It listens on its first argument, an address, and passes requests to the second, the origin of a service. With -close
// it makes a connection for each request. It runs until it is killed.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

func main() {
	closes := flag.Bool("close", false, "make a connection for each request")
	flag.Parse()
	service, err := url.Parse(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(service); r.SetXForwarded() },
		Transport: &http.Transport{
			DisableKeepAlives: *closes, DisableCompression: true, MaxIdleConns: 512, MaxIdleConnsPerHost: 256,
			ResponseHeaderTimeout: time.Minute,
		},
		BufferPool: &buffers{sync.Pool{New: func() any { return new([bufferSize]byte) }}},
	}
	server := http.Server{
		Addr: flag.Arg(0), Handler: proxy, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

// bufferSize is that of the buffers that httputil.ReverseProxy makes without a pool.
const bufferSize = 32 << 10

type buffers struct{ idle sync.Pool }

func (b *buffers) Get() []byte { return b.idle.Get().(*[bufferSize]byte)[:] }

func (b *buffers) Put(buffer []byte) { b.idle.Put((*[bufferSize]byte)(buffer)) }
