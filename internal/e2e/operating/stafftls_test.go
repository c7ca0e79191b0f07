package operating

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestStaffListenerServesTLSAndCommandsKnowItsCertificate(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "staff.example.gov.uk")
	othersFile, _ := testserver.WriteCertificate(t, "staff.example.gov.uk")
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	h.Serve("PAYGATE_STAFF_TLS_CERT_FILE="+certFile, "PAYGATE_STAFF_TLS_KEY_FILE="+keyFile)
	address := strings.Replace(h.Staff.URL, "http://", "", 1)
	environ := []string{
		"PAYGATE_STAFF_LISTEN=" + address, "PAYGATE_STAFF_TOKEN=" + testserver.AnnsToken,
		"PAYGATE_STAFF_TLS_CERT_FILE=" + certFile,
	}
	for _, command := range []string{"journeys", "healthcheck"} {
		status, _, stderr := testserver.RunCommand(t, environ, command)
		require.Zero(t, status, stderr)
		status, _, _ = testserver.RunCommand(t, environ[:2], command)
		require.Equal(t, 1, status, "http")
		status, _, stderr = testserver.RunCommand(t, append(environ, "PAYGATE_STAFF_TLS_CERT_FILE="+othersFile),
			command)
		require.Equal(t, 1, status, "another listener")
		require.NotContains(t, stderr, testserver.AnnsToken)
		status, _, stderr = testserver.RunCommand(t, append(environ, "PAYGATE_STAFF_TLS_CERT_FILE="+certFile+".not"),
			command)
		require.Equal(t, 1, status)
		require.Contains(t, stderr, "PAYGATE_STAFF_TLS_CERT_FILE")
	}
	trust := testserver.TLSConfig(t, certFile)
	trust.ServerName = "staff.example.gov.uk"
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: trust},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.PostForm("https://"+address+"/login", url.Values{"token": {testserver.AnnsToken}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.True(t, answer.Cookies()[0].Secure)
}
