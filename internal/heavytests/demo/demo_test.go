// Package demo tests the demo in a browser.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"paygate/gateway/command"
	"paygate/internal/heavytests/testbrowser"
	"paygate/internal/testserver"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// startDemo starts the demo, and returns the address to open.
func startDemo(t *testing.T) string {
	t.Helper()
	port := strconv.Itoa(freePorts(t, 4))
	demo := testserver.StartCommand(t, command.Env{}, "Open this:", "demo", "-port", port)
	t.Cleanup(func() { require.Zero(t, demo.Stop()) })
	return "http://127.0.0.1:" + port
}

// freePorts returns the first of n consecutive free ports.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 50 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := first.Addr().(*net.TCPAddr).Port
		open := []net.Listener{first}
		for i := 1; i < n && port+n < 65535; i++ {
			if next, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+i)); err == nil {
				open = append(open, next)
			}
		}
		for _, listener := range open {
			_ = listener.Close()
		}
		if len(open) == n {
			return port
		}
	}
	t.Fatal("no consecutive free ports")
	return 0
}

func portOf(address string) int {
	port, _ := strconv.Atoi(address[strings.LastIndexByte(address, ':')+1:])
	return port
}

// walk is a citizen at a browser.
type walk struct {
	t   *testing.T
	tab context.Context
	url string
}

