package doctor_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestDoctorReportsServiceThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://127.0.0.1:1")
	v := p.Run()
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["service"], "wrong: does not answer at http://127.0.0.1:1: nothing is listening there")
	require.Contains(t, v.Lines["GOV.UK Pay"], "ok:", "the rest is still checked")

	v = examine(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	require.Contains(t, v.Lines["service"], "warning: answers GET / at")
	require.Contains(t, v.Lines["page /licences/apply"], "note: GET answers with status 503")
}

func TestDoctorVerifiesServiceCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(testserver.FormPage())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	root := filepath.Join(t.TempDir(), "root.pem")
	certificate := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	require.NoError(t, os.WriteFile(root, pem.EncodeToMemory(certificate), 0o600))
	trusted := "PAYGATE_UPSTREAM_CA_FILE=" + root
	address, err := url.Parse(server.URL)
	require.NoError(t, err)

	v := examine(t, testserver.FormPage(), "PAYGATE_UPSTREAM="+server.URL)
	require.Equal(t, 3, v.Status)
	require.Contains(t, v.Lines["service"], "PAYGATE_UPSTREAM_CA_FILE adds a root")
	v = examine(t, testserver.FormPage(), "PAYGATE_UPSTREAM="+server.URL, trusted)
	require.Zero(t, v.Status)
	require.Contains(t, v.Lines["service"], "its certificate is valid")
	v = examine(t, testserver.FormPage(), "PAYGATE_UPSTREAM=https://localhost:"+address.Port(), trusted)
	require.Contains(t, v.Lines["service"], "its certificate is not for the name")
	p := testserver.NewDoctor(t, testserver.FormPage())
	p.Environ = append(p.Environ, "PAYGATE_UPSTREAM="+strings.Replace(p.Service.Server.URL, "http:", "https:", 1))
	require.Contains(t, p.Run().Lines["service"], "it does not speak https")
	v = examine(t, testserver.FormPage(), "PAYGATE_UPSTREAM_CA_FILE="+filepath.Join(t.TempDir(), "none.pem"))
	require.Contains(t, v.Lines["service"], "wrong: PAYGATE_UPSTREAM_CA_FILE cannot be read")
}

func TestDoctorReportsPublicAddressOfService(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://legacy.invalid:8080")
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("203.0.113.9")}, nil
	}
	v := p.Run()
	require.Contains(t, v.Lines["service"], "its name cannot be resolved")
	require.Contains(t, v.Lines["service private"], "warning: PAYGATE_UPSTREAM is at a public address (203.0.113.9)")
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	require.Contains(t, p.Run().Lines["service private"], "wrong: the name in PAYGATE_UPSTREAM cannot be resolved")
}

func TestDoctorReportsServicePagesUnderPrefix(t *testing.T) {
	t.Parallel()
	v := examine(t, testserver.Plain)
	require.Contains(t, v.Lines["prefix"], "ok:", "an answer that every address gets says nothing")
	v = examine(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/_pay") {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	require.Contains(t, v.Lines["prefix"],
		"warning: the service itself answers at /_pay (status 200), which Paygate will hide")
}
