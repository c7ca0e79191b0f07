package operating

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"paygate/gateway/command"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADoctorFindsAllWell(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage("Set-Cookie", "SESSID=1; Path=/"))
	v := p.Visit()
	require.Zero(t, v.Status, v.Lines)
	for about, says := range map[string]string{
		"settings":             "ok: can be used",
		"service":              "ok: answers at http://127.0.0.1",
		"service private":      "ok: only private addresses",
		"page /licences/apply": "ok: its form may lead to GOV.UK Pay",
		"prefix":               "ok: the service has nothing of its own under /_pay",
		"cookies":              "ok: SESSID will be there",
		"unpaid licence":       "note: not tried",
		"public address":       "note: http://apply.example was not asked: its name cannot be resolved here",
		"GOV.UK Pay":           "ok: takes the key, which is a test key",
		"clock":                "ok: agrees",
		"route licence":        "ok: what lies below /licences/apply",
		"store":                "ok: ",
		"staff listener":       "ok: 127.0.0.1:8001, tokens for 1 people",
		"webhooks":             "ok: 1 secrets; GOV.UK Pay has to call http://apply.example/_pay/webhook",
		"signing keys":         "ok: made at the first start",
		"secret files":         "ok: 0",
	} {
		require.Contains(t, v.Lines[about], says, about)
	}
	asked := p.Service.Got(http.MethodGet)
	require.Equal(t, "apply.example", asked[0].Host)
	require.Equal(t, "none", asked[0].Header.Get("Paygate-Status"))
}

func TestADoctorStopsAtSettingsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_ROUTE_LICENCE_PRICE=many")
	require.Equal(t, 2, p.Visit().Status)
	require.Empty(t, p.Service.Got(http.MethodGet))
	require.Empty(t, p.Pay.Requests())
}

func TestADoctorBesideARunningGatewayDisturbsNothing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirms)
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_STORE=bbolt:"+h.Store)
	c := h.Citizen()
	c.Apply("Ann")
	require.Contains(t, p.Visit().Lines["store"], "ok: "+h.Store+" is in use by a running Paygate")
	h.Pays("success")
	require.Contains(t, c.ComesBack().Text, "the service's own page")
	require.Equal(t, journey.StateReleased, c.State())
}

func TestADoctorAndTheService(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://127.0.0.1:1")
	v := p.Visit()
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["service"], "wrong: does not answer at http://127.0.0.1:1: nothing listens there")
	require.Contains(t, v.Lines["GOV.UK Pay"], "ok:", "the rest is looked at all the same")

	v = testserver.NewDoctor(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }).Visit()
	require.Contains(t, v.Lines["service"], "warning: answers GET / at")
	require.Contains(t, v.Lines["page /licences/apply"], "note: GET answers status 503")
}

func TestADoctorVerifiesTheServicesCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(testserver.FormPage())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	root := filepath.Join(t.TempDir(), "root.pem")
	require.NoError(t, os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	address, err := url.Parse(server.URL)
	require.NoError(t, err)

	v := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM="+server.URL).Visit()
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["service"], "PAYGATE_UPSTREAM_CA_FILE adds a root")
	v = testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM="+server.URL, "PAYGATE_UPSTREAM_CA_FILE="+root).Visit()
	require.Zero(t, v.Status)
	require.Contains(t, v.Lines["service"], "its certificate holds")
	v = testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=https://localhost:"+address.Port(), "PAYGATE_UPSTREAM_CA_FILE="+root).Visit()
	require.Contains(t, v.Lines["service"], "its certificate is for other names")
	p := testserver.NewDoctor(t, testserver.FormPage())
	p.Environ = append(p.Environ, "PAYGATE_UPSTREAM="+strings.Replace(p.Service.Server.URL, "http:", "https:", 1))
	require.Contains(t, p.Visit().Lines["service"], "it does not speak https there")
	v = testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM_CA_FILE="+filepath.Join(t.TempDir(), "none.pem")).Visit()
	require.Contains(t, v.Lines["service"], "wrong: PAYGATE_UPSTREAM_CA_FILE cannot be read")
}

func TestADoctorAsksWhereTheServicesNameLeads(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://legacy.invalid:8080")
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("203.0.113.9")}, nil
	}
	v := p.Visit()
	require.Contains(t, v.Lines["service"], "its name cannot be resolved")
	require.Contains(t, v.Lines["service private"], "warning: PAYGATE_UPSTREAM is at a public address (203.0.113.9)")
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	require.Contains(t, p.Visit().Lines["service private"], "wrong: the name in PAYGATE_UPSTREAM cannot be resolved")
}

