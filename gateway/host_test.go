package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
)

// TestAHostWithAFinalDotIsAnother: browsers keep its cookies apart, so nobody who paid there would be known again.
func TestAHostWithAFinalDotIsAnother(t *testing.T) {
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
