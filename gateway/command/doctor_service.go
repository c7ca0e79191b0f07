package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"paygate/gateway/config"
	"paygate/gateway/dial"
)

const (
	readPatience = 15 * time.Second // for one answer of the service
	readBytes    = 2 << 20          // of a page
)

// serviceReader reads pages of the service as Paygate asks for them, and by GET alone.
type serviceReader struct {
	settings config.Settings
	client   *http.Client
	read     []page // whatever was read, in its order
}

// page is an answer of the service.
type page struct {
	target string
	status int
	header http.Header
	body   []byte
}

func newServiceReader(s config.Settings) (*serviceReader, error) {
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return nil, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &serviceReader{settings: s, client: &http.Client{
		Transport:     &http.Transport{DialContext: dial.Dialer{Socket: s.UpstreamSocket}.DialContext, Protocols: protocols, TLSClientConfig: trust, DisableCompression: true, DisableKeepAlives: true},
		Timeout:       readPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// get reads a page; what is beyond readBytes of it is left.
func (r *serviceReader) get(ctx context.Context, target string) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.settings.Upstream.String()+target, nil)
	if err != nil {
		return page{}, errors.New("the address cannot be asked for")
	}
	request.Host = cmp.Or(r.settings.UpstreamHost, r.settings.Origins.Main().Host)
	request.Header = http.Header{
		"User-Agent": {"Paygate doctor"}, "Accept": {"text/html,*/*"}, "Paygate-Status": {"none"},
		"X-Forwarded-Host": {r.settings.Origins.Main().Host}, "X-Forwarded-Proto": {r.settings.Origins.Main().Scheme},
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, readBytes))
	if err != nil {
		return page{}, err
	}
	p := page{target, answer.StatusCode, answer.Header, body}
	r.read = append(r.read, p)
	return p, nil
}

// reachService asks for the service's front page; the reader is nil when there is no answer.
func reachService(ctx context.Context, s config.Settings) (*serviceReader, finding) {
	const about = "service"
	reader, err := newServiceReader(s)
	if err != nil {
		return nil, found(wrong, about, "%v", err)
	}
	front, err := reader.get(ctx, "/")
	switch {
	case err != nil:
		return nil, found(wrong, about, "does not answer at %s: %s", s.Upstream, unanswered(err))
	case front.status >= 500:
		return reader, found(warning, about, "answers GET / at %s, but with status %d", s.Upstream, front.status)
	case s.Upstream.Scheme == "https":
		return reader, found(fine, about, "answers at %s, status %d; its certificate holds", s.Upstream, front.status)
	default:
		return reader, found(fine, about, "answers at %s, status %d", s.Upstream, front.status)
	}
}

// unanswered says why there is no answer, and what can be done.
func unanswered(err error) string {
	var (
		nobody  x509.UnknownAuthorityError
		names   x509.HostnameError
		invalid x509.CertificateInvalidError
		noTLS   tls.RecordHeaderError
		noName  *net.DNSError
		slow    net.Error
	)
	switch {
	case errors.As(err, &nobody):
		return "its certificate is signed by nobody that is trusted here; PAYGATE_UPSTREAM_CA_FILE adds a root"
	case errors.As(err, &names):
		return "its certificate is for other names than the one in PAYGATE_UPSTREAM"
	case errors.As(err, &invalid):
		return "its certificate is not valid: " + invalid.Error()
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &noTLS):
		return "it does not speak https there; is PAYGATE_UPSTREAM to begin with http://?"
	case errors.As(err, &noName):
		return "its name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in " + readPatience.String()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}

// checkExposure asks where the service's name leads.
func checkExposure(ctx context.Context, e examined) finding {
	const about = "service private"
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	switch exposed, err := config.Exposed(ctx, e.settings.Upstream, e.lookUp); {
	case err != nil:
		return found(wrong, about, "the name in PAYGATE_UPSTREAM cannot be resolved here")
	case exposed != "":
		return found(warning, about, "%s (docs/headers.md, Only through Paygate)", exposed)
	default:
		return found(fine, about, "only private addresses lead to it; that nobody else there reaches it, the network has to see to")
	}
}

// checkPrefix looks for pages of the service that Paygate's own addresses will hide.
func checkPrefix(ctx context.Context, e examined) finding {
	prefix := e.settings.Prefix
	absent, err := e.service.get(ctx, "/paygate-doctor-"+strings.ToLower(rand.Text()))
	if err != nil {
		return found(warning, "prefix", "cannot be looked at: %s", unanswered(err))
	}
	for _, target := range []string{prefix, prefix + "/", prefix + "/return"} {
		there, err := e.service.get(ctx, target)
		switch {
		case err != nil:
			return found(warning, "prefix", "cannot be looked at: %s", unanswered(err))
		case there.status != absent.status && there.status != http.StatusNotFound:
			return found(warning, "prefix", "the service itself answers at %s (status %d), which Paygate will hide; PAYGATE_PREFIX names another place", target, there.status)
		}
	}
	return found(fine, "prefix", "the service has nothing of its own under %s", prefix)
}

// checkUnpaid says how to find out whether the service does for free what costs money: trying it out might.
func checkUnpaid(_ context.Context, e examined) []finding {
	var findings []finding
	for _, r := range e.settings.Routes {
		findings = append(findings, found(note, "unpaid "+r.Name,
			"not tried: the service's own web server should refuse it, by a second gate (docs/headers.md); once that is there, try curl -i -X %s '%s%s'; in staging, paygate probe tries more",
			r.Match.Method(), e.settings.Upstream, addressOf(r.Match)))
	}
	return findings
}
