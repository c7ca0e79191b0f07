package command

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
	"paygate/gateway/config"
	"paygate/gateway/origin"
	"paygate/internal/app"
	"paygate/journey"
	"paygate/journey/seal"
)

const publicly = "public address"

// checkPublic asks through the public addresses, as a citizen's browser would.
func checkPublic(ctx context.Context, e examined) []finding {
	sealer, err := seal.New(e.settings.Secrets)
	if err != nil {
		return []finding{found(wrong, publicly, "%v", err)}
	}
	var findings []finding
	for _, at := range e.settings.Origins {
		p := publicAddress{at, e.settings}
		if _, err := netip.ParseAddr(at.Hostname()); err != nil {
			if _, err := e.lookUp(ctx, "ip", at.Hostname()); err != nil {
				findings = append(findings, p.found(note, "was not asked: its name cannot be resolved here; run the doctor on a machine where it can be"))
				continue
			}
		}
		arrived, there := p.checkArrival(ctx, app.DoctorToken(sealer))
		findings = append(findings, arrived)
		if there {
			findings = append(findings, p.checkLoops(ctx, e.pages)...)
		}
	}
	return findings
}

// publicAddress is one of the origins at which citizens see the service.
type publicAddress struct {
	at       *url.URL
	settings config.Settings
}

func (p publicAddress) found(g grade, format string, values ...any) finding {
	f := found(g, publicly, format, values...)
	f.text = p.at.String() + " " + f.text
	return f
}

// checkArrival asks for the status page and says with which host and scheme the request reached Paygate. It reports
// false if it did not.
func (p publicAddress) checkArrival(ctx context.Context, token string) (finding, bool) {
	answer, err := p.get(ctx, p.settings.Prefix+"/status", token, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse })
	if err != nil {
		return p.found(note, "did not answer: %s; once Paygate runs, run the doctor on a machine that reaches it as citizens do", rootOf(err)), false
	}
	arrived, _ := url.Parse(answer.Header.Get(gateway.ArrivedHeader))
	location, _ := answer.Location()
	switch {
	case location != nil:
		return p.found(warning, "redirects to %s://%s: is that the address for PAYGATE_PUBLIC_URL?", location.Scheme, location.Host), false
	case answer.Header.Get("Paygate-Answer") == "":
		return p.found(warning, "is answered by something other than Paygate (status %d)", answer.StatusCode), false
	case arrived == nil || arrived.Host == "":
		return p.found(warning, "is answered by a Paygate with other secrets, which does not say how requests arrive"), true
	case !origin.SameHost(arrived.Host, p.at.Host):
		return p.found(wrong, "arrives with the host %s, so citizens cannot pay: let the proxy pass on the citizen's Host, or name the proxy in PAYGATE_TRUSTED_PROXIES", arrived.Host), true
	case arrived.Scheme != p.at.Scheme:
		return p.found(warning, "arrives as %s: a proxy in PAYGATE_TRUSTED_PROXIES says so", arrived), true
	default:
		return p.found(fine, "arrives as %s", arrived), true
	}
}

// errLoop ends a visit that does not end by itself.
var errLoop = errors.New("redirected endlessly")

// checkLoops asks for the front page and the pages with forms, and follows redirects at the same host.
func (p publicAddress) checkLoops(ctx context.Context, pages []string) []finding {
	targets := append([]string{"/"}, pages...)
	for _, r := range p.settings.Routes {
		if target := r.Match.Address(nil); r.Terms.Kind == journey.KindSubmission && target != "" {
			targets = append(targets, target)
		}
	}
	slices.Sort(targets)
	var findings []finding
	for _, target := range slices.Compact(targets) {
		if _, err := p.get(ctx, target, "", p.stay); errors.Is(err, errLoop) {
			findings = append(findings, p.found(wrong,
				"redirects a citizen who asks for %s endlessly; a service that insists on https must trust X-Forwarded-Proto, and the proxy must not change the address", target))
		}
	}
	return findings
}

// stay allows only redirects at the same host.
func (p publicAddress) stay(next *http.Request, via []*http.Request) error {
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
func (p publicAddress) get(ctx context.Context, target, token string, follow func(*http.Request, []*http.Request) error) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at.String()+target, nil)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"User-Agent": {"Paygate doctor"}, "Accept": {"text/html,*/*"}}
	if token != "" {
		request.Header.Set(gateway.DoctorHeader, token)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport, Jar: jar, Timeout: readPatience, CheckRedirect: follow}).Do(request)
	if answer != nil {
		_, _ = io.CopyN(io.Discard, answer.Body, readBytes)
		_ = answer.Body.Close()
	}
	return answer, err
}

// rootOf returns why there was no answer, without the address.
func rootOf(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}
