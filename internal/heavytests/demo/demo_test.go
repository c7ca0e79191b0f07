// Package demo tests the demo in a browser.
package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/heavytests/browser"
	"paygate/internal/testprocess"
	"paygate/internal/testserver"
)

// startDemo starts the demo, and returns its port. The guide is on the next one.
func startDemo(t *testing.T, flags ...string) int {
	t.Helper()
	return startDemoOf(t, command.Env{}, flags...)
}

// startDemoOf starts a demo in an environment, which can have another past.
func startDemoOf(t *testing.T, env command.Env, flags ...string) int {
	t.Helper()
	port := freePorts(t, 4)
	demo := testserver.StartCommand(t, env, "Open this:",
		append([]string{"demo", "-port", strconv.Itoa(port)}, flags...)...)
	t.Cleanup(func() { require.Zero(t, demo.Stop()) })
	return port
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

func addressOf(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

// visitor is somebody who tries the demo.
type visitor struct {
	browser.Tab
	t     *testing.T
	url   string
	photo string
}

func newVisitor(t *testing.T, port int, photo []byte) visitor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	require.NoError(t, os.WriteFile(path, photo, 0o600))
	return visitor{browser.Open(t, addressOf(port)), t, addressOf(port), path}
}

// submitForm fills in the service's form with a file, and arrives at the card page.
func (v visitor) submitForm(name string) {
	v.t.Helper()
	v.Visit("/licences/apply")
	v.Do(browser.See("#name"), browser.Fill("#name", name), browser.Fill("#email", "ann@example.org"),
		chromedp.SetUploadFiles(chromedp.CSS("#photo"), []string{v.photo}), browser.Click("#send"),
		browser.See("#card-no"))
}

// received counts the requests of a kind that the service got.
func (v visitor) received(method, target string) (count int) {
	v.t.Helper()
	answer, err := http.Get(v.url + "/received?format=json")
	require.NoError(v.t, err)
	defer answer.Body.Close()
	var all []struct{ Method, Target string }
	require.NoError(v.t, json.NewDecoder(answer.Body).Decode(&all))
	for _, r := range all {
		if r.Method == method && r.Target == target {
			count++
		}
	}
	return count
}

func TestDemoInBrowser(t *testing.T) {
	t.Parallel()
	port := startDemo(t, "-empty")
	photo := testserver.BinaryContent(20_000)
	v := newVisitor(t, port, photo)
	v.seeGuide(addressOf(port+1) + "/guide")
	v.payForLicence(sha256.Sum256(photo))
	v.reloadAndGoBack()
	v.retryAfterDecline()
	v.payInTwoTabs()
	v.correctRefusedForm()
	v.payForFile()
	v.useWelsh()
}

// seeGuide sees the page that tells a visitor what to click.
func (v visitor) seeGuide(address string) {
	v.VisitPage(address)
	v.Look("demo-guide")
}

// payForLicence sees the service's own confirmation at its own address.
func (v visitor) payForLicence(photo [sha256.Size]byte) {
	v.VisitPage("/")
	v.Look("demo-home")
	v.submitForm("Ann Other")
	v.Look("demo-card-page")
	require.Zero(v.t, v.received("POST", "/licences/apply"), "nothing reaches the service before payment")
	v.Pay()
	v.Do(browser.See("#number"))
	require.Equal(v.t, "/licences/confirmation/RVM-0001", v.Path())
	require.Equal(v.t, "RVM-0001", v.Text("#number"))
	require.Contains(v.t, v.Text("#photo"), hex.EncodeToString(photo[:]), "the file arrived as it was sent")
	require.NotEmpty(v.t, v.Text("#reference"))
	v.Look("demo-confirmation")
}

// reloadAndGoBack sends nothing again.
func (v visitor) reloadAndGoBack() {
	v.Do(chromedp.Reload(), browser.See("#number"), browser.Click("#home"), browser.See(`a[href="/register.pdf"]`))
	require.Equal(v.t, "/", v.Path())
	v.Do(browser.Run(`history.back()`), browser.See("#number"))
	require.Equal(v.t, 1, v.received("POST", "/licences/apply"))
}

// retryAfterDecline pays without filling in the form again, with a card whose bank asks first.
func (v visitor) retryAfterDecline() {
	v.submitForm("Bob Other")
	v.EnterCard(testprocess.DeclinedCard)
	v.Do(browser.See("#return-url"))
	v.Look("demo-declined-at-pay")
	v.Do(browser.Click("#return-url"), browser.See("form button"))
	require.Contains(v.t, v.Text("h1"), "Your payment was declined")
	v.Look("demo-declined")
	v.Do(browser.Click("form button"))
	v.PayWhereBankAsks()
	v.Do(browser.See("#number"))
	require.Equal(v.t, "RVM-0002", v.Text("#number"))
}

// payInTwoTabs gets its own licence in each, whichever pays first.
func (v visitor) payInTwoTabs() {
	v.submitForm("Cara Other")
	second := v
	second.Tab = v.Another()
	second.submitForm("Dan Other")
	v.Pay()
	v.Do(browser.See("#number"))
	require.Contains(v.t, v.Text("main"), "Cara Other")
	second.Pay()
	second.Do(browser.See("#number"))
	require.Contains(v.t, second.Text("main"), "Dan Other")
	require.Equal(v.t, 4, v.received("POST", "/licences/apply"))
}

// correctRefusedForm corrects what the service refuses, on the same payment.
func (v visitor) correctRefusedForm() {
	v.submitForm("Eve")
	v.Pay()
	v.Do(browser.See("a.govuk-button"))
	v.Look("demo-refused")
	v.Do(browser.Click("a.govuk-button"), browser.See(".errors"))
	v.Do(browser.Fill("#name", "Eve Other"), browser.Click("#send"), browser.See("#number"))
	require.Contains(v.t, v.Text("main"), "Eve Other")
}

// payForFile pays for a download.
func (v visitor) payForFile() {
	v.Visit("/register.pdf")
	v.Pay()
	require.Eventually(v.t, func() bool { return v.received("GET", "/register.pdf") == 1 }, time.Minute,
		50*time.Millisecond, "back at the file")
	v.VisitPage("/")
	require.Equal(v.t, "application/pdf",
		browser.Evaluate[string](v.Tab, `fetch("/register.pdf").then(r => r.headers.get("Content-Type"))`))
}

// useWelsh sees Welsh pages all the way to a cancelled payment.
func (v visitor) useWelsh() {
	v.VisitPage("/?lang=cy")
	v.submitForm("Ffion Other")
	require.Equal(v.t, "Rhowch fanylion y cerdyn", v.Text("h1"))
	v.Look("demo-card-page-cy")
	v.Do(browser.Click("#cancel-payment"), browser.See("#return-url"), browser.Click("#return-url"),
		browser.See("form button"))
	require.Equal(v.t, "Rydych wedi canslo eich taliad", v.Text("h1"))
	v.Look("demo-cancelled-cy")
	v.VisitPage("/_pay/status")
	require.Equal(v.t, "Eich taliadau", v.Text("h1"))
	v.Look("demo-status-cy")
}
