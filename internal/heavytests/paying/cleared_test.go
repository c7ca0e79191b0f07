package paying

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/testprocess"
)

// The citizen signs out of the service in another tab.
func TestClearSiteDataDuringPaymentKeepsTheJourney(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"cookies": `"cookies", "storage"`, "everything": `"*"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/licences/sign-out":
					w.Header().Set("Clear-Site-Data", value)
				case "/licences/form":
					w.Header().Add("Set-Cookie", "session=ann; Path=/licences; HttpOnly")
				}
				licences(w, r)
			})
			paygate := testprocess.StartGateway(t, startCrossSitePay(t), service.url, applicationSettings...)
			b := browser.Open(t, paygate.URL)
			b.Visit("/licences/form")
			b.Do(browser.See("#send"), browser.Click("#send"), browser.See("#card-no"))
			other := b.Another()
			other.Visit("/licences/sign-out")
			other.Visit("/licences/look")
			require.NotContains(t, service.last().header.Get("Cookie"), "ann",
				"the service's own cookie is cleared")
			other.Close()
			b.Pay()
			b.Do(browser.See("#done"))
			require.Len(t, service.posts(), 1)
		})
	}
}