func TestADoctorAndPay(t *testing.T) {
	t.Parallel()
	v := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_PAY_API_KEY=api_test_anothersecretkey").Visit()
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["GOV.UK Pay"], "wrong: refuses the key (status 401)")

	p := testserver.NewDoctor(t, testserver.FormPage())
	p.Pay.AddFault(paysim.Fault{Call: "get", Kind: "503"})
	v = p.Visit()
	require.Zero(t, v.Status)
	require.Contains(t, v.Lines["GOV.UK Pay"], "warning: has trouble just now (status 503)")

	v = testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_PAY_API_URL=http://127.0.0.1:1").Visit()
	require.Contains(t, v.Lines["GOV.UK Pay"], "wrong: cannot be reached at http://127.0.0.1:1")

	p = testserver.NewDoctor(t, testserver.FormPage())
	p.Environ = append(p.Environ, "PAYGATE_PAY_API_URL="+p.Service.Server.URL)
	require.Contains(t, p.Visit().Lines["GOV.UK Pay"], "wrong: does not answer as GOV.UK Pay does (status 404)")
}

func TestADoctorHoldsTheClockAgainstPays(t *testing.T) {
	t.Parallel()
	for says, skew := range map[string]time.Duration{
		"ok: agrees": 0, "warning: 1m": 80 * time.Second, "wrong: 1h0m": time.Hour + 30*time.Second, "wrong: 2h": -2*time.Hour - 30*time.Minute,
	} {
		p := testserver.NewDoctor(t, testserver.FormPage())
		late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
			p.Pay.ServeHTTP(w, r)
		}))
		t.Cleanup(late.Close)
		p.Environ = append(p.Environ, "PAYGATE_PAY_API_URL="+late.URL)
		require.Contains(t, p.Visit().Lines["clock"], says)
	}
}

func TestADoctorReadsThePoliciesOfPages(t *testing.T) {
	t.Parallel()
	const policy = "Content-Security-Policy"
	meta := func(content string) string { return `<meta http-equiv="` + policy + `" content="` + content + `">` }
	for name, c := range map[string]struct {
		page   http.HandlerFunc
		status int
		says   string
	}{
		"no policy":             {testserver.FormPage(), 0, "ok: its form may lead to GOV.UK Pay"},
		"another policy":        {testserver.FormPage(policy, "default-src 'none'"), 0, "ok: its form may lead"},
		"a header":              {testserver.FormPage(policy, "form-action 'self'"), 0, "ok: its Content-Security-Policy has a form-action, to which Paygate adds https://card.payments.service.gov.uk https://www.payments.service.gov.uk"},
		"a header that is wide": {testserver.FormPage(policy, "form-action https:"), 0, "ok: its form may lead"},
		"a meta":                {testserver.FormPageWith(meta("form-action 'self'")), 3, "wrong: its <meta> Content-Security-Policy keeps the form from leading to GOV.UK Pay, and Paygate does not touch pages: add https://card.payments.service.gov.uk https://www.payments.service.gov.uk to its form-action"},
		"a meta that half does": {testserver.FormPageWith(meta("form-action 'self' https://www.payments.service.gov.uk")), 3, "add https://card.payments.service.gov.uk to"},
		"a meta that does":      {testserver.FormPageWith(meta("form-action 'self' *.payments.service.gov.uk https://*.payments.service.gov.uk")), 0, "ok: its form may lead"},
		"a meta in the body":    {testserver.FormPageWith("</head><body>" + meta("form-action 'self'")), 0, "ok: its form may lead"},
		"no form":               {testserver.Plain, 0, "note: has no form; if that is elsewhere"},
		"no page":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }, 0, "note: GET answers status 405"},
		"a log-in":              {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, 0, "note: GET answers status 302"},
	} {
		v := testserver.NewDoctor(t, c.page).Visit()
		require.Equal(t, c.status, v.Status, name)
		require.Contains(t, v.Lines["page /licences/apply"], c.says, name)
	}
	v := testserver.NewDoctor(t, testserver.FormPageWith(meta("form-action 'self'")), "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{kind}").Visit("-page", "/")
	require.Contains(t, v.Lines["page /"], "wrong: its <meta>")
	v = testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{kind}").Visit()
	require.Contains(t, v.Lines["page licence"], "note: not looked at: the address has wildcards")
}

