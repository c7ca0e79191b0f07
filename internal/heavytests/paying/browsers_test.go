package paying

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"paygate/internal/heavytests/testbrowser"
	"paygate/internal/testprocess"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is a tab of Chromium.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string
}

func newTab(t *testing.T, origin string) tab {
	t.Helper()
	return openTab(t, testbrowser.Tab(t), origin)
}

// openTab opens a tab until ctx ends: chromedp closes a tab with the first context that used it.
func openTab(t *testing.T, ctx context.Context, origin string) tab {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx))
	return tab{t, ctx, origin}
}

// do runs the steps in order. When one fails, the message includes the page.
func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	limited, cancel := context.WithTimeout(b.ctx, 90*time.Second)
	defer cancel()
	if err := chromedp.Do(limited, steps...); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
		defer cancel()
		text, _ := chromedp.Run(ctx,
			chromedp.Evaluate[string](`location.href + " " + document.documentElement.innerText`))
		require.NoError(b.t, err, "the page was: %s", text)
	}
}

func (b tab) open(target string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.origin + target))
}

func (b tab) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector)))
	require.NoError(b.t, err)
	return text
}

// at returns the path and query that the tab shows.
func (b tab) at() string {
	b.t.Helper()
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	require.NoError(b.t, err)
	return strings.TrimPrefix(address, b.origin)
}

// until waits until a JavaScript expression is true.
func (b tab) until(expression string) {
	b.t.Helper()
	b.do(func(ctx context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Run(ctx, chromedp.Poll[bool](expression))
		return none, err
	})
}

// look checks the page's accessibility and saves a screenshot.
func (b tab) look(name string) {
	b.t.Helper()
	testbrowser.Axe(b.t, b.ctx)
	testbrowser.Screenshot(b.t, b.ctx, name)
}

// see waits until an element is visible, on this page or a later one.
func see(selector string) chromedp.Action[chromedp.Void] {
	visible := chromedp.WaitVisible(chromedp.CSS(selector))
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for {
			none, err := visible(ctx, target)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "navigated or closed") {
				return none, err
			}
		}
	}
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func fill(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(selector), value)
}

// pays fills in Pay's card page and confirms the payment.
func (b tab) pays() {
	b.t.Helper()
	b.do(see("#cardNo"))
	b.do(fill("#cardNo", testprocess.GoodCard), fill("#expiryMonth", "12"), fill("#expiryYear", "2039"),
		fill("#cardholderName", "Ann Other"), fill("#cvc", "123"), fill("#addressLine1", "1 Quay"),
		fill("#addressCity", "Rivermouth"),
		fill("#addressPostcode", "RV1 1AA"), fill("#email", "ann@example.org"), click("#submit-card-details"))
	b.do(see("#confirm"), click("#confirm"))
}

// legacy is a small service that records every request.
type legacy struct {
	url string

	mu       sync.Mutex
	received []received
}

// received is a request to the service.
type received struct {
	method, target, body string
	header               http.Header
}

// startLegacy starts a service with this handler.
func startLegacy(t *testing.T, answer http.HandlerFunc) *legacy {
	t.Helper()
	l := &legacy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.received = append(l.received, received{r.Method, r.RequestURI, string(body), r.Header})
		l.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// posts returns the POST requests.
func (l *legacy) posts() (posts []received) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.received {
		if r.method == http.MethodPost {
			posts = append(posts, r)
		}
	}
	return posts
}

// last returns the last request.
func (l *legacy) last() received {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received[len(l.received)-1]
}

// startCrossSitePay starts a simulated Pay on another site than the service, as the real one is: localhost instead of
// 127.0.0.1.
func startCrossSitePay(t *testing.T) *testprocess.SimulatedPay {
	t.Helper()
	address := testprocess.FreeAddress(t)
	public := "http://localhost" + address[strings.LastIndexByte(address, ':'):]
	testprocess.Start(t, exec.Command(testprocess.Binary, "simulator", "-listen", address, "-url", public)).WaitFor(t,
		func() bool { return testprocess.Listens(address) })
	return &testprocess.SimulatedPay{T: t, URL: public}
}

func writeHTML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Licences</title>`+body)
}
