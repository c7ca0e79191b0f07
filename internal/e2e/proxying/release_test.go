package proxying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// TestReleaseForwardsTheClientAddressAsFreeTrafficDoes puts Paygate behind a trusted proxy.
func TestReleaseForwardsTheClientAddressAsFreeTrafficDoes(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,10.0.0.0/8",
		"PAYGATE_PUBLIC_URL=http://licences.example.org")
	c := h.Citizen()
	asked := []string{
		"X-Forwarded-For", "192.0.2.7, 10.1.1.1", "X-Forwarded-Host", "licences.example.org",
		"X-Forwarded-Proto", "https",
	}
	c.Post("/free", url.Values{}, asked...)
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{}, asked...).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, posts[0].Host, posts[1].Host)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		require.Equal(t, posts[0].Header[name], posts[1].Header[name], name)
	}
}

func TestReleaseCarriesTheHeadersOfFreeTraffic(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	header := []string{
		"Content-Encoding", "gzip", "If-Match", `"v1"`, "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT",
		"X-CSRF-Token", "token", "Idempotency-Key", "key",
		"X-Requested-With", "Form", "Content-Range", "bytes 0-4/5", "Sec-Fetch-Site", "same-origin", "Soapaction", "x",
		"Upgrade-Insecure-Requests", "1",
	}
	c.Post("/free", url.Values{"a": {"b"}}, header...)
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"a": {"b"}}, header...).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	for name, values := range posts[0].Header {
		if !strings.HasPrefix(name, "Paygate-") && name != "Accept-Encoding" && name != "X-Request-Id" {
			require.Equal(t, values, posts[1].Header[name], name)
		}
	}
}
