package examples_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/testserver"
)

// TestNginxOnBothSidesOfPaygate pays through the site of the example, from TLS to PHP.
func TestNginxOnBothSidesOfPaygate(t *testing.T) {
	t.Parallel()
	inner := "127.0.0.1:" + port(t)
	h := testserver.New(t, http.NotFound, "PAYGATE_UPSTREAM=http://"+inner,
		"PAYGATE_PUBLIC_URL=https://licences.example.gov.uk", "PAYGATE_TRUSTED_PROXIES=127.0.0.1/32")
	plain, secure, roots := startSite(t, inner, h.Public.Listener.Addr().String())

	ann := h.Citizen()
	h.URL = "https://licences.example.gov.uk"
	ann.Client.Transport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			at := map[string]string{"licences.example.gov.uk:443": secure, "licences.example.gov.uk:80": plain}[address]
			if at == "" {
				at = address
			}
			return (&net.Dialer{}).DialContext(ctx, network, at)
		},
	}
	require.Equal(t, h.URL+"/about?x=1", ann.Get("http://licences.example.gov.uk/about?x=1").Location())
	require.Equal(t, "about us", ann.Get("/about").Text)
	require.Equal(t, http.StatusPaymentRequired, ann.Post("http://"+inner+"/licences/apply", nil).Status, "the gate")
	ann.Apply("Ann")
	h.EndPayment("success")
	require.Equal(t, ran, ann.ReturnFromPay().Text)
}

// startSite runs nginx with the site of the example, and returns the addresses of its public servers and its
// certificate.
func startSite(t *testing.T, inner, paygate string) (plain, secure string, roots *x509.CertPool) {
	t.Helper()
	nginx, openssl, root := installed(t, "nginx"), installed(t, "openssl"), home(t)
	writePHP(t, root)
	plain, secure = "127.0.0.1:"+port(t), "127.0.0.1:"+port(t)
	for from, to := range map[string]string{
		"gate/nginx.conf": "gate.conf", "/etc/nginx/fastcgi_params": "fastcgi_params",
	} {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		write(t, filepath.Join(root, to), string(text))
	}
	out, err := exec.Command(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-days", "1", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:licences.example.gov.uk",
		"-keyout", filepath.Join(root, "privkey.pem"), "-out", filepath.Join(root, "fullchain.pem")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	certificate, err := os.ReadFile(filepath.Join(root, "fullchain.pem"))
	require.NoError(t, err)
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate))

	conf := filepath.Join(root, "nginx.conf")
	write(t, conf, strings.ReplaceAll(siteConf(t, startPHP(t, root), map[string]string{
		"listen 80;": "listen " + plain + ";", "listen 443 ssl;": "listen " + secure + " ssl;",
		"listen 127.0.0.1:8080;": "listen " + inner + ";", "http://127.0.0.1:8000": "http://" + paygate,
		"/etc/ssl/licences": root, "/etc/nginx/sites-available/paygate-gate.conf": root + "/gate.conf",
		"/var/www/licences": root + "/router",
	}), "ROOT", root))
	run(t, "tcp", secure, nginx, "-e", "stderr", "-p", root, "-c", conf)
	return plain, secure, roots
}

// siteConf returns the site of the example with what this machine has instead, as a whole configuration.
func siteConf(t *testing.T, php string, instead map[string]string) string {
	t.Helper()
	text, err := os.ReadFile("systemd/nginx.conf")
	require.NoError(t, err)
	instead["/run/php/php-fpm.sock"] = php
	site := string(text)
	for from, to := range instead {
		require.Contains(t, site, from)
		site = strings.ReplaceAll(site, from, to)
	}
	user := ""
	if isRoot() {
		user = "user root root; "
	}
	return user + "daemon off; pid ROOT/nginx.pid; error_log stderr; events {} http { access_log off; " +
		"client_body_temp_path ROOT/t1; proxy_temp_path ROOT/t2; " +
		"fastcgi_temp_path ROOT/t3; uwsgi_temp_path ROOT/t4; scgi_temp_path ROOT/t5;\n" + site + "}\n"
}

// TestSystemdOverride has systemd check the unit of the package with the drop-in, and Paygate the settings of both.
func TestSystemdOverride(t *testing.T) {
	t.Parallel()
	analyze := installed(t, "systemd-analyze")
	unit, err := os.ReadFile("../packaging/paygate.service")
	require.NoError(t, err)
	override, err := os.ReadFile("systemd/override.conf")
	require.NoError(t, err)
	verify := func(override string) string {
		folder := t.TempDir()
		name := filepath.Join(folder, "paygate.service")
		require.NoError(t, os.Mkdir(name+".d", 0o755))
		installed := strings.ReplaceAll(string(unit), "/usr/bin/paygate", "/bin/true")
		require.NoError(t, os.WriteFile(name, []byte(installed), 0o644))
		require.NoError(t, os.WriteFile(name+".d/override.conf", []byte(override), 0o644))
		out, _ := exec.Command(analyze, "verify", name).CombinedOutput()
		return string(out)
	}
	require.NotContains(t, verify(string(override)), "paygate", "other units of the machine do not matter")
	require.Contains(t, verify("[Service]\nMemoryMaximum=1\n"), "MemoryMaximum", "it reads the drop-in")

	credentials := t.TempDir()
	for name, value := range map[string]string{
		"pay-api-key": "api_live_x", "secrets": "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"staff-tokens": "ann:staff-token-of-ann-7d1c", "store": "postgres://paygate:x@db/paygate?sslmode=require",
		"webhook-secrets": "webhook_live_example",
	} {
		write(t, filepath.Join(credentials, name), value+"\n")
		require.NoError(t, os.Chmod(filepath.Join(credentials, name), 0o400))
	}
	settings, err := config.Load(unitSettings(t, string(unit)+string(override), credentials))
	require.NoError(t, err)
	require.Equal(t, "postgres", settings.Store.Kind)
	require.Len(t, settings.PayWebhookSecrets, 1)
}

// unitSettings returns the environment that a unit gives to Paygate, with the settings of the package.
func unitSettings(t *testing.T, unit, credentials string) (environ []string) {
	t.Helper()
	unset := regexp.MustCompile(`(?m)^UnsetEnvironment=(.*)$`).FindStringSubmatch(unit)
	require.NotNil(t, unset)
	for _, line := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(unit, -1) {
		for _, pair := range strings.Fields(strings.ReplaceAll(line[1], "%d", credentials)) {
			if !strings.HasPrefix(pair, unset[1]+"=") {
				environ = append(environ, pair)
			}
		}
	}
	text, err := os.ReadFile("../packaging/paygate.env")
	require.NoError(t, err)
	return append(environ, regexp.MustCompile(`(?m)^PAYGATE_\w+=.*$`).FindAllString(string(text), -1)...)
}