func (w walk) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.tab, steps...); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.tab), 10*time.Second)
		defer cancel()
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.body.innerText`))
		require.NoError(w.t, err, "the page was: %s", text)
	}
}

func (w walk) text(selector string) string {
	w.t.Helper()
	text, err := chromedp.Run(w.tab, chromedp.Text(chromedp.CSS(selector)))
	require.NoError(w.t, err)
	return text
}

func (w walk) at() string {
	w.t.Helper()
	address, err := chromedp.Run(w.tab, chromedp.Location())
	require.NoError(w.t, err)
	return strings.TrimPrefix(address, w.url)
}

func (w walk) look(name string) {
	w.t.Helper()
	testbrowser.Axe(w.t, w.tab)
	testbrowser.Screenshot(w.t, w.tab, "demo-"+name)
}

// see waits until something is there to be seen, through as many pages as come before it.
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

// submitsForm fills in the service's form with a file, and arrives at the card page.
func (w walk) submitsForm(name string, photo string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.url+"/licences/apply"), see("#name"), fill("#name", name),
		fill("#email", "ann@example.org"),
		chromedp.SetUploadFiles(chromedp.CSS("#photo"), []string{photo}), click("#send"), see("#cardNo"))
}

// entersCard fills in the card page.
func (w walk) entersCard(number string) {
	w.t.Helper()
	w.do(fill("#cardNo", number), fill("#expiryMonth", "12"), fill("#expiryYear", "2039"),
		fill("#cardholderName", "Ann Other"),
		fill("#cvc", "123"), fill("#addressLine1", "1 Quay"), fill("#addressCity", "Rivermouth"),
		fill("#addressPostcode", "RV1 1AA"),
		fill("#email", "ann@example.org"), click("#submit-card-details"))
}

func (w walk) pays() {
	w.t.Helper()
	w.entersCard("4444333322221111")
	w.do(see("#confirm"), click("#confirm"))
}

// received counts the requests of a kind that the service behind got.
func (w walk) received(method, target string) (count int) {
	w.t.Helper()
	answer, err := http.Get(w.url + "/received?format=json")
	require.NoError(w.t, err)
	defer answer.Body.Close()
	var all []struct{ Method, Target string }
	require.NoError(w.t, json.NewDecoder(answer.Body).Decode(&all))
	for _, r := range all {
		if r.Method == method && r.Target == target {
			count++
		}
	}
	return count
}

func TestDemoInBrowser(t *testing.T) {
	t.Parallel()
	tab := testbrowser.Tab(t)
	url := startDemo(t)
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	content := testserver.BinaryContent(20_000)
	require.NoError(t, os.WriteFile(photo, content, 0o600))
	sum := sha256.Sum256(content)
	w := walk{t, tab, url}

	// One page tells a visitor what to click.
	guide := "http://127.0.0.1:" + strconv.Itoa(portOf(url)+1) + "/guide"
	w.do(chromedp.Navigate(guide), see("h1"))
	w.look("guide")

	// A citizen applies, pays, and sees the service's own confirmation at its own address.
	w.do(chromedp.Navigate(url+"/"), see("h1"))
	w.look("home")
	w.submitsForm("Ann Other", photo)
	w.look("card-page")
	require.Zero(t, w.received("POST", "/licences/apply"), "nothing reaches the service before payment")
	w.pays()
	w.do(see("#number"))
	require.Equal(t, "/licences/confirmation/RVM-0001", w.at())
	require.Equal(t, "RVM-0001", w.text("#number"))
	require.Contains(t, w.text("#photo"), hex.EncodeToString(sum[:]), "the file arrived as it was sent")
	require.NotEmpty(t, w.text("#reference"))
	w.look("confirmation")

	// Links work, and neither reload nor Back sends anything again.
	w.do(chromedp.Reload(), see("#number"), click("#home"), see(`a[href="/register.pdf"]`))
	require.Equal(t, "/", w.at())
	w.do(chromedp.Evaluate[chromedp.Void](`history.back()`), see("#number"))
	require.Equal(t, 1, w.received("POST", "/licences/apply"))

	// Declined: the citizen tries again without filling in the form again.
	w.submitsForm("Bob Other", photo)
	w.entersCard("4000000000000002")
	w.do(see("#return-url"))
	w.look("declined-at-pay")
	w.do(click("#return-url"), see("form button"))
	require.Contains(t, w.text("h1"), "Your payment was declined")
	w.look("declined")
	w.do(click("form button"), see("#cardNo"))
	w.pays()
	w.do(see("#number"))
	require.Equal(t, "RVM-0002", w.text("#number"))

	// Two tabs: each gets its own licence, whichever pays first.
	w.submitsForm("Cara Other", photo)
	secondTab, closeTab := chromedp.NewContext(tab)
	defer closeTab()
	second := walk{t, secondTab, url}
	second.submitsForm("Dan Other", photo)
	w.pays()
	w.do(see("#number"))
	require.Contains(t, w.text("main"), "Cara Other")
	second.pays()
	second.do(see("#number"))
	require.Contains(t, second.text("main"), "Dan Other")
	require.Equal(t, 4, w.received("POST", "/licences/apply"))

	// The service refuses what is wrong in the form; corrected, it goes on the same payment.
	w.submitsForm("Eve", photo)
	w.pays()
	w.do(see("a.govuk-button"))
	w.look("refused")
	w.do(click("a.govuk-button"), see(".errors"))
	w.do(fill("#name", "Eve Other"), click("#send"), see("#number"))
	require.Contains(t, w.text("main"), "Eve Other")

	// A paid file.
	w.do(chromedp.Navigate(url+"/register.pdf"), see("#cardNo"))
	w.pays()
	require.Eventually(t, func() bool { return w.received("GET", "/register.pdf") == 1 }, time.Minute,
		50*time.Millisecond, "back at the file")
	w.do(chromedp.Navigate(url+"/"), see("h1"))
	status, err := chromedp.Run(tab,
		chromedp.Evaluate[string](`fetch("/register.pdf").then(r => r.headers.get("Content-Type"))`,
			chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	require.Equal(t, "application/pdf", status)

	// In Welsh all the way.
	w.do(chromedp.Navigate(url+"/?lang=cy"), see("h1"))
	w.submitsForm("Ffion Other", photo)
	require.Equal(t, "Rhowch fanylion y cerdyn", w.text("h1"))
	w.look("card-page-cy")
	w.do(click("#cancel-payment"), see("#return-url"), click("#return-url"), see("form button"))
	require.Equal(t, "Rydych wedi canslo eich taliad", w.text("h1"))
	w.look("cancelled-cy")
	w.do(chromedp.Navigate(url+"/_pay/status"), see("h1"))
	require.Equal(t, "Eich taliadau", w.text("h1"))
	w.look("status-cy")
}
