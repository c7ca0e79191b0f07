package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// In shadow mode everything passes as it came, and what would have become of it is counted and logged.
func TestShadowModeCountsWhatWouldHaveBeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_LICENCE_MODE=shadow", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_REGISTER_MODE=shadow", "PAYGATE_ROUTE_REGISTER_PRICE=upstream", "PAYGATE_ROUTE_PRICED_MODE=shadow")
	c := h.citizen()
	for _, try := range []struct{ method, target, body, log string }{
		{"POST", "/licences/apply", "name=Ann&action=pay", `"what":"held","rule":"WHEN"`},
		{"POST", "/licences/apply", "name=Ann&action=save", ""},
		{"POST", "/licences/apply", "action=save&action[]=pay", `"what":"refused","rule":"unclear form"`},
		{"POST", "/licences/apply/step-2", "a=b", `"what":"refused","rule":"wide reading","declare":"PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code; PAYGATE_ROUTE_LICENCE_ALLOW, if it leads to other code"`},
		{"PUT", "/licences/apply", "a=b", `"what":"refused","rule":"method"`},
		{"POST", "/Licences/Apply", "a=b", `"what":"refused","rule":"near spelling"`},
		{"GET", "/licences/apply?action=pay", "", `"what":"refused","rule":"query of a page"`},
		{"GET", "/licences/apply?page=2", "", ""},
		{"GET", "/register/2026", "", `"what":"priced","rule":"MATCH"`},
		{"GET", "/register/2026.json", "", `"route":"register","what":"priced"`},
		{"POST", "/licences/priced", "licence=8-day", `"route":"priced","what":"held"`},
		{"POST", "/licences/priced", "licence=9-day", `"what":"refused","rule":"choice of price"`},
		{"POST", "/elsewhere", "action=pay", ""},
	} {
		before, received := len(h.log.String()), len(h.service.got(try.method))
		p := c.do(try.method, try.target, strings.NewReader(try.body), "Content-Type", "application/x-www-form-urlencoded")
		require.Less(t, p.status, 400, try)
		got := h.service.got(try.method)
		require.Len(t, got, received+1, "%v passes", try)
		last := got[len(got)-1]
		require.Equal(t, []string{"none"}, last.header["Paygate-Status"])
		require.Equal(t, try.target, last.target)
		require.Equal(t, try.body, string(last.body))
		said := h.log.String()[before:]
		if try.log == "" {
			require.NotContains(t, said, `"msg":"shadow"`, try)
		} else {
			require.Contains(t, said, try.log, try)
			require.Equal(t, 1, strings.Count(said, `"msg":"shadow"`), try)
		}
	}
	require.Empty(t, h.payments())
	for name, want := range map[string]string{
		`paygate_shadow_total{route="licence",what="held"}`: "1", `paygate_shadow_total{route="licence",what="refused"}`: "5",
		`paygate_shadow_total{route="priced",what="held"}`: "1", `paygate_shadow_total{route="immediate",what="held"}`: "0",
	} {
		require.Equal(t, want, h.metric(t, name), name)
	}
}

// A route that costs nothing now gives what was paid for before.
func TestJourneysGoOnWhateverTheMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			wrong := true
			h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
				if wrong && r.Method == http.MethodPost {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				confirms(w, r)
			})
			c := h.citizen()
			c.get("/register/2026")
			h.pays("success")
			c.comesBack()
			c.apply("Ann")
			h.pays("success")
			c.comesBack()
			require.Equal(t, journey.StateRefused, c.state())
			h.restart("PAYGATE_ROUTE_LICENCE_MODE="+mode, "PAYGATE_ROUTE_REGISTER_MODE="+mode)
			wrong = false
			require.Equal(t, http.StatusOK, c.get("/register/2026").status)
			require.Equal(t, []string{"success"}, last(h.service.got(http.MethodGet)).header["Paygate-Status"], "the pass still opens")
			c.post("/licences/apply", url.Values{"name": {"Anne"}})
			require.Equal(t, []string{"success"}, last(h.service.got(http.MethodPost)).header["Paygate-Status"], "a correction goes on the payment that was made")
			require.Equal(t, journey.StateReleased, c.state())
			c.post("/licences/apply", url.Values{"name": {"Bob"}})
			require.Equal(t, []string{"none"}, last(h.service.got(http.MethodPost)).header["Paygate-Status"])
			require.Equal(t, []string{"none"}, statusOfFree(h))
			require.Len(t, h.payments(), 2)
		})
	}
}

// Whatever costs nothing passes, also for somebody whose payment is still open.
func TestAnOpenJourneyStopsNothingThatIsFree(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		h := newHouse(t, confirms, "PAYGATE_HOLD_MAX_BYTES=1KiB")
		c := h.citizen()
		c.get("/register/2026")
		c.apply("Ann")
		h.restart("PAYGATE_ROUTE_LICENCE_MODE="+mode, "PAYGATE_ROUTE_REGISTER_MODE="+mode)
		c.do(http.MethodHead, "/register/2026", nil)
		require.Len(t, h.service.got(http.MethodHead), 1)
		received := len(h.service.got(http.MethodPost))
		c.post("/licences/apply", url.Values{"name": {strings.Repeat("x", 2000)}})
		require.Len(t, h.service.got(http.MethodPost), received+1)
	}
}

// statusOfFree is what the service hears of another citizen.
func statusOfFree(h *house) []string {
	other := h.citizen()
	other.post("/licences/apply", url.Values{"name": {"Eve"}})
	return last(h.service.got(http.MethodPost)).header["Paygate-Status"]
}

func last[T any](all []T) T { return all[len(all)-1] }
