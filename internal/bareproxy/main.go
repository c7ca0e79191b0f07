// Command bareproxy is httputil.ReverseProxy with a tuned transport, as a program of its own: what Paygate is measured
// by.
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
)

func main() {
	closes := flag.Bool("close", false, "make a connection for each request")
	flag.Parse()
	service, err := url.Parse(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(flag.Arg(0), &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(service) },
		Transport: &http.Transport{
			DisableKeepAlives: *closes, DisableCompression: true, MaxIdleConns: 512, MaxIdleConnsPerHost: 256,
		},
		BufferPool: &buffers{sync.Pool{New: func() any { return new([bufferSize]byte) }}},
	}))
}

// bufferSize is that of the buffers that httputil.ReverseProxy makes without a pool.
const bufferSize = 32 << 10

type buffers struct{ idle sync.Pool }

func (b *buffers) Get() []byte { return b.idle.Get().(*[bufferSize]byte)[:] }

func (b *buffers) Put(buffer []byte) { b.idle.Put((*[bufferSize]byte)(buffer)) }
