package operating

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestDoctorDoesNotDisturbRunningPaygate(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_STORE=bbolt:"+h.Store)
	c := h.Citizen()
	c.Apply("Ann")
	require.Contains(t, p.Run().Lines["store"], "ok: "+h.Store+" is in use by a running Paygate")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, journey.StateReleased, c.State())
}

// TestStartWarnsOfServiceAtPublicAddress also proves that the start does not wait until the name is resolved.
func TestStartWarnsOfServiceAtPublicAddress(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_UPSTREAM=http://legacy.example:8080",
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0")
	resolving := make(chan struct{})
	serving := testserver.StartCommand(t, command.Env{
		Environ: p.Environ,
		LookUp: func(ctx context.Context, _, host string) ([]netip.Addr, error) {
			select {
			case <-resolving:
			case <-ctx.Done():
			}
			return []netip.Addr{netip.MustParseAddr("203.0.113.9")}, nil
		},
	}, testserver.Serving, "serve")
	address, _ := testserver.Addresses(t, serving.Log.String())
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NotContains(t, serving.Log.String(), "public address")
	close(resolving)
	serving.WaitForLog(t, "PAYGATE_UPSTREAM is at a public address (203.0.113.9)")
	require.Zero(t, serving.Stop())
}

// behindProxy runs Paygate behind a proxy, and returns the public address and what the doctor says about it.
func behindProxy(
	t *testing.T, answer http.HandlerFunc, proxy func(*httputil.ProxyRequest), over ...string,
) (at, said string) {
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
	environ := testserver.Override(h.Environ(h.Store), over)
	p := &testserver.DoctorSetup{T: t, Service: h.Service, Pay: h.Pay, Environ: environ}
	at = strings.TrimPrefix(front.URL, "http://")
	return at, p.Run().Lines["public address"]
}

func passHost(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }

func TestDoctorShowsHowRequestsArrive(t *testing.T) {
	t.Parallel()
	at, said := behindProxy(t, testserver.Plain, passHost)
	require.Equal(t, "ok: http://"+at+" arrives as http://"+at, said)

	_, said = behindProxy(t, testserver.Plain, func(*httputil.ProxyRequest) {})
	require.Contains(t, said, " arrives with the host 127.0.0.1:")
	require.Contains(t, said, "PAYGATE_TRUSTED_PROXIES")

	at, said = behindProxy(t, testserver.Plain, func(r *httputil.ProxyRequest) {
		r.Out.Header.Set("X-Forwarded-Host", r.In.Host)
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8")
	require.Equal(t,
		"warning: http://"+at+" arrives as https://"+at+": a proxy in PAYGATE_TRUSTED_PROXIES says so", said)
}

func TestDoctorReportsRedirectLoop(t *testing.T) {
	t.Parallel()
	_, said := behindProxy(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.Header.Get("X-Forwarded-Proto")+"://"+r.Host+r.RequestURI, http.StatusMovedPermanently)
	}, passHost)
	require.Contains(t, said, " redirects / endlessly")
	require.Contains(t, said, " redirects /licences/apply endlessly")
}

func TestOnlyDoctorLearnsHowRequestsArrive(t *testing.T) {
	t.Parallel()
	c := testserver.New(t, testserver.Plain).Citizen()
	for _, header := range [][]string{nil, {"Paygate-Doctor", ""}, {"Paygate-Doctor", "guess"}} {
		require.Empty(t, c.Get("/_pay/status", header...).Header.Get("Paygate-Arrived"))
	}
}