func TestADoctorFindsFormsThatLeadAroundPaygate(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		`<form method=post action="SERVICE/licences/apply"><button>Apply</button></form>`,
		`<base href="SERVICE/"><form method=post><button>Apply</button></form>`,
	} {
		p := testserver.NewDoctor(t, nil)
		p.Service.AnswersBy(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, strings.ReplaceAll(page, "SERVICE", p.Service.Server.URL))
		})
		require.Contains(t, p.Visit().Lines["page /licences/apply"], "warning: leads to "+p.Service.Server.URL+", the service's own origin, which bypasses Paygate", page)
	}
}

func TestADoctorLooksAtCookies(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage("Set-Cookie", "strict=1; SameSite=Strict", "Set-Cookie", "none=1; SameSite=None", "Set-Cookie", "far=1; Domain=other.example",
		"Set-Cookie", "near=1; Domain=.apply.example", "Set-Cookie", "__Host-x=1; Path=/", "Set-Cookie", "secure=1; Secure", "Set-Cookie", "paygate=topsecret"))
	v := p.Visit()
	for about, says := range map[string]string{
		"cookie strict":   "ok: is SameSite=Strict, so browsers keep it back on the way from GOV.UK Pay; Paygate then leads them on by a page of its own",
		"cookie none":     "warning: is SameSite=None without Secure",
		"cookie far":      "warning: is for other.example, so browsers refuse it from apply.example",
		"cookie __Host-x": "warning: does not keep what the beginning of its name promises",
		"cookie secure":   "warning: is Secure, and PAYGATE_PUBLIC_URL is http",
		"cookie paygate":  "warning: has the name of Paygate's own cookie",
		"cookies":         "ok: near will be there",
	} {
		require.Contains(t, v.Lines[about], says)
	}
	for _, line := range v.Lines {
		require.NotContains(t, line, "topsecret")
	}
}

func TestADoctorLooksUnderOurPrefix(t *testing.T) {
	t.Parallel()
	v := testserver.NewDoctor(t, testserver.Plain).Visit()
	require.Contains(t, v.Lines["prefix"], "ok:", "an answer that every address gets says nothing")
	v = testserver.NewDoctor(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/_pay") {
			w.WriteHeader(http.StatusNotFound)
		}
	}).Visit()
	require.Contains(t, v.Lines["prefix"], "warning: the service itself answers at /_pay (status 200), which Paygate will hide")
}

func TestADoctorLooksAtWhatIsPaygatesOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for name, c := range map[string]struct {
		over   []string
		status int
		about  string
		says   string
	}{
		"a free route":   {[]string{"PAYGATE_ROUTE_LICENCE_MODE=free"}, 0, "route licence", "warning: is free"},
		"a closed route": {[]string{"PAYGATE_ROUTE_LICENCE_MODE=closed"}, 0, "route licence", "warning: is closed"},
		"a lax route":    {[]string{"PAYGATE_ROUTE_LICENCE_STRICT=off"}, 0, "route licence", "warning: is not strict"},
		"allowed anyway": {[]string{"PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo,POST /photos"}, 0, "route licence", "POST /photos is let through without it too"},
		"too near":       {[]string{"PAYGATE_ROUTE_LICENCE_ALLOW=POST /Licences/apply"}, 0, "route licence", "POST /Licences/apply is not let through all the same"},

		"no folder":    {[]string{"PAYGATE_STORE=bbolt:" + folder + "/no/such.db"}, 3, "store", "folder does not exist"},
		"no store":     {[]string{"PAYGATE_STORE=bbolt:" + file("text", strings.Repeat("text ", 9000), 0o600)}, 3, "store", "not a Paygate store"},
		"staff abroad": {[]string{"PAYGATE_STAFF_LISTEN=:8001"}, 0, "staff listener", "warning: :8001 can be reached from other machines"},
		"nobody there": {[]string{"PAYGATE_STAFF_LISTEN=0.0.0.0:8001", "PAYGATE_STAFF_TOKENS="}, 0, "staff listener", "warning: 0.0.0.0:8001 serves health and metrics to anybody"},
		"no tokens":    {[]string{"PAYGATE_STAFF_TOKENS="}, 0, "staff listener", "warning: has no tokens"},
		"no webhooks": {
			[]string{"PAYGATE_PAY_WEBHOOK_SECRETS=", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate"},
			0,
			"webhooks", "warning: none, and the routes licence take the money at once",
		},
		"no signing key": {[]string{"PAYGATE_SIGNING_KEYS=" + folder + "/none.pem"}, 3, "signing keys", "wrong: PAYGATE_SIGNING_KEYS: file 1 cannot be read"},
		"no certificate": {[]string{"PAYGATE_TLS_CERT_FILE=" + folder + "/c.pem", "PAYGATE_TLS_KEY_FILE=" + folder + "/k.pem"}, 3, "certificate", "wrong: PAYGATE_TLS_CERT_FILE and PAYGATE_TLS_KEY_FILE cannot be used"},
		"open secrets": {
			[]string{"PAYGATE_SECRETS=", "PAYGATE_SECRETS_FILE=" + file("open", testserver.Secret32(1), 0o644)},
			0,
			"secret files", "warning: PAYGATE_SECRETS_FILE: " + folder + "/open is open to others (-rw-r--r--)",
		},
		"closed secrets": {[]string{"PAYGATE_SECRETS=", "PAYGATE_SECRETS_FILE=" + file("closed", testserver.Secret32(1), 0o640)}, 0, "secret files", "ok: 1"},
	} {
		v := testserver.NewDoctor(t, testserver.FormPage(), c.over...).Visit()
		require.Equal(t, c.status, v.Status, "%s: %v", name, v.Lines)
		require.Contains(t, v.Lines[c.about], c.says, name)
	}
}

func TestADoctorReadsThePublicDoorsCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate, which is for example.com
	t.Cleanup(server.Close)
	pair := server.TLS.Certificates[0]
	folder := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	cert, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	files := []string{"PAYGATE_TLS_CERT_FILE=" + cert, "PAYGATE_TLS_KEY_FILE=" + keyFile}
	require.Contains(t, testserver.NewDoctor(t, testserver.FormPage(), files...).Visit().Lines["certificate"], "warning: PAYGATE_TLS_CERT_FILE is not for apply.example")
	v := testserver.NewDoctor(t, testserver.FormPage(), append(files, "PAYGATE_PUBLIC_URL=https://example.com")...).Visit()
	require.Contains(t, v.Lines["certificate"], "ok: until 20")
}

// A service's name that leads to public addresses is said at the start, which neither waits for the look-up nor fails by it.
func TestTheStartWarnsOfAServiceThatIsNotPrivate(t *testing.T) {
	t.Parallel()
	resolving := make(chan struct{})
	book := &testserver.LogBuffer{}
	said := &testserver.ServingLine{Book: book, Address: make(chan string, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://legacy.example:8080", "PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0")
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: p.Environ, Stdout: io.Discard, Stderr: said,
			LookUp: func(ctx context.Context, _, host string) ([]netip.Addr, error) {
				select {
				case <-resolving:
				case <-ctx.Done():
				}
				return []netip.Addr{netip.MustParseAddr("203.0.113.9")}, nil
			},
		}, []string{"serve"})
	}()
	address := <-said.Address // although the name is not resolved
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NotContains(t, book.String(), "public address")
	close(resolving)
	require.Eventually(t, func() bool {
		return strings.Contains(book.String(), "PAYGATE_UPSTREAM is at a public address (203.0.113.9)")
	}, 30*time.Second, time.Millisecond)
	stop()
	require.Zero(t, <-ended)
}

// publiclyAt is a house behind a proxy that sends requests on as it is told, and what the doctor says of it.
func publiclyAt(t *testing.T, answer http.HandlerFunc, proxy func(*httputil.ProxyRequest), over ...string) (at, said string) {
	t.Helper()
	h := testserver.New(t, answer)
	inside, err := url.Parse(h.URL)
	require.NoError(t, err)
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(inside)
		proxy(r)
	}})
	t.Cleanup(front.Close)
	over = append([]string{"PAYGATE_PUBLIC_URL=" + front.URL}, over...)
	h.Restart(over...)
	p := &testserver.DoctorSetup{T: t, Service: h.Service, Pay: h.Pay, Environ: testserver.Instead(h.Environ(h.Store), over)}
	at = strings.TrimPrefix(front.URL, "http://")
	return at, p.Visit().Lines["public address"]
}

func passesHostOn(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }

func TestADoctorShowsHowRequestsArrive(t *testing.T) {
	t.Parallel()
	at, said := publiclyAt(t, testserver.Plain, passesHostOn)
	require.Equal(t, "ok: http://"+at+" arrives as http://"+at, said)

	_, said = publiclyAt(t, testserver.Plain, func(*httputil.ProxyRequest) {})
	require.Contains(t, said, " arrives with the host 127.0.0.1:")
	require.Contains(t, said, "PAYGATE_TRUSTED_PROXIES")

	at, said = publiclyAt(t, testserver.Plain, func(r *httputil.ProxyRequest) {
		r.Out.Header.Set("X-Forwarded-Host", r.In.Host)
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8")
	require.Equal(t, "warning: http://"+at+" arrives as https://"+at+": a proxy in PAYGATE_TRUSTED_PROXIES says so", said)
}

func TestADoctorMeetsTheRedirectThatACitizenWouldMeetForEver(t *testing.T) {
	t.Parallel()
	_, said := publiclyAt(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.Header.Get("X-Forwarded-Proto")+"://"+r.Host+r.RequestURI, http.StatusMovedPermanently)
	}, passesHostOn)
	require.Contains(t, said, " redirects a citizen who asks for / endlessly")
	require.Contains(t, said, " redirects a citizen who asks for /licences/apply endlessly")
}

func TestOnlyTheDoctorIsToldHowRequestsArrive(t *testing.T) {
	t.Parallel()
	c := testserver.New(t, testserver.Plain).Citizen()
	for _, header := range [][]string{nil, {"Paygate-Doctor", ""}, {"Paygate-Doctor", "guess"}} {
		require.Empty(t, c.Get("/_pay/status", header...).Header.Get("Paygate-Arrived"))
	}
}

func TestADoctorSaysWhatElseAnswersAtThePublicAddress(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(testserver.Plain))
	t.Cleanup(other.Close)
	leads := httptest.NewServer(http.RedirectHandler("https://www.example.org/", http.StatusFound))
	t.Cleanup(leads.Close)
	nobody := testserver.QuietListener(t)
	require.NoError(t, nobody.Close())
	v := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_PUBLIC_URL="+other.URL+","+leads.URL+",http://"+nobody.Addr().String()).Visit()
	said := v.Lines["public address"]
	require.Contains(t, said, "warning: "+other.URL+" is answered by something other than Paygate")
	require.Contains(t, said, "warning: "+leads.URL+" redirects to https://www.example.org")
	require.Contains(t, said, "note: http://"+nobody.Addr().String()+" did not answer: ")
}

// What the service's own pages offer near a pay path is printed as the setting that declares it.
func TestADoctorReadsTheFormsOfTheServicesPages(t *testing.T) {
	t.Parallel()
	const apply = `<html><body><a href="/licences/help">Help</a><a href="https://elsewhere.example/licences/apply/x">x</a>
		<form method="post"><input name="name"><input type="hidden" name="next" value="/licences/done">
			<button name="action" value="save">Save</button><button name="action" value="pay">Pay</button>
			<button formaction="/licences/apply/postcode-lookup">Find address</button>
			<button formaction="apply/step-2" name="go">Next</button></form>
		<form method="post" action="/licences/apply/7"><input type="hidden" name="_method" value="patch"><button>Change</button></form>
		<form method="post" action="/Licences/apply.php"><button>Pay</button></form>
		<form action="/search"><input name="q"></form>
		<form method="post" action="/licences/apply/a%2fb"></form></body></html>`
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/licences/apply" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, apply)
	}
	v := testserver.NewDoctor(t, answer, "PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo").Visit()
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo,POST /licences/apply/postcode-lookup,POST /licences/apply/step-2,POST /licences/apply/{id}\n")
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_ALIASES=POST /Licences/apply.php\n")
	require.Contains(t, v.Out, "several buttons (action=pay, action=save)")
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_WHEN=form:action=save\n")
	require.Contains(t, v.Out, "leads to POST /licences/apply/a%2fb, which Paygate refuses")
	require.Contains(t, v.Out, "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation,/licences/done\n")

	v = testserver.NewDoctor(t, answer, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay",
		"PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/postcode-lookup,POST /licences/apply/step-2,POST /licences/apply/{id}", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /Licences/apply.php").Visit()
	require.NotContains(t, v.Out, "would refuse")
	require.Contains(t, v.Out, "none is called pay")
}
