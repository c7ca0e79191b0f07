package doctor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"

	"paygate/gateway"
	"paygate/gateway/origin"
	"paygate/internal/app"
	"paygate/journey/seal"
)

// checkPublic asks through the public addresses, as a citizen's browser would.
func (e *examination) checkPublic(ctx context.Context) {
	sealer, err := seal.New(e.Settings.Secrets)
	if err != nil {
		e.report(wrong, publicAddress, "%v", err)
		return
	}
	for _, at := range e.Settings.Origins {
		p := public{e, at}
		if !p.isResolved(ctx) {
			p.report(note, "was not checked: its name cannot be resolved here; "+
				"run the doctor on a machine where it can")
		} else if p.checkArrival(ctx, app.DoctorToken(sealer)) {
			p.checkLoops(ctx)
		}
	}
}

// public is one of the origins at which citizens see the service.
type public struct {
	examination *examination
	at          *url.URL
}

const publicAddress = "public address"

func (p public) report(g grade, format string, values ...any) {
	p.examination.report(g, publicAddress, "%s "+format, append([]any{p.at}, values...)...)
}

func (p public) isResolved(ctx context.Context) bool {
	_, err := netip.ParseAddr(p.at.Hostname())
	if err != nil {
		_, err = p.examination.LookUp(ctx, "ip", p.at.Hostname())
	}
	return err == nil
}

// checkArrival asks for the status page and reports with which host and scheme the request reached Paygate. It returns
// false if the request did not reach it.
func (p public) checkArrival(ctx context.Context, token string) bool {
	answer, err := p.get(ctx, p.examination.Settings.Prefix+"/status", token, dontFollow)
	if err != nil {
		p.report(note, "did not answer: %s; once Paygate is running, run the doctor on a machine that reaches it "+
			"as citizens do", withoutAddress(err))
		return false
	}
	if location, err := answer.Location(); err == nil {
		p.report(warning, "redirects to %s://%s: is that the address for PAYGATE_PUBLIC_URL?",
			location.Scheme, location.Host)
		return false
	}
	if answer.Header.Get("Paygate-Answer") == "" {
		p.report(warning, "is answered by something other than Paygate (status %d)", answer.StatusCode)
		return false
	}
	arrived, err := url.Parse(answer.Header.Get(gateway.ArrivedHeader))
	switch {
	case err != nil || arrived.Host == "":
		p.report(warning, "is answered by a Paygate with other secrets, which does not say how requests arrive")
	case !origin.SameHost(arrived.Host, p.at.Host):
		p.report(wrong, "arrives with the host %s, so citizens cannot pay: let the proxy pass on the citizen's Host, "+
			"or name the proxy in PAYGATE_TRUSTED_PROXIES", arrived.Host)
	case arrived.Scheme != p.at.Scheme:
		p.report(warning, "arrives as %s: a proxy in PAYGATE_TRUSTED_PROXIES says so", arrived)
	default:
		p.report(fine, "arrives as %s", arrived)
	}
	return true
}

// errLoop means that redirects do not end.
var errLoop = errors.New("redirected endlessly")

// checkLoops asks for the front page and the pages with forms, and follows redirects at the same host.
func (p public) checkLoops(ctx context.Context) {
	targets := append([]string{"/"}, p.examination.formPages()...)
	slices.Sort(targets)
	for _, target := range slices.Compact(targets) {
		if _, err := p.get(ctx, target, "", p.followHere); errors.Is(err, errLoop) {
			p.report(wrong, "redirects %s endlessly; a service that insists on https must trust "+
				"X-Forwarded-Proto, and the proxy must not change the address", target)
		}
	}
}

// followHere allows only redirects at the same host.
func (p public) followHere(next *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errLoop
	case !origin.SameHost(next.URL.Host, p.at.Host):
		return http.ErrUseLastResponse
	default:
		return nil
	}
}

// get asks as a browser would, and returns the answer without its body.
func (p public) get(
	ctx context.Context, target, token string, follow func(*http.Request, []*http.Request) error,
) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at.String()+target, nil)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"User-Agent": {"Paygate doctor"}, "Accept": {"text/html,*/*"}}
	if token != "" {
		request.Header.Set(gateway.DoctorHeader, token)
	}
	jar, _ := cookiejar.New(nil) // never fails
	client := &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		Jar:       jar, Timeout: readTimeout, CheckRedirect: follow,
	}
	answer, err := client.Do(request)
	if answer != nil {
		_, _ = io.CopyN(io.Discard, answer.Body, maxPage)
		_ = answer.Body.Close()
	}
	return answer, err
}

func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
