package paying

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestReturnWithoutTicketRetriesOnceThenExplains(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	stranger := h.Citizen()
	first := stranger.Get("/_pay/return", "Sec-Fetch-Site", "cross-site", "Accept-Language", "cy")
	require.Equal(t, http.StatusOK, first.Status)
	require.Contains(t, first.Text, `lang="cy"`)
	refresh := regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=(/_pay/return[^"]*)">`).
		FindStringSubmatch(first.Text)
	require.NotNil(t, refresh, first.Text)
	second := stranger.Get(refresh[1])
	require.Equal(t, http.StatusNotFound, second.Status)
	require.Contains(t, second.Text, "We cannot find your payment in this browser")
	require.Contains(t, second.Text, "bank")
	require.NotContains(t, second.Text, "refresh")

	require.Equal(t, "/licences/apply?paygate-reply="+c.Journeys()[0].ID, c.Get(refresh[1]).Location(),
		"with the cookie, the return continues")
	require.Equal(t, http.StatusNotFound, stranger.Get("/_pay/return", "Accept", "application/json").Status,
		"a script is not redirected")
	require.Equal(t, http.StatusServiceUnavailable, stranger.Get("/_pay/return", "Sec-Purpose", "prefetch").Status)
}

func TestExtraNavigationOnlyForMissingCookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held, sent, site string
		page             bool
	}{
		"a JSON cookie":        {`prefs={"a":1,"b":"2"}; sid=1`, `prefs={"a":1,"b":"2"}; sid=1`, "cross-site", false},
		"a strict cookie":      {"sid=1", "", "cross-site", true},
		"an old browser":       {"sid=1", "", "", true},
		"a same-site visit":    {"sid=1", "", "same-origin", false},
		"the address is typed": {"sid=1", "", "none", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			ann := h.Citizen()
			applyAndPay(ann, "/licences/apply", url.Values{"name": {"Ann"}}, c.held)
			shown := ann.Get(ann.Get("/_pay/return").Location(), "Cookie", c.sent, "Sec-Fetch-Site", c.site)
			require.Equal(t, c.page, shown.Status == http.StatusOK, shown.Text)
		})
	}
}

func TestOnlyOwnersNavigationDelivers(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	marked := c.Get("/_pay/return").Location()
	require.Equal(t, "/licences/apply?paygate-reply="+c.Journeys()[0].ID, marked)
	for name, ask := range map[string]func() testserver.Page{
		"HEAD":               func() testserver.Page { return c.Do(http.MethodHead, marked, nil) },
		"a prefetch":         func() testserver.Page { return c.Get(marked, "Sec-Purpose", "prefetch") },
		"a script":           func() testserver.Page { return c.Get(marked, "Sec-Fetch-Mode", "cors") },
		"an image":           func() testserver.Page { return c.Get(marked, "Sec-Fetch-Mode", "no-cors") },
		"somebody else":      func() testserver.Page { return h.Citizen().Get(marked) },
		"another address":    func() testserver.Page { return c.Get(strings.Replace(marked, "apply", "other", 1)) },
		"another query":      func() testserver.Page { return c.Get(strings.Replace(marked, "?", "?page=2&", 1)) },
		"another journey":    func() testserver.Page { return c.Get("/licences/apply?paygate-reply=01AAAAAAAAAAAAAA") },
		"under our own path": func() testserver.Page { return c.Get("/_pay/keys?paygate-reply=" + c.Journeys()[0].ID) },
		"the list":           func() testserver.Page { return c.Get("/_pay/status") },
	} {
		ask()
		require.Empty(t, h.Service.Requests(http.MethodPost), name)
		require.Empty(t, h.Service.Requests(http.MethodGet), name)
		require.Empty(t, h.Service.Requests(http.MethodHead), name)
		require.Equal(t, journey.StateConfirmed, c.State(), name)
	}
	require.Contains(t, c.Follow(c.Get(marked)).Text, "the service's own page")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestEachReturnDeliversOneForm(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	c.Apply("Bob")
	h.EndPayment("success")
	for _, name := range []string{"Bob", "Ann"} {
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		posts := h.Service.Requests(http.MethodPost)
		require.Contains(t, string(posts[len(posts)-1].Body), name)
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
}

func TestReturnShowsNewestPaymentBeforeOlderUndelivered(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	require.Contains(t, c.ReturnFromPay().Text, "Your payment is safe")
	c.Apply("Bob")
	h.EndPayment("declined")
	require.Contains(t, c.ReturnFromPay().Text, "Your payment was declined")
	h.Service.SetAnswer(testserver.Confirm)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Contains(t, string(h.Service.Requests(http.MethodPost)[1].Body), "Ann")
}

// TestPaymentListResumesInterruptedReturn: the citizen closed the tab between the return and the delivery.
func TestPaymentListResumesInterruptedReturn(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	c.Get("/_pay/return")
	list := c.Get("/_pay/status").Text
	require.Contains(t, list, "Your payment is safe")
	require.Contains(t, list, `href="/licences/apply?paygate-reply=`+c.Journeys()[0].ID+`">Send it now<`)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Contains(t, c.Follow(c.Get("/licences/apply?paygate-reply="+c.Journeys()[0].ID)).Text,
		"the service's own page")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}
