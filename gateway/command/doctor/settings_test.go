package doctor_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestDoctorChecksSettingsAndFiles(t *testing.T) {
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
		"a lax pass": {
			[]string{
				"PAYGATE_ROUTE_LICENCE_STRICT=off", "PAYGATE_ROUTE_LICENCE_MATCH=GET /register.csv",
				"PAYGATE_ROUTE_LICENCE_ACCEPT=200", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=",
			},
			0, "route licence", "warning: is not strict",
		},
		"a service that is told": {
			[]string{"PAYGATE_ROUTE_LICENCE_TELL=POST /events"},
			0, "messages licence", "note: PAYGATE_ROUTE_LICENCE_TELL: the service says 404 to GET /events",
		},
		"a service that is not told": {nil, 0, "messages licence", "note: the service hears nothing of refunds"},
		"early delivery":             {nil, 0, "delivery licence", "ok: 5m0s after the money is there"},
		"no early delivery": {
			[]string{"PAYGATE_ROUTE_LICENCE_RETURN_GRACE=off"},
			0, "delivery licence",
			"a sweep delivers the form after 3h0m0s",
		},
		"no staff certificate": {
			[]string{"PAYGATE_STAFF_TLS_CERT_FILE=" + folder + "/c.pem", "PAYGATE_STAFF_TLS_KEY_FILE=" +
				folder + "/k.pem"},
			3, "staff certificate", "wrong: PAYGATE_STAFF_TLS_CERT_FILE and PAYGATE_STAFF_TLS_KEY_FILE cannot be used",
		},
		"allowed anyway": {
			[]string{"PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo,POST /photos"},
			0, "route licence", "POST /photos would be let through anyway",
		},
		"too near": {
			[]string{"PAYGATE_ROUTE_LICENCE_ALLOW=POST /Licences/apply"},
			0, "route licence", "POST /Licences/apply is still not let through",
		},

		"no folder": {[]string{"PAYGATE_STORE=bbolt:" + folder + "/no/such.db"}, 3, "store", "folder does not exist"},
		"no store": {
			[]string{"PAYGATE_STORE=bbolt:" + file("text", strings.Repeat("text ", 9000), 0o600)},
			3, "store", "not a Paygate store",
		},
		"staff abroad": {
			[]string{"PAYGATE_STAFF_LISTEN=:8001"},
			0, "staff listener", "warning: :8001 can be reached from other machines",
		},
		"open without tokens": {
			[]string{"PAYGATE_STAFF_LISTEN=0.0.0.0:8001", "PAYGATE_STAFF_TOKENS="},
			0, "staff listener", "warning: 0.0.0.0:8001 serves health and metrics to anyone",
		},
		"no tokens":  {[]string{"PAYGATE_STAFF_TOKENS="}, 0, "staff listener", "warning: has no way to sign in"},
		"no contact": {[]string{"PAYGATE_CONTACT="}, 0, "contact", "warning: PAYGATE_CONTACT is not set"},
		"no webhooks": {
			[]string{"PAYGATE_PAY_WEBHOOK_SECRETS=", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate"},
			0, "webhooks", "warning: none, and the routes licence take the money at once",
		},
		"no signing key": {
			[]string{"PAYGATE_SIGNING_KEYS=" + folder + "/none.pem"},
			3, "signing keys", "wrong: PAYGATE_SIGNING_KEYS: file 1 cannot be read",
		},
		"no certificate": {
			[]string{"PAYGATE_TLS_CERT_FILE=" + folder + "/c.pem", "PAYGATE_TLS_KEY_FILE=" + folder + "/k.pem"},
			3, "certificate", "wrong: PAYGATE_TLS_CERT_FILE and PAYGATE_TLS_KEY_FILE cannot be used",
		},
		"open secrets": {
			[]string{"PAYGATE_SECRETS=", "PAYGATE_SECRETS_FILE=" + file("open", testserver.Secret32(1), 0o644)},
			0, "secret files", "warning: PAYGATE_SECRETS_FILE: " + folder + "/open is open to others (-rw-r--r--)",
		},
		"closed secrets": {
			[]string{"PAYGATE_SECRETS=", "PAYGATE_SECRETS_FILE=" + file("closed", testserver.Secret32(1), 0o640)},
			0, "secret files", "ok: 1",
		},
	} {
		v := examine(t, testserver.FormPage(), c.over...)
		require.Equal(t, c.status, v.Status, "%s: %v", name, v.Lines)
		require.Contains(t, v.Lines[c.about], c.says, name)
	}
}

func TestDoctorReadsCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate, which is for example.com
	t.Cleanup(server.Close)
	pair := server.TLS.Certificates[0]
	folder := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	cert, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	files := []string{"PAYGATE_TLS_CERT_FILE=" + cert, "PAYGATE_TLS_KEY_FILE=" + keyFile}
	v := examine(t, testserver.FormPage(), files...)
	require.Contains(t, v.Lines["certificate"], "warning: PAYGATE_TLS_CERT_FILE is not for apply.example.org")
	v = examine(t, testserver.FormPage(), append(files, "PAYGATE_PUBLIC_URL=https://example.com")...)
	require.Contains(t, v.Lines["certificate"], "ok: valid until 20")
}

func TestDoctorWarnsOfACertificateThatSoonEnds(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "apply.example.org") // for an hour
	v := examine(t, testserver.FormPage(),
		"PAYGATE_TLS_CERT_FILE="+certFile, "PAYGATE_TLS_KEY_FILE="+keyFile,
		"PAYGATE_STAFF_TLS_CERT_FILE="+certFile, "PAYGATE_STAFF_TLS_KEY_FILE="+keyFile,
		"PAYGATE_STAFF_URL=https://staff.example.org")
	require.Regexp(t, "warning: PAYGATE_TLS_CERT_FILE ends on 20.*: renew it", v.Lines["certificate"])
	require.Contains(t, v.Lines["staff certificate"],
		"warning: PAYGATE_STAFF_TLS_CERT_FILE is not for staff.example.org")
}

func TestDoctorWarnsOfSessionsShorterThanEarlyDelivery(t *testing.T) {
	t.Parallel()
	short := testserver.FormPage("Set-Cookie", "SESSID=1; Path=/; Max-Age=120", "Set-Cookie", "lang=en; Max-Age=86400")
	v := examine(t, short)
	require.Contains(t, v.Lines["delivery licence"],
		"warning: the cookie SESSID ends before PAYGATE_ROUTE_LICENCE_RETURN")
	v = examine(t, short, "PAYGATE_ROUTE_LICENCE_RETURN_GRACE=1m")
	require.Contains(t, v.Lines["delivery licence"], "ok: ")
}

func TestDoctorWarnsOfRedirectsToAnotherScheme(t *testing.T) {
	t.Parallel()
	toHTTPS := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://apply.example.org"+r.RequestURI)
		w.WriteHeader(http.StatusMovedPermanently)
	}
	v := examine(t, toHTTPS)
	require.Contains(t, v.Lines["redirects"],
		"warning: /licences/apply leads citizens to https://apply.example.org, and PAYGATE_PUBLIC_URL is http://")
	v = examine(t, toHTTPS, "PAYGATE_PUBLIC_URL=https://apply.example.org")
	require.Contains(t, v.Lines["redirects"], "wrong: /licences/apply leads to itself")
}
