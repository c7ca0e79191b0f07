package gateway

import (
	"net/http"
	pathpkg "path"
	"strings"

	"paygate/gateway/match"
	"paygate/gateway/origin"
	"paygate/gateway/pages"
)

// own serves the addresses below our prefix, which are never forwarded.
type own struct {
	*responder
	mux     *http.ServeMux
	protect *http.CrossOriginProtection
}

func newOwn(respond *responder, origins origin.List) *own {
	o := &own{respond, http.NewServeMux(), http.NewCrossOriginProtection()}
	for _, public := range origins {
		_ = o.protect.AddTrustedOrigin(public.String()) // even if a proxy changes the Host
	}
	deny := func(w http.ResponseWriter, r *http.Request) { o.answer(w, r, crossSite) }
	o.protect.SetDenyHandler(http.HandlerFunc(deny))
	o.mux.HandleFunc("GET /assets/{name}", o.asset)
	return o
}

// handleGet registers the handler of one of our addresses.
func (o *own) handleGet(path string, h http.Handler) { o.mux.Handle("GET "+path, h) }

// handleForm registers the handler of a form on our pages, which other sites cannot send.
func (o *own) handleForm(path string, h http.Handler) {
	o.mux.Handle("POST "+path, o.protect.Handler(h))
}

func (o *own) asset(w http.ResponseWriter, r *http.Request) {
	if !pages.Asset(w, r.PathValue("name")) {
		o.answer(w, r, noAddress)
	}
}

// ServeHTTP routes by the exact path after the prefix, without the redirects of http.ServeMux.
func (o *own) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, _ := match.OriginForm(r)
	path, query, _ := strings.Cut(target, "?")
	r = withLook(r, ownLook(r, path, query))
	inner := *r
	address := *r.URL
	inner.URL = &address
	address.Path, address.RawPath = strings.TrimPrefix(path, o.prefix), ""
	ownHeader(w.Header())
	if address.Path != pathpkg.Clean(address.Path) {
		o.answer(w, r, noAddress)
		return
	}
	if _, pattern := o.mux.Handler(&inner); pattern != "" {
		o.mux.ServeHTTP(w, &inner)
		return
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := inner
		other.Method = method
		if _, pattern := o.mux.Handler(&other); pattern != "" {
			w.Header().Set("Allow", method)
			o.answer(w, r, badMethod)
			return
		}
	}
	o.answer(w, r, noAddress)
}
