package signin

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
	"paygate/internal/testserver"
)

// startProxy starts oauth2-proxy in front of a staff listener. It returns its address, and where staff have to sign in.
func startProxy(t *testing.T, upstream string) (address string, u *users) {
	t.Helper()
	program, err := exec.LookPath("oauth2-proxy")
	if err != nil {
		testenv.Missing(t, "oauth2-proxy is not installed")
	}
	at := freeAddress(t)
	address = "http://" + at
	callback := address + "/oauth2/callback"
	u, issuer := startProvider(t, here, callback)
	command := exec.CommandContext(t.Context(), program, "--provider=oidc", "--oidc-issuer-url="+issuer,
		"--client-id="+callback, "--client-secret="+clientSecret, "--redirect-url="+callback,
		"--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false", "--email-domain=*",
		"--upstream="+upstream, "--http-address="+at, "--skip-provider-button=true", "--code-challenge-method=S256")
	output := &testserver.LogBuffer{}
	command.Stdout, command.Stderr = output, output
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	require.Eventually(t, func() bool {
		answer, err := http.Get(address + "/ping")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	}, testserver.LongTimeout, 50*time.Millisecond, output)
	return address, u
}

func TestARealProxySignsStaffIn(t *testing.T) {
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	h.Serve("PAYGATE_STAFF_PROXY_HEADER=X-Forwarded-Email", "PAYGATE_STAFF_PROXY_GROUPS_HEADER=X-Forwarded-Groups",
		"PAYGATE_STAFF_PROXIES=127.0.0.1/32", "PAYGATE_STAFF_ROLES=*@example.gov.uk=view,group:finance=refund")
	proxy, u := startProxy(t, h.Staff.URL)
	u.groups = []string{"everybody", "finance"}
	b := newBrowser(t)
	answer, text := b.logIn(proxy + "/journeys")
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	require.Contains(t, text, "Signed in as test-user@example.gov.uk")
	answer, text = b.do(http.MethodGet, proxy+"/backup", nil)
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Contains(t, text, "You have the role refund")

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy+"/journeys", nil)
	require.NoError(t, err)
	request.Header = http.Header{
		"Accept": {"text/html"}, "X-Forwarded-Email": {"boss@example.gov.uk"}, "X-Forwarded-Groups": {"admins"},
	}
	answer, err = b.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "Signed in as test-user@example.gov.uk")
	require.False(t, strings.Contains(string(page), "boss"))
}
