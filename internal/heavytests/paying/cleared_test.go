package paying

import (
	"net/http"
	"testing"

	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
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
			b := newTab(t, testprocess.StartGateway(t, startCrossSitePay(t), service.url, applicationSettings...).URL)
			b.open("/licences/form")
			b.do(see("#send"), click("#send"), see("#cardNo"))
			b.inAnotherTab(func(other tab) {
				other.open("/licences/sign-out")
				other.open("/licences/look")
				require.NotContains(t, service.last().header.Get("Cookie"), "ann",
					"the service's own cookie is cleared")
			})
			b.pays()
			b.do(see("#done"))
			require.Len(t, service.posts(), 1)
		})
	}
}
