package doctor

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/html"

	"paygate/gateway/config"
	"paygate/gateway/dial"
)

const (
	readTimeout = 15 * time.Second // for one answer
	maxPage     = 2 << 20          // bytes that are read of one
)

// page is an answer of the service.
type page struct {
	target   string
	status   int
	header   http.Header
	document *html.Node // nil if the answer is not HTML
}

// newClient returns a client that reaches the service as Paygate does.
func newClient(s config.Settings) (*http.Client, error) {
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return nil, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dial.Dialer{Socket: s.Upstream.Socket}.DialContext, Protocols: protocols,
			TLSClientConfig: trust, DisableCompression: true, DisableKeepAlives: true,
		},
		Timeout: readTimeout, CheckRedirect: dontFollow,
	}, nil
}

func dontFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// get reads a page of the service as Paygate would ask for it.
func (e *examination) get(ctx context.Context, target string) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Settings.Upstream.URL.String()+target, nil)
	if err != nil {
		return page{}, errors.New("the address cannot be asked for")
	}
	main := e.Settings.Origins.Main()
	request.Host = cmp.Or(e.Settings.UpstreamHost, main.Host)
	request.Header = http.Header{
		"User-Agent": {"Paygate doctor"}, "Accept": {"text/html,*/*"}, "Paygate-Status": {"none"},
		"X-Forwarded-Host": {main.Host}, "X-Forwarded-Proto": {main.Scheme},
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if err != nil {
		return page{}, err
	}
	p := page{target, answer.StatusCode, answer.Header, parseHTML(answer.Header, body)}
	e.read = append(e.read, p)
	return p, nil
}

func parseHTML(header http.Header, body []byte) *html.Node {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if kind != "text/html" && kind != "application/xhtml+xml" {
		return nil
	}
	document, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	return document
}

// checkService asks for the service's front page. It reports whether there was an answer.
func (e *examination) checkService(ctx context.Context) bool {
	const about = "service"
	var err error
	if e.client, err = newClient(e.Settings); err != nil {
		e.report(wrong, about, "%v", err)
		return false
	}
	address := e.Settings.Upstream.URL
	front, err := e.get(ctx, "/")
	switch {
	case err != nil:
		e.report(wrong, about, "does not answer at %s: %s", address, dial.Reason(err, readTimeout))
	case front.status >= 500:
		e.report(warning, about, "answers GET / at %s, but with status %d", address, front.status)
	case address.Scheme == "https":
		e.report(fine, about, "answers at %s, status %d; its certificate is valid", address, front.status)
	default:
		e.report(fine, about, "answers at %s, status %d", address, front.status)
	}
	return err == nil
}

// checkExposure reports whether the service has public addresses.
func (e *examination) checkExposure(ctx context.Context) {
	const about = "service private"
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	switch exposed, err := config.Exposed(ctx, e.Settings.Upstream.URL, e.LookUp); {
	case err != nil:
		e.report(wrong, about, "the name in PAYGATE_UPSTREAM cannot be resolved here")
	case exposed != "":
		e.report(warning, about, "%s (docs/reference/headers.md, Only through Paygate)", exposed)
	default:
		e.report(fine, about, "has only private addresses; the network must let only Paygate reach them")
	}
}

// checkPrefix looks for pages of the service that Paygate's own addresses will hide.
func (e *examination) checkPrefix(ctx context.Context) {
	const about = "prefix"
	switch hidden, err := e.hiddenPage(ctx); {
	case err != nil:
		e.report(warning, about, "cannot be checked: %s", dial.Reason(err, readTimeout))
	case hidden.target != "":
		e.report(warning, about, "the service itself answers at %s (status %d), which Paygate will hide; "+
			"set PAYGATE_PREFIX to another path", hidden.target, hidden.status)
	default:
		e.report(fine, about, "the service has nothing of its own under %s", e.Settings.Prefix)
	}
}

// hiddenPage returns a page that the service has under Paygate's prefix, or no page.
func (e *examination) hiddenPage(ctx context.Context) (page, error) {
	absent, err := e.get(ctx, "/paygate-doctor-"+strings.ToLower(rand.Text()))
	if err != nil {
		return page{}, err
	}
	for _, end := range []string{"", "/", "/return"} {
		p, err := e.get(ctx, e.Settings.Prefix+end)
		if err != nil || p.status != absent.status && p.status != http.StatusNotFound {
			return p, err
		}
	}
	return page{}, nil
}

// checkUnpaid says how to find out whether the service can be used without paying. Trying it would be using it.
func (e *examination) checkUnpaid() {
	for _, r := range e.Settings.Routes {
		_, address, _ := strings.Cut(r.Match.String(), " ")
		e.report(note, "unpaid "+r.Name, "not tried: a second gate in the service's own web server should refuse it "+
			"(docs/reference/headers.md); once that is there, try curl -i -X %s '%s%s'; "+
			"in staging, paygate probe tries more", r.Match.Method(), e.Settings.Upstream.URL, address)
	}
}
