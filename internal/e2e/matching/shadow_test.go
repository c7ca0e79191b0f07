package matching

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

// In shadow mode all requests pass unchanged; what would have happened is counted and logged.
func TestShadowModeCountsWithoutActing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_MODE=shadow",
		"PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_REGISTER_MODE=shadow", "PAYGATE_ROUTE_REGISTER_PRICE=upstream",
		"PAYGATE_ROUTE_PRICED_MODE=shadow")
	c := h.Citizen()
	for _, try := range []struct{ method, target, body, log string }{
		{"POST", "/licences/apply", "name=Ann&action=pay", `"what":"held","rule":"WHEN"`},
		{"POST", "/licences/apply", "name=Ann&action=save", ""},
		{"POST", "/licences/apply", "action=save&action[]=pay", `"what":"refused","rule":"unclear form"`},
		{
			"POST", "/licences/apply/step-2", "a=b",
			`"what":"refused","rule":"strict match","declare":"PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the ` +
				`pay code; PAYGATE_ROUTE_LICENCE_ALLOW, if it leads to other code"`,
		},
		{"PUT", "/licences/apply", "a=b", `"what":"refused","rule":"method"`},
		{"POST", "/Licences/Apply", "a=b", `"what":"refused","rule":"near spelling"`},
		{"GET", "/licences/apply?action=pay", "", `"what":"refused","rule":"query of a page"`},
		{"GET", "/licences/apply?page=2", "", ""},
		{"GET", "/register/2026", "", `"what":"priced","rule":"MATCH"`},
		{"GET", "/register/2026.json", "", `"route":"register","what":"priced"`},
		{"POST", "/licences/priced", "licence=8-day", `"route":"priced","what":"held"`},
		{"POST", "/licences/priced", "licence=9-day", `"what":"refused","rule":"choice of price"`},
		{"POST", "/other", "action=pay", ""},
	} {
		before, received := len(h.Log.String()), len(h.Service.Requests(try.method))
		p := c.Do(try.method, try.target, strings.NewReader(try.body), "Content-Type",
			"application/x-www-form-urlencoded")
		require.Less(t, p.Status, 400, try)
		got := h.Service.Requests(try.method)
		require.Len(t, got, received+1, "%v passes", try)
		last := got[len(got)-1]
		require.Equal(t, []string{"none"}, last.Header["Paygate-Status"])
		require.Equal(t, try.target, last.Target)
		require.Equal(t, try.body, string(last.Body))
		logged := h.Log.String()[before:]
		if try.log == "" {
			require.NotContains(t, logged, `"msg":"shadow"`, try)
		} else {
			require.Contains(t, logged, try.log, try)
			require.Equal(t, 1, strings.Count(logged, `"msg":"shadow"`), try)
		}
	}
	require.Empty(t, h.Payments())
	for name, want := range map[string]string{
		`paygate_shadow_total{route="licence",what="held"}`:    "1",
		`paygate_shadow_total{route="licence",what="refused"}`: "5",
		`paygate_shadow_total{route="priced",what="held"}`:     "1",
		`paygate_shadow_total{route="immediate",what="held"}`:  "0",
	} {
		require.Equal(t, want, h.Metric(t, name), name)
	}
}

// A route that is now free still serves earlier payments.
func TestJourneysContinueInFreeAndShadowMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			wrong := true
			h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
				if wrong && r.Method == http.MethodPost {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				testserver.Confirm(w, r)
			})
			c := h.Citizen()
			c.Get("/register/2026")
			h.EndPayment("success")
			c.ReturnFromPay()
			c.Apply("Ann")
			h.EndPayment("success")
			c.ReturnFromPay()
			require.Equal(t, journey.StateRefused, c.State())
			h.Restart("PAYGATE_ROUTE_LICENCE_MODE="+mode, "PAYGATE_ROUTE_REGISTER_MODE="+mode)
			wrong = false
			require.Equal(t, http.StatusOK, c.Get("/register/2026").Status)
			require.Equal(t, []string{"success"}, last(h.Service.Requests(http.MethodGet)).Header["Paygate-Status"],
				"the pass still opens")
			c.Post("/licences/apply", url.Values{"name": {"Anne"}})
			require.Equal(t, []string{"success"}, last(h.Service.Requests(http.MethodPost)).Header["Paygate-Status"],
				"a correction uses the earlier payment")
			require.Equal(t, journey.StateReleased, c.State())
			c.Post("/licences/apply", url.Values{"name": {"Bob"}})
			require.Equal(t, []string{"none"}, last(h.Service.Requests(http.MethodPost)).Header["Paygate-Status"])
			require.Equal(t, []string{"none"}, statusOfFree(h))
			require.Len(t, h.Payments(), 2)
		})
	}
}

func TestOpenJourneyDoesNotBlockFreeRoutes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		h := testserver.New(t, testserver.Confirm, "PAYGATE_HOLD_MAX_BYTES=1KiB")
		c := h.Citizen()
		c.Get("/register/2026")
		c.Apply("Ann")
		h.Restart("PAYGATE_ROUTE_LICENCE_MODE="+mode, "PAYGATE_ROUTE_REGISTER_MODE="+mode)
		c.Do(http.MethodHead, "/register/2026", nil)
		require.Len(t, h.Service.Requests(http.MethodHead), 1)
		received := len(h.Service.Requests(http.MethodPost))
		c.Post("/licences/apply", url.Values{"name": {strings.Repeat("x", 2000)}})
		require.Len(t, h.Service.Requests(http.MethodPost), received+1)
	}
}

// statusOfFree returns the Paygate-Status of the form of another citizen.
func statusOfFree(h *testserver.Harness) []string {
	other := h.Citizen()
	other.Post("/licences/apply", url.Values{"name": {"Eve"}})
	return last(h.Service.Requests(http.MethodPost)).Header["Paygate-Status"]
}

func last[T any](all []T) T { return all[len(all)-1] }
