package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// Browsers store the cookies of a host with a final dot apart, so we would not recognise a citizen who paid there.
func TestAHostWithAFinalDotIsAnotherHost(t *testing.T) {
	t.Parallel()
	origins := origin.List{{Scheme: "https", Host: "licences.example.gov.uk"}}
	h := &hosts{clients: proxy.Clients{Origins: origins}}
	for host, other := range map[string]bool{
		"licences.example.gov.uk": false, "LICENCES.example.gov.uk:443": false, "licences.example.gov.uk.": true,
		"Licences.example.gov.uk.:443": true,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		require.Equal(t, other, h.isAtOtherHost(r), host)
	}
}
