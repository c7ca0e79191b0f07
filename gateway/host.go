package gateway

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/journey"
)

// hosts keeps payments to the origins. A citizen who pays at another host would come back to an origin, where the
// browser does not send our cookie. So a request for the page of a form is redirected to the main origin before the
// citizen types anything, and a form that is sent to the other host anyway is refused before the payment. Free traffic
// passes at any host.
type hosts struct {
	*responder
	clients             proxy.Clients
	routes              routes
	redirected, refused rate.Sometimes // limit what the log says
}

// onlyReads reports whether a method asks for a page and changes nothing.
func onlyReads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,253}$`)

func newHosts(respond *responder, clients proxy.Clients, all routes) *hosts {
	return &hosts{
		respond, clients, all, rate.Sometimes{Interval: time.Minute}, rate.Sometimes{Interval: time.Minute},
	}
}

// isAtOtherHost reports whether a request came to a host that is not among the origins. A host with a final dot is not,
// because browsers store its cookies separately.
func (h *hosts) isAtOtherHost(r *http.Request) bool {
	host := h.clients.Of(r).Host
	name, _, _ := strings.Cut(host, ":")
	return strings.HasSuffix(name, ".") || h.clients.Origins.Find(host) == nil
}

// asksForForm reports whether a free request asks for the page at the exact address of a submission, where most
// services have the form.
func (h *hosts) asksForForm(r *http.Request, free match.Decision) bool {
	if !onlyReads(r.Method) {
		return false
	}
	path := match.WithoutParameters(free.Path)
	for i := range h.routes {
		route := &h.routes[i]
		if route.Terms.Kind == journey.KindSubmission && !route.Mode.TakesNothing() &&
			route.IsAt(path, free.Target.Query) {
			return true
		}
	}
	return false
}

// toMainOrigin redirects a browser to the same address at the main origin.
func (h *hosts) toMainOrigin(w http.ResponseWriter, r *http.Request, asked match.Target) {
	h.logHost(r, &h.redirected, slog.LevelWarn,
		"redirected to the main origin from a host that PAYGATE_PUBLIC_URL does not list")
	redirect(w, http.StatusPermanentRedirect, h.atMainOrigin(asked))
}

// misdirected refuses a request that costs money at a host where citizens cannot pay.
func (h *hosts) misdirected(w http.ResponseWriter, r *http.Request, asked match.Target) {
	h.logHost(r, &h.refused, slog.LevelError,
		"a pay request was refused at a host that PAYGATE_PUBLIC_URL does not list")
	w.Header().Set("Connection", "close")
	view := pages.View{Target: h.atMainOrigin(asked)}
	h.answer(w, r, answer{status: http.StatusMisdirectedRequest, page: pages.WrongHost, view: view})
}

func (h *hosts) atMainOrigin(asked match.Target) string {
	return h.clients.Origins.Main().String() + asked.String()
}

// logHost logs the host that arrived, at most once a minute, because a client can send any host.
func (h *hosts) logHost(r *http.Request, often *rate.Sometimes, level slog.Level, text string) {
	host := h.clients.Of(r).Host
	if !hostPattern.MatchString(host) {
		host = "not a host name"
	}
	often.Do(func() { h.log.Log(r.Context(), level, text, "host", host, "setting", "PAYGATE_PUBLIC_URL") })
}
